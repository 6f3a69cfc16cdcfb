"""Vehicles for a high camera, in metres: cars, vans, small lorries, three-wheelers, scooters."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from datasets.composer.oblique import Body, Face, Points, placed
from datasets.composer.sprites import dim, jittered
from datasets.town_texture import Colour

GLASS: tuple[Colour, ...] = ((46, 42, 38), (64, 58, 50), (34, 32, 30), (88, 80, 70))
PAINTS: tuple[Colour, ...] = (
    (226, 228, 229), (234, 235, 234), (190, 192, 193), (158, 160, 162), (44, 43, 42), (28, 28, 30), (84, 82, 80),
    (44, 36, 170), (30, 28, 120), (150, 84, 34), (96, 48, 22), (70, 96, 60), (60, 150, 200), (128, 150, 168),
)  # fmt: skip
PAINT_WEIGHTS = np.array([5, 4, 4, 3, 4, 3, 3, 2, 1.5, 1.5, 1, 0.7, 1, 1.5])
"""White, silver and black first: so are most cars."""
TYRE: Colour = (32, 32, 34)
RIM: Colour = (128, 130, 132)
BLACK: Colour = (36, 36, 38)
RED: Colour = (38, 34, 150)
LAMP: Colour = (214, 224, 228)
PLATES: tuple[Colour, ...] = ((196, 120, 40), (120, 190, 90), (232, 234, 236), (60, 190, 230))
CARGO: tuple[Colour, ...] = ((60, 90, 120), (150, 160, 165), (70, 110, 70), (160, 110, 60), (90, 150, 190))
WHEELS = (-0.3, 0.31)
"""Where the axles are, in shares of the length."""
WHEEL_CORNERS = 14
SILL_M = 0.22

Station = tuple[float, float, float]
"""Along, up and half width in metres."""
Window = tuple[float, float, float, float]
"""From and to along a face's first side, from and to along its second, in shares."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A shape of car: where its cabin begins and ends in shares of the length, how far glass leans, height, length."""

    cabin: tuple[float, float]
    lean_m: tuple[float, float]
    roof_m: tuple[float, float]
    long_m: tuple[float, float]
    weight: float


KINDS = (
    Kind((-0.36, 0.25), (0.62, 0.8), (1.4, 1.5), (4.4, 5.0), 4),  # saloon
    Kind((-0.475, 0.25), (0.42, 0.75), (1.45, 1.55), (3.6, 4.4), 2.5),  # hatchback
    Kind((-0.48, 0.23), (0.34, 0.66), (1.6, 1.8), (4.2, 4.9), 3),  # sports utility
    Kind((-0.485, 0.34), (0.2, 0.8), (1.65, 1.9), (4.3, 5.2), 1.2),  # people carrier
    Kind((-0.12, 0.24), (0.2, 0.66), (1.65, 1.8), (4.9, 5.4), 0.5),  # pick-up
)


def paint_colour(rng: np.random.Generator) -> Colour:
    share = PAINT_WEIGHTS / PAINT_WEIGHTS.sum()
    return jittered(rng, PAINTS[int(rng.choice(len(PAINTS), p=share))], 4)


def car_body(rng: np.random.Generator, at: tuple[float, float], heading: float) -> Body:
    """A car at `at` (metres east, north), its nose towards `heading` (degrees from east)."""
    weights = np.array([kind.weight for kind in KINDS])
    kind = KINDS[int(rng.choice(len(KINDS), p=weights / weights.sum()))]
    long, half = float(rng.uniform(*kind.long_m)), float(rng.uniform(0.83, 0.97))
    waist, roof = float(rng.uniform(0.9, 1.02)), float(rng.uniform(*kind.roof_m))
    paint, glass = paint_colour(rng), jittered(rng, GLASS[int(rng.integers(len(GLASS)))], 6)
    rear, front = kind.cabin[0] * long, kind.cabin[1] * long
    lower = _lower(rng, (long, half), (rear, front), waist, paint)
    cabin = _cabin(rng, kind, (rear, front, 0.95 * half), (waist - 0.02, roof), (paint, glass))
    ear = paint if rng.random() < 0.6 else BLACK
    stretch, high = (front - 0.34, front - 0.14), (waist, waist + 0.15)
    mirrors = [box(stretch, (side * half * 0.97, side * (half + 0.2)), high, ear) for side in (1, -1)]
    return placed([lower, *mirrors, cabin], (long, 2 * half), at, heading)


