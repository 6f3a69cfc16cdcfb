"""Cars, two-wheelers, people, bins and street furniture as patches.

Each builder gives them in the order in which they are to be drawn, the shadow first.
"""

from dataclasses import dataclass

import numpy as np

from datasets.town_camera import Camera, Metres
from datasets.town_patches import Patch, Pose, bar, disc, distance, facing, flat, lit, shadow, tone
from datasets.town_texture import Colour

GLASS: Colour = (58, 50, 44)
CAR_PROFILE = ((2.2, 0.35), (2.2, 0.72), (1.95, 0.84), (1.0, 0.95), (0.35, 1.45), (-1.0, 1.47), (-1.75, 1.0),
               (-2.15, 0.94), (-2.2, 0.4))  # fmt: skip
VAN_PROFILE = ((2.25, 0.4), (2.25, 0.95), (1.75, 1.15), (1.25, 1.95), (-2.2, 2.0), (-2.25, 1.2), (-2.27, 0.9),
               (-2.28, 0.6), (-2.28, 0.4))  # fmt: skip
GLASS_STRIPS = frozenset({3, 5})
"""Numbers of the profile's edges that are the windscreen and the rear window."""


def car(camera: Camera, pose: Pose, colour: Colour, van: bool = False) -> list[Patch]:
    """A car of 4.4 m: shadow, body from its side profile, windows, wheels, lights and plate."""
    profile = VAN_PROFILE if van else CAR_PROFILE
    half = 0.92 if van else 0.88
    faces: list[tuple[float, list[Patch]]] = []
    widths = np.array([half if z < 1.0 else half * 0.84 for _, z in profile])
    for number in range(len(profile) - 1):
        (s1, z1), (s2, z2) = profile[number], profile[number + 1]
        w1, w2 = widths[number], widths[number + 1]
        along, up = np.array([s1, s1, s2, s2]), np.array([z1, z1, z2, z2])
        points = pose.place(along, np.array([w1, -w1, -w2, w2]), up)
        normal = facing(camera, points)
        if normal is None:
            continue
        patches = [Patch(points, lit(GLASS if number in GLASS_STRIPS else colour, normal))]
        if number in (0, len(profile) - 2):
            patches += _ends(pose, s1, half, front=number == 0)
        faces.append((distance(camera, points), patches))
    for side in (1.0, -1.0):
        patches = _car_side(camera, pose, colour, profile, half * side)
        if patches:
            faces.append((distance(camera, patches[0].points), patches))
    faces.sort(key=lambda face: -face[0])
    return [shadow(pose, 2.35, half + 0.12), *(patch for _, group in faces for patch in group)]


def _ends(pose: Pose, s: float, half: float, front: bool) -> list[Patch]:
    """Lights and plate on the nose or tail."""
    lamp: Colour = (226, 236, 240) if front else (40, 36, 176)
    patches = []
    for centre in (-0.66, 0.66):
        aside = np.array([-0.18, 0.18, 0.18, -0.18]) + centre * half / 0.88
        patches.append(Patch(_upright(pose, s, aside, (0.56, 0.7)), lamp))
    patches.append(Patch(_upright(pose, s, np.array([-0.24, 0.24, 0.24, -0.24]), (0.42, 0.53)), (150, 84, 30)))
    grille = np.array([-0.4, 0.4, 0.4, -0.4])
    return [Patch(_upright(pose, s, grille, (0.55, 0.66)), (40, 40, 42)), *patches] if front else patches


def _upright(pose: Pose, s: float, aside: Metres, heights: tuple[float, float]) -> Metres:
    low, high = heights
    return pose.place(np.full(4, s * 1.002), aside, np.array([low, low, high, high]))


