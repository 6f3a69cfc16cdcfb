"""What a composed day is drawn on: a still picture of 1920x1080 with its geometry.

Either a photographed facade, set above a pavement and a kerb that are drawn in its own scale, or a drawn street.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.town_backdrop import paint_backdrop
from datasets.town_camera import Bgr, Camera, Canvas
from datasets.town_ground import Area, Built, Mark, Strip, paint_ground, surfaces_of
from datasets.town_light import Light
from datasets.town_street import Passing, Street
from pipeline.domain.camera import Zone, ZoneKind
from pipeline.domain.errors import BadInput
from pipeline.domain.geometry import Box, Polygon

WIDTH_PX, HEIGHT_PX = 1920, 1080
PLAIN = Light((1.0, 1.0, 1.0), 0.0, vignette=0.0)
"""The day's own light is laid on afterwards."""
FOCAL_PX = 1400.0
POLE_M = 4.6
"""Height of the camera over the pavement."""
BASE_ROW = 0.66
"""Share of the height at which the facade meets the pavement."""
DOOR_M, WINDOW_M = 2.3, 1.9
"""Usual heights, from which a facade's scale is guessed."""
SCALE_LIMITS_PX = (85.0, 190.0)
"""Pixels a metre at the wall: the geometry of a camera on a pole holds between these."""
WALK_M = 2.9
"""Width of the drawn pavement; beyond it is road."""
SIDE_M = 14.0
"""The drawn ground reaches so far to both sides."""
PAVINGS = ("grey_paving", "red_paving", "pale_paving", "concrete")
JOINT_PX = 10
"""Between wall and pavement lies a soft dark line."""
SPOT_M, SPOT_HEIGHTS_M = 0.45, (0.5, 2.1)
"""Free places on a wall: their side, and between which heights people stick things."""
FOOT_POINTS = 41
"""Along the foot of a drawn wall, between which its row is interpolated."""
PLAIN_WALL = 26.0
"""Grey deviation below which a place on a wall shows nothing but wall."""
DARKEST_WALL = 45.0
BARE_GRID = (HEIGHT_PX // 10, WIDTH_PX // 10)
ON_GROUND = 0.04
"""A pixel nearer than the ground by this share of its distance shows something that stands there."""
MOST_FAR_M = 26.0
"""What lies farther down a drawn street is too small to put anything there."""


Grey = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Ground:
    """A still view and where things can be put in it."""

    name: str
    bgr: Bgr
    """(1080, 1920, 3) by plain daylight."""
    camera: Camera
    walk: Area
    """The pavement, in metres before the camera."""
    wall_spots: tuple[Box, ...]
    """Bare places on the wall, in shares."""
    outlets: tuple[Box, ...]
    """Windows and doors that a cable may come from."""
    passing: tuple[Passing, ...]
    bare: NDArray[np.bool_] = field(default_factory=lambda: np.ones(BARE_GRID, np.bool_))
    """(108, 192): where the ground can be seen at all."""

    def is_bare(self, column: float, row: float) -> bool:
        """Whether the ground shows at a point in shares."""
        down, across = int(row * BARE_GRID[0]), int(column * BARE_GRID[1])
        return 0 <= down < BARE_GRID[0] and 0 <= across < BARE_GRID[1] and bool(self.bare[down, across])

    @property
    def zones(self) -> tuple[Zone, ...]:
        return (Zone(ZoneKind.pavement, self.pavement, frozenset({"street_business"})),)

    @property
    def pavement(self) -> Polygon:
        walk = self.walk
        corners = ((walk.left, walk.far), (walk.right, walk.far), (walk.right, walk.near), (walk.left, walk.near))
        return _clipped([self.camera.ground(x, y)[:2] for x, y in corners])


def facade_ground(picture: Path, labels: Sequence[tuple[str, Box]], seed: int) -> Ground:
    """`labels`: what is known of the facade by name, in shares of its picture. Raises BadInput naming the picture."""
    facade = cv2.imread(str(picture), cv2.IMREAD_COLOR)
    if facade is None:
        raise BadInput(f"{picture} is no picture that can be read")
    rng = np.random.default_rng((seed, 11))
    high = round(facade.shape[0] * WIDTH_PX / facade.shape[1])
    wall = np.asarray(cv2.resize(facade, (WIDTH_PX, high), interpolation=cv2.INTER_CUBIC), np.uint8)
    camera, wall_y = _before_wall(_scale(labels, high))
    base = round(camera.ground(0.0, wall_y)[1])
    walk = Area(-SIDE_M, SIDE_M, wall_y - WALK_M, wall_y)
    bgr = _paved(rng, camera, walk)
    shown = min(base, high)
    bgr[base - shown : base] = wall[high - shown :]
    _joint(bgr, base)
    placed = [(name, _set(box, high, base)) for name, box in labels]
    taken = [box for _, box in placed]
    metre = FOCAL_PX / float(camera.project(np.array([[0.0, wall_y, 0.0]]))[1][0])
    foot = np.array([(0.0, base, metre), (WIDTH_PX, base, metre)])
    spots = _wall_spots(bgr, foot, taken)
    outlets = tuple(box for name, box in placed if name in ("window", "door") and box.top > 0.02 and box.width > 0.01)
    return Ground(picture.stem, bgr, camera, walk, spots, outlets, _walkers(rng, walk))


def street_ground(street: Street) -> Ground:
    """A street of the drawn town, empty."""
    backdrop = paint_backdrop(street, street.camera.scaled(WIDTH_PX), PLAIN)
    camera = backdrop.camera
    walk = _best_walk(street, camera)
    fronts = [built for built in street.built if _is_front(built)]
    spots: list[Box] = []
    for front in fronts:
        foot = np.array(
            [camera.ground(x, front.start[1]) for x in np.linspace(front.start[0], front.end[0], FOOT_POINTS)]
        )
        spots += _wall_spots(backdrop.pixels, foot, [])
    bare = _bare(camera, backdrop.depth)
    return Ground(street.name, backdrop.pixels, camera, walk, tuple(spots), tuple(spots), street.passing, bare)


def _scale(labels: Sequence[tuple[str, Box]], high: int) -> float:
    """Pixels a metre at the wall, from its doors or else its windows."""
    for name, usual_m in (("door", DOOR_M), ("window", WINDOW_M)):
        sides = [box.height * high / usual_m for known, box in labels if known == name]
        if sides:
            return float(np.clip(np.median(sides), *SCALE_LIMITS_PX))
    return float(np.mean(SCALE_LIMITS_PX))


def _before_wall(px_per_m: float) -> tuple[Camera, float]:
    """A camera on a pole that sees the foot of the wall at the base row, and the wall's distance along y."""
    along = FOCAL_PX / px_per_m
    below_axis = np.arctan((BASE_ROW - 0.5) * HEIGHT_PX / FOCAL_PX)
    slant = along / np.cos(below_axis)
    pole = min(POLE_M, 0.75 * slant)
    wall_y = float(np.sqrt(slant**2 - pole**2))
    pitch = np.degrees(np.arctan2(pole, wall_y) - below_axis)
    return Camera(0.0, 0.0, float(pole), 0.0, float(pitch), FOCAL_PX, WIDTH_PX, HEIGHT_PX), wall_y


def _paved(rng: np.random.Generator, camera: Camera, walk: Area) -> Bgr:
    """Pavement along the wall, a kerb, and road towards the camera."""
    whole = replace(walk, near=0.6, far=walk.far + 0.4)
    paving = PAVINGS[rng.integers(len(PAVINGS))]
    strips = (Strip("asphalt", replace(whole, far=walk.near)), Strip(paving, replace(whole, near=walk.near)))
    marks = (Mark(Area(walk.left, walk.right, walk.near - 0.55, walk.near - 0.43)),)
    canvas = Canvas(np.full((camera.height_px, camera.width_px, 3), 128, np.uint8))
    canvas.cast(camera, paint_ground(rng, whole, strips, marks, []))
    for surface in surfaces_of(Built("kerb", (walk.left, walk.near), (walk.right, walk.near)), int(rng.integers(1000))):
        canvas.cast(camera, surface)
    return np.asarray(cv2.GaussianBlur(canvas.pixels, (0, 0), 0.7), np.uint8)


def _joint(bgr: Bgr, base: int) -> None:
    rows = bgr[base - JOINT_PX : base + JOINT_PX]
    near = np.abs(np.arange(-JOINT_PX, JOINT_PX))[:, None, None] / JOINT_PX
    rows[:] = (rows * (0.62 + 0.38 * near)).astype(np.uint8)


def _set(box: Box, high: int, base: int) -> Box:
    """From shares of the facade's picture to shares of the frame."""
    top = base - high

    def row(share: float) -> float:
        return float(np.clip((top + share * high) / HEIGHT_PX, 0.0, 1.0))

    return Box(box.left, row(box.top), box.right, row(box.bottom))


def _wall_spots(bgr: Bgr, foot: NDArray[np.float64], taken: Sequence[Box]) -> tuple[Box, ...]:
    """Bare places at arm's reach, on a grid; `foot` holds column, row and pixels a metre along the wall's foot."""
    grey = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), np.uint8)
    spots = []
    column, last = max(0.0, foot[0, 0]), min(WIDTH_PX, foot[-1, 0])
    while column < last:
        base, metre = (float(np.interp(column, foot[:, 0], foot[:, at])) for at in (1, 2))
        side = SPOT_M * metre
        for row in np.arange(base - SPOT_HEIGHTS_M[1] * metre, base - SPOT_HEIGHTS_M[0] * metre, side):
            box = Box(column / WIDTH_PX, row / HEIGHT_PX, (column + side) / WIDTH_PX, (row + side) / HEIGHT_PX)
            crop = grey[max(0, int(row)) : int(row + side), int(column) : int(column + side)]
            whole = row > 0 and column + side < last and base < HEIGHT_PX
            if whole and _is_plain(crop) and not any(box.shared_area(other) for other in taken):
                spots.append(box)
        column += side
    return tuple(spots)