def _lower(
    rng: np.random.Generator, size: tuple[float, float], cabin: tuple[float, float], waist: float, paint: Colour
) -> list[Face]:
    """All below the windows: flanks, bonnet, boot, lamps, plates, wheels."""
    (long, half), (rear, front) = size, cabin
    boot = [(-0.43 * long, waist - 0.03, 0.97 * half)] if rear > -0.42 * long else []
    stations: list[Station] = [
        (-0.5 * long, 0.55, 0.76 * half), (-0.488 * long, waist - 0.12, 0.9 * half), *boot, (rear, waist, half),
        (front, waist, half), (0.41 * long, waist - 0.14, 0.96 * half), (0.475 * long, 0.7, 0.87 * half),
        (0.5 * long, 0.5, 0.68 * half),
    ]  # fmt: skip
    tops, flanks, ends = _hull(stations, SILL_M, paint)
    main = next(number for number, one in enumerate(stations) if one[0] == front) - 1
    faces = [*tops, *flanks, *ends]
    line = dim(paint, 0.55)
    faces += [on(tops[main + 1], window, colour) for window, colour in (
        ((0, 0.07, 0.04, 0.96), BLACK), ((0.05, 1, 0.07, 0.085), line), ((0.05, 1, 0.915, 0.93), line),
        ((0.1, 1, 0.3, 0.7), dim(paint, 1.04)),
    )]  # fmt: skip
    faces += [on(tops[main + 2], window, LAMP, 1.1) for window in ((0.3, 1, 0.01, 0.2), (0.3, 1, 0.8, 0.99))]
    faces += [on(tops[main + 3], (0.15, 0.95, 0.2, 0.8), BLACK)]
    faces += [on(tops[0], window, RED, 1.2) for window in ((0.1, 0.95, 0.0, 0.24), (0.1, 0.95, 0.76, 1.0))]
    if boot:
        faces += [on(tops[2], (0.88, 0.93, 0.08, 0.92), line), on(tops[1], (0.2, 0.3, 0.1, 0.9), line)]
    plate = PLATES[int(rng.choice(len(PLATES), p=[0.5, 0.2, 0.2, 0.1]))]
    faces += [on(end, (0.35, 0.75, 0.33, 0.67), plate, 1.1) for end in ends]
    for flank in (flanks[2 * main], flanks[2 * main + 1]):
        faces += [on(flank, (share, share + 0.008, 0.1, 1), line) for share in (0.08, 0.5, 0.93)]
        faces += [on(flank, (0, 1, 0, 0.14), BLACK)]
    return [*faces, *_wheels(long, half * 0.995, 0.32)]


