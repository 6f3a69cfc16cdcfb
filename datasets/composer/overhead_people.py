"""People and umbrellas for a high camera, in metres."""

from itertools import pairwise

import numpy as np

from datasets.composer.oblique import Body, Face, Points, placed
from datasets.composer.sprites import any_colour, dim, jittered
from datasets.town_texture import Colour

CLOTHES: tuple[Colour, ...] = (
    (40, 40, 44), (150, 60, 40), (200, 200, 204), (60, 50, 170), (90, 120, 70), (120, 110, 100), (70, 60, 50),
)  # fmt: skip
HI_VIS: tuple[Colour, ...] = ((60, 245, 225), (90, 250, 200), (30, 120, 250), (40, 150, 255))
REFLEX: Colour = (224, 226, 224)
TROUSERS: tuple[Colour, ...] = ((40, 40, 44), (90, 60, 40), (70, 72, 76), (110, 130, 150), (120, 90, 60))
SKIN: Colour = (130, 160, 200)
HAIR: tuple[Colour, ...] = ((26, 28, 34), (30, 34, 48), (90, 96, 104), (200, 200, 200), (40, 60, 200), (50, 200, 230))
"""The last three are a cap and helmets."""
RIBS = 8
RING = np.linspace(0, 2 * np.pi, 12, endpoint=False)


def person_body(rng: np.random.Generator, at: tuple[float, float], heading: float) -> Body:
    """Standing or walking: legs, arms, trunk, head; one in three in high visibility."""
    tall, stride = float(rng.uniform(1.5, 1.85)), float(rng.uniform(0, 0.28))
    bright = rng.random() < 0.33
    coat = jittered(rng, _one(rng, HI_VIS) if bright else _one(rng, CLOTHES), 12)
    legs, hip, neck = jittered(rng, _one(rng, TROUSERS), 10), 0.49 * tall, 0.84 * tall
    sleeve = coat if rng.random() < 0.7 else SKIN
    parts = []
    for side, way in ((1, 1), (-1, -1)):
        foot = np.array([way * stride, side * 0.1, 0.02])
        parts.append(_limb((foot + np.array([0.05, 0, 0]), np.array([0, side * 0.09, hip])), (0.08, 0.1), legs))
        hand = np.array([-way * stride * 0.9 + 0.08, side * 0.3, hip])
        parts.append(_limb((hand, np.array([0, side * 0.22, neck - 0.04])), (0.045, 0.07), sleeve))
    trunk = _tube(((0.0, hip - 0.08, 0.13, 0.18), (0.0, neck - 0.12, 0.13, 0.23), (0.0, neck, 0.08, 0.16)), coat)
    if bright:
        for low in (0.25, 0.6):
            z = hip + low * (neck - 0.12 - hip)
            trunk += _tube(((0.0, z, 0.133, 0.215), (0.0, z + 0.05, 0.133, 0.22)), REFLEX)[:-1]
    hair = jittered(rng, _one(rng, HAIR), 8)
    head = _tube(((0.02, neck, 0.08, 0.07), (0.02, neck + 0.12, 0.1, 0.085), (0.02, tall - 0.06, 0.1, 0.085)), SKIN)
    crown = _tube(((0.0, neck + 0.12, 0.105, 0.09), (0.0, tall - 0.05, 0.1, 0.085), (0.0, tall, 0.05, 0.05)), hair)
    return placed([*parts, trunk, head, crown], (0.3, 0.4), at, heading)


def umbrella_body(rng: np.random.Generator, at: tuple[float, float], heading: float, parasol: bool) -> Body:
    """An open umbrella over its place: a hand's, or a stall's parasol; cloth in one or two colours."""
    reach, high = (float(rng.uniform(1.1, 1.7)), 2.3) if parasol else (float(rng.uniform(0.45, 0.62)), 1.95)
    tone = jittered(rng, _one(rng, CLOTHES), 14) if rng.random() < 0.4 else any_colour(rng)
    other = tone if rng.random() < 0.6 else (any_colour(rng) if rng.random() < 0.5 else (226, 228, 228))
    angles = np.linspace(0, 2 * np.pi, RIBS + 1)
    rise = reach * float(rng.uniform(0.3, 0.45))
    cloth = []
    for number, (first, second) in enumerate(pairwise(angles)):
        low = [(reach * np.cos(a), reach * np.sin(a), high) for a in (first, second)]
        mid = [(0.6 * reach * np.cos(a), 0.6 * reach * np.sin(a), high + 0.68 * rise) for a in (second, first)]
        colour = tone if number % 2 else other
        cloth.append(Face(np.array([*low, *mid]), colour))
        cloth.append(Face(np.array([mid[1], mid[0], (0, 0, high + rise), (0, 0, high + rise)]), dim(colour, 1.04)))
    return placed([cloth], (0.1, 0.1), at, heading)


def _one(rng: np.random.Generator, colours: tuple[Colour, ...]) -> Colour:
    return colours[int(rng.integers(len(colours)))]


def _tube(rings: tuple[tuple[float, float, float, float], ...], colour: Colour) -> list[Face]:
    """Upright, through rings (along, up, reach along, reach aside); the top ring closes it, as the last face."""
    circles = [_ring(np.array([x, 0.0, z]), (along, aside)) for x, z, along, aside in rings]
    return [*_between(circles, colour), Face(circles[-1], colour)]


def _limb(ends: tuple[Points, Points], reach: tuple[float, float], colour: Colour) -> list[Face]:
    """A limb from its low end to its high end, `reach` metres thick at each."""
    circles = [_ring(end, (thick, thick)) for end, thick in zip(ends, reach, strict=True)]
    return [*_between(circles, colour), Face(circles[-1], colour)]


def _ring(centre: Points, reach: tuple[float, float]) -> Points:
    return centre + np.stack([reach[0] * np.cos(RING), reach[1] * np.sin(RING), 0 * RING], axis=1)


def _between(circles: list[Points], colour: Colour) -> list[Face]:
    faces = []
    for low, high in pairwise(circles):
        for number in range(len(RING)):
            after = (number + 1) % len(RING)
            faces.append(Face(np.array([low[number], low[after], high[after], high[number]]), colour))
    return faces
