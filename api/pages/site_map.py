"""Positions of sites as a plain plotted map: no tiles, so nothing is asked of another host."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, log10, radians, sqrt

from pipeline.adapters.keyset import FlatRow

WIDTH, HEIGHT = 1200, 760
MARGIN = 60
M_PER_DEGREE = 111_320.0
SMALLEST_SPAN_M = 400.0
CALM_RADIUS, SMALLEST_RADIUS, LARGEST_RADIUS = 3.0, 6.0, 44.0
CROWDED_AREA = 320.0
"""Largest radius times the root of the number of sites: the more there are, the smaller they are drawn."""
NAMED = 12
"""As many sites at most bear their names, those with the most open tickets first."""
NAME_WIDTH, NAME_HEIGHT = 130.0, 22.0
SCALE_SHARE = 0.22


@dataclass(frozen=True, slots=True)
class Dot:
    site: FlatRow
    x: float
    y: float
    radius: float


@dataclass(frozen=True, slots=True)
class DrawnMap:
    """In units of a viewBox of WIDTH × HEIGHT; north is up."""

    dots: tuple[Dot, ...]
    """Large ones first, so that small ones lie on top."""
    named: tuple[Dot, ...]
    unplaced: tuple[FlatRow, ...]
    scale_m: int
    scale_length: float
    width: int = WIDTH
    height: int = HEIGHT


def drawn_map(sites: Sequence[FlatRow]) -> DrawnMap:
    placed = [site for site in sites if site.latitude is not None and site.longitude is not None]
    unplaced = tuple(site for site in sites if site.latitude is None or site.longitude is None)
    if not placed:
        return DrawnMap((), (), unplaced, 0, 0.0)
    middle = (_middle([site.longitude for site in placed]), _middle([site.latitude for site in placed]))
    east = M_PER_DEGREE * cos(radians(middle[1]))
    at = [((site.longitude - middle[0]) * east, (site.latitude - middle[1]) * M_PER_DEGREE) for site in placed]
    span_x = max(SMALLEST_SPAN_M, 2 * max(abs(x) for x, _ in at))
    span_y = max(SMALLEST_SPAN_M, 2 * max(abs(y) for _, y in at))
    a_metre = min((WIDTH - 2 * MARGIN) / span_x, (HEIGHT - 2 * MARGIN) / span_y)
    most = max(site.open for site in placed)
    largest = max(2 * SMALLEST_RADIUS, min(LARGEST_RADIUS, CROWDED_AREA / sqrt(len(placed))))
    dots = [
        Dot(
            site, round(WIDTH / 2 + x * a_metre, 1), round(HEIGHT / 2 - y * a_metre, 1),
            _radius(site.open, most, largest),
        )
        for site, (x, y) in zip(placed, at, strict=True)
    ]  # fmt: skip
    dots.sort(key=lambda dot: -dot.site.open)
    scale_m = _round_length((WIDTH - 2 * MARGIN) / a_metre * SCALE_SHARE)
    return DrawnMap(tuple(dots), _named(dots), unplaced, scale_m, round(scale_m * a_metre, 1))


def _named(dots: Sequence[Dot]) -> tuple[Dot, ...]:
    """The busiest whose names do not lie on each other; `dots` come busiest first."""
    chosen: list[Dot] = []
    for dot in dots:
        apart = (abs(dot.x - other.x) > NAME_WIDTH or abs(dot.y - other.y) > NAME_HEIGHT for other in chosen)
        if dot.site.open and len(chosen) < NAMED and all(apart):
            chosen.append(dot)
    return tuple(chosen)


def _middle(values: Sequence[float]) -> float:
    return (min(values) + max(values)) / 2


def _radius(tickets: int, most: int, largest: float) -> float:
    """Areas grow with the number of tickets."""
    return round(max(SMALLEST_RADIUS, largest * sqrt(tickets / most)), 1) if tickets else CALM_RADIUS


def _round_length(metres: float) -> int:
    """The largest of 1, 2, 5 times a power of ten that is no longer."""
    power = 10 ** int(log10(max(metres, 1)))
    return int(max(step * power for step in (1, 2, 5) if step * power <= max(metres, 1)))