def _car_side(
    camera: Camera, pose: Pose, colour: Colour, profile: tuple[tuple[float, float], ...], w: float
) -> list[Patch]:
    outline = np.array(profile)
    low = outline[outline[:, 1] < 1.2]
    body = pose.place(low[:, 0], np.full(len(low), w), low[:, 1])
    outward = pose.place(np.zeros(2), np.array([0.0, w]), np.zeros(2))
    normal = outward[1] - outward[0]
    if normal @ (camera.position - body[0]) <= 0:
        return []
    patches = [Patch(body, lit(colour, normal))]
    belt = np.array([[2.2, 0.35], [2.2, 0.5], [-2.2, 0.5], [-2.2, 0.35]])
    patches.append(Patch(pose.place(belt[:, 0], np.full(4, w), belt[:, 1]), tone(lit(colour, normal), 0.72)))
    roof = outline[(outline[:, 1] > 0.93) & (np.abs(outline[:, 0]) < 2.26)]
    aside = np.where(roof[:, 1] > 1.2, w * 0.84, w)
    patches.append(Patch(pose.place(roof[:, 0], aside, roof[:, 1]), tone(lit(colour, normal), 0.95)))
    middle = roof.mean(axis=0)
    pane = (roof - middle) * [0.86, 0.72] + middle
    patches.append(Patch(pose.place(pane[:, 0], aside * 0.995, pane[:, 1]), tone(GLASS, 1.05)))
    pillar = np.array([[-0.35, 1.0], [-0.26, 1.0], [-0.26, 1.42], [-0.35, 1.42]])
    patches.append(Patch(pose.place(pillar[:, 0], np.full(4, w * 0.9), pillar[:, 1]), tone(colour, 0.6)))
    for s in (1.38, -1.35):
        patches += _wheel(pose, s, w * 1.01)
    return patches


def _wheel(pose: Pose, s: float, w: float, radius: float = 0.32) -> list[Patch]:
    angles = np.linspace(0, 2 * np.pi, 18, endpoint=False)

    def ring(share: float) -> Metres:
        return pose.place(s + np.cos(angles) * radius * share, np.full(18, w), radius + np.sin(angles) * radius * share)

    return [Patch(ring(1.15), (30, 30, 31)), Patch(ring(1.0), (40, 40, 40)), Patch(ring(0.6), (150, 150, 152)),
            Patch(ring(0.2), (90, 90, 92))]  # fmt: skip


def scooter(pose: Pose, colour: Colour) -> list[Patch]:
    """A parked electric scooter, seen from its side."""
    patches = [shadow(pose, 0.95, 0.28)]
    for s in (0.62, -0.6):
        patches += [
            disc(pose, (s, 0.24), (0.25, 0.25), (32, 32, 33)),
            disc(pose, (s, 0.24), (0.13, 0.13), (140, 142, 144)),
        ]
    body = [(-0.85, 0.52), (-0.8, 0.72), (-0.1, 0.66), (0.02, 0.36), (0.32, 0.34), (0.42, 0.86), (0.52, 0.84),
            (0.44, 0.26), (-0.5, 0.24)]  # fmt: skip
    patches.append(flat(pose, body, colour))
    patches.append(flat(pose, [(-0.84, 0.6), (-0.8, 0.72), (-0.12, 0.66), (-0.1, 0.58)], tone(colour, 1.35)))
    patches.append(flat(pose, [(-0.78, 0.7), (-0.72, 0.8), (-0.1, 0.76), (-0.02, 0.66)], (36, 36, 38)))
    patches.append(bar(pose, (0.6, 0.3), (0.4, 1.06), 0.06, (70, 70, 72)))
    patches.append(bar(pose, (0.46, 1.04), (0.22, 1.1), 0.05, (40, 40, 42)))
    patches.append(disc(pose, (0.52, 0.88), (0.07, 0.08), (228, 232, 236)))
    patches.append(flat(pose, [(-0.98, 0.74), (-0.98, 1.0), (-0.72, 1.0), (-0.72, 0.78)], (52, 50, 50)))
    return patches


@dataclass(frozen=True)
class Dress:
    """Colours of a person."""

    coat: Colour
    trousers: Colour
    tall_m: float = 1.68


SKIN: Colour = (140, 166, 206)
HAIR: Colour = (32, 30, 34)


