"""Pose, sharpness and loss of sight, told from the edges of a print tile by tile.

Edges are compared by direction and place, so that day light, gain and shading drop out; each tile is judged by
itself, so that people and vehicles spoil only the tiles they stand in.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.adapters.gauge_print import PRINT_HEIGHT, PRINT_WIDTH, Floats, Grey
from pipeline.domain.geometry import Box

ACROSS, DOWN = 16, 9
WIDTH, HEIGHT = PRINT_WIDTH // 2, PRINT_HEIGHT // 2
SMOOTHING = (5, 5)
"""Blur before edges are taken: lets them sway by two print pixels."""
TEXTURED_FROM = 0.5
"""Edge strength (grey levels a half-print pixel) from which a tile shows something: bare asphalt does."""
RICH_FROM = 0.7
"""From which it shows so much that noise cannot stand in for it when it is lost."""
FOUND_FROM = 0.25
"""Correlation of edges from which a tile is found again."""
LOST_SHARE = 0.2
"""A tile with less than this share of its reference's edges has lost them."""
FEWEST_TILES = 8
"""Below so many textured tiles neither pose nor sharpness can be told."""
SURE_SHARE = 0.7
"""With so many tiles in place the displacement is not searched for."""
CLEARLY_MORE = 0.1
"""By so much more of the tiles must be found where a displacement is believed."""
DARKEST_GAIN = 0.25
LEAST_DETAIL = 0.1

Grid = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Edges:
    """Of a print at half its size: derivatives, and their strength by tile (9, 16)."""

    across: Floats
    down: Floats
    strength: Floats
    fine: Floats
    """Detail of one print pixel, by tile: blur takes it first."""
    means: Floats
    """Mean grey by tile."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """A frame's tiles against its reference's."""

    pose_share: float | None
    shift: float | None
    sharpness_share: float | None
    blind: tuple[Box, ...]
    blind_share: float


NOTHING_TOLD = Likeness(None, None, None, (), 0.0)


def edges_of(printed: Grey, shown: Grey) -> Edges:
    half = cv2.resize(printed, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(half, SMOOTHING, 0).astype(np.float32)
    across = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=0.125), np.float32)
    down = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=0.125), np.float32)
    fine = np.asarray(cv2.Laplacian(printed, cv2.CV_32F), np.float32)
    if not shown.all():
        kept = cv2.erode(cv2.resize(shown, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST), np.ones(SMOOTHING))
        across[kept == 0] = 0
        down[kept == 0] = 0
        fine[shown == 0] = 0
    strength = np.sqrt(_by_tile(np.asarray(across * across + down * down, np.float32)))
    return Edges(across, down, strength, _by_tile(np.abs(fine)), _by_tile(smooth))


def likeness(now: Edges, reference: Edges) -> Likeness:
    textured = reference.strength >= TEXTURED_FROM
    count = int(textured.sum())
    if count < FEWEST_TILES:
        return NOTHING_TOLD
    pose_share = float((_found(now, reference) & textured).sum() / count)
    shift: float | None = 0.0
    if pose_share < SURE_SHARE:
        pose_share, shift = _displaced(now, reference, textured, pose_share)
    rich = reference.strength >= RICH_FROM
    lost = rich & (now.strength < LOST_SHARE * reference.strength)
    blind_share = float(lost.sum() / max(int(rich.sum()), FEWEST_TILES))
    return Likeness(pose_share, shift, _sharpness(now, reference, textured), _boxes(lost), blind_share)


def _found(now: Edges, reference: Edges) -> Grid:
    common = _by_tile(np.asarray(now.across * reference.across + now.down * reference.down, np.float32))
    return np.asarray(common >= FOUND_FROM * np.maximum(now.strength * reference.strength, 1e-3), np.bool_)


def _displaced(now: Edges, reference: Edges, textured: Grid, in_place: float) -> tuple[float, float | None]:
    """The pose share after a small displacement is undone, and the displacement as a share of the width."""
    (right, below), _ = cv2.phaseCorrelate(_strengths(reference), _strengths(now))
    back = np.array([[1, 0, -right], [0, 1, -below]], np.float32)
    undone = replace(now, across=_warped(now.across, back), down=_warped(now.down, back))
    share = float((_found(undone, reference) & textured).sum() / textured.sum())
    if share < in_place + CLEARLY_MORE:
        return in_place, None
    return share, float(np.hypot(right, below) / WIDTH)


def _warped(values: Floats, back: Floats) -> Floats:
    return np.asarray(cv2.warpAffine(values, back, (WIDTH, HEIGHT)), np.float32)


def _strengths(edges: Edges) -> Floats:
    return np.asarray(cv2.magnitude(edges.across, edges.down), np.float32)


def _sharpness(now: Edges, reference: Edges, textured: Grid) -> float:
    """The median over the more detailed half of the tiles: noise keeps flat ones from looking blurred."""
    detailed = textured & (reference.fine >= np.median(reference.fine[textured]))
    kept = now.fine[detailed] / np.maximum(reference.fine[detailed], LEAST_DETAIL)
    return float(np.median(kept)) / _gain(now, reference)


def _gain(now: Edges, reference: Edges) -> float:
    """How much contrast of large things is left, which blur does not take: at dusk edges fade with it."""
    return float(np.clip(now.means.std() / max(float(reference.means.std()), 1.0), DARKEST_GAIN, 1.0))


def _by_tile(values: Floats) -> Floats:
    return np.asarray(cv2.resize(values, (ACROSS, DOWN), interpolation=cv2.INTER_AREA), np.float32)


def _boxes(lost: Grid) -> tuple[Box, ...]:
    rows, columns = np.nonzero(lost)
    return tuple(
        Box(column / ACROSS, row / DOWN, (column + 1) / ACROSS, (row + 1) / DOWN)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
    )