def _is_plain(crop: Grey) -> bool:
    """Wall and nothing but wall, light enough to tell."""
    return float(crop.std()) < PLAIN_WALL and float(crop.mean()) > DARKEST_WALL


def _bare(camera: Camera, depth: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where the nearest thing along the line of sight is the ground."""
    rows = (np.arange(BARE_GRID[0]) + 0.5) * HEIGHT_PX / BARE_GRID[0]
    columns = (np.arange(BARE_GRID[1]) + 0.5) * WIDTH_PX / BARE_GRID[1]
    right, up, forward = camera.axes
    aside = (columns[None, :] - WIDTH_PX / 2) / camera.focal_px
    above = (HEIGHT_PX / 2 - rows[:, None]) / camera.focal_px
    fall = -(forward[2] + aside * right[2] + above * up[2])
    ground = camera.height_m / np.maximum(fall, 1e-6)
    seen = depth[rows.astype(int)][:, columns.astype(int)]
    return np.asarray((fall > 0) & (seen >= ground * (1 - ON_GROUND)), np.bool_)


def _is_front(built: Built) -> bool:
    """A wall straight before the camera, near enough to be stuck on."""
    return built.kind == "wall" and built.start[1] == built.end[1] and built.start[1] <= MOST_FAR_M


def _best_walk(street: Street, camera: Camera) -> Area:
    """The paved strip that fills most of the picture; else all that is ground."""
    paved = [strip.area for strip in street.strips if "paving" in strip.material] or [street.ground]

    def seen(area: Area) -> float:
        points = _clipped([camera.ground(x, y)[:2] for x, y in _corners(_cut(area))])
        return float(cv2.contourArea(np.array(points, np.float32)))

    return _cut(max(paved, key=seen))


def _cut(area: Area) -> Area:
    return replace(area, near=max(area.near, 6.0), far=min(area.far, MOST_FAR_M))


def _corners(area: Area) -> tuple[tuple[float, float], ...]:
    return (area.left, area.far), (area.right, area.far), (area.right, area.near), (area.left, area.near)


def _clipped(points: Sequence[tuple[float, float]]) -> Polygon:
    """From pixels to shares inside the frame."""
    whole = np.array(
        [(column / WIDTH_PX, row / HEIGHT_PX) for column, row in points], np.float32
    )  # fmt: skip
    frame = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32)
    _, inside = cv2.intersectConvexConvex(whole, frame)
    if inside is None:
        return tuple((float(x), float(y)) for x, y in frame)
    return tuple((float(x), float(y)) for x, y in inside.reshape(-1, 2))


def _walkers(rng: np.random.Generator, walk: Area) -> tuple[Passing, ...]:
    """People along the pavement, a rider at the kerb and cars on the road before it."""
    far, near, road = walk.far - 0.7, walk.near + 0.5, walk.near - 1.6
    edge = 9.0
    people = (
        Passing("person", (-edge, far), (edge, far - 0.3), 1.3, float(rng.uniform(35, 60)), float(rng.uniform(0, 30))),
        Passing(
            "person", (edge, near + 0.4), (-edge, near), 1.2, float(rng.uniform(40, 80)), float(rng.uniform(0, 40))
        ),
        Passing(
            "person", (-edge, near + 0.8), (edge, far), 1.5, float(rng.uniform(70, 140)), float(rng.uniform(0, 60))
        ),
    )
    vehicles = (
        Passing(
            "rider", (edge + 2, walk.near - 0.6), (-edge - 2, walk.near - 0.6), 5.0, float(rng.uniform(30, 70)), 8.0
        ),
        Passing("car", (-edge - 4, road), (edge + 4, road), 7.0, float(rng.uniform(18, 45)), 3.0),
    )
    return people + vehicles
