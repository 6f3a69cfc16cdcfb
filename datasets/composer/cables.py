"""Charging cables as paths of points, drawn finer than a pixel, with shade, gleam and hidden stretches."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.composer.paste import in_shares, light_at
from datasets.composer.sprites import dim, jittered
from datasets.town_camera import Bgr
from datasets.town_texture import Colour
from pipeline.domain.geometry import Box

Path2 = NDArray[np.float64]
"""(n, 2) points in px, in order along the cable."""
Spot = tuple[float, float]

FINER = 3
SOFT_RIMS = 2.2
"""What the smoothing of a line adds to its width, in fine pixels."""
SUBPIXEL_BITS = 3
SEEN_COVER = 0.22
COLOURS: tuple[tuple[Colour, float], ...] = (
    ((28, 27, 27), 0.34), ((228, 230, 230), 0.2), ((128, 130, 130), 0.1), ((34, 96, 235), 0.13), ((44, 40, 190), 0.09),
    ((170, 90, 30), 0.06), ((40, 200, 235), 0.04), ((60, 140, 60), 0.04),
)  # fmt: skip
SAG_SHARE = (0.04, 0.5)
STEPS = 60


class Hang(StrEnum):
    drop = "drop"
    """Out of a window, down, and along the ground."""
    sag = "sag"
    """Freely between two points."""
    taut = "taut"
    """Almost straight."""
    slack = "slack"
    """Down in loose waves."""
    taped = "taped"
    """Along the wall in corners, held by tape."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a cable is painted. `width_px` may be a fraction; `shadow_px` is where its shade falls, (0, 0) for none."""

    colour: Colour
    width_px: float
    shadow_px: tuple[float, float] = (0.0, 0.0)
    shadow: float = 0.3
    gleam: float = 0.25
    strength: float = 1.0


def any_look(rng: np.random.Generator, width_px: float) -> Look:
    chances = np.array([chance for _, chance in COLOURS])
    colour = COLOURS[int(rng.choice(len(COLOURS), p=chances / chances.sum()))][0]
    has_shadow = rng.random() < 0.6
    shift = (float(rng.uniform(-6, 6)), float(rng.uniform(0.5, 6))) if has_shadow else (0.0, 0.0)
    return Look(
        jittered(rng, colour, 16),
        width_px,
        shift,
        float(rng.uniform(0.15, 0.5)),
        float(rng.uniform(0, 0.5)),
        float(rng.uniform(0.75, 1.0)),
    )


def draw_cable(
    bgr: Bgr, rng: np.random.Generator, start: Spot, end: Spot, width_px: float, hang: Hang | None = None
) -> Box:
    """A cable from `start` to `end` (px) into the picture, in place; its box in shares of the picture."""
    path = route(rng, start, end, hang or Hang(str(rng.choice(list(Hang)))))
    box = draw_path(bgr, path, any_look(rng, width_px))
    (x1, y1), (x2, y2) = path.min(axis=0), path.max(axis=0)
    return box or in_shares((x1, y1, x2, y2), (bgr.shape[1], bgr.shape[0]))


def route(rng: np.random.Generator, start: Spot, end: Spot, hang: Hang) -> Path2:
    """Points from `start` to `end`, unevenly waved as real cables are."""
    path = ROUTES[hang](rng, np.array(start), np.array(end))
    return _wavy(rng, path, float(rng.uniform(0, 1.6)))


def catenary(start: Path2, end: Path2, sag_px: float) -> Path2:
    """A chain line through both ends, hanging `sag_px` below the middle of the straight line between them."""
    t = np.linspace(0, 1, STEPS)
    bend = 2.2
    chain = 1 - (np.cosh(bend * (2 * t - 1)) - 1) / (np.cosh(bend) - 1)
    line = start + (end - start) * t[:, None]
    line[:, 1] += sag_px * chain
    return line


def moved(point: Path2, across: float, down: float) -> Path2:
    return np.add(point, (across, down), dtype=np.float64)


def _sagging(rng: np.random.Generator, start: Path2, end: Path2) -> Path2:
    span = float(np.hypot(*(end - start)))
    return catenary(start, end, span * float(rng.uniform(*SAG_SHARE)))


def _taut(rng: np.random.Generator, start: Path2, end: Path2) -> Path2:
    return catenary(start, end, float(np.hypot(*(end - start))) * float(rng.uniform(0, 0.05)))


