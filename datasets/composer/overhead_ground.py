"""Ground that fills the frame of a high camera: its stone, what is painted on it, what lies on it unlabelled."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.composer.oblique import Eye, fill, on_ground
from datasets.composer.sprites import dim, jittered
from datasets.town_camera import Bgr
from datasets.town_texture import Colour, cloud, grain, paving

GREYS: tuple[Colour, ...] = (
    (96, 95, 93), (72, 72, 72), (58, 57, 56), (128, 130, 132), (150, 152, 150), (112, 118, 124), (84, 86, 88),
)  # fmt: skip
MARK: Colour = (214, 216, 214)
YELLOW: Colour = (70, 180, 214)
KERB: Colour = (150, 154, 156)
LEAVES: tuple[Colour, ...] = ((40, 90, 130), (50, 130, 170), (60, 100, 70), (40, 60, 90), (70, 160, 190))
IRON: Colour = (66, 68, 72)
TILE_PX, TILE_M = 1024, 16.0
TILES = 4
"""So many tiles of each paving, made once a process."""
PAVINGS: tuple[tuple[Colour, tuple[float, float]], ...] = (
    ((132, 136, 138), (0.5, 0.5)), ((150, 158, 164), (0.3, 0.6)), ((112, 116, 122), (0.12, 0.14)),
    ((110, 124, 150), (0.125, 0.25)), ((140, 142, 142), (4.0, 4.0)),
)  # fmt: skip
"""Slabs, long slabs, cobbles, clinker, fields of concrete: colour and stone in metres."""
COARSE = 4
MOST_SPECKS = 70
ROUND = np.linspace(0, 2 * np.pi, 28, endpoint=False)

Flat = NDArray[np.float64]
"""(n, 2) metres on the ground."""


@dataclass(frozen=True, slots=True)
class Street:
    """How the ground is laid out: metres from the road's axis and along it are turned by `turn` about `middle`."""

    middle: tuple[float, float]
    turn: float

    def to_ground(self, flat: Flat) -> Flat:
        c, s = np.cos(self.turn), np.sin(self.turn)
        return np.asarray(flat @ np.array([[c, s], [-s, c]]) + np.array(self.middle), np.float64)


def a_street(rng: np.random.Generator, eye: Eye) -> Street:
    x, y = (float(rng.uniform(0.2, 0.8)) * side for side in eye.size)
    return Street(eye.ground_at(x, y) or (0.0, 0.0), float(rng.uniform(0, np.pi)))


def paint_ground(rng: np.random.Generator, eye: Eye, street: Street) -> Bgr:
    """(h, w, 3): one surface, or a road and a pavement with a kerb between; stains, cracks, marks, specks, leaves."""
    along, aside = _metres(eye, street)
    paved = rng.random() < 0.3
    bgr = _stones(rng, along, aside) if paved else _asphalt(rng, eye.size)
    if rng.random() < 0.3:
        _pavement(rng, bgr, eye, (along, aside), street)
    _stains(rng, bgr, eye)
    if not paved and rng.random() < 0.5:
        _patches(rng, bgr, eye, street)
    for _ in range(int(rng.integers(0, 5))):
        _crack(rng, bgr)
    if rng.random() < 0.65:
        _marks(rng, bgr, eye, street)
    for _ in range(int(rng.integers(0, 3)) if rng.random() < 0.4 else 0):
        _manhole(rng, bgr, eye, street)
    if rng.random() < 0.18:
        _wet(rng, bgr)
    _specks(rng, bgr)
    if rng.random() < 0.3:
        _leaves(rng, bgr, eye)
    return bgr


