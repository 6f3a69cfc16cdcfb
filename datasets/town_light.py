"""Light and lens: time of day, vignette, sensor noise, and the text that a camera writes on its picture."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.town_camera import Bgr
from datasets.town_facade import write

NOISE_MARGIN_PX = 192
TEXT_EDGE_PX = 42
FALL_OFF_POWER = 1.3


@dataclass(frozen=True)
class Light:
    """How one time of day colours a picture."""

    gain: tuple[float, float, float]
    """BGR."""
    noise: float
    """Standard deviation in grey levels."""
    grey: bool = False
    """Infra-red cameras see no colour."""
    vignette: float = 0.22
    """Loss of light in the corners."""

    def tint(self, colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """BGR (…, 3) in this light."""
        base = colours.astype(np.float32)
        if self.grey:
            base = np.repeat((base @ np.array([0.114, 0.587, 0.299], np.float32))[..., None], 3, axis=-1)
        return np.clip(base * np.array(self.gain, np.float32), 0, 255).astype(np.uint8)

    def reaching(self, width: int, height: int, point: tuple[float, float]) -> float:
        """The share of light that reaches one pixel (x, y)."""
        x, y = (float(np.clip(2 * part / side - 1, -1, 1)) for part, side in zip(point, (width, height), strict=True))
        return float(1 - self.vignette * ((x * x + y * y) / 2) ** FALL_OFF_POWER)

    def fall_off(self, height: int, width: int) -> NDArray[np.float32]:
        """The share of light that reaches each pixel (h, w)."""
        rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
        columns = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
        return np.asarray(1 - self.vignette * np.clip((rows**2 + columns**2) / 2, 0, 1) ** FALL_OFF_POWER, np.float32)


LIGHTS = {
    "day": Light((1.05, 1.08, 1.11), 2.6),
    "overcast": Light((0.9, 0.88, 0.86), 3.0, vignette=0.26),
    "dusk": Light((0.72, 0.68, 0.74), 4.2, vignette=0.34),
    "night": Light((0.62, 0.62, 0.62), 5.0, grey=True, vignette=0.75),
    "unlit": Light((0.035, 0.035, 0.035), 1.2, vignette=0.5),
}


class SensorNoise:
    """Noise that differs from frame to frame: windows into one field, chosen by the frame's time."""

    def __init__(self, seed: int, sigma: float, height: int, width: int, grey: bool) -> None:
        self._field = _noise_field(height + NOISE_MARGIN_PX, width + NOISE_MARGIN_PX, sigma, grey)
        self._seed = seed

    def add(self, frame: Bgr, moment: int) -> Bgr:
        """A new frame; the same `moment` gives the same noise."""
        height, width = frame.shape[:2]
        top, left = np.random.default_rng((self._seed, moment)).integers(0, NOISE_MARGIN_PX, 2)
        window = self._field[top : top + height, left : left + width]
        return np.asarray(cv2.add(frame, window, dtype=cv2.CV_8U), np.uint8)


@lru_cache(maxsize=16)
def _noise_field(height: int, width: int, sigma: float, grey: bool) -> NDArray[np.int8]:
    """Shared by all cameras alike, for it is large."""
    rng = np.random.default_rng(5)
    luma = rng.normal(0, sigma, (height, width, 1)).astype(np.float32)
    if grey:
        return np.repeat(luma, 3, axis=2).round().astype(np.int8)
    chroma = rng.normal(0, sigma * 0.5, (height // 2 + 1, width // 2 + 1, 3)).astype(np.float32)
    blotches = np.asarray(cv2.resize(chroma, (width, height)), np.float32)
    return (luma + blotches).round().astype(np.int8)


def write_caption(frame: Bgr, number: str, place: str, local_time: datetime) -> None:
    """Clock at the top left, number and place at the bottom right, white with a dark rim, as recorders do."""
    height, width = frame.shape[:2]
    scale = width / 1920
    edge = round(TEXT_EDGE_PX * scale)
    clock = local_time.strftime("%Y-%m-%d %H:%M:%S")
    _outlined(frame, clock, (edge, edge + round(34 * scale)), 1.35 * scale)
    size = round(40 * scale)
    wide = round(1.22 * size * len(place))
    left = width - edge - wide
    _written_outlined(frame, place, (left, height - edge - size), size)
    (text_wide, _), _ = cv2.getTextSize(number, cv2.FONT_HERSHEY_DUPLEX, 1.35 * scale, 2)
    _outlined(frame, number, (left - text_wide - round(28 * scale), height - edge - round(4 * scale)), 1.35 * scale)


def _outlined(frame: Bgr, text: str, corner: tuple[int, int], size: float) -> None:
    for colour, share in (((24, 24, 24), 4.4), ((250, 250, 250), 1.5)):
        thick = max(1, round(share * size))
        cv2.putText(frame, text, corner, cv2.FONT_HERSHEY_DUPLEX, size, colour, thick, cv2.LINE_AA)


def _written_outlined(frame: Bgr, words: str, corner: tuple[int, int], size: int) -> None:
    rim = max(1, size // 20)
    for dx, dy in ((-rim, 0), (rim, 0), (0, -rim), (0, rim)):
        write(frame, words, (corner[0] + dx, corner[1] + dy), size, (24, 24, 24))
    write(frame, words, corner, size, (250, 250, 250))
