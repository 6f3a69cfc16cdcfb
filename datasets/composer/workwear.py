"""Hard negatives that street works leave on the ground for a while: high-visibility clothes, cones, kerb stones."""

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.composer.sprites import clear, dim, jittered, rotated
from datasets.town_camera import Bgra
from datasets.town_texture import Colour, cloud

VEST_TONES: tuple[Colour, ...] = ((60, 245, 225), (90, 250, 200), (30, 120, 250), (120, 255, 250), (200, 255, 255))
REFLEX: Colour = (214, 216, 214)
CONE_TONES: tuple[Colour, ...] = ((30, 90, 235), (30, 160, 250), (40, 50, 210))
STONE_TONES: tuple[Colour, ...] = ((118, 124, 130), (150, 156, 160), (96, 108, 118))
ROUGHNESS = 0.35
"""How far the outline of a heap of cloth strays from an ellipse, as a share of its radius."""
OUTLINE_POINTS = 22
FINER = 3
"""Drawn so many times larger, then reduced: soft edges."""


def paint_workwear(rng: np.random.Generator, width_px: int) -> Bgra:
    """A vest or jacket dropped or laid down: one bright cloth with folds and reflective stripes."""
    sprite = _cloth(rng, width_px, VEST_TONES[int(rng.integers(len(VEST_TONES)))], float(rng.uniform(0.35, 0.8)))
    height, width = sprite.shape[:2]
    for _ in range(int(rng.integers(0, 4))):
        x, lean = rng.uniform(0.15, 0.85) * width, rng.uniform(-0.3, 0.3) * width
        ends = (int(x - lean), 0), (int(x + lean), height)
        stripe = np.zeros((height, width), np.uint8)
        cv2.line(stripe, *ends, 255, max(1, int(0.07 * width)), cv2.LINE_AA)
        sprite[(stripe > 0) & (sprite[..., 3] > 0), :3] = jittered(rng, REFLEX, 8)
    return rotated(sprite, float(rng.uniform(0, 360)))


def paint_cone(rng: np.random.Generator, width_px: int) -> Bgra:
    """A traffic cone with its foot and one or two white rings."""
    width = max(4, width_px) * FINER
    height = int(width * rng.uniform(1.2, 1.7))
    sprite = clear(height, width)
    tone = jittered(rng, CONE_TONES[int(rng.integers(len(CONE_TONES)))])
    foot = int(height * 0.9)
    body = np.array([(0.46 * width, 0), (0.54 * width, 0), (0.82 * width, foot), (0.18 * width, foot)], np.int32)
    cv2.fillPoly(sprite, [body], (*tone, 255))
    cv2.rectangle(sprite, (0, foot), (width, height), (*dim(tone, 0.75), 255), -1)
    for at in rng.uniform(0.25, 0.75, int(rng.integers(1, 3))):
        band = slice(int(at * foot), int((at + 0.14) * foot))
        here = sprite[band, :, 3] > 0
        sprite[band, :, :3][here] = (236, 238, 238)
    return _reduced(sprite)


def paint_stone(rng: np.random.Generator, width_px: int) -> Bgra:
    """A boulder or a loose kerb stone, lit from above."""
    tone = STONE_TONES[int(rng.integers(len(STONE_TONES)))]
    return _cloth(rng, width_px, tone, float(rng.uniform(0.5, 1.0)), shade=0.5)


def _cloth(rng: np.random.Generator, width_px: int, tone: Colour, flatness: float, shade: float = 0.25) -> Bgra:
    width = max(4, width_px) * FINER
    height = max(6, int(width * flatness))
    sprite = clear(height, width)
    cv2.fillPoly(sprite, [_outline(rng, width, height)], (*jittered(rng, tone), 255))
    light = 1 + shade / 2 * cloud(rng, height, width, max(2.0, width / 6))
    light *= np.linspace(1 + shade / 2, 1 - shade / 2, height)[:, None]
    sprite[..., :3] = (sprite[..., :3] * light[..., None]).clip(0, 255).astype(np.uint8)
    return _reduced(sprite)


def _outline(rng: np.random.Generator, width: int, height: int) -> NDArray[np.int32]:
    angles = np.linspace(0, 2 * np.pi, OUTLINE_POINTS, endpoint=False)
    radii = 1 - ROUGHNESS * rng.random(OUTLINE_POINTS)
    points = np.stack([np.cos(angles) * radii * width, np.sin(angles) * radii * height], axis=1) / 2
    return np.asarray(points + np.array([width, height]) / 2, np.int32)


def _reduced(sprite: Bgra) -> Bgra:
    size = max(2, sprite.shape[1] // FINER), max(2, sprite.shape[0] // FINER)
    return np.asarray(cv2.resize(sprite, size, interpolation=cv2.INTER_AREA), np.uint8)
