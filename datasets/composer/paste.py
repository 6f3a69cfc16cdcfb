"""Laying sprites into a picture so that they belong there: soft rims, the light of the place, a shadow."""

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.town_camera import Bgr, Bgra
from pipeline.domain.geometry import Box

SEEN_ALPHA = 48
"""Covers less than this (of 255) are not part of the box."""
MID_GREY = 118.0
LIGHT_RANGE = (0.4, 1.25)
LEAST_BOX_PX = 6
LEAST_CHANGE = 30
SEEN_PERCENTILE = 70


def paste(bgr: Bgr, sprite: Bgra, left_px: int, top_px: int) -> Box | None:
    """Lay `sprite` in place; the box of what shows of it, in shares, or None where it lies outside."""
    height, width = bgr.shape[:2]
    x1, y1 = max(0, left_px), max(0, top_px)
    x2, y2 = min(width, left_px + sprite.shape[1]), min(height, top_px + sprite.shape[0])
    if x1 >= x2 or y1 >= y2:
        return None
    over = sprite[y1 - top_px : y2 - top_px, x1 - left_px : x2 - left_px]
    alpha = over[..., 3:].astype(np.float32) / 255
    part = bgr[y1:y2, x1:x2]
    part[:] = (over[..., :3] * alpha + part * (1 - alpha)).astype(np.uint8)
    return seen_box(over[..., 3], x1, y1, (width, height))


def stands_out(before: Bgr, after: Bgr, cover: NDArray[np.uint8] | None = None) -> bool:
    """Whether painting changed the pixels under `cover` (all that changed where None) enough for an eye to see it."""
    change = np.abs(after.astype(np.int16) - before).max(axis=2)
    under = change[cover > SEEN_ALPHA] if cover is not None else change[change > 0]
    if under.size == 0:
        return False
    bright = float(before.mean())
    return float(np.percentile(under, SEEN_PERCENTILE)) > LEAST_CHANGE * (0.5 + bright / 256)


def seen_box(cover: NDArray[np.uint8], left: int, top: int, size: tuple[int, int]) -> Box | None:
    """The box, in shares of `size` (width, height), around what `cover` shows when it lies at (left, top) px."""
    x, y, wide, high = cv2.boundingRect((cover > SEEN_ALPHA).astype(np.uint8))
    if wide == 0 or high == 0:
        return None
    return in_shares((left + x, top + y, left + x + wide, top + y + high), size)


def in_shares(sides_px: tuple[float, float, float, float], size: tuple[int, int]) -> Box:
    """Sides (left, top, right, bottom) in px, widened to the least side that a label has, clipped to the picture."""
    left, top, right, bottom = sides_px
    across, down = max(0.0, LEAST_BOX_PX - (right - left)) / 2, max(0.0, LEAST_BOX_PX - (bottom - top)) / 2
    width, height = size
    return Box(
        max(0.0, left - across) / width,
        max(0.0, top - down) / height,
        min(float(width), right + across) / width,
        min(float(height), bottom + down) / height,
    )


def light_at(bgr: Bgr, left: int, top: int, right: int, bottom: int) -> float:
    """How bright the place is beside mid grey, tamed: what to multiply a sprite painted for daylight by."""
    part = bgr[max(0, top) : max(top + 2, bottom) : 3, max(0, left) : max(left + 2, right) : 3]
    if part.size == 0:
        return 1.0
    bright = float(np.percentile(part.max(axis=2), 65)) / MID_GREY
    return float(np.clip(0.35 + 0.6 * bright, *LIGHT_RANGE))


def settled(bgr: Bgr, sprite: Bgra, left: int, top: int, share: float = 0.7) -> Bgra:
    """`sprite` in the light of the place and with a trace of its tint; `share` says how much it gives in."""
    bottom, right = top + sprite.shape[0], left + sprite.shape[1]
    light = 1 + share * (light_at(bgr, left, top, right, bottom) - 1)
    part = bgr[max(0, top) : max(1, bottom) : 4, max(0, left) : max(1, right) : 4].reshape(-1, 3)
    tint = part.mean(axis=0) / max(1.0, part.mean()) if part.size else np.ones(3)
    gain = light * (1 + 0.25 * share * (tint - 1))
    colour = (sprite[..., :3] * gain).clip(0, 255).astype(np.uint8)
    return np.concatenate([colour, sprite[..., 3:]], axis=2)


def cast_shadow(bgr: Bgr, sprite: Bgra, left: int, top: int, shift: tuple[int, int], strength: float = 0.35) -> None:
    """Darken the wall behind a sprite by its own shape, moved by `shift` px and blurred."""
    reach = max(2, abs(shift[0]) + abs(shift[1]))
    alpha = cv2.copyMakeBorder(sprite[..., 3], reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=(0,))
    soft = cv2.GaussianBlur(alpha, (0, 0), max(0.6, reach * 0.45))
    shade = np.zeros((*soft.shape, 4), np.uint8)
    shade[..., 3] = (soft * strength).astype(np.uint8)
    paste(bgr, shade, left - reach + shift[0], top - reach + shift[1])


def ground_shadow(bgr: Bgr, left: int, right: int, foot: int, strength: float = 0.45) -> None:
    """A soft flat pool of shade where something stands."""
    wide = max(6, right - left)
    high = max(4, round(wide * 0.16))
    shade = np.zeros((high * 2, int(wide * 1.3), 4), np.uint8)
    pool = np.zeros(shade.shape[:2], np.uint8)
    cv2.ellipse(pool, (pool.shape[1] // 2, high), (int(wide * 0.52), high // 2), 0, 0, 360, (255,), -1)
    shade[..., 3] = (cv2.GaussianBlur(pool, (0, 0), max(1.0, high * 0.25)) * strength).astype(np.uint8)
    paste(bgr, shade, left - (shade.shape[1] - wide) // 2, foot - high)