def _cabin(
    rng: np.random.Generator, kind: Kind, base: Station, up: tuple[float, float], colours: tuple[Colour, Colour]
) -> list[Face]:
    """Roof, windscreen, rear window, side windows; `base` is (from, to, half width)."""
    (rear, front, half), (low, high), (paint, glass) = base, up, colours
    top = half * float(rng.uniform(0.74, 0.83))
    back, fore = rear + kind.lean_m[0], front - kind.lean_m[1]
    roof = _face([(back, top, high), (fore, top, high), (fore, -top, high), (back, -top, high)], paint)
    screen = _face([(front, half, low), (front, -half, low), (fore, -top, high), (fore, top, high)], paint)
    tail = _face([(rear, half, low), (rear, -half, low), (back, -top, high), (back, top, high)], paint)
    sides = [
        _face([(rear, y * half, low), (front, y * half, low), (fore, y * top, high), (back, y * top, high)], paint)
        for y in (1, -1)
    ]
    sky = dim(glass, float(rng.uniform(1.1, 1.7)))
    faces = [roof, screen, tail, *sides, on(roof, (0.05, 0.95, 0.07, 0.93), dim(paint, 1.03))]
    faces += [on(screen, (0.04, 0.96, 0.03, 0.93), glass), on(screen, (0.08, 0.92, 0.5, 0.9), sky)]
    faces += [on(tail, (0.08, 0.92, 0.12, 0.9), glass), on(tail, (0.14, 0.86, 0.5, 0.85), sky)]
    for side in sides:
        faces += [on(side, (0.07, 0.94, 0.1, 0.88), glass), on(side, (0.5, 0.525, 0.1, 0.9), dim(paint, 0.5))]
    if rng.random() < 0.22:
        faces.append(on(roof, (float(rng.uniform(0.1, 0.55)), 0.88, 0.18, 0.82), dim(glass, 0.9)))
    if rng.random() < 0.35:
        rail = BLACK if rng.random() < 0.5 else RIM
        faces += [on(roof, (0.06, 0.94, v, v + 0.035), rail) for v in (0.03, 0.935)]
    if rng.random() < 0.4:
        faces.append(on(roof, (0.04, 0.1, 0.48, 0.52), BLACK))
    return faces


def van_body(rng: np.random.Generator, at: tuple[float, float], heading: float) -> Body:
    """A delivery van: one tall box with a sloping front."""
    long, half, roof = float(rng.uniform(4.2, 5.9)), float(rng.uniform(0.8, 1.0)), float(rng.uniform(1.85, 2.5))
    paint = jittered(rng, PAINTS[0], 5) if rng.random() < 0.5 else paint_colour(rng)
    stations: list[Station] = [
        (-0.5 * long, 0.6, 0.95 * half), (-0.495 * long, roof - 0.12, 0.9 * half), (-0.47 * long, roof, 0.86 * half),
        (0.27 * long, roof, 0.86 * half), (0.41 * long, 1.1, 0.97 * half), (0.49 * long, 0.85, 0.92 * half),
        (0.5 * long, 0.5, 0.88 * half),
    ]  # fmt: skip
    return placed([_one_box(rng, stations, paint, 3)], (long, 2 * half), at, heading)


def truck_body(rng: np.random.Generator, at: tuple[float, float], heading: float) -> Body:
    """A small lorry: a cab before an open or a covered bed."""
    long, half = float(rng.uniform(4.8, 7.5)), float(rng.uniform(0.9, 1.15))
    behind, top = 0.5 * long - float(rng.uniform(1.4, 1.9)), float(rng.uniform(1.9, 2.4))
    paint = paint_colour(rng)
    stations: list[Station] = [
        (behind, 0.6, half), (behind + 0.02, top, 0.9 * half), (0.41 * long, top, 0.9 * half),
        (0.48 * long, 1.15, 0.96 * half), (0.5 * long, 0.5, 0.96 * half),
    ]  # fmt: skip
    cab = _one_box(rng, stations, paint, 2)
    bed = (-0.5 * long, behind - 0.08)
    if rng.random() < 0.55:
        load = _open_bed(rng, bed, half, (0.75, float(rng.uniform(1.1, 1.5))), paint)
    else:
        load = box(bed, (-half, half), (0.75, float(rng.uniform(2.1, 2.8))), paint_colour(rng))
        load += [
            on(load[-1], (share, share + 0.008, 0.02, 0.98), dim(load[-1].colour, 0.85)) for share in (0.25, 0.5, 0.75)
        ]
    wheels = _wheels(long, half * 0.98, 0.42)
    return placed([wheels, *_far_to_near(load, cab)], (long, 2 * half), at, heading)


def _far_to_near(load: list[Face], cab: list[Face]) -> list[list[Face]]:
    """The lower one first: from above it hides nothing of the higher one."""
    return sorted((load, cab), key=lambda part: max(float(face.corners[:, 2].max()) for face in part))


