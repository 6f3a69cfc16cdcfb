"""Where the sites lie to each other: places on a small square, north up."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians

from pipeline.adapters.keyset import FlatRow

MARGIN = 6.0
SIZE = 100.0


@dataclass(frozen=True, slots=True)
class Plotted:
    site: str
    x: float
    y: float


def plotted(rows: Sequence[FlatRow]) -> list[Plotted]:
    """In units of a square of 100; degrees of longitude are shortened as they are at this latitude."""
    if not rows:
        return []
    middle = sum(row.latitude for row in rows) / len(rows)
    shrink = cos(radians(middle))
    across = [row.longitude * shrink for row in rows]
    up = [row.latitude for row in rows]
    span = max(max(across) - min(across), max(up) - min(up))
    scale = (SIZE - 2 * MARGIN) / span if span else 0.0
    centre = (max(across) + min(across)) / 2, (max(up) + min(up)) / 2
    return [
        Plotted(row.name, round(SIZE / 2 + (x - centre[0]) * scale, 2), round(SIZE / 2 - (y - centre[1]) * scale, 2))
        for row, x, y in zip(rows, across, up, strict=True)
    ]
