"""Random places in a painted view: on free ground, on the walls that it shows, between windows and what is charged."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from datasets.town_backdrop import FRONTS, POLE_M, Backdrop
from datasets.town_camera import Camera, Metres
from datasets.town_ground import Area, Built
from datasets.town_street import CableWay, Place, PointM, Spot, Standing, Street, WallSpot, on_wall, out_of_window
from datasets.town_things import reading

TRIES = 24
REACH_M = (3.5, 30.0)
STUCK_REACH_M = 21.0
"""What sticks on a wall is small: farther off nobody could tell it."""
SAME_DEPTH_M = 0.45
RIM = 0.03
LEAST_WIDE_PX = 9
HAND_HEIGHT_M = (0.45, 2.3)
HIGH_M = 4.2
CABLE_REACH_M = 6.5
PLUG_HEIGHT_M = (0.4, 0.75)
APART_M = 1.3
FURNITURE = (("scooter", 0.5), ("bin", 0.18), ("cabinet", 0.2), ("pole", 0.12))
FURNITURE_FROM_WALL_M = (0.5, 2.0)
STICKS_TO = ("wall", "hoarding")


def any_spot(rng: np.random.Generator, street: Street, backdrop: Backdrop, wide_m: float) -> Spot | None:
    """Free and dry ground, left and right too."""
    camera = backdrop.camera
    for _ in range(TRIES):
        column = float(rng.uniform(RIM, 1 - RIM)) * camera.width_px
        row = float(rng.uniform(max(0.0, camera.horizon_px), (1 - RIM) * camera.height_px))
        point, depth = _ground_at(camera, column, row)
        half_px = wide_m / 2 * camera.focal_px / depth
        x, y = float(point[0]), float(point[1])
        is_fit = REACH_M[0] < depth < REACH_M[1] and 2 * half_px > LEAST_WIDE_PX and _is_dry(street, x, y)
        if is_fit and all(_is_at(backdrop, column + aside * half_px, row, depth) for aside in (-0.9, 0, 0.9)):
            return Spot(x, y, wide_m)
    return None


def any_wall_spot(rng: np.random.Generator, street: Street, backdrop: Backdrop, wide_m: float) -> WallSpot | None:
    """Where a hand reaches on a wall, a cabinet or a pole, now and then higher."""
    fronts = [standing for standing in street.standing if standing.kind in FRONTS]
    for _ in range(TRIES):
        if fronts and rng.random() < 0.35:
            spot = _on_front(rng, backdrop.camera, fronts[int(rng.integers(len(fronts)))], wide_m)
        else:
            built = _a_wall(rng, street)
            high = HIGH_M if rng.random() < 0.12 else HAND_HEIGHT_M[1]
            along, height = float(rng.uniform(0, built.length_m)), float(rng.uniform(HAND_HEIGHT_M[0], high))
            spot = on_wall(built, along, height, wide_m)
            if not _faces(built, backdrop.camera):
                continue
        pixels, depth = backdrop.camera.project(np.array([[spot.x_m, spot.y_m, spot.height_m]]))
        is_fit = REACH_M[0] < depth[0] < STUCK_REACH_M and _wide_px(backdrop.camera, spot) > LEAST_WIDE_PX
        if is_fit and _is_at(backdrop, float(pixels[0, 0]), float(pixels[0, 1]), float(depth[0])):
            return spot
    return None


def any_cable_way(rng: np.random.Generator, street: Street, backdrop: Backdrop) -> CableWay | None:
    """From a window near a parked scooter to it."""
    scooters = [one for one in street.standing if one.kind == "scooter" and _shows(backdrop, one)]
    for _ in range(TRIES if scooters else 0):
        scooter = scooters[int(rng.integers(len(scooters)))]
        built = _a_wall(rng, street)
        along, off = _nearest(built, scooter)
        if off > CABLE_REACH_M or not _faces(built, backdrop.camera):
            continue
        x, y, high = out_of_window(built, float(np.clip(along + rng.normal(0, 1.6), 0, built.length_m)), 1)
        start: PointM = (x, y, high if rng.random() < 0.6 else float(rng.uniform(1.2, 2.6)))
        aside = rng.normal(0, 0.2, 2)
        height = float(rng.uniform(*PLUG_HEIGHT_M))
        return CableWay(start, (scooter.x_m + float(aside[0]), scooter.y_m + float(aside[1]), height))
    return None


def any_wire_way(rng: np.random.Generator, street: Street, backdrop: Backdrop) -> CableWay | None:
    """Between two points high on the walls."""
    for _ in range(TRIES):
        first, second = _a_wall(rng, street), _a_wall(rng, street)
        high = float(rng.uniform(3.0, 6.0))
        ends = [
            out_of_window(built, float(rng.uniform(0, min(built.length_m, REACH_M[1]))), 0) for built in (first, second)
        ]
        start, end = ((x, y, high) for x, y, _ in ends)
        depth = backdrop.camera.project(np.array([start, end]))[1]
        if depth.min() > REACH_M[0] and np.hypot(start[0] - end[0], start[1] - end[1]) > 2 * APART_M:
            return CableWay(start, end)
    return None


def furnished(rng: np.random.Generator, street: Street, count: int) -> Street:
    """Scooters, bins, cabinets and poles stand before the walls besides what stands there anyway."""
    kinds, chances = [kind for kind, _ in FURNITURE], [chance for _, chance in FURNITURE]
    standing = list(street.standing)
    for _ in range(count * 3):
        built = _a_wall(rng, street)
        x, y, _ = out_of_window(built, float(rng.uniform(0, built.length_m)), 0)
        right = _right_of(built) * float(rng.uniform(*FURNITURE_FROM_WALL_M))
        x, y = x + float(right[0]), y + float(right[1])
        far = np.hypot(x - street.camera.x_m, y - street.camera.y_m)
        is_apart = all(np.hypot(x - one.x_m, y - one.y_m) > APART_M for one in standing)
        if not (is_apart and REACH_M[0] + 1 < far < REACH_M[1] * 0.75 and _is_dry(street, x, y)):
            continue
        kind = str(rng.choice(kinds, p=chances))
        colour = (int(rng.integers(30, 200)), int(rng.integers(30, 200)), int(rng.integers(30, 200)))
        size = float(rng.uniform(0.6, 1.3)) if kind == "cabinet" else 7.0
        standing.append(Standing(kind, x, y, float(rng.uniform(0, 360)), colour, size))
        if len(standing) >= len(street.standing) + count:
            break
    return replace(street, standing=tuple(standing))


def is_apart(place: Place, others: Sequence[Place]) -> bool:
    """Whether two things at these places would not lie over each other."""
    for other in others:
        if isinstance(place, CableWay) or isinstance(other, CableWay):
            if place == other:
                return False
            continue
        away = np.hypot(place.x_m - other.x_m, place.y_m - other.y_m)
        if isinstance(place, WallSpot) and isinstance(other, WallSpot):
            away = np.hypot(away, place.height_m - other.height_m)
        if away < (place.wide_m + other.wide_m) * 0.6:
            return False
    return True


def _wide_px(camera: Camera, spot: WallSpot) -> float:
    """How wide something looks on its wall, which is seen aslant."""
    along = reading(camera, spot) * spot.wide_m / 2
    middle = np.array([spot.x_m, spot.y_m, spot.height_m])
    pixels, _ = camera.project(np.array([middle - along, middle + along]))
    return float(pixels[1, 0] - pixels[0, 0])


def _ground_at(camera: Camera, column: float, row: float) -> tuple[Metres, float]:
    """The point of the ground under a pixel and its depth."""
    right, up, forward = camera.axes
    ray = forward + (column - camera.width_px / 2) / camera.focal_px * right
    ray = ray + (camera.height_px / 2 - row) / camera.focal_px * up
    depth = camera.height_m / max(1e-3, -float(ray[2]))
    return camera.position + ray * depth, depth


def _is_at(backdrop: Backdrop, column: float, row: float, depth: float) -> bool:
    """Whether the view shows what is at this depth there."""
    camera = backdrop.camera
    x, y = round(column), round(row)
    inside = RIM * camera.width_px < x < (1 - RIM) * camera.width_px and 0 <= y < camera.height_px
    return bool(inside and abs(float(backdrop.depth[y, x]) - depth) < SAME_DEPTH_M)


def _a_wall(rng: np.random.Generator, street: Street) -> Built:
    walls = [built for built in street.built if built.kind in STICKS_TO]
    return walls[int(rng.integers(len(walls)))]


def _right_of(built: Built) -> Metres:
    """The unit vector from a wall to those who see it."""
    along = np.array([built.end[0] - built.start[0], built.end[1] - built.start[1]]) / built.length_m
    return np.array([along[1], -along[0]])


def _faces(built: Built, camera: Camera) -> bool:
    return float(_right_of(built) @ (camera.position[:2] - np.array(built.start))) > 0


def _nearest(built: Built, standing: Standing) -> tuple[float, float]:
    """How far along a wall its nearest point to a thing is, and how far off."""
    start, end = np.array(built.start), np.array(built.end)
    forward = (end - start) / built.length_m
    along = float(np.clip((np.array([standing.x_m, standing.y_m]) - start) @ forward, 0, built.length_m))
    foot = start + forward * along
    return along, float(np.hypot(foot[0] - standing.x_m, foot[1] - standing.y_m))


def _shows(backdrop: Backdrop, standing: Standing) -> bool:
    point = np.array([[standing.x_m, standing.y_m, PLUG_HEIGHT_M[0]]])
    pixels, depth = backdrop.camera.project(point)
    return REACH_M[0] < depth[0] < REACH_M[1] and _is_at(backdrop, pixels[0, 0], pixels[0, 1], float(depth[0]))


def _is_on(area: Area, x: float, y: float) -> bool:
    return area.left < x < area.right and area.near < y < area.far


def _is_dry(street: Street, x: float, y: float) -> bool:
    water = [strip.area for strip in street.strips if strip.material == "water"]
    return _is_on(street.ground, x, y) and not any(_is_on(area, x, y) for area in water)


def _on_front(rng: np.random.Generator, camera: Camera, standing: Standing, wide_m: float) -> WallSpot:
    is_pole = standing.kind == "pole"
    most = POLE_M if is_pole else standing.size_m * 0.8
    wide = min(wide_m, most * float(rng.uniform(0.6, 1.0)))
    high = rng.uniform(0.7, 2.0) if is_pole else rng.uniform(0.35, 0.7) * standing.size_m
    room = (most - wide) / 2
    aside = np.array([standing.y_m - camera.y_m, camera.x_m - standing.x_m])
    shift = aside / np.linalg.norm(aside) * float(rng.uniform(-room, room))
    return WallSpot(standing.x_m + float(shift[0]), standing.y_m + float(shift[1]), float(high), wide)