def three_wheeler_body(rng: np.random.Generator, at: tuple[float, float], heading: float) -> Body:
    """A cargo tricycle: an open bed behind a saddle, sometimes under a roof."""
    long, half = float(rng.uniform(2.3, 3.1)), float(rng.uniform(0.48, 0.65))
    paint = jittered(rng, ((44, 36, 150), (140, 80, 34), (80, 110, 60), (70, 70, 74))[int(rng.integers(4))])
    bed = _open_bed(rng, (-0.5 * long, 0.08 * long), half, (0.45, float(rng.uniform(0.75, 1.0))), paint)
    parts = [
        box((0.34 * long, 0.5 * long), (-0.05, 0.05), (0.0, 0.55), TYRE),
        box((0.1 * long, 0.4 * long), (-0.2, 0.2), (0.3, 0.5), dim(paint, 0.8)),
        box((0.36 * long, 0.42 * long), (-0.25, 0.25), (0.4, 0.95), paint), bed,
        box((0.1 * long, 0.24 * long), (-0.2, 0.2), (0.5, 0.78), BLACK),
        box((0.33 * long, 0.35 * long), (-0.36, 0.36), (0.98, 1.03), BLACK),
    ]  # fmt: skip
    if rng.random() < 0.35:
        parts.append(box((0.05 * long, 0.42 * long), (-half, half), (1.65, 1.7), paint_colour(rng)))
    return placed(parts, (long, 2 * half), at, heading)


def scooter_body(rng: np.random.Generator, at: tuple[float, float], heading: float) -> Body:
    """An electric scooter: wheels, deck, tail with saddle, shield, handlebar, often a box or a basket."""
    paint = paint_colour(rng)
    parts = [
        box((0.5, 0.9), (-0.05, 0.05), (0.0, 0.42), TYRE), box((-0.85, -0.45), (-0.05, 0.05), (0.0, 0.42), TYRE),
        box((-0.1, 0.5), (-0.14, 0.14), (0.25, 0.33), BLACK), box((-0.85, -0.05), (-0.15, 0.15), (0.33, 0.66), paint),
        box((-0.6, 0.02), (-0.13, 0.13), (0.66, 0.76), BLACK), box((0.42, 0.58), (-0.2, 0.2), (0.3, 0.92), paint),
        box((0.38, 0.43), (-0.34, 0.34), (0.96, 1.0), BLACK),
    ]  # fmt: skip
    parts += [box((0.4, 0.46), (side * 0.36 - 0.05, side * 0.36 + 0.05), (1.1, 1.15), BLACK) for side in (1, -1)]
    if rng.random() < 0.35:
        tone = jittered(rng, ((40, 190, 240), (60, 60, 66), (200, 120, 40), (225, 226, 226))[int(rng.integers(4))])
        parts.append(box((-1.0, -0.6), (-0.22, 0.22), (0.72, 1.12), tone))
    if rng.random() < 0.3:
        parts.append(box((0.58, 0.85), (-0.17, 0.17), (0.62, 0.88), RIM))
    return placed(parts, (1.8, 0.4), at, heading)


def _open_bed(
    rng: np.random.Generator, along: tuple[float, float], half: float, up: tuple[float, float], paint: Colour
) -> list[Face]:
    """A bed with low walls: dark inside, with some load."""
    faces = box(along, (-half, half), up, paint)
    top = faces[-1]
    faces.append(on(top, (0.03, 0.97, 0.05, 0.95), dim(paint, 0.45)))
    for _ in range(int(rng.integers(0, 7))):
        u, v = rng.uniform(0.04, 0.7, 2)
        window = (u, min(0.96, u + float(rng.uniform(0.1, 0.3))), v, min(0.94, v + float(rng.uniform(0.15, 0.35))))
        faces.append(on(top, window, jittered(rng, CARGO[int(rng.integers(len(CARGO)))], 16)))
    return faces


