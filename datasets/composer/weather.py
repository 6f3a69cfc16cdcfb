"""What the camera and the day do to the whole picture: light, night, rain-grey, blur, noise, JPEG."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.town_camera import Bgr
from datasets.town_texture import cloud

NOISE_PX = 256


@dataclass(frozen=True, slots=True)
class Degrading:
    """Chances of what may happen to a picture."""

    shadow: float = 0.25
    night: float = 0.12
    infra_red: float = 0.04
    haze: float = 0.12
    blur: float = 0.4
    motion: float = 0.08
    noise: float = 0.5
    small: float = 0.25
    """Reduced and enlarged again, as cheap cameras do."""


def degrade(rng: np.random.Generator, bgr: Bgr, chances: Degrading | None = None) -> Bgr:
    """A new picture of the same size; pasted and real parts suffer alike."""
    chance = chances or Degrading()
    picture = bgr
    if rng.random() < chance.shadow:
        picture = _shadowed(rng, picture)
    picture = _toned(rng, picture)
    if rng.random() < chance.night:
        picture = _night(rng, picture)
    if rng.random() < chance.infra_red:
        picture = np.asarray(cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)
    if rng.random() < chance.haze:
        veil = float(rng.uniform(0.08, 0.35))
        veiled = cv2.convertScaleAbs(picture, alpha=1 - veil, beta=veil * float(rng.uniform(150, 220)))
        picture = np.asarray(veiled, np.uint8)
    return _through_the_lens(rng, picture, chance)


def _through_the_lens(rng: np.random.Generator, bgr: Bgr, chance: Degrading) -> Bgr:
    picture = bgr
    if rng.random() < chance.blur:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.35, 1.15))), np.uint8)
    if rng.random() < chance.motion:
        picture = _moved(rng, picture)
    if rng.random() < chance.small:
        height, width = picture.shape[:2]
        share = float(rng.uniform(0.55, 0.9))
        less = cv2.resize(picture, (int(width * share), int(height * share)), interpolation=cv2.INTER_AREA)
        picture = np.asarray(cv2.resize(less, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    if rng.random() < chance.noise:
        picture = _noisy(rng, picture, float(rng.uniform(1, 9)))
    ok, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 95))])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8) if ok else picture


def _toned(rng: np.random.Generator, bgr: Bgr) -> Bgr:
    """Exposure, contrast, colour cast by one table a channel."""
    gain, gamma = float(rng.uniform(0.82, 1.18)), float(np.exp(rng.normal(0, 0.18)))
    cast = np.exp(rng.normal(0, 0.04, 3))
    levels = (np.arange(256) / 255) ** gamma * 255 * gain
    table = np.stack([levels * part for part in cast], axis=1).clip(0, 255).astype(np.uint8)[None]
    return np.asarray(cv2.LUT(bgr, table), np.uint8)


def _field(rng: np.random.Generator, shape: tuple[int, ...], cell: float) -> NDArray[np.float32]:
    """Smooth noise for a large picture, made small and enlarged."""
    small = cloud(rng, shape[0] // 8 + 1, shape[1] // 8 + 1, cell / 8)
    return np.asarray(cv2.resize(small, (shape[1], shape[0])), np.float32)


def _times(bgr: Bgr, light: NDArray[np.float32]) -> Bgr:
    return np.asarray(cv2.multiply(bgr, cv2.merge([light, light, light]), dtype=cv2.CV_8U), np.uint8)


def _shadowed(rng: np.random.Generator, bgr: Bgr) -> Bgr:
    """The shade of a house or of leaves falls over a part."""
    height, width = bgr.shape[:2]
    if rng.random() < 0.5:
        mask = np.zeros((height // 4, width // 4), np.float32)
        edge = rng.uniform(-0.2, 1.2, 4) * width / 4
        shape = np.array([[edge[0], 0], [edge[1], 0], [edge[2], height / 4], [edge[3], height / 4]])
        cv2.fillPoly(mask, [shape.astype(np.int32)], 1.0)
        mask = np.asarray(cv2.resize(cv2.GaussianBlur(mask, (0, 0), 1.5), (width, height)), np.float32)
    else:
        mask = np.clip(_field(rng, bgr.shape, float(rng.uniform(40, 160))) * 1.5 + 0.4, 0, 1).astype(np.float32)
    return _times(bgr, (1 - float(rng.uniform(0.2, 0.55)) * mask).astype(np.float32))


def _night(rng: np.random.Generator, bgr: Bgr) -> Bgr:
    """Dark and warm, with pools of lamp light and much noise."""
    height, width = bgr.shape[:2]
    light = np.full((height // 8, width // 8), float(rng.uniform(0.2, 0.45)), np.float32)
    rows, columns = np.mgrid[: height // 8, : width // 8].astype(np.float32)
    for _ in range(int(rng.integers(1, 4))):
        x, y = rng.uniform(0, width / 8), rng.uniform(-10, height / 8)
        reach = rng.uniform(20, 80)
        light += float(rng.uniform(0.2, 0.75)) * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * reach**2))
    dark = _times(bgr, np.asarray(cv2.resize(light, (width, height)), np.float32))
    warm = np.array([[[rng.uniform(0.6, 1.0)], [rng.uniform(0.85, 1.0)], [rng.uniform(0.95, 1.15)]]])
    dark = (dark * warm.reshape(1, 1, 3).astype(np.float32)).clip(0, 255).astype(np.uint8)
    return _noisy(rng, dark, float(rng.uniform(3, 12)))


def _moved(rng: np.random.Generator, bgr: Bgr) -> Bgr:
    reach = int(rng.choice([3, 5]))
    kernel = np.zeros((reach, reach), np.float32)
    if rng.random() < 0.5:
        kernel[reach // 2] = 1 / reach
    else:
        np.fill_diagonal(kernel, 1 / reach)
    return np.asarray(cv2.filter2D(bgr, -1, kernel), np.uint8)


def _noisy(rng: np.random.Generator, bgr: Bgr, sigma: float) -> Bgr:
    """Sensor noise from one tile, so that large pictures cost little."""
    height, width = bgr.shape[:2]
    tile = (rng.standard_normal((NOISE_PX, NOISE_PX, 3)) * sigma).astype(np.int16)
    field = np.tile(tile, (height // NOISE_PX + 1, width // NOISE_PX + 1, 1))[:height, :width]
    return np.asarray(cv2.add(bgr, field, dtype=cv2.CV_8U), np.uint8)