def _metres(eye: Eye, street: Street) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Metres along the street and aside of it for each pixel, (h, w) each; coarse, then enlarged."""
    width, height = eye.size
    x, y = np.meshgrid(np.arange(0, width, COARSE) + COARSE / 2, np.arange(0, height, COARSE) + COARSE / 2)
    down = np.radians(eye.pitch)
    right, up = (x - width / 2) / eye.focal_px, (height / 2 - y) / eye.focal_px
    reach = eye.height_m / np.maximum(np.sin(down) - up * np.cos(down), 0.02)
    east, north = reach * right - street.middle[0], reach * (np.cos(down) + up * np.sin(down)) - street.middle[1]
    c, s = np.cos(street.turn), np.sin(street.turn)
    fields = (east * c + north * s, north * c - east * s)
    first, second = (np.asarray(cv2.resize(field.astype(np.float32), eye.size), np.float32) for field in fields)
    return first, second


@lru_cache(maxsize=TILES * len(PAVINGS))
def _tile(kind: int, number: int) -> Bgr:
    rng = np.random.default_rng([kind, number])
    colour, stone = PAVINGS[kind]
    return paving(rng, TILE_PX, TILE_PX, colour, stone)


def _stones(rng: np.random.Generator, along: NDArray[np.float32], aside: NDArray[np.float32]) -> Bgr:
    tile = _tile(int(rng.integers(len(PAVINGS))), int(rng.integers(TILES)))
    scale = TILE_PX / TILE_M
    x, y = np.mod(along * scale, TILE_PX - 1), np.mod(aside * scale, TILE_PX - 1)
    stones = cv2.GaussianBlur(cv2.remap(tile, x, y, cv2.INTER_LINEAR), (0, 0), 0.7)
    tint = np.exp(rng.normal(0, 0.03, 3)) * float(rng.uniform(0.6, 1.15))
    table = (np.arange(256)[:, None] * tint).clip(0, 255).astype(np.uint8)[None]
    return np.asarray(cv2.LUT(np.asarray(stones, np.uint8), table), np.uint8)


def _asphalt(rng: np.random.Generator, size: tuple[int, int]) -> Bgr:
    """Asphalt or concrete without joints: broad clouds and grain."""
    width, height = size
    tone = np.array(GREYS[int(rng.integers(len(GREYS)))]) + rng.normal(0, 2, 3)
    light = 1 + float(rng.uniform(0.01, 0.06)) * cloud(rng, height, width, float(rng.uniform(120, 420)))
    light += float(rng.uniform(0.01, 0.07)) * grain(rng, height, width)
    light += float(rng.uniform(0.0, 0.03)) * cloud(rng, height, width, float(rng.uniform(14, 50)))
    base = (tone * float(rng.uniform(0.8, 1.2))).clip(10, 235)
    return np.asarray(cv2.merge([cv2.convertScaleAbs(light, alpha=float(part)) for part in base]), np.uint8)


def _pavement(
    rng: np.random.Generator,
    bgr: Bgr,
    eye: Eye,
    fields: tuple[NDArray[np.float32], NDArray[np.float32]],
    street: Street,
) -> None:
    """Beyond a line along the street other ground, raised by a kerb."""
    along, aside = fields
    edge = float(rng.uniform(2, 6)) * float(rng.choice([-1, 1]))
    beyond = (aside - edge) * np.sign(edge)
    other = _stones(rng, along, aside) if rng.random() < 0.75 else _asphalt(rng, eye.size)
    stone = dim(KERB, float(rng.uniform(0.6, 1.1)))
    bgr[beyond > 0] = other[beyond > 0]
    wide, shade = float(rng.uniform(0.12, 0.25)), float(rng.uniform(0.4, 0.8))
    top, front = (beyond > 0) & (beyond < wide), (beyond > -0.1) & (beyond <= 0)
    light = 1 + 0.06 * grain(rng, *bgr.shape[:2])[top]
    light[np.mod(along[top], 1.0) < 0.025] *= 0.6
    bgr[top] = (np.array(stone) * light[:, None]).clip(0, 255).astype(np.uint8)
    bgr[front] = (bgr[front] * shade).astype(np.uint8)


def _stains(rng: np.random.Generator, bgr: Bgr, eye: Eye) -> None:
    """Oil, damp and pale spots with soft rims."""
    mask = np.full(bgr.shape[:2], 128, np.uint8)
    for _ in range(int(rng.integers(0, 9))):
        centre = (int(rng.uniform(0, eye.size[0])), int(rng.uniform(0, eye.size[1])))
        reach = np.exp(rng.uniform(np.log(6), np.log(90), 2)).astype(int) + 2
        tone = int(128 * (1 + float(rng.normal(-0.08, 0.1))))
        cv2.ellipse(mask, centre, (int(reach[0]), int(reach[1])), float(rng.uniform(0, 180)), 0, 360, (tone,), -1)
    soft = cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(4, 14)))
    bgr[:] = np.asarray(cv2.multiply(bgr, cv2.merge([soft] * 3), scale=1 / 128), np.uint8)


def _patches(rng: np.random.Generator, bgr: Bgr, eye: Eye, street: Street) -> None:
    """Mended places: right-angled, along the street, darker or paler, with a seam."""
    for _ in range(int(rng.integers(1, 4))):
        long, wide = float(rng.uniform(0.5, 9)), float(rng.uniform(0.4, 2.2))
        x, y = (float(part) for part in rng.uniform(-9, 9, 2))
        area = on_ground(eye, street.to_ground(_stripe(x, y, long, wide)))
        mask = np.zeros(bgr.shape[:2], np.uint8)
        fill(mask, area, (255,))
        gain = float(rng.choice([rng.uniform(0.72, 0.92), rng.uniform(1.06, 1.18)]))
        bgr[mask > 0] = (bgr[mask > 0] * gain).clip(0, 255).astype(np.uint8)
        cv2.polylines(bgr, [np.clip(area, -9999, 9999).astype(np.int32)], True, (52, 52, 54), 1, cv2.LINE_AA)


def _crack(rng: np.random.Generator, bgr: Bgr) -> None:
    height, width = bgr.shape[:2]
    lean = rng.normal(0, 5, 2)
    steps = np.cumsum(rng.normal(0, 4, (int(rng.integers(20, 90)), 2)) + lean, axis=0)
    points = (steps + rng.uniform(0, 1, 2) * (width, height)).round().astype(np.int32)
    tone = int(rng.uniform(35, 80))
    cv2.polylines(bgr, [points], False, (tone, tone, tone), 1, cv2.LINE_AA)


def _marks(rng: np.random.Generator, bgr: Bgr, eye: Eye, street: Street) -> None:
    """Painted lines along the street; some yellow, all more or less worn."""
    worn = bgr.copy()
    for kind, chance in MARKS:
        if rng.random() >= chance:
            continue
        colour = jittered(rng, YELLOW if rng.random() < 0.2 else MARK, 8)
        for shape in kind(rng):
            metres = street.to_ground(shape)
            if eye.depth(np.concatenate([metres, 0 * metres[:, :1]], axis=1)).min() > 1:
                fill(worn, on_ground(eye, metres), colour)
    height, width = bgr.shape[:2]
    strength = float(rng.uniform(0.5, 0.95)) + float(rng.uniform(0, 0.25)) * cloud(rng, height, width, 9)
    share = cv2.merge([strength.clip(0.05, 1).astype(np.float32)] * 3)
    bgr[:] = (bgr + (worn.astype(np.float32) - bgr) * share).clip(0, 255).astype(np.uint8)


def _stripe(x: float, y: float, long: float, wide: float) -> Flat:
    return np.array([(x, y), (x + long, y), (x + long, y + wide), (x, y + wide)])


def _lanes(rng: np.random.Generator) -> list[Flat]:
    dash, wide = float(rng.uniform(2, 6)), float(rng.uniform(0.1, 0.18))
    return [_stripe(x, y, dash * 0.6, wide) for y in (-3.5, 0, 3.5) for x in np.arange(-30, 30, dash)]


def _edge_lines(rng: np.random.Generator) -> list[Flat]:
    y = float(rng.uniform(-4, 4))
    return [_stripe(x, at, 5.0, 0.13) for at in (y, y + 0.3) for x in np.arange(-40, 40, 5.0)]


def _bays(rng: np.random.Generator) -> list[Flat]:
    wide, y = float(rng.uniform(2.3, 3.0)), float(rng.uniform(-5, 2))
    bays = [_stripe(x, y, 0.11, 5.2) for x in np.arange(-25, 25, wide)]
    return [*bays, *(_stripe(x, y, wide, 0.11) for x in np.arange(-25, 25, wide) if wide > 2.6)]


def _zebra(rng: np.random.Generator) -> list[Flat]:
    x, long = float(rng.uniform(-6, 4)), float(rng.uniform(3, 5))
    return [_stripe(x, y, long, 0.45) for y in np.arange(-6, 6, 0.95)]


def _arrow(rng: np.random.Generator) -> list[Flat]:
    x, y, way = float(rng.uniform(-5, 5)), float(rng.uniform(-3, 3)), float(rng.choice([-1, 1]))
    head = np.array([(x + way * 2.2, y - 0.45), (x + way * 4.0, y), (x + way * 2.2, y + 0.45)])
    return [np.array([(x, y - 0.1), (x + way * 2.2, y - 0.1), (x + way * 2.2, y + 0.1), (x, y + 0.1)]), head]


MARKS: tuple[tuple[Callable[[np.random.Generator], list[Flat]], float], ...] = (
    (_lanes, 0.4), (_edge_lines, 0.25), (_bays, 0.35), (_zebra, 0.22), (_arrow, 0.3),
)  # fmt: skip


def _manhole(rng: np.random.Generator, bgr: Bgr, eye: Eye, street: Street) -> None:
    """An iron lid, round or square, with its frame and pattern."""
    at, reach = rng.uniform(-6, 6, 2), float(rng.uniform(0.3, 0.42))
    circle = np.stack([np.cos(ROUND), np.sin(ROUND)], axis=1)
    shape = circle if rng.random() < 0.7 else np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * 0.9
    tone = dim(IRON, float(rng.uniform(0.6, 1.5)))
    for share, light in ((1.12, 1.5), (1.0, 0.55), (0.94, 1.0), (0.7, 0.8), (0.64, 1.0), (0.35, 0.8), (0.3, 1.05)):
        flat = street.to_ground(at + shape * reach * share)
        if eye.depth(np.concatenate([flat, 0 * flat[:, :1]], axis=1)).min() > 1:
            fill(bgr, on_ground(eye, flat), dim(tone, light))


def _wet(rng: np.random.Generator, bgr: Bgr) -> None:
    """Damp places are darker, puddles in them give back the sky."""
    height, width = bgr.shape[:2]
    field = cloud(rng, height // COARSE, width // COARSE, float(rng.uniform(20, 70)))
    field = np.asarray(cv2.resize(field, (width, height)), np.float32)
    damp = 1 - float(rng.uniform(0.15, 0.4)) * np.clip(field + 0.8, 0, 1)
    sky = float(rng.uniform(60, 150)) * np.clip((field - 1.0) * 3, 0, 1) * float(rng.uniform(0.3, 0.8))
    for channel in range(3):
        bgr[..., channel] = (bgr[..., channel] * damp + sky).clip(0, 255).astype(np.uint8)


def _specks(rng: np.random.Generator, bgr: Bgr) -> None:
    """Chewing gum, pebbles, droppings: too small for litter."""
    height, width = bgr.shape[:2]
    for _ in range(int(rng.integers(0, MOST_SPECKS))):
        tone = int(rng.uniform(110, 230))
        centre = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        cv2.circle(bgr, centre, int(rng.integers(1, 3)), (tone, tone, tone), -1, cv2.LINE_AA)


def _leaves(rng: np.random.Generator, bgr: Bgr, eye: Eye) -> None:
    """Fallen leaves, strewn or drifted together."""
    middle, spread = rng.uniform(0, 1, 2) * eye.size, float(rng.uniform(60, 500))
    for place in middle + rng.normal(0, spread, (int(rng.integers(10, 160)), 2)):
        at = eye.ground_at(*(float(part) for part in place))
        if at is not None:
            metre = eye.px_per_m(at)
            size = (max(1, int(0.045 * metre * rng.uniform(0.5, 1.3))), max(1, int(0.022 * metre)))
            colour = jittered(rng, LEAVES[int(rng.integers(len(LEAVES)))], 16)
            cv2.ellipse(bgr, (int(place[0]), int(place[1])), size, float(rng.uniform(0, 180)), 0, 360, colour, -1)
