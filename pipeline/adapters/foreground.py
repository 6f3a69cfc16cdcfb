"""Static foreground by pixels: a slowly learned background of each view and mode, and what differs from it.

The logarithm of a frame over its background is smooth wherever only the light differs: shadows, clouds, lamps and wet
ground bend it at their borders alone. A thing that stands there gives it texture, or another hue.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.adapters.gauge_print import Floats, Grey, loaded
from pipeline.adapters.picture import picture_of
from pipeline.domain.foreground import Foreground, Standing
from pipeline.domain.frame import Frame, Reading, ViewMemory
from pipeline.domain.geometry import Box, Polygon
from pipeline.domain.patrol import Mode

WIDTH, HEIGHT = 240, 135
"""An eighth of 1080p."""
RISE = 0.3
"""Share of the height that what stands on a pavement may rise above it."""
SOFTENING = 16.0
"""Grey levels added before the logarithm: dark pixels are mostly noise."""
WINDOW = (5, 5)
LEAST_TEXTURE, NOISE_FACTOR = 0.07, 3.0
"""Standard deviation of the log ratio in a window: never asked for less; nor less than so often the zone's median."""
LEAST_HUE = 9
"""Levels of Cr or Cb by which a hue differs, beyond what the light does to the hues around it."""
HUE_EDGE = 3.5
"""Standard deviation of Cr or Cb in a window from which there is a border of hues: lamps give none."""
AROUND_PX = 12
OPENING, CLOSING = np.ones((7, 7), np.uint8), np.ones((3, 3), np.uint8)
"""Borders of shadows are 5 px wide in the texture; what is opened by 7 has lost them."""
SHRINK_PX = 2
"""By so much a window reaches beyond a thing."""
LEAST_SIDE_PX, LONGER_SIDE_PX, LEAST_FILL = 9, 14, 0.35
"""Of the blob, which is wider than the thing by the window: 40 and 80 px of 1080p are left."""
MOST_ASPECT = 8.0
UPSET_SHARE = 0.45
"""Of the zone: so much does not come to stand there at once, the scene itself has changed."""
COLOURED_FROM = 0.12
"""Share of coloured pixels from which a thing is no play of light."""
LIGHT_RANGE = (-1.1, 0.35)
"""Log ratio to the zone's median that shade and sun give."""
TEXTURED_FROM = 0.5
RICH_TEXTURE, RICH_FROM = 0.2, 0.2
"""Standard deviation of the log ratio that leaves' shadows do not reach, and the share of a thing that does."""
INNER = np.ones((9, 9), np.uint8)
"""What is eroded by this has lost its outline."""
BEYOND_LIGHT = 0.08
"""Share of pixels out of that range from which a thing without colour is none either."""
GHOST_FACTOR = 1.3
"""So much stronger along its outline must the background's edges be, where the thing has left instead of come."""
READY_AFTER = 3
"""Frames learned."""
SETTLING_FRAMES = 6
RELEARN_AFTER = timedelta(minutes=15)
RELEARN_SHARE = 0.5
KEEP_OUT_GROWTH = 0.15

Planes = NDArray[np.uint8]
"""(3, 135, 240): grey, Cr, Cb."""
HEADER = struct.Struct("<Id")
LOGARITHM = np.log(np.arange(256, dtype=np.float32) + SOFTENING).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Background:
    """What a view looks like with nothing on its pavements, in one mode."""

    frames: int
    learned_at_s: float
    planes: Planes

    def stored(self) -> bytes:
        return HEADER.pack(self.frames, self.learned_at_s) + self.planes.tobytes()


def background_of(stored: bytes | None) -> Background | None:
    """None where there is none or it is of another size."""
    if stored is None or len(stored) != HEADER.size + 3 * WIDTH * HEIGHT:
        return None
    frames, learned_at_s = HEADER.unpack_from(stored)
    planes = np.frombuffer(stored, np.uint8, offset=HEADER.size).reshape(3, HEIGHT, WIDTH)
    return Background(frames, learned_at_s, planes)


def kept_under(mode: Mode) -> Mode:
    """Day and night have one background, which follows dusk and dawn; infra-red has its own."""
    return Mode.day if mode.is_colour else mode


