"""Cables in space: how they hang from a window down to what is charged; drawn into a view with their depth."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.composer.cables import Hang
from datasets.town_camera import FAR_M, Camera, Metres
from datasets.town_street import CableWay

STEPS = 40
OUT_M = 0.12
"""From the wall to where a cable hangs that was thrown out of a window."""
LYING_M = 0.03
PATH_MARGIN_PX = 3
BEND = 2.2


def cable_path(rng: np.random.Generator, way: CableWay, hang: Hang) -> Metres:
    """(n, 3) points in order from the window to what is charged; never below the ground."""
    path = PATHS[hang](rng, np.array(way.start), np.array(way.end))
    path[:, 2] = np.maximum(path[:, 2], LYING_M)
    return path


def sagging(start: Metres, end: Metres, sag_m: float) -> Metres:
    """A chain line that hangs `sag_m` below the middle of the straight line between its ends."""
    t = np.linspace(0, 1, STEPS)
    chain = 1 - (np.cosh(BEND * (2 * t - 1)) - 1) / (np.cosh(BEND) - 1)
    line = start + (end - start) * t[:, None]
    line[:, 2] -= sag_m * chain
    return np.asarray(line, np.float64)


def _span(start: Metres, end: Metres) -> float:
    return float(np.linalg.norm(end - start))


def _sag(rng: np.random.Generator, start: Metres, end: Metres) -> Metres:
    return sagging(start, end, _span(start, end) * float(rng.uniform(0.08, 0.28)))


def _taut(rng: np.random.Generator, start: Metres, end: Metres) -> Metres:
    return sagging(start, end, _span(start, end) * float(rng.uniform(0.0, 0.05)))


def _slack(rng: np.random.Generator, start: Metres, end: Metres) -> Metres:
    """A bow that touches the ground before the end."""
    return sagging(start, end, max(start[2] * 0.55, _span(start, end) * float(rng.uniform(0.3, 0.5))))


def _drop(rng: np.random.Generator, start: Metres, end: Metres) -> Metres:
    """Over the sill, straight down, along the ground in waves, up to the end."""
    out = start + _outward(start, end) * OUT_M
    foot = np.array([*(out[:2] + rng.normal(0, 0.06, 2)), LYING_M])
    below = np.array([*end[:2], LYING_M])
    down = sagging(out, foot, 0.0)
    aside = np.cross(_outward(start, end), [0, 0, 1.0])
    t = np.linspace(0, 1, STEPS)[:, None]
    waves = np.sin(t * rng.uniform(4, 11) + rng.uniform(0, 6.3)) * np.sin(t * np.pi) * rng.uniform(0.05, 0.25)
    lying = foot + (below - foot) * t + aside * waves
    return np.vstack([start, down + aside * np.sin(t * 7) * 0.02, lying, end])


def _taped(rng: np.random.Generator, start: Metres, end: Metres) -> Metres:
    """Down along the wall held by tape, then freely across."""
    turn = np.array([*start[:2], max(end[2] + 0.3, start[2] * float(rng.uniform(0.25, 0.5)))])
    turn = turn + _outward(start, end) * 0.03
    return np.vstack([start, turn, sagging(turn, end, _span(turn, end) * 0.12)])


def _outward(start: Metres, end: Metres) -> Metres:
    level = np.array([end[0] - start[0], end[1] - start[1], 0.0])
    return np.asarray(level / max(float(np.linalg.norm(level)), 1e-6), np.float64)


PATHS: dict[Hang, Callable[[np.random.Generator, Metres, Metres], Metres]] = {
    Hang.sag: _sag, Hang.taut: _taut, Hang.slack: _slack, Hang.drop: _drop, Hang.taped: _taped,
}  # fmt: skip


def depth_of_line(camera: Camera, path: Metres, thick_px: int) -> NDArray[np.float32]:
    """(h, w): the depth of a path where it runs, `thick_px` wide, and FAR_M elsewhere."""
    pixels, depth = camera.project(path)
    line = np.full((camera.height_px, camera.width_px), FAR_M, np.float32)
    points = np.round(pixels).astype(int)
    for number in range(len(points) - 1):
        middle = float(depth[number] + depth[number + 1]) / 2
        cv2.line(line, _point(points[number]), _point(points[number + 1]), middle, thick_px)
    return line


def _point(point: NDArray[np.int_]) -> tuple[int, int]:
    return int(point[0]), int(point[1])