def _one_box(rng: np.random.Generator, stations: list[Station], paint: Colour, screen: int) -> list[Face]:
    """A hull with a windscreen on the stretch `screen`, door windows, lamps and wheels."""
    glass = jittered(rng, GLASS[int(rng.integers(len(GLASS)))], 6)
    tops, flanks, ends = _hull(stations, 0.4, paint)
    faces = [*tops, *flanks, *ends, on(tops[screen], (0.06, 0.96, 0.06, 0.94), glass)]
    faces.append(on(tops[screen], (0.1, 0.5, 0.1, 0.9), dim(glass, 1.35)))
    faces += [on(tops[0], window, RED) for window in ((0.05, 0.35, 0.0, 0.12), (0.05, 0.35, 0.88, 1.0))]
    for flank in (flanks[2 * screen - 2], flanks[2 * screen - 1]):
        faces.append(on(flank, (0.74, 0.98, 0.58, 0.92), glass))
    faces += [on(tops[-1], window, LAMP) for window in ((0.1, 0.8, 0.02, 0.2), (0.1, 0.8, 0.8, 0.98))]
    faces.append(on(ends[-1], (0.3, 0.8, 0.36, 0.64), PLATES[int(rng.integers(len(PLATES)))]))
    long, half = stations[-1][0] - stations[0][0], max(one[2] for one in stations)
    return faces if long < 3 else [*faces, *_wheels(long, half * 0.995, 0.34)]


def _hull(stations: list[Station], low: float, paint: Colour) -> tuple[list[Face], list[Face], list[Face]]:
    """Top strips between stations, flanks (left and right of each), tail and nose."""
    tops, flanks = [], []
    for (x, z, y), (x2, z2, y2) in pairwise(stations):
        tops.append(_face([(x, y, z), (x2, y2, z2), (x2, -y2, z2), (x, -y, z)], paint))
        flanks += [
            _face([(x, side * y, low), (x2, side * y2, low), (x2, side * y2, z2), (x, side * y, z)], paint)
            for side in (1, -1)
        ]
    ends = [_face([(x, y, low), (x, y, z), (x, -y, z), (x, -y, low)], paint) for x, z, y in (stations[0], stations[-1])]
    return tops, flanks, ends


def _wheels(long: float, half: float, radius: float) -> list[Face]:
    faces = []
    for along in WHEELS:
        for side in (1, -1):
            faces.append(Face(_disc(along * long, side * half, radius, radius), TYRE))
            faces.append(Face(_disc(along * long, side * half * 1.002, radius, radius * 0.6), RIM))
    return faces


def _disc(along: float, aside: float, up: float, radius: float) -> Points:
    angles = np.linspace(0, 2 * np.pi, WHEEL_CORNERS, endpoint=False)
    return np.stack(
        [along + radius * np.cos(angles), np.full(WHEEL_CORNERS, aside), up + radius * np.sin(angles)], axis=1
    )


def box(along: tuple[float, float], aside: tuple[float, float], up: tuple[float, float], paint: Colour) -> list[Face]:
    """Four sides and, last, the top."""
    (rear, front), (right, left), (low, high) = along, aside, up
    sides = [_face([(rear, y, low), (front, y, low), (front, y, high), (rear, y, high)], paint) for y in (left, right)]
    ends = [_face([(x, left, low), (x, left, high), (x, right, high), (x, right, low)], paint) for x in (rear, front)]
    top = _face([(rear, left, high), (front, left, high), (front, right, high), (rear, right, high)], paint)
    return [*sides, *ends, top]


def _face(corners: list[tuple[float, float, float]], colour: Colour) -> Face:
    return Face(np.array(corners, np.float64), colour)


def on(face: Face, window: Window, colour: Colour, shine: float = 1.0) -> Face:
    """A part of a four-cornered face, to be painted onto it."""
    a, b, c, d = face.corners
    u1, u2, v1, v2 = window
    corners = [(1 - u) * (1 - v) * a + u * (1 - v) * b + u * v * c + (1 - u) * v * d
               for u, v in ((u1, v1), (u2, v1), (u2, v2), (u1, v2))]  # fmt: skip
    return Face(np.array(corners), colour, shine)
