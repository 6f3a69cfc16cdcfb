"""What the network looks at in a frame: the whole for the fast pass, overlapping tiles too for the fine pass."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.adapters.picture import Bgr, Picture
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.geometry import Box

Rows = NDArray[np.float32]
"""(n, 6): left, top, right, bottom in canvas pixels, score, class number."""

CANVAS_GREY = 114
"""The grey around the picture that YOLO networks are trained with."""
WHOLE = Box(0.0, 0.0, 1.0, 1.0)
TILE_ENLARGEMENT = 1.5
"""A tile shows at most this many picture pixels a canvas pixel, so 1080p takes 3x3; see models/README.md for others."""
TILE_OVERLAP = 0.2
"""Neighbouring tiles share this part of a tile: a thing smaller than that is whole in one of them."""
MOST_TILES_A_SIDE = 4
CUT_MARGIN_PX = 3.0
"""A box that ends this near to a tile's inner border, in canvas pixels, is held to be cut by it."""
SAME_IOU = 0.5
SAME_OVERLAP_OF_SMALLER = 0.8
CUT_OVERLAP = 0.05
"""Two cut boxes with this IoU or more are parts of one thing."""


@dataclass(frozen=True, slots=True)
class Look:
    """Where one canvas lies in the frame: `part` in shares of the frame, drawn at `left`, `top` in canvas pixels."""

    part: Box
    left: float
    top: float
    width: float
    height: float

    def on_frame(self, x: float, y: float) -> tuple[float, float]:
        """A canvas point in shares of the frame, kept inside the part."""
        across = min(max((x - self.left) / self.width, 0.0), 1.0)
        down = min(max((y - self.top) / self.height, 0.0), 1.0)
        return self.part.left + across * self.part.width, self.part.top + down * self.part.height


@dataclass(frozen=True, slots=True)
class Seen:
    """A box found in the look at `part`; `cut` where an inner border of the look ends it."""

    box: Box
    number: int
    score: float
    cut: bool
    part: Box = WHOLE


def looks(picture: Picture, found_by: Pass, size: tuple[int, int]) -> Iterator[tuple[Look, Bgr]]:
    """The canvases of a pass, each (height, width, 3) BGR of `size`. Raises CaptureFailed("corrupt")."""
    yield _letterboxed(picture.preview(), WHOLE, size)
    if found_by is Pass.fine:
        parts = tiles(picture.width, picture.height, size)
        full = picture.full() if parts else None
        for part in parts:
            assert full is not None
            yield _letterboxed(_cropped(full, part), part, size)


def tiles(width: int, height: int, size: tuple[int, int]) -> list[Box]:
    """Overlapping tiles that cover a frame of width x height pixels; none where the canvas shows it all anyway."""
    rows = _tiles_a_side(height, size[0] * TILE_ENLARGEMENT)
    columns = _tiles_a_side(width, size[1] * TILE_ENLARGEMENT)
    if rows == columns == 1:
        return []
    return [Box(left, top, right, bottom) for top, bottom in _spans(rows) for left, right in _spans(columns)]


def _tiles_a_side(pixels: int, tile_px: float) -> int:
    needed = (pixels / tile_px - TILE_OVERLAP) / (1 - TILE_OVERLAP)
    return min(max(math.ceil(round(needed, 6)), 1), MOST_TILES_A_SIDE)


def _spans(count: int) -> list[tuple[float, float]]:
    length = 1 / (count - (count - 1) * TILE_OVERLAP)
    step = length * (1 - TILE_OVERLAP)
    return [(number * step, min(number * step + length, 1.0)) for number in range(count)]


def _cropped(full: Bgr, part: Box) -> Bgr:
    height, width = full.shape[:2]
    return full[
        round(part.top * height) : round(part.bottom * height), round(part.left * width) : round(part.right * width)
    ]


def _letterboxed(bgr: Bgr, part: Box, size: tuple[int, int]) -> tuple[Look, Bgr]:
    """`bgr` scaled to fit `size` (height, width) and centred on grey."""
    height, width = bgr.shape[:2]
    scale = min(size[0] / height, size[1] / width)
    inner_height, inner_width = max(round(height * scale), 1), max(round(width * scale), 1)
    top, left = (size[0] - inner_height) // 2, (size[1] - inner_width) // 2
    canvas = np.full((*size, 3), CANVAS_GREY, np.uint8)
    inner = canvas[top : top + inner_height, left : left + inner_width]
    if (inner_height, inner_width) == (height, width):
        inner[:] = bgr
    else:
        cv2.resize(bgr, (inner_width, inner_height), dst=inner, interpolation=cv2.INTER_LINEAR)
    return Look(part, left, top, inner_width, inner_height), canvas


def seen_in(look: Look, rows: Rows) -> list[Seen]:
    """The rows of one look on the frame, without those that lie in the grey."""
    seen = []
    for left, top, right, bottom, score, number in rows.tolist():
        box = Box(*look.on_frame(left, top), *look.on_frame(right, bottom))
        if box.area > 0:
            cut = _is_cut(look, left, top, right, bottom)
            seen.append(Seen(box, int(number), min(score, 1.0), cut, look.part))
    return seen


def _is_cut(look: Look, left: float, top: float, right: float, bottom: float) -> bool:
    part = look.part
    return (
        (part.left > 0 and left - look.left <= CUT_MARGIN_PX)
        or (part.top > 0 and top - look.top <= CUT_MARGIN_PX)
        or (part.right < 1 and look.left + look.width - right <= CUT_MARGIN_PX)
        or (part.bottom < 1 and look.top + look.height - bottom <= CUT_MARGIN_PX)
    )


def merged(seen: Sequence[Seen]) -> list[Seen]:
    """One box a thing, best first: doubles among looks go, and parts cut by a tile's border are joined.

    A cut part that no other look bears out goes too: whatever is smaller than the overlap is whole in some tile.
    """
    kept: list[Seen] = []
    borne_out: list[bool] = []
    for one in sorted(seen, key=lambda one: (-one.score, one.box.left, one.box.top)):
        place = next((place for place, other in enumerate(kept) if _same_thing(one, other)), None)
        if place is None:
            kept.append(one)
            borne_out.append(not one.cut)
            continue
        borne_out[place] = True
        if one.cut or kept[place].cut:
            kept[place] = _joined(kept[place], one)
    return [one for one, sure in zip(kept, borne_out, strict=True) if sure]


def _same_thing(one: Seen, other: Seen) -> bool:
    if one.number != other.number:
        return False
    overlap = one.box.iou(other.box)
    if one.cut and other.cut:
        return overlap >= CUT_OVERLAP
    if overlap >= SAME_IOU:
        return True
    # Nested boxes of one look are two opinions: a heap, and a bag in it. Joined they cost AP; see models/README.md.
    return one.part != other.part and one.box.overlap_of_smaller(other.box) >= SAME_OVERLAP_OF_SMALLER


def _joined(best: Seen, other: Seen) -> Seen:
    """A whole box outdoes a cut one; two cut ones add up."""
    if best.cut and other.cut:
        return replace(best, box=best.box.union(other.box))
    whole = other if best.cut else best
    return replace(whole, score=best.score)


def as_detections(seen: Sequence[Seen], classes: Sequence[str], found_by: Pass, model: str) -> tuple[Detection, ...]:
    return tuple(Detection(one.box, classes[one.number], one.score, found_by, model) for one in seen)