def _dropping(rng: np.random.Generator, start: Path2, end: Path2) -> Path2:
    """A small bow over the sill, straight down, then along the ground to the end."""
    bow = float(rng.uniform(2, 16)) * float(rng.choice([-1, 1]))
    fall = end[1] - start[1]
    foot = np.array([start[0] + bow + rng.normal(0, 0.05) * abs(fall), end[1] + rng.normal(0, 3)])
    if rng.random() < 0.35:
        foot[0] += (end[0] - foot[0]) * rng.uniform(0.1, 0.7)
    over = moved(start, bow * 0.8, -abs(bow) * float(rng.uniform(0, 0.5)))
    hanging = [start, over, moved(start, bow, fall * 0.12), moved((start + foot) / 2, bow * 0.3, 0), moved(foot, 0, -6)]
    return _smooth(np.array([*hanging, foot + (end - foot) * 0.15, *_lying(rng, foot, end), end]))


def _lying(rng: np.random.Generator, start: Path2, end: Path2) -> Path2:
    """Points between, for a stretch on the ground: loose, low waves, perhaps a loop."""
    count = int(rng.integers(2, 6))
    t = np.linspace(0.25, 0.85, count)[:, None]
    points = start + (end - start) * t
    span = abs(float(end[0] - start[0]))
    points[:, 1] += rng.normal(0, 0.035 * span + 1.5, count)
    points[:, 0] += rng.normal(0, 0.03 * span, count)
    return points


def _slack(rng: np.random.Generator, start: Path2, end: Path2) -> Path2:
    count = int(rng.integers(2, 8))
    even = (np.arange(count) + 1) / (count + 1)
    t = (even + rng.uniform(-0.35, 0.35, count) / (count + 1))[:, None]
    span = float(np.hypot(*(end - start)))
    aside = np.array([end[1] - start[1], start[0] - end[0]]) / max(span, 1.0)
    points = start + (end - start) * t + aside * rng.normal(0, float(rng.uniform(0.01, 0.07)) * span, count)[:, None]
    return _smooth(np.vstack([start, points, end]))


def _taped(rng: np.random.Generator, start: Path2, end: Path2) -> Path2:
    """Level along the wall, a corner, then down."""
    turn = np.array([end[0] + rng.normal(0, 4), start[1] + rng.normal(0, 5)])
    if rng.random() < 0.5:
        turn = np.array([start[0] + rng.normal(0, 4), start[1] + (end[1] - start[1]) * rng.uniform(0.3, 0.9)])
        across = np.array([end[0] + rng.normal(0, 6), turn[1] + rng.normal(0, 6)])
        corners = np.array([start, turn, across, end])
    else:
        corners = np.array([start, turn, end])
    t = np.linspace(0, len(corners) - 1, STEPS)
    places = np.arange(len(corners))
    return np.stack([np.interp(t, places, corners[:, 0]), np.interp(t, places, corners[:, 1])], axis=1)


ROUTES: dict[Hang, Callable[[np.random.Generator, Path2, Path2], Path2]] = {
    Hang.drop: _dropping, Hang.sag: _sagging, Hang.taut: _taut, Hang.slack: _slack, Hang.taped: _taped,
}  # fmt: skip


def _smooth(points: Path2) -> Path2:
    """A Catmull-Rom curve through the points."""
    padded = np.vstack([points[:1], points, points[-1:]])
    t = np.linspace(0, 1, 14)[:, None]
    parts = []
    for number in range(len(points) - 1):
        a, b, c, d = padded[number : number + 4]
        parts.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return np.vstack(parts)


def _wavy(rng: np.random.Generator, path: Path2, reach_px: float) -> Path2:
    t = np.linspace(0, 2 * np.pi, len(path))
    waves = sum(np.sin(t[:, None] * rate + rng.uniform(0, 6.3, 2)) / rate for rate in rng.uniform(1, 9, 4))
    fade = np.minimum(1, np.minimum(t, t[::-1]) * 2)[:, None]
    return np.asarray(path + reach_px * np.asarray(waves) * fade, np.float64)


def coil(rng: np.random.Generator, centre: Spot, size_px: float) -> Path2:
    """The rest of the cable in loose rings; flat as rings on the ground look, or round as on a hook."""
    turns = float(rng.uniform(1.6, 5.5))
    angles = np.linspace(0, turns * 2 * np.pi, int(18 * turns)) + rng.uniform(0, 6.3)
    flat = float(rng.choice([0.35, 0.5, 0.9]))
    radii = size_px / 2 * (1 + 0.18 * np.sin(angles * rng.uniform(0.3, 0.8) + rng.uniform(0, 6.3)))
    drift = np.linspace(-1, 1, len(angles))[:, None] * rng.normal(0, 0.16 * size_px, 2)
    rings = np.stack([np.cos(angles) * radii, np.sin(angles) * radii * flat], axis=1)
    return np.asarray(rings + drift + np.array(centre), np.float64)


def knotted(rng: np.random.Generator, path: Path2) -> Path2:
    """A small loop or two somewhere on the way."""
    for _ in range(int(rng.integers(1, 3))):
        at = int(rng.integers(1, max(2, len(path) - 1)))
        turns = float(rng.uniform(0.9, 2.2))
        angles = np.linspace(0, turns * 2 * np.pi, int(16 * turns)) + rng.uniform(0, 6.3)
        size = rng.uniform(3, 12, 2)
        loop = path[at] + np.stack([np.cos(angles), np.sin(angles)], axis=1) * size
        path = np.vstack([path[:at], loop, path[at:]])
    return path


