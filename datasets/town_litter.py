"""Litter as sprites: heaps of bags, boxes, bottles, cups, paper and kitchen waste, painted piece by piece."""

from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.town_camera import Bgra
from datasets.town_texture import Colour, cloud

FINER = 2
"""Sprites are painted so many times finer, then reduced: smooth edges and no flat colour."""


class Thing(StrEnum):
    bags = "bags"
    """Full bags thrown together."""
    mixed = "mixed"
    """A heap of everything: torn bags, boxes, bottles, peel."""
    boxes = "boxes"
    """Cardboard with some bags."""
    spilled = "spilled"
    """A low, wide spread of torn bags and paper."""


WIDTH_TO_HEIGHT = {Thing.bags: 0.58, Thing.mixed: 0.5, Thing.boxes: 0.6, Thing.spilled: 0.34}

BAG_COLOURS: tuple[Colour, ...] = (
    (34, 32, 32), (46, 42, 40), (28, 28, 30), (222, 226, 230), (206, 212, 218), (230, 232, 232), (192, 200, 210),
    (72, 74, 172), (168, 122, 76), (98, 146, 98), (104, 180, 200), (164, 154, 196), (182, 190, 202), (214, 216, 222),
)  # fmt: skip
SCRAP_COLOURS: tuple[Colour, ...] = (
    (232, 234, 236), (218, 222, 228), (240, 240, 240), (192, 200, 208), (80, 82, 170), (92, 126, 178), (86, 138, 92),
    (168, 122, 80), (104, 182, 206), (124, 158, 184), (96, 116, 140), (42, 42, 46), (182, 170, 206), (222, 216, 202),
)  # fmt: skip
BOX_COLOURS: tuple[Colour, ...] = ((104, 146, 182), (92, 132, 170), (120, 160, 196), (84, 120, 152))


