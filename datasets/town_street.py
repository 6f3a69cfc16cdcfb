"""What a street consists of, and the places on it where things may lie, stick or hang; in metres before its camera."""

from dataclasses import dataclass, field

import numpy as np

from datasets.town_camera import Camera
from datasets.town_facade import FLOOR_M
from datasets.town_ground import Area, Built, Mark, Strip
from datasets.town_texture import Colour

WHITE_CAR: Colour = (222, 224, 224)
SILVER_CAR: Colour = (170, 172, 174)
BLACK_CAR: Colour = (52, 50, 50)
RED_CAR: Colour = (44, 40, 150)
BLUE_CAR: Colour = (128, 82, 46)
SILL_ABOVE_FLOOR_M = 0.9
"""As the windows of town_facade are drawn."""

PointM = tuple[float, float, float]


@dataclass(frozen=True)
class Standing:
    """Something that stands there for good."""

    kind: str
    """`tree`, `car`, `van`, `scooter`, `bin`, `post`, `cone`, `pole` (thick, of concrete) or `cabinet`."""
    x_m: float
    y_m: float
    heading_deg: float = 0.0
    colour: Colour = WHITE_CAR
    size_m: float = 5.0
    """How tall; a cabinet's width."""


@dataclass(frozen=True)
class Passing:
    """Somebody or something that comes by again and again along a straight way."""

    kind: str
    """`person`, `rider`, `car` or `van`."""
    start: tuple[float, float]
    end: tuple[float, float]
    speed_m_s: float
    every_s: float
    offset_s: float = 0.0


@dataclass(frozen=True)
class Spot:
    """Where something may lie or stand on the ground, and how wide it has room."""

    x_m: float
    y_m: float
    wide_m: float


@dataclass(frozen=True)
class WallSpot:
    """Where something may stick on an upright plane: its middle, and how wide it is."""

    x_m: float
    y_m: float
    height_m: float
    wide_m: float
    heading_deg: float | None = None
    """Of the plane, from left to right as it is read; None for a plane across the line of sight."""


@dataclass(frozen=True)
class CableWay:
    """The ends of a cable: in a window or at a box, and at what is charged."""

    start: PointM
    end: PointM


Place = Spot | WallSpot | CableWay


@dataclass(frozen=True)
class Street:
    name: str
    caption: str
    """On the picture; characters of the stroke font, or none."""
    camera: Camera
    ground: Area
    strips: tuple[Strip, ...]
    marks: tuple[Mark, ...]
    built: tuple[Built, ...]
    standing: tuple[Standing, ...]
    passing: tuple[Passing, ...]
    spots: dict[str, Place]
    seed: int
    shades: tuple[Area, ...] = field(default=())


def on_wall(built: Built, along_m: float, height_m: float, wide_m: float) -> WallSpot:
    """`along_m` from the wall's start, which is its left end as seen."""
    x, y = _along(built, along_m)
    return WallSpot(x, y, height_m, wide_m, heading_of(built))


def heading_of(built: Built) -> float:
    return float(np.degrees(np.arctan2(built.end[0] - built.start[0], built.end[1] - built.start[1])))


def out_of_window(built: Built, along_m: float, floor: int) -> PointM:
    """Over the sill of a window of an upper storey; `floor` 1 is the first above the street."""
    x, y = _along(built, along_m)
    return x, y, floor * FLOOR_M + SILL_ABOVE_FLOOR_M


def _along(built: Built, along_m: float) -> tuple[float, float]:
    share = along_m / built.length_m
    (x1, y1), (x2, y2) = built.start, built.end
    return x1 + (x2 - x1) * share, y1 + (y2 - y1) * share
