"""Who passes through a composed view: drawn by a timetable, or filmed people and cars before their own empty street."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.series.ground import HEIGHT_PX, WIDTH_PX, Ground
from datasets.town_camera import Bgr
from datasets.town_passing import movers_at
from datasets.town_patches import draw, extent

VEHICLES = frozenset({"car", "van", "rider"})
LAMP_ROW = 0.6
"""Down a vehicle by this share sit its lamps."""
FOREIGN = 26
"""Grey levels by which a filmed pixel differs from the empty street where somebody passes."""
MASK_STEP = 2
"""Passers are told apart on every second pixel."""
SPECK, REACH, SOFT_PX = (3, 3), (5, 5), 0.8
"""In such pixels: smaller differences are noise; somebody's rim is so much wider, and so soft."""

Beams = list[tuple[float, float]]
"""Vehicles' lights, in shares of the frame."""


class Passers(Protocol):
    def pass_by(self, pixels: Bgr, elapsed_s: float) -> Beams:
        """Paint those who pass at this moment over the street, in place."""
        ...


@dataclass(frozen=True)
class DrawnPassers:
    """People, riders and cars of the drawn town, on the ways of a ground."""

    ground: Ground
    seed: int

    def pass_by(self, pixels: Bgr, elapsed_s: float) -> Beams:
        beams = []
        for mover in movers_at(self.ground.camera, self.ground.passing, (), elapsed_s, self.seed):
            draw(pixels, self.ground.camera, mover.patches)
            if mover.kind in VEHICLES:
                left, top, right, bottom = extent(self.ground.camera, mover.patches)
                row = top + LAMP_ROW * (bottom - top)
                beams.append(((left + right) / 2 / WIDTH_PX, row / HEIGHT_PX))
        return beams


@dataclass(frozen=True)
class FilmedPassers:
    """Whatever in a film differs from its own empty street stands before what was put there."""

    frames: Sequence[bytes]
    """JPEG, as `fitted` crops them."""
    rate: float
    empty: Bgr
    """(1080, 1920, 3)."""

    def pass_by(self, pixels: Bgr, elapsed_s: float) -> Beams:
        shown = decoded(self.frames[int(elapsed_s * self.rate) % len(self.frames)])
        frame = np.asarray(cv2.resize(shown, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_LINEAR), np.uint8)
        cover = _foreign(frame, self.empty)
        pixels[:] = np.asarray(cv2.blendLinear(frame, pixels, cover, 1 - cover), np.uint8)
        return []


def decoded(jpeg: bytes) -> Bgr:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def fitted(bgr: Bgr) -> Bgr:
    """The middle of a frame, 16:9."""
    high = round(bgr.shape[1] * HEIGHT_PX / WIDTH_PX)
    top = max(0, (bgr.shape[0] - high) // 2)
    return np.ascontiguousarray(bgr[top : top + high])


def _foreign(frame: Bgr, empty: Bgr) -> NDArray[np.float32]:
    """(1080, 1920), 0 to 1; the camera's own change of exposure drops out."""
    size = (WIDTH_PX // MASK_STEP, HEIGHT_PX // MASK_STEP)
    now, then = (np.asarray(cv2.resize(bgr, size, interpolation=cv2.INTER_AREA), np.int16) for bgr in (frame, empty))
    differs = now - then
    differs -= np.median(differs[::8, ::8].reshape(-1, 3), axis=0).astype(np.int16)
    strongest = np.abs(differs).max(axis=2).clip(0, 255).astype(np.uint8)
    over = (cv2.blur(strongest, SPECK) > FOREIGN).astype(np.uint8)
    over = np.asarray(cv2.morphologyEx(over, cv2.MORPH_OPEN, np.ones(SPECK, np.uint8)), np.uint8)
    soft = cv2.GaussianBlur(cv2.dilate(over, np.ones(REACH, np.uint8)).astype(np.float32), (0, 0), SOFT_PX)
    return np.asarray(cv2.resize(soft, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_LINEAR), np.float32)
