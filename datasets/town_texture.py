"""What the town is made of: grain, asphalt, paving, walls of earth and leaves; all seeded, all metric."""

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.town_camera import Bgr

Colour = tuple[int, int, int]
"""BGR."""

GROUND_PX_PER_M = 64


def cloud(rng: np.random.Generator, height: int, width: int, cell_px: float) -> NDArray[np.float32]:
    """Smooth noise, mean 0 and deviation about 1, with blots of about `cell_px`."""
    grid = rng.standard_normal((max(2, int(height / cell_px) + 2), max(2, int(width / cell_px) + 2)))
    return np.asarray(cv2.resize(grid.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def grain(rng: np.random.Generator, height: int, width: int) -> NDArray[np.float32]:
    """Noise of single pixels, repeated every 512."""
    tile = rng.standard_normal((512, 512)).astype(np.float32)
    return np.tile(tile, (height // 512 + 1, width // 512 + 1))[:height, :width]


def shaded(base: NDArray[np.uint8], light: NDArray[np.float32]) -> Bgr:
    """`base` times `light` (h, w), clipped."""
    return np.asarray(cv2.multiply(base, cv2.merge([light, light, light]), dtype=cv2.CV_8U), np.uint8)


def flat(height: int, width: int, colour: Colour) -> Bgr:
    return np.full((height, width, 3), colour, np.uint8)


def asphalt(rng: np.random.Generator, height: int, width: int, colour: Colour = (98, 97, 95)) -> Bgr:
    """Grey with stone grain, wear, oil blots and mended seams."""
    light = 1 + 0.07 * grain(rng, height, width) + 0.03 * cloud(rng, height, width, 300)
    light += 0.02 * cloud(rng, height, width, 40)
    road = shaded(flat(height, width, colour), light.astype(np.float32))
    for _ in range(max(2, height // 900)):
        _crack(rng, road)
    return road


def _crack(rng: np.random.Generator, road: Bgr) -> None:
    height, width = road.shape[:2]
    steps = rng.normal([6, 14], [9, 6], (40, 2)).cumsum(axis=0)
    path = steps + np.array([rng.uniform(0, width), rng.uniform(0, height)])
    cv2.polylines(road, [path.astype(np.int32)], False, (66, 66, 68), int(rng.integers(1, 3)), cv2.LINE_AA)


def paving(rng: np.random.Generator, height: int, width: int, colour: Colour, stone_m: tuple[float, float]) -> Bgr:
    """Stones in running bond with joints; each stone a little different, some replaced."""
    down, across = (round(side * GROUND_PX_PER_M) for side in stone_m)
    rows, columns = height // down + 2, width // across + 2
    tone = rng.normal(1, 0.045, (rows, columns)).astype(np.float32)
    tone[rng.random((rows, columns)) < 0.01] *= 1.13
    large = np.repeat(np.repeat(tone, down, axis=0), across, axis=1)
    for number in range(1, rows, 2):
        band = large[number * down : (number + 1) * down]
        band[:] = np.roll(band, across // 2, axis=1)
    light = large[:height, :width] + 0.035 * grain(rng, height, width) + 0.06 * cloud(rng, height, width, 220)
    light[::down] *= 0.78
    for number in range(rows):
        shift = (across // 2) * (number % 2)
        light[number * down : (number + 1) * down, shift::across] *= 0.8
    return shaded(flat(height, width, colour), light.astype(np.float32))


def concrete(rng: np.random.Generator, height: int, width: int, colour: Colour = (148, 152, 153)) -> Bgr:
    """Slabs of 4 m with joints, stains and grain."""
    light = 1 + 0.03 * grain(rng, height, width) + 0.035 * cloud(rng, height, width, 180)
    light += 0.03 * cloud(rng, height, width, 30)
    slab = 4 * GROUND_PX_PER_M
    light[slab // 2 :: slab] *= 0.72
    light[:, slab // 3 :: slab] *= 0.72
    floor = shaded(flat(height, width, colour), light.astype(np.float32))
    for _ in range(max(3, height // 500)):
        _crack(rng, floor)
    return floor


def grass(rng: np.random.Generator, height: int, width: int) -> Bgr:
    light = 1 + 0.2 * grain(rng, height, width) + 0.12 * cloud(rng, height, width, 25)
    light += 0.08 * cloud(rng, height, width, 160)
    return shaded(flat(height, width, (62, 112, 88)), light.astype(np.float32))


def earth(rng: np.random.Generator, height: int, width: int) -> Bgr:
    light = 1 + 0.09 * grain(rng, height, width) + 0.08 * cloud(rng, height, width, 18)
    light += 0.1 * cloud(rng, height, width, 150)
    return shaded(flat(height, width, (104, 128, 146)), light.astype(np.float32))


def water(rng: np.random.Generator, height: int, width: int) -> Bgr:
    ripples = cv2.resize(cloud(rng, height, max(2, width // 6), 7), (width, height))
    light = 1 + 0.07 * ripples + 0.07 * cloud(rng, height, width, 250)
    return shaded(flat(height, width, (122, 126, 104)), np.asarray(light, np.float32))


def foliage(rng: np.random.Generator, height: int, width: int, colour: Colour) -> NDArray[np.uint8]:
    """A crown as BGRA: clumps of leaves, lit from above, with gaps at the rim."""
    crown = np.zeros((height, width, 4), np.uint8)
    for number in range(520):
        angle, radius = rng.uniform(0, 2 * np.pi), np.sqrt(rng.uniform(0, 1))
        bulge = 0.80 + 0.2 * np.sin(3 * angle + 1.3) * np.cos(5 * angle)
        x = width * (0.5 + 0.43 * bulge * radius * np.cos(angle))
        y = height * (0.5 + 0.43 * bulge * radius * np.sin(angle))
        above = 1 - y / height
        light = (0.5 + 0.65 * above + 0.12 * rng.standard_normal()) * (0.55 + 0.45 * number / 520)
        leaf = tuple(max(0, min(255, int(part * light))) for part in colour)
        size = (int(rng.uniform(0.018, 0.05) * width) + 1, int(rng.uniform(0.012, 0.032) * height) + 1)
        cv2.ellipse(crown, (int(x), int(y)), size, float(rng.uniform(0, 180)), 0, 360, (*leaf, 255), -1)
    rough = 1 + 0.16 * grain(rng, height, width) + 0.1 * cloud(rng, height, width, 6)
    crown[..., :3] = shaded(crown[..., :3], rough.astype(np.float32))
    return crown


def sky(rng: np.random.Generator, height: int, width: int) -> Bgr:
    """Pale and a little cloudy, brighter towards the horizon."""
    fall = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    top, low = np.array((222, 186, 148), np.float32), np.array((228, 214, 202), np.float32)
    veil = cloud(rng, height, width, 260) * 0.6 + cloud(rng, height, width, 90) * 0.3
    veil = np.clip(veil, 0, 1.2)[..., None] * 22
    return np.asarray(np.clip(top * (1 - fall) + low * fall + veil, 0, 255), np.uint8)
