"""Prints: the small grey pictures that views are compared by, and what is kept out of every comparison."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.adapters.picture import Bgr
from pipeline.domain.geometry import Box
from pipeline.domain.patrol import Mode

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]

PRINT_WIDTH, PRINT_HEIGHT = 480, 270
"""A quarter of 1080p: what is 20 px wide there is 5 px here."""

TEXT_MARGIN_PX = 2
"""Print pixels around text that its outline and JPEG's ringing reach."""

SAMPLE_SIZE = (64, 36)
TINTED_SHARE = 95
"""Percentile of the colour spread: a few coloured things make a picture coloured."""
INFRA_RED_BELOW, COLOUR_ABOVE = 2.0, 4.0
"""Colour spread in grey levels; between the two a camera is held to see as it did before."""
NIGHT_BELOW, DAY_ABOVE = 50.0, 70.0
"""Mean grey; between the two it is held to be what it was."""


def grey_of(bgr: Bgr) -> Grey:
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), np.uint8)


def print_of(grey: Grey) -> Grey:
    """(270, 480)."""
    return np.asarray(cv2.resize(grey, (PRINT_WIDTH, PRINT_HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def loaded(stored: bytes | None) -> Grey | None:
    """The print that `Reading.print` holds; None where there is none or it is of another size."""
    if stored is None or len(stored) != PRINT_WIDTH * PRINT_HEIGHT:
        return None
    return np.frombuffer(stored, np.uint8).reshape(PRINT_HEIGHT, PRINT_WIDTH)


def shown_mask(hidden: Sequence[Box]) -> Grey:
    """(270, 480): 255 where the scene shows, 0 under on-screen text."""
    mask = np.full((PRINT_HEIGHT, PRINT_WIDTH), 255, np.uint8)
    for box in hidden:
        top = max(0, int(box.top * PRINT_HEIGHT) - TEXT_MARGIN_PX)
        left = max(0, int(box.left * PRINT_WIDTH) - TEXT_MARGIN_PX)
        bottom = int(box.bottom * PRINT_HEIGHT) + 1 + TEXT_MARGIN_PX
        right = int(box.right * PRINT_WIDTH) + 1 + TEXT_MARGIN_PX
        mask[top:bottom, left:right] = 0
    return mask


def colour_spread(bgr: Bgr, shown: Grey) -> float:
    """How far colours stray from the picture's one tint, in grey levels: near 0 for infra-red, tinted or not."""
    sample = np.asarray(cv2.resize(bgr, SAMPLE_SIZE, interpolation=cv2.INTER_NEAREST), np.int16)
    seen = cv2.resize(shown, SAMPLE_SIZE, interpolation=cv2.INTER_NEAREST) > 0
    blue_red = (sample[..., ::2] - sample[..., 1:2])[seen]
    if not len(blue_red):
        return 0.0
    strays = np.abs(blue_red - np.median(blue_red, axis=0)).max(axis=1)
    return float(np.percentile(strays, TINTED_SHARE))


def mode_of(spread: float, brightness: float, before: Mode | None) -> Mode:
    """Colour or infra-red, day or night; near a border what it was before."""
    if spread < (COLOUR_ABOVE if before is Mode.infra_red else INFRA_RED_BELOW):
        return Mode.infra_red
    return Mode.night if brightness < (DAY_ABOVE if before is Mode.night else NIGHT_BELOW) else Mode.day