def paint_litter(thing: Thing, width_px: int, seed: int) -> Bgra:
    """A sprite `width_px` wide with straight alpha; its foot is the bottom edge, its own shade included."""
    rng = np.random.default_rng(seed)
    width = max(24, width_px) * FINER
    height = round(width * WIDTH_TO_HEIGHT[thing])
    sprite = np.zeros((height, width, 4), np.uint8)
    _ground_shade(sprite)
    PAINTERS[thing](rng, sprite)
    _weather(rng, sprite)
    size = (width // FINER, height // FINER)
    return _reduced(sprite, size)


def _reduced(sprite: Bgra, size: tuple[int, int]) -> Bgra:
    """Smaller with colours weighted by alpha, so that edges do not darken."""
    alpha = sprite[..., 3:].astype(np.float32) / 255
    weighted = np.concatenate([sprite[..., :3] * alpha, alpha], axis=2)
    small = np.asarray(cv2.resize(weighted, size, interpolation=cv2.INTER_AREA), np.float32)
    colour = small[..., :3] / np.maximum(small[..., 3:], 1e-3)
    return np.concatenate([colour, small[..., 3:] * 255], axis=2).clip(0, 255).astype(np.uint8)


def _ground_shade(sprite: Bgra) -> None:
    height, width = sprite.shape[:2]
    shade = np.zeros((height, width), np.float32)
    axes = (int(width * 0.46), int(height * 0.16))
    cv2.ellipse(shade, (width // 2, int(height * 0.82)), axes, 0, 0, 360, 150.0, -1)
    shade = np.asarray(cv2.GaussianBlur(shade, (0, 0), height * 0.05), np.float32)
    sprite[..., :3] = (38, 38, 40)
    sprite[..., 3] = shade.astype(np.uint8)


def _weather(rng: np.random.Generator, sprite: Bgra) -> None:
    """Daylight from above, dirt and creases over everything."""
    height, width = sprite.shape[:2]
    fall = np.linspace(1.1, 0.82, height, dtype=np.float32)[:, None]
    light = fall * (1 + 0.07 * cloud(rng, height, width, 9) + 0.05 * cloud(rng, height, width, 3))
    sprite[..., :3] = np.clip(sprite[..., :3] * light[..., None], 0, 255).astype(np.uint8)


def _places(rng: np.random.Generator, count: int, steep: float) -> NDArray[np.float64]:
    """Feet of the pieces of a heap in shares of the sprite, back to front; `steep` 1 is a pyramid, 0 flat."""
    across = np.clip(rng.normal(0.5, 0.19, count), 0.1, 0.9)
    room = 1 - np.abs(across - 0.5) * 2
    raised = rng.uniform(0, 1, count) ** 0.8 * (steep * room + (1 - steep) * 0.55)
    foot = 0.93 - 0.62 * raised
    order = np.argsort(foot)
    return np.stack([across, foot], axis=1)[order]


def _bags(rng: np.random.Generator, sprite: Bgra) -> None:
    height, width = sprite.shape[:2]
    for across, foot in _places(rng, 17, 0.9):
        size = width * rng.uniform(0.095, 0.15)
        centre = (across * width, max(foot * height - size * 0.75, size * 0.9))
        _bag(rng, sprite, centre, size, BAG_COLOURS[rng.integers(len(BAG_COLOURS))])
    _scraps(rng, sprite, 26, (0.012, 0.03))


def _mixed(rng: np.random.Generator, sprite: Bgra) -> None:
    height, width = sprite.shape[:2]
    for across, foot in _places(rng, 95, 0.95):
        size = width * rng.uniform(0.03, 0.075)
        centre = (across * width, max(foot * height - size * 0.7, size))
        colour = SCRAP_COLOURS[rng.integers(len(SCRAP_COLOURS))]
        pick = rng.random()
        if pick < 0.62:
            _bag(rng, sprite, centre, size, colour)
        elif pick < 0.78:
            _box(rng, sprite, centre, size * 1.2)
        else:
            _scrap(rng, sprite, centre, size * 0.8, colour)
        if rng.random() < 0.25:
            _bottle(rng, sprite, centre, size * 0.8)
    _scraps(rng, sprite, 70, (0.008, 0.025))


def _boxes(rng: np.random.Generator, sprite: Bgra) -> None:
    height, width = sprite.shape[:2]
    for number, (across, foot) in enumerate(_places(rng, 15, 0.8)):
        size = width * rng.uniform(0.1, 0.15)
        centre = (across * width, max(foot * height - size * 0.6, size))
        if number % 3 == 2:
            _bag(rng, sprite, centre, size * 0.8, BAG_COLOURS[rng.integers(len(BAG_COLOURS))])
        else:
            _box(rng, sprite, centre, size)
    _scraps(rng, sprite, 24, (0.012, 0.03))


def _spilled(rng: np.random.Generator, sprite: Bgra) -> None:
    height, width = sprite.shape[:2]
    for across, foot in _places(rng, 44, 0.45):
        size = width * rng.uniform(0.02, 0.062)
        centre = (np.clip(across * 1.25 - 0.125, 0.08, 0.92) * width, max(foot * height - size * 0.6, size))
        _bag(rng, sprite, centre, size, SCRAP_COLOURS[rng.integers(len(SCRAP_COLOURS))])
        if rng.random() < 0.3:
            _bottle(rng, sprite, (centre[0] + size, centre[1] + size * 0.4), size * 0.6)
    _scraps(rng, sprite, 80, (0.006, 0.02))


PAINTERS = {Thing.bags: _bags, Thing.mixed: _mixed, Thing.boxes: _boxes, Thing.spilled: _spilled}


def _blob(rng: np.random.Generator, centre: tuple[float, float], size: float, rough: float) -> NDArray[np.int32]:
    angles = np.linspace(0, 2 * np.pi, 22, endpoint=False)
    waves = sum(
        rng.normal(0, rough / order) * np.cos(order * angles + rng.uniform(0, 2 * np.pi)) for order in (2, 3, 4, 6)
    )
    radius = size * (1 + waves + rng.normal(0, rough * 0.16, len(angles)))
    squash = np.where(np.sin(angles) > 0, 0.72, 0.95)  # a bag sags and rests on its foot
    points = np.stack([np.cos(angles) * radius, np.sin(angles) * radius * squash], axis=1) + centre
    return points.astype(np.int32)


def _bag(rng: np.random.Generator, sprite: Bgra, centre: tuple[float, float], size: float, colour: Colour) -> None:
    """A plastic bag: body lit from the upper left, folds that run to the knot, gloss."""
    outline = _blob(rng, centre, size, 0.11)
    cv2.fillPoly(sprite, [outline + np.array([0, max(1, int(size * 0.09))])], (*_tone(colour, 0.35), 255), cv2.LINE_AA)
    cv2.fillPoly(sprite, [outline], (*_tone(colour, 0.8), 255), cv2.LINE_AA)
    lit = ((outline - centre) * 0.72 + centre - [size * 0.12, size * 0.18]).astype(np.int32)
    cv2.fillPoly(sprite, [lit], (*_tone(colour, 1.02), 255), cv2.LINE_AA)
    knot = (centre[0] + rng.normal(0, size * 0.15), centre[1] - size * 0.85)
    for _ in range(9):
        _fold(rng, sprite, knot, (outline, size), _tone(colour, float(rng.choice([0.55, 0.68, 1.25, 1.4]))))
    ears = np.array([[0, 0], [-0.3, -0.32], [-0.05, -0.16], [0.22, -0.36], [0.12, 0.02]]) * size + knot
    cv2.fillPoly(sprite, [ears.astype(np.int32)], (*_tone(colour, 1.1), 255), cv2.LINE_AA)
    gloss = 190 if sum(colour) < 200 else 252
    for _ in range(4):
        at = np.array(centre) + rng.normal([-0.25, -0.3], 0.22, 2) * size
        end = at + rng.normal(0, 0.16, 2) * size
        thick = max(1, int(size * 0.05))
        cv2.line(sprite, _pixel(at), _pixel(end), (gloss, gloss, gloss, 255), thick, cv2.LINE_AA)


def _fold(
    rng: np.random.Generator,
    sprite: Bgra,
    knot: tuple[float, float],
    body: tuple[NDArray[np.int32], float],
    colour: Colour,
) -> None:
    outline, size = body
    rim = outline[rng.integers(len(outline))]
    bend = (np.array(knot) + rim) / 2 + rng.normal(0, size * 0.16, 2)
    share = np.linspace(0.1, rng.uniform(0.6, 0.95), 8)[:, None]
    curve = (1 - share) ** 2 * np.array(knot) + 2 * share * (1 - share) * bend + share**2 * rim
    cv2.polylines(sprite, [curve.astype(np.int32)], False, (*colour, 255), max(1, int(size * 0.06)), cv2.LINE_AA)


def _box(rng: np.random.Generator, sprite: Bgra, centre: tuple[float, float], size: float) -> None:
    """A carton seen from above: lid, front and side, tape, sometimes flaps."""
    colour = BOX_COLOURS[rng.integers(len(BOX_COLOURS))]
    turn = rng.uniform(-0.5, 0.5)
    along = np.array([np.cos(turn), np.sin(turn) * 0.5]) * size * rng.uniform(0.8, 1.2)
    back = np.array([-np.sin(turn) * 0.8 + 0.25, -0.55]) * size * rng.uniform(0.5, 0.8)
    tall = np.array([0, size * rng.uniform(0.45, 0.85)])
    corner = np.array(centre) - along / 2
    faces = (
        ((corner, corner + along, corner + along + tall, corner + tall), 0.82),
        ((corner + along, corner + along + back, corner + along + back + tall, corner + along + tall), 0.6),
        ((corner, corner + along, corner + along + back, corner + back), 1.12),
    )
    for points, light in faces:
        shape = np.array(points).astype(np.int32)
        cv2.fillPoly(sprite, [shape], (*_tone(colour, light), 255), cv2.LINE_AA)
        cv2.polylines(sprite, [shape], True, (*_tone(colour, light * 0.75), 255), 1, cv2.LINE_AA)
    middle = corner + along / 2
    cv2.line(sprite, _pixel(middle), _pixel(middle + back), (*_tone(colour, 1.35), 255), max(1, int(size * 0.09)))
    if rng.random() < 0.5:
        flap = np.array(
            [corner, corner + along, corner + along * 0.9 + [0, size * 0.3], corner + np.array([-4, size * 0.28])]
        )
        cv2.fillPoly(sprite, [flap.astype(np.int32)], (*_tone(colour, 1.2), 255), cv2.LINE_AA)


def _bottle(rng: np.random.Generator, sprite: Bgra, centre: tuple[float, float], size: float) -> None:
    angle = rng.uniform(0, np.pi)
    axis = np.array([np.cos(angle), np.sin(angle) * 0.6]) * size
    tint: Colour = ((216, 206, 190), (150, 190, 130), (226, 224, 222))[rng.integers(3)]
    thick = max(2, int(size * 0.42))
    cv2.line(sprite, _pixel(centre - axis), _pixel(centre + axis * 0.6), (*tint, 255), thick, cv2.LINE_AA)
    cv2.line(sprite, _pixel(centre + axis * 0.6), _pixel(centre + axis), (*tint, 255), max(1, thick // 2), cv2.LINE_AA)
    cv2.circle(sprite, _pixel(centre + axis), max(1, thick // 3), (60, 60, 200, 255), -1, cv2.LINE_AA)
    shine = np.array([0, -thick * 0.2])
    cv2.line(sprite, _pixel(centre - axis * 0.8 + shine), _pixel(centre + axis * 0.4 + shine), (250, 250, 250, 255), 1)


def _scrap(rng: np.random.Generator, sprite: Bgra, centre: tuple[float, float], size: float, colour: Colour) -> None:
    """A crumpled sheet or peel: an angular shape in two tones."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, 7))
    radius = size * rng.uniform(0.55, 1.1, 7)
    points = np.stack([np.cos(angles) * radius, np.sin(angles) * radius * 0.6], axis=1) + centre
    cv2.fillPoly(
        sprite, [(points + np.array([1, size * 0.12])).astype(np.int32)], (*_tone(colour, 0.45), 255), cv2.LINE_AA
    )
    cv2.fillPoly(sprite, [points.astype(np.int32)], (*colour, 255), cv2.LINE_AA)
    facet = np.array([points[0], points[2], np.array(centre)])
    cv2.fillPoly(sprite, [facet.astype(np.int32)], (*_tone(colour, 0.78), 255), cv2.LINE_AA)


def _scraps(rng: np.random.Generator, sprite: Bgra, count: int, sizes: tuple[float, float]) -> None:
    height, width = sprite.shape[:2]
    for _ in range(count):
        across = float(np.clip(rng.normal(0.5, 0.24), 0.04, 0.96))
        down = float(rng.uniform(0.62, 0.96))
        colour = SCRAP_COLOURS[rng.integers(len(SCRAP_COLOURS))]
        _scrap(rng, sprite, (across * width, down * height), width * float(rng.uniform(*sizes)), colour)


def _pixel(point: NDArray[np.float64]) -> tuple[int, int]:
    return int(point[0]), int(point[1])


def _tone(colour: Colour, light: float) -> Colour:
    blue, green, red = (int(min(255, part * light + 4)) for part in colour)
    return blue, green, red
