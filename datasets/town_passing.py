"""Who passes at a moment, as patches with their distance; a timetable, so that any frame can be drawn alone."""

from dataclasses import dataclass

import numpy as np

from datasets.town_camera import Camera
from datasets.town_patches import Patch, Pose
from datasets.town_street import (
    BLACK_CAR,
    BLUE_CAR,
    RED_CAR,
    SILVER_CAR,
    WHITE_CAR,
    Passing,
)
from datasets.town_traffic import Dress, car, person, rider

COATS = ((60, 52, 150), (140, 96, 52), (70, 70, 74), (196, 200, 204), (70, 116, 66), (52, 132, 196), (122, 70, 116))
TROUSERS = ((74, 62, 54), (52, 50, 50), (96, 100, 108), (120, 92, 66))
CAR_COLOURS = (WHITE_CAR, SILVER_CAR, BLACK_CAR, RED_CAR, BLUE_CAR)
SCOOTER_COLOURS = ((64, 64, 66), (96, 92, 90), (176, 172, 168), (140, 104, 60))
STRIDES_PER_M = 4.4
"""Radians of the walk a metre."""


@dataclass(frozen=True)
class Staying:
    """A person who stands at one place for a while."""

    x_m: float
    y_m: float
    from_s: float
    to_s: float


@dataclass(frozen=True)
class Mover:
    kind: str
    depth_m: float
    patches: list[Patch]


def movers_at(
    camera: Camera, passing: tuple[Passing, ...], staying: tuple[Staying, ...], elapsed_s: float, seed: int
) -> list[Mover]:
    """Far ones first."""
    movers = [
        mover
        for number, one in enumerate(passing)
        if (mover := _on_the_way(camera, one, elapsed_s, seed + number)) is not None
    ]
    for number, one in enumerate(staying):
        if one.from_s <= elapsed_s < one.to_s:
            pose = Pose(one.x_m, one.y_m)
            dress = _dress(np.random.default_rng((seed, 77, number)))
            movers.append(Mover("person", _depth(camera, pose), person(camera, pose, dress, None)))
    return sorted(movers, key=lambda mover: -mover.depth_m)


def _on_the_way(camera: Camera, way: Passing, elapsed_s: float, seed: int) -> Mover | None:
    turn, since_s = divmod(elapsed_s - way.offset_s, way.every_s)
    start, end = np.array(way.start), np.array(way.end)
    length = float(np.linalg.norm(end - start))
    gone = since_s * way.speed_m_s
    if turn < 0 or gone > length:
        return None
    x, y = start + (end - start) * gone / length
    heading = float(np.degrees(np.arctan2(end[0] - start[0], end[1] - start[1])))
    pose = Pose(float(x), float(y), heading)
    depth = _depth(camera, pose)
    if depth < 2.5:
        return None
    rng = np.random.default_rng((seed, int(turn)))
    return Mover(way.kind, depth, _patches(camera, way.kind, pose, rng, gone))


def _patches(camera: Camera, kind: str, pose: Pose, rng: np.random.Generator, gone_m: float) -> list[Patch]:
    if kind == "person":
        return person(camera, pose, _dress(rng), gone_m * STRIDES_PER_M)
    if kind == "rider":
        return rider(camera, pose, _dress(rng), SCOOTER_COLOURS[rng.integers(len(SCOOTER_COLOURS))])
    return car(camera, pose, CAR_COLOURS[rng.integers(len(CAR_COLOURS))], van=kind == "van")


def _dress(rng: np.random.Generator) -> Dress:
    return Dress(COATS[rng.integers(len(COATS))], TROUSERS[rng.integers(len(TROUSERS))], float(rng.uniform(1.56, 1.78)))


def _depth(camera: Camera, pose: Pose) -> float:
    _, depth = camera.project(np.array([[pose.x_m, pose.y_m, 0.5]]))
    return float(depth[0])