class StaticForeground:
    """Port ForegroundGauge. Holds nothing between frames, so that threads may share one."""

    def read(self, frame: Frame, reading: Reading, memory: ViewMemory, pavement: Sequence[Polygon]) -> Foreground:
        background = background_of(memory.backgrounds.get(kept_under(reading.mode)))
        if background is None or background.frames < READY_AFTER or not pavement:
            return Foreground()
        ground = _ground(pavement)
        searched = _searched(ground, reading.text_areas)
        part = _bounds(searched)
        if part is None:
            return Foreground()
        planes = planes_of(frame, reading)
        now, then = planes[(slice(None), *part)], background.planes[(slice(None), *part)]
        change = _change(now, then, searched[part], reading.mode.is_colour)
        if change is None:
            return Foreground()
        blobs = _blobs(change.strong)
        if not blobs:
            return Foreground(ready=True)
        return _told(blobs, change, _Known(now, then, _before(memory, part), ground[part], part))

    def learn(
        self, frame: Frame, reading: Reading, memory: ViewMemory, foreground: Foreground, keep_out: Sequence[Box]
    ) -> dict[Mode, bytes] | None:
        mode, at_s = kept_under(reading.mode), frame.at.timestamp()
        background = background_of(memory.backgrounds.get(mode))
        if background is None:
            learned = Background(1, at_s, planes_of(frame, reading))
            return {**memory.backgrounds, mode: learned.stored()}
        settling = background.frames < SETTLING_FRAMES
        if not settling and not foreground.gone and at_s - background.learned_at_s < RELEARN_AFTER.total_seconds():
            return None
        share = 1 / (background.frames + 1) if settling else RELEARN_SHARE
        mixed = _mixed(background.planes, planes_of(frame, reading), share, (keep_out, foreground.gone))
        return {**memory.backgrounds, mode: Background(background.frames + 1, at_s, mixed).stored()}