def spiral(path: Path2, size_px: float, pitch_px: float) -> Path2:
    """The path wound as a spring cable along its own length."""
    steps = np.hypot(*np.diff(path, axis=0).T)
    along = np.concatenate([[0.0], steps.cumsum()])
    dense = np.linspace(0, along[-1], int(along[-1] / pitch_px * 9) + 2)
    base = np.stack([np.interp(dense, along, path[:, 0]), np.interp(dense, along, path[:, 1])], axis=1)
    phase = dense / pitch_px * 2 * np.pi
    return base + np.stack([np.cos(phase), 0.6 * np.sin(phase)], axis=1) * size_px


def draw_path(bgr: Bgr, path: Path2, look: Look, hidden: NDArray[np.uint8] | None = None) -> Box | None:
    """Paint a path in place; `hidden` (h, w) is non-zero where something stands before it. Box of what shows."""
    window = _window(bgr, path, look)
    if window is None:
        return None
    x1, y1, x2, y2 = window
    cover = _cover(path - [x1, y1], (y2 - y1, x2 - x1), look.width_px)
    part = bgr[y1:y2, x1:x2]
    light = light_at(bgr, x1, y1, x2, y2)
    seen = cover if hidden is None else cover * (hidden[y1:y2, x1:x2] == 0)
    if look.shadow_px != (0.0, 0.0):
        shade = _cover(path - [x1, y1] + look.shadow_px, (y2 - y1, x2 - x1), look.width_px * 1.3)
        shade = np.asarray(cv2.GaussianBlur(shade, (0, 0), 0.6 + 0.18 * float(np.hypot(*look.shadow_px))), np.float32)
        if hidden is not None:
            shade = shade * (hidden[y1:y2, x1:x2] == 0)
        part[:] = (part * (1 - look.shadow * shade[..., None])).astype(np.uint8)
    _lay(part, seen, dim(look.colour, light), look.strength)
    if look.gleam > 0 and look.width_px >= 1.6:
        ridge = _cover(path - [x1, y1] - [look.width_px * 0.2, look.width_px * 0.25], cover.shape, look.width_px * 0.3)
        _lay(part, ridge * (seen > 0), dim(_paler(look.colour), light), look.gleam)
    return _box_of(seen * look.strength, (x1, y1), (bgr.shape[1], bgr.shape[0]))


def _paler(colour: Colour) -> Colour:
    blue, green, red = (int(part + (255 - part) * 0.6) for part in colour)
    return blue, green, red


def _lay(part: Bgr, cover: NDArray[np.float32], colour: Colour, strength: float) -> None:
    rows, columns = np.nonzero(cover)
    alpha = (cover[rows, columns] * strength)[:, None]
    part[rows, columns] = (part[rows, columns] * (1 - alpha) + np.array(colour, np.float32) * alpha).astype(np.uint8)


def _box_of(seen: NDArray[np.float32], corner: tuple[int, int], size: tuple[int, int]) -> Box | None:
    x, y, wide, high = cv2.boundingRect((seen > SEEN_COVER).astype(np.uint8))
    if wide == 0 or high == 0:
        return None
    return in_shares((corner[0] + x, corner[1] + y, corner[0] + x + wide, corner[1] + y + high), size)


def _window(bgr: Bgr, path: Path2, look: Look) -> tuple[int, int, int, int] | None:
    """The part of the picture that the path and its shade touch: left, top, right, bottom."""
    room = int(look.width_px + abs(look.shadow_px[0]) + abs(look.shadow_px[1])) + 6
    (left, top), (right, bottom) = path.min(axis=0) - room, path.max(axis=0) + room
    x1, y1 = max(0, int(left)), max(0, int(top))
    x2, y2 = min(bgr.shape[1], int(right) + 1), min(bgr.shape[0], int(bottom) + 1)
    return (x1, y1, x2, y2) if x2 - x1 >= 2 and y2 - y1 >= 2 else None


def _cover(path: Path2, shape: tuple[int, ...], width_px: float) -> NDArray[np.float32]:
    """How much of each pixel the path covers, 0 to 1: drawn finer, then averaged."""
    fine = np.zeros((shape[0] * FINER, shape[1] * FINER), np.uint8)
    points = np.round(path * FINER * (1 << SUBPIXEL_BITS)).astype(np.int32)
    thick = max(1, round(width_px * FINER - SOFT_RIMS))
    cv2.polylines(fine, [points], False, (255,), thick, cv2.LINE_AA, SUBPIXEL_BITS)
    small = cv2.resize(fine, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) / np.float32(255)