def person(camera: Camera, pose: Pose, dress: Dress, stride: float | None) -> list[Patch]:
    """A person in a plane across the line of sight; `stride` is the phase of the walk, None stands still."""
    toward = np.degrees(np.arctan2(pose.x_m - camera.x_m, pose.y_m - camera.y_m))
    plane = Pose(pose.x_m, pose.y_m, toward + 90)
    k = dress.tall_m / 1.7
    swing = 0.0 if stride is None else float(np.sin(stride))
    spread = 0.2 * swing
    patches = [shadow(plane, 0.34, 0.2)]
    for side, light in ((-1, 0.75), (1, 1.0)):
        foot = side * (0.09 + abs(spread) * 0.2) + side * spread
        knee = (foot * 0.75 + 0.04 * swing, 0.46 * k)
        patches.append(bar(plane, (side * 0.085, 0.86 * k), knee, 0.17 * k, tone(dress.trousers, light)))
        patches.append(bar(plane, knee, (foot, 0.07), 0.13 * k, tone(dress.trousers, light * 0.92)))
        patches.append(disc(plane, (foot + 0.04, 0.05), (0.12, 0.05), (44, 44, 48)))
    patches += _torso(plane, dress, k, swing)
    patches.append(bar(plane, (0, 1.38 * k), (0, 1.5 * k), 0.1 * k, tone(SKIN, 0.8)))
    patches.append(disc(plane, (0, 1.585 * k), (0.095 * k, 0.12 * k), SKIN))
    patches.append(disc(plane, (-0.01, 1.64 * k), (0.105 * k, 0.085 * k), HAIR))
    patches.append(flat(plane, [(-0.1, 1.64 * k), (-0.1, 1.52 * k), (-0.06, 1.5 * k), (-0.05, 1.64 * k)], HAIR))
    return patches


def _torso(plane: Pose, dress: Dress, k: float, swing: float) -> list[Patch]:
    shape = [
        (-0.2, 1.4),
        (0.2, 1.4),
        (0.235, 1.32),
        (0.19, 1.02),
        (0.205, 0.82),
        (-0.205, 0.82),
        (-0.19, 1.02),
        (-0.235, 1.32),
    ]
    body = [(s, z * k) for s, z in shape]
    shaded = [(0.02, 1.4 * k), (0.2, 1.4 * k), (0.235, 1.32 * k), (0.19, 1.02 * k), (0.205, 0.82 * k), (0.06, 0.82 * k)]
    patches = []
    for side, light in ((-1, 1.05), (1, 0.72)):
        elbow = (side * 0.27 + 0.06 * swing * side, 1.1 * k)
        hand = (side * 0.25 + 0.16 * swing * side, 0.86 * k)
        patches.append(bar(plane, (side * 0.22, 1.35 * k), elbow, 0.12 * k, tone(dress.coat, light)))
        patches.append(bar(plane, elbow, hand, 0.1 * k, tone(dress.coat, light * 0.9)))
        patches.append(disc(plane, hand, (0.045, 0.055), SKIN))
    patches.append(flat(plane, body, dress.coat))
    patches.append(flat(plane, shaded, tone(dress.coat, 0.82)))
    patches.append(bar(plane, (0.0, 0.84 * k), (0.0, 1.38 * k), 0.02, tone(dress.coat, 0.6)))
    return patches


def rider(camera: Camera, pose: Pose, dress: Dress, colour: Colour) -> list[Patch]:
    """A person on a scooter, seen from the side or slantwise."""
    patches = scooter(pose, colour)
    patches.append(bar(pose, (-0.3, 0.82), (0.12, 0.72), 0.19, dress.trousers))
    patches.append(bar(pose, (0.12, 0.74), (0.16, 0.38), 0.14, tone(dress.trousers, 0.9)))
    patches.append(flat(pose, [(-0.5, 0.76), (-0.42, 1.3), (-0.2, 1.36), (-0.08, 1.26), (-0.14, 0.78)], dress.coat))
    patches.append(bar(pose, (-0.22, 1.28), (0.24, 1.08), 0.11, tone(dress.coat, 0.8)))
    seat = pose.place(np.array([-0.2]), np.zeros(1), np.zeros(1))[0]
    head = Pose(float(seat[0]), float(seat[1]), pose.heading_deg)
    patches.append(disc(head, (0.02, 1.52), (0.1, 0.12), SKIN))
    patches.append(disc(head, (0.0, 1.58), (0.13, 0.1), (60, 60, 196) if dress.tall_m > 1.66 else (214, 206, 196)))
    return patches


