"""Proof that the sensor lives: its noise, and the drift of light, in patches spread over the picture."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.adapters.gauge_print import PRINT_HEIGHT, PRINT_WIDTH, Grey

PATCH_PX = 16
COLUMNS = tuple((column + 0.5) / 6 for column in range(6))
ROWS = (0.23, 0.41, 0.59, 0.77)
"""Centres as shares; away from the edges, where clocks run that were not found as text."""
WIDEST_SHARE = 0.125
"""Of a dropped share of patches the difference does not count: a clock or a flag in them proves nothing."""
PATCH_BYTES = PATCH_PX * PATCH_PX
CENTRES = tuple((x, y) for y in ROWS for x in COLUMNS)
SMALLEST_WIDTH, SMALLEST_HEIGHT = 6 * PATCH_PX, 6 * PATCH_PX


def pulse_of(grey: Grey) -> bytes:
    """24 patches of 16x16, one after another, of the preview's grey."""
    height, width = grey.shape
    if height < SMALLEST_HEIGHT or width < SMALLEST_WIDTH:
        width, height = max(width, SMALLEST_WIDTH), max(height, SMALLEST_HEIGHT)
        grey = np.asarray(cv2.resize(grey, (width, height)), np.uint8)
    half = PATCH_PX // 2
    corners = [(int(y * height) - half, int(x * width) - half) for x, y in CENTRES]
    return b"".join(grey[top : top + PATCH_PX, left : left + PATCH_PX].tobytes() for top, left in corners)


def pulse_change(now: bytes, before: bytes | None, shown: Grey) -> float | None:
    """Mean absolute grey difference of the patches outside text, the liveliest left out; None where none compares."""
    if before is None or len(before) != len(now):
        return None
    differences = np.abs(_patches(now) - _patches(before)).mean(axis=1)[_clear_of_text(shown)]
    if not len(differences):
        return None
    kept = np.sort(differences)[: len(differences) - int(len(differences) * WIDEST_SHARE)]
    return float(kept.mean())


def _patches(pulse: bytes) -> NDArray[np.int16]:
    return np.frombuffer(pulse, np.uint8).astype(np.int16).reshape(-1, PATCH_BYTES)


def _clear_of_text(shown: Grey) -> NDArray[np.bool_]:
    """A patch is about 11 print pixels wide and high at 1080p, wider for a small picture: the centre's 13 decide."""
    around = 6
    clear = [
        bool(shown[max(0, y - around) : y + around + 1, max(0, x - around) : x + around + 1].all())
        for x, y in ((int(x * PRINT_WIDTH), int(y * PRINT_HEIGHT)) for x, y in CENTRES)
    ]
    return np.array(clear, np.bool_)
