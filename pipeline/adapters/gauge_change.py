"""Where a print differs from the last detected one, light and gain apart."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.adapters.gauge_print import PRINT_HEIGHT, PRINT_WIDTH, Floats, Grey
from pipeline.domain.geometry import Box

STEP = 4
"""Light is compared on every fourth pixel: it varies smoothly."""
LIGHT_WINDOW = (15, 15)
"""In such steps: an eighth of the width, far larger than litter."""
SMOOTHING_POWER = 64.0
"""Variance (grey levels squared) below which a place follows the whole picture's gain rather than its own."""
GAIN_LIMITS = (0.2, 4.0)
SWAY = np.ones((3, 3), np.uint8)
"""Edges may move by one print pixel."""
BLOB = (4, 4)
"""Print pixels over which a difference is averaged: it must hold over most of litter's 5 px."""
LEAST_CHANGE, MOST_NOISE = 5, 20
"""Grey levels: below the first nothing counts; noise never asks for more than the second."""
NOISE_PERCENTILE = 0.9
NOISE_FACTOR = 3.0
LEAST_PIXELS = 3


def changed_areas(now: Grey, then: Grey, shown: Grey) -> tuple[Box, ...]:
    """Blobs of about 4x4 print pixels and more that are brighter or darker than light alone explains."""
    expected = _relit(then, now)
    brighter = cv2.subtract(now, cv2.dilate(expected, SWAY))
    darker = cv2.subtract(cv2.erode(expected, SWAY), now)
    differs = np.asarray(cv2.blur(cv2.bitwise_and(cv2.max(brighter, darker), shown), BLOB), np.uint8)
    limit = _limit(differs)
    _, over = cv2.threshold(differs, limit - 1, 255, cv2.THRESH_BINARY)
    if not cv2.countNonZero(over):
        return ()
    count, _, stats, _ = cv2.connectedComponentsWithStats(over)
    return tuple(_box(*map(int, stats[label])) for label in range(1, count) if stats[label][4] >= LEAST_PIXELS)


def _limit(differs: Grey) -> float:
    """Noise and swaying leaves raise it: what nine tenths of the picture stay below is no change."""
    counts = np.cumsum(cv2.calcHist([differs], [0], None, [256], [0, 256])[:, 0])
    usual = int(np.searchsorted(counts, NOISE_PERCENTILE * counts[-1]))
    return float(np.clip(NOISE_FACTOR * usual, LEAST_CHANGE, MOST_NOISE))


def _relit(then: Grey, now: Grey) -> Grey:
    """`then` in the light of `now`: a gain and an offset fitted around each place (a guided filter)."""
    old = then[::STEP, ::STEP].astype(np.float32)
    new = now[::STEP, ::STEP].astype(np.float32)
    old_mean, new_mean = _local(old), _local(new)
    spread = np.maximum(_local(old * old) - old_mean * old_mean, 0)
    common = _local(old * new) - old_mean * new_mean
    overall = float(np.clip(common.mean() / max(float(spread.mean()), 1.0), *GAIN_LIMITS))
    gain = np.clip((common + SMOOTHING_POWER * overall) / (spread + SMOOTHING_POWER), *GAIN_LIMITS)
    offset = new_mean - gain * old_mean
    scaled = cv2.multiply(then, _enlarged(gain), dtype=cv2.CV_32F)
    return np.asarray(cv2.add(scaled, _enlarged(offset), dtype=cv2.CV_8U), np.uint8)


def _local(values: Floats) -> Floats:
    return np.asarray(cv2.blur(values, LIGHT_WINDOW), np.float32)


def _enlarged(values: NDArray[np.floating]) -> Floats:
    values = values.astype(np.float32, copy=False)
    return np.asarray(cv2.resize(values, (PRINT_WIDTH, PRINT_HEIGHT), interpolation=cv2.INTER_LINEAR), np.float32)


def _box(left: int, top: int, width: int, height: int, _pixels: int) -> Box:
    return Box(
        left / PRINT_WIDTH, top / PRINT_HEIGHT, (left + width) / PRINT_WIDTH, (top + height) / PRINT_HEIGHT
    )  # fmt: skip