def wheelie_bin(camera: Camera, pose: Pose, colour: Colour) -> list[Patch]:
    """A bin of 240 litres with lid, rim, wheels and a white mark."""
    patches = [shadow(pose, 0.42, 0.38)]
    low, high, tall = 0.25, 0.32, 0.95
    faces: list[tuple[float, list[Patch]]] = []
    for a, b in (((-1, -1), (1, -1)), ((1, -1), (1, 1)), ((1, 1), (-1, 1)), ((-1, 1), (-1, -1))):
        along = np.array([a[0] * low, b[0] * low, b[0] * high, a[0] * high])
        aside = np.array([a[1] * low, b[1] * low, b[1] * high, a[1] * high])
        points = pose.place(along, aside, np.array([0.06, 0.06, tall, tall]))
        normal = facing(camera, points)
        if normal is None:
            normal = facing(camera, points[::-1])
            if normal is None:
                continue
        centre = points.mean(axis=0)
        outward = centre - np.array([pose.x_m, pose.y_m, centre[2]])
        if outward @ (camera.position - centre) <= 0:
            continue
        mark = centre + (points - centre) * [0.42, 0.42, 0.22]
        faces.append(
            (distance(camera, points), [Patch(points, lit(colour, outward)), Patch(mark, tone((236, 240, 238), 0.9))])
        )
    faces.sort(key=lambda face: -face[0])
    patches += [patch for _, group in faces for patch in group]
    rim = 0.36
    lid_along, lid_aside = np.array([-rim, rim, rim, -rim]), np.array([-rim, -rim, rim, rim])
    patches.append(Patch(pose.place(lid_along, lid_aside, np.full(4, tall - 0.03)), tone(colour, 0.55)))
    patches.append(Patch(pose.place(lid_along, lid_aside, np.full(4, tall + 0.07)), tone(colour, 1.08)))
    return patches


def post(pose: Pose, tall_m: float, colour: Colour, thick_m: float = 0.14) -> list[Patch]:
    """A lamp post or bollard with its foot."""
    half = thick_m / 2
    shaft = np.array([[-half, 0], [half, 0], [half * 0.8, tall_m], [-half * 0.8, tall_m]])
    across = Pose(pose.x_m, pose.y_m, pose.heading_deg)
    dark = shaft * [0.5, 1] + [half * 0.5, 0]
    return [
        shadow(across, thick_m, thick_m),
        Patch(across.place(shaft[:, 0], np.zeros(4), shaft[:, 1]), colour),
        Patch(across.place(dark[:, 0], np.zeros(4), dark[:, 1]), tone(colour, 0.75)),
    ]


def cone(pose: Pose) -> list[Patch]:
    """A traffic cone."""
    bands: tuple[tuple[float, float, Colour], ...] = (
        (0.0, 0.06, (30, 70, 200)), (0.06, 0.28, (36, 90, 226)),
        (0.28, 0.44, (236, 238, 240)), (0.44, 0.7, (36, 90, 226)),
    )  # fmt: skip
    patches = [shadow(pose, 0.22, 0.22)]
    for low, high, colour in bands:
        wide, narrow = (0.24 if low == 0 else 0.19 * (1 - low / 0.8)), 0.19 * (1 - high / 0.8)
        patches.append(flat(pose, [(-wide, low), (wide, low), (narrow, high), (-narrow, high)], colour))
    return patches