def planes_of(frame: Frame, reading: Reading) -> Planes:
    grey = loaded(reading.print)
    assert grey is not None, "a reading has a print"
    planes = np.empty((3, HEIGHT, WIDTH), np.uint8)
    cv2.resize(grey, (WIDTH, HEIGHT), dst=planes[0], interpolation=cv2.INTER_AREA)
    small = cv2.resize(picture_of(frame).preview(), (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    colours = cv2.blur(cv2.cvtColor(small, cv2.COLOR_BGR2YCrCb), (3, 3))
    cv2.extractChannel(colours, 1, planes[1])
    cv2.extractChannel(colours, 2, planes[2])
    return planes


@dataclass(frozen=True, slots=True)
class _Change:
    """Of the searched part: (h, w) each, `hues` (2, h, w)."""

    strong: Grey
    hues: Floats
    ratio: Floats
    limit: float
    in_colour: bool


@dataclass(frozen=True, slots=True)
class _Known:
    """What blobs are judged by, all cut to the searched part."""

    now: Planes
    then: Planes
    before: Grey | None
    ground: Grey
    part: tuple[slice, slice]


@dataclass(frozen=True, slots=True)
class _Blob:
    left: int
    top: int
    width: int
    height: int
    inside: Grey
    """(height, width), 255 where it differs."""

    def of(self, values: Grey | Floats) -> Any:  # Any: of the kind that `values` is
        return values[self.top : self.top + self.height, self.left : self.left + self.width]


def _ground(pavement: Sequence[Polygon]) -> Grey:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    corners = [np.array([(x * WIDTH, y * HEIGHT) for x, y in polygon], np.int32) for polygon in pavement]
    cv2.fillPoly(mask, corners, (255,))
    return mask


def _searched(ground: Grey, text: Sequence[Box]) -> Grey:
    """The pavement and what may rise from it, without on-screen text."""
    rise = round(RISE * HEIGHT)
    mask = np.asarray(cv2.dilate(ground, np.ones((rise, 1), np.uint8), anchor=(0, 0)), np.uint8)
    for box in text:
        _fill(mask, box, 0)
    return mask


def _fill(mask: Grey, box: Box, value: int) -> None:
    top, left = max(0, int(box.top * HEIGHT)), max(0, int(box.left * WIDTH))
    mask[top : int(np.ceil(box.bottom * HEIGHT)), left : int(np.ceil(box.right * WIDTH))] = value


def _bounds(mask: Grey) -> tuple[slice, slice] | None:
    left, top, width, height = cv2.boundingRect(mask)
    return (slice(top, top + height), slice(left, left + width)) if width and height else None


def _log_ratio(one: Grey, other: Grey) -> Floats:
    return np.asarray(cv2.subtract(cv2.LUT(one, LOGARITHM), cv2.LUT(other, LOGARITHM)), np.float32)


def _texture(ratio: Floats) -> Floats:
    """Variance of the log ratio in a small window."""
    mean, squares = cv2.blur(ratio, WINDOW), cv2.sqrBoxFilter(ratio, cv2.CV_32F, WINDOW)
    return np.asarray(cv2.subtract(squares, cv2.multiply(mean, mean)), np.float32)


def _change(now: Planes, then: Planes, searched: Grey, in_colour: bool) -> _Change | None:
    """None where so much differs that the scene itself has changed."""
    ratio = _log_ratio(now[0], then[0])
    texture = _texture(ratio)
    usual = max(float(np.median(texture[::3, ::3][searched[::3, ::3] > 0])), 0.0)
    limit = max(LEAST_TEXTURE, NOISE_FACTOR * usual**0.5)
    hues = np.subtract(now[1:], then[1:], dtype=np.float32)
    differs = (texture > limit * limit) | (_texture(hues[0]) > HUE_EDGE**2) | (_texture(hues[1]) > HUE_EDGE**2)
    strong = np.where(differs, searched, np.uint8(0))
    if cv2.countNonZero(strong) > UPSET_SHARE * cv2.countNonZero(searched):
        return None
    return _Change(strong, hues, ratio, limit, in_colour)


def _blobs(strong: Grey) -> list[_Blob]:
    """Outlines are filled first: a plain thing differs at its border alone. Then what is thin goes."""
    closed = cv2.morphologyEx(strong, cv2.MORPH_CLOSE, CLOSING)
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    large = [outline for outline in outlines if len(outline) > LEAST_SIDE_PX]
    if not large:
        return []
    filled = cv2.drawContours(np.zeros(strong.shape, np.uint8), large, -1, (255,), cv2.FILLED)
    opened = np.asarray(cv2.morphologyEx(filled, cv2.MORPH_OPEN, OPENING), np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened)
    blobs = []
    for label in range(1, count):
        left, top, width, height, area = map(int, stats[label])
        if _is_large(width, height, area):
            own = labels[top : top + height, left : left + width] == label
            blobs.append(_Blob(left, top, width, height, np.asarray(own * np.uint8(255), np.uint8)))
    return blobs


def _is_large(width: int, height: int, area: int) -> bool:
    if min(width, height) < LEAST_SIDE_PX or max(width, height) < LONGER_SIDE_PX:
        return False
    return area >= LEAST_FILL * width * height and MOST_ASPECT * height >= width


def _told(blobs: Sequence[_Blob], change: _Change, known: _Known) -> Foreground:
    standing, gone = [], []
    for blob in blobs:
        if not _stands_on(blob, known.ground):
            continue
        around = _around(blob, change)
        if _has_left(blob, known):
            gone.append(_box(blob, known.part, 0))
        elif _is_thing(blob, change, around):
            standing.append(_measured(blob, change, known, around))
    return Foreground(True, tuple(standing), tuple(gone))


def _stands_on(blob: _Blob, ground: Grey) -> bool:
    """Its foot is on the pavement."""
    foot = min(blob.top + blob.height - SHRINK_PX, ground.shape[0]) - 1
    middle = slice(blob.left + blob.width // 4, blob.left + blob.width - blob.width // 4)
    return bool(ground[foot, middle].mean() > 127)


def _has_left(blob: _Blob, known: _Known) -> bool:
    """Along its outline the background has edges that the frame lacks."""
    wide = _Blob(
        max(0, blob.left - 2), max(0, blob.top - 2), blob.width + 4, blob.height + 4, blob.inside
    )  # fmt: skip
    now, then = (_edges(np.asarray(wide.of(planes[0]), np.uint8)) for planes in (known.now, known.then))
    outline = np.zeros(now.shape, np.uint8)
    top, left = blob.top - wide.top, blob.left - wide.left
    outline[top : top + blob.height, left : left + blob.width] = blob.inside[
        : now.shape[0] - top, : now.shape[1] - left
    ]
    outline = np.asarray(cv2.morphologyEx(outline, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8)), np.uint8)
    return cv2.mean(then, outline)[0] > GHOST_FACTOR * cv2.mean(now, outline)[0]


def _edges(grey: Grey) -> Floats:
    """Of the logarithm, so that darker light has no fewer of them."""
    logarithm = cv2.LUT(grey, LOGARITHM)
    across, down = cv2.Sobel(logarithm, cv2.CV_32F, 1, 0), cv2.Sobel(logarithm, cv2.CV_32F, 0, 1)
    return np.asarray(cv2.magnitude(across, down), np.float32)


def _is_thing(blob: _Blob, change: _Change, around: "_Around") -> bool:
    """Texture of its own within its outline, which shadows have only along theirs; another hue than the light has given
    what lies around it; or brightness that neither shade nor sun gives. In infra-red no sun draws shadows."""
    if not change.in_colour:
        return _share(blob.of(change.strong) > 0, blob.inside > 0) >= TEXTURED_FROM
    within = cv2.erode(blob.inside, INNER, borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
    if _share(blob.of(_texture(change.ratio)) > RICH_TEXTURE**2, within) >= RICH_FROM:
        return True
    if _coloured(blob, change, around) >= COLOURED_FROM:
        return True
    ratio = np.asarray(blob.of(change.ratio), np.float32) - around.ratio
    beyond = (ratio < LIGHT_RANGE[0]) | (ratio > LIGHT_RANGE[1])
    return _share(beyond, blob.inside > 0) >= BEYOND_LIGHT


@dataclass(frozen=True, slots=True)
class _Around:
    """How the light has changed around a blob: medians."""

    ratio: float
    hues: tuple[float, float]


def _around(blob: _Blob, change: _Change) -> _Around:
    height, width = change.ratio.shape
    rows = slice(max(0, blob.top - AROUND_PX), min(height, blob.top + blob.height + AROUND_PX))
    columns = slice(max(0, blob.left - AROUND_PX), min(width, blob.left + blob.width + AROUND_PX))
    bare = change.strong[rows, columns] == 0
    bare[blob.top - rows.start :, blob.left - columns.start :][: blob.height, : blob.width] &= blob.inside == 0
    if bare.sum() < AROUND_PX:
        bare = np.ones_like(bare)
    first, second = (float(np.median(plane[rows, columns][bare])) for plane in change.hues)
    return _Around(float(np.median(change.ratio[rows, columns][bare])), (first, second))


def _coloured(blob: _Blob, change: _Change, around: _Around) -> float:
    usual = np.array(around.hues, np.float32)[:, None, None]
    hues = np.stack([blob.of(plane) for plane in change.hues])
    return _share(np.abs(hues - usual).max(axis=0) > LEAST_HUE, blob.inside > 0)


def _measured(blob: _Blob, change: _Change, known: _Known, around: _Around) -> Standing:
    settled = arrived = None
    if known.before is not None:
        limit = change.limit * change.limit
        settled = _quiet(blob, _log_ratio(known.now[0], known.before), limit)
        arrived = _quiet(blob, _log_ratio(known.before, known.then[0]), limit)
    box = _box(blob, known.part, SHRINK_PX)
    aspect = max(blob.width - 2 * SHRINK_PX, 1) / max(blob.height - 2 * SHRINK_PX, 1)
    return Standing(box, aspect, _coloured(blob, change, around), settled, arrived)


def _quiet(blob: _Blob, ratio: Floats, limit: float) -> float:
    return _share(np.asarray(blob.of(_texture(ratio))) <= limit, blob.inside > 0)


def _share(true: NDArray[np.bool_], inside: NDArray[np.bool_]) -> float:
    return float(true[inside].mean()) if inside.any() else 0.0


def _before(memory: ViewMemory, part: tuple[slice, slice]) -> Grey | None:
    printed = loaded(memory.detected_print)
    if printed is None:
        return None
    return np.asarray(cv2.resize(printed, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)[part]


def _box(blob: _Blob, part: tuple[slice, slice], shrink: int) -> Box:
    top, left = part[0].start + blob.top, part[1].start + blob.left
    return Box(
        (left + shrink) / WIDTH, (top + shrink) / HEIGHT,
        (left + blob.width - shrink) / WIDTH, (top + blob.height - shrink) / HEIGHT,
    )  # fmt: skip


def _mixed(old: Planes, new: Planes, share: float, places: tuple[Sequence[Box], Sequence[Box]]) -> Planes:
    """`old` moved by `share` towards `new`, but not at the first `places`, and wholly at the second."""
    weight = np.full((HEIGHT, WIDTH), share, np.float32)
    for box in places[0]:
        _fill(weight, box.grown(KEEP_OUT_GROWTH), 0)  # type: ignore[arg-type]  # a mask of floats
    for box in places[1]:
        _fill(weight, box, 1)  # type: ignore[arg-type]
    return np.rint(old + weight * (new.astype(np.float32) - old)).astype(np.uint8)
