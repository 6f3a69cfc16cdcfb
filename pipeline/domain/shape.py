"""Polygons as people draw them: whether they can be a zone, and where they come to lie when a view has moved."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from math import isfinite

from pipeline.domain.errors import BadInput
from pipeline.domain.geometry import Point, Polygon

FEWEST_CORNERS = 3
MOST_CORNERS = 60
SMALLEST_AREA = 1e-4
"""Of the frame: 20 x 10 pixels of 1080p."""
OVER_THE_EDGE = 0.02
"""A hand may slip this far out of the frame; what is further out is no polygon of this frame."""
SAME_POINT = 1e-6
NEAREST_HORIZON = 0.05
"""A homography's denominator below this throws points out of all proportion."""

Transform = tuple[float, float, float, float, float, float, float, float, float]
"""Row by row, a 3 x 3 matrix over shares of the frame."""
UNMOVED: Transform = (1, 0, 0, 0, 1, 0, 0, 0, 1)


def checked_polygon(points: Sequence[Point], name: str) -> Polygon:
    """Inside the frame, without doubled corners. Raises BadInput, by `name`, for what no zone can be."""
    if not all(isfinite(x) and isfinite(y) for x, y in points):
        raise BadInput(f"{name}: a corner is no number")
    if any(not -OVER_THE_EDGE <= value <= 1 + OVER_THE_EDGE for point in points for value in point):
        raise BadInput(f"{name}: a corner lies outside the picture; corners are shares of it from 0 to 1")
    inside = [(min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)) for x, y in points]
    corners = _without_doubles(inside)
    if not FEWEST_CORNERS <= len(corners) <= MOST_CORNERS:
        raise BadInput(f"{name}: {len(corners)} corners; a zone has from {FEWEST_CORNERS} to {MOST_CORNERS}")
    if _crosses_itself(corners):
        raise BadInput(f"{name}: its outline crosses itself; draw it without crossing")
    if area_of(corners) < SMALLEST_AREA:
        raise BadInput(f"{name}: nothing fits into it; draw it larger")
    return corners


def area_of(polygon: Polygon) -> float:
    """Share of the frame."""
    doubled = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise((*polygon, polygon[0])))
    return abs(doubled) / 2


def moved(polygon: Polygon, transform: Transform) -> Polygon | None:
    """Where a polygon of the old picture lies in the new one, cut at the frame; None where nothing of it is left."""
    a, b, c, d, e, f, g, h, i = transform
    corners: list[Point] = []
    for x, y in polygon:
        depth = g * x + h * y + i
        if depth < NEAREST_HORIZON:
            return None
        corners.append(((a * x + b * y + c) / depth, (d * x + e * y + f) / depth))
    cut = _without_doubles(_cut(corners))
    return cut if len(cut) >= FEWEST_CORNERS and area_of(cut) >= SMALLEST_AREA else None


def _without_doubles(points: Sequence[Point]) -> Polygon:
    kept: list[Point] = []
    for point in points:
        if not kept or not _same(point, kept[-1]):
            kept.append(point)
    while len(kept) > 1 and _same(kept[0], kept[-1]):
        kept.pop()
    return tuple(kept)


def _same(one: Point, other: Point) -> bool:
    return abs(one[0] - other[0]) <= SAME_POINT and abs(one[1] - other[1]) <= SAME_POINT


def _cut(corners: Sequence[Point]) -> list[Point]:
    """Sutherland and Hodgman's way, at the four edges of the frame."""
    kept = list(corners)
    for axis, edge, sign in ((0, 0.0, 1), (0, 1.0, -1), (1, 0.0, 1), (1, 1.0, -1)):
        kept = _cut_at(kept, axis, partial(_inside_by, axis, edge, sign), edge)
    return kept


def _inside_by(axis: int, edge: float, sign: int, point: Point) -> float:
    return sign * (point[axis] - edge)


def _cut_at(corners: Sequence[Point], axis: int, inside_by: Callable[[Point], float], edge: float) -> list[Point]:
    kept: list[Point] = []
    for before, here in pairwise((*corners[-1:], *corners)):
        depth_before, depth = inside_by(before), inside_by(here)
        if (depth_before >= 0) != (depth >= 0):
            share = depth_before / (depth_before - depth)
            crossing = [before[way] + share * (here[way] - before[way]) for way in (0, 1)]
            crossing[axis] = edge
            kept.append((crossing[0], crossing[1]))
        if depth >= 0:
            kept.append(here)
    return kept


def _crosses_itself(polygon: Polygon) -> bool:
    edges = list(pairwise((*polygon, polygon[0])))
    last = len(edges) - 1
    return any(
        _cross(edges[one], edges[other])
        for one in range(len(edges))
        for other in range(one + 2, len(edges))
        if (one, other) != (0, last)
    )


def _cross(one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    return (
        _side(*one, other[0]) * _side(*one, other[1]) < 0 and _side(*other, one[0]) * _side(*other, one[1]) < 0
    )  # fmt: skip


def _side(start: Point, end: Point, point: Point) -> float:
    return (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])
