"""Frames of a composed day: what a camera over this street would have sent at any moment of it."""

from dataclasses import dataclass, field
from datetime import timedelta

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.composer.cutouts import LitterStock
from datasets.series.day import Day, Stay
from datasets.series.ground import HEIGHT_PX, WIDTH_PX, Ground
from datasets.series.passers import DrawnPassers, Passers
from datasets.series.things import Painter
from datasets.series.weather import TOWN_ZONE, Weather, wetted
from datasets.town_camera import Bgr
from datasets.town_light import write_caption
from pipeline.domain.camera import Zone
from pipeline.domain.geometry import Box

QUALITY = 85
"""JPEG, as street cameras set it."""


@dataclass(frozen=True)
class _Still:
    """The street with what stands in it, dry and wet, before anybody passes."""

    there: tuple[Stay, ...]
    dry: Bgr
    wet: Bgr | None = None
    boxes: dict[Stay, Box] = field(default_factory=dict)


class DayScene:
    """One view's day. The same moment always gives the same frame. Not safe for use by two threads at once."""

    def __init__(
        self, day: Day, ground: Ground, stock: LitterStock, passers: Passers | None = None, caption: str = "人民路"
    ) -> None:
        """`passers`: drawn ones where none are given. `caption` is written beside the view's name; characters of the
        stroke font."""
        self.day = day
        self.ground = ground
        self._painter = Painter(ground.camera, stock)
        self._weather = Weather(day, HEIGHT_PX, WIDTH_PX)
        self._still: _Still | None = None
        self._passers = passers or DrawnPassers(ground, day.seed)
        self._caption = caption

    @property
    def name(self) -> str:
        return self.day.name

    @property
    def stays(self) -> tuple[Stay, ...]:
        return self.day.stays

    @property
    def zones(self) -> tuple[Zone, ...]:
        return self.ground.zones

    def frame_at(self, elapsed_s: float) -> Bgr:
        """(1080, 1920, 3), a new array; `elapsed_s` since the day began."""
        hour = self._weather.hour(elapsed_s)
        pixels = self._stood(elapsed_s, hour.wet)
        beams = self._passers.pass_by(pixels, elapsed_s)
        frame = self._weather.lay(pixels, elapsed_s, beams)
        local = (self.day.starts_at + timedelta(seconds=elapsed_s)).astimezone(TOWN_ZONE)
        write_caption(frame, self.day.name.upper().replace("_", "-"), self._caption, local)
        return frame

    def jpeg_at(self, elapsed_s: float) -> bytes:
        return encoded(self.frame_at(elapsed_s))

    def boxes_at(self, elapsed_s: float) -> dict[Stay, Box]:
        """What stands there and where it shows, in shares."""
        return dict(self._stood_still(elapsed_s).boxes)

    def _stood(self, elapsed_s: float, wet: float) -> Bgr:
        still = self._stood_still(elapsed_s)
        if wet <= 0:
            return still.dry.copy()
        if still.wet is None:
            base_row = round(min(y for _, y in self.ground.pavement) * HEIGHT_PX)
            soaked = wetted(still.dry, self._ground_mask(), base_row, self.day.seed)
            still = _Still(still.there, still.dry, soaked, still.boxes)
            self._still = still
        assert still.wet is not None, "painted just now"
        return np.asarray(cv2.addWeighted(still.dry, 1 - wet, still.wet, wet, 0), np.uint8)

    def _stood_still(self, elapsed_s: float) -> _Still:
        there = self.day.there(elapsed_s)
        if self._still is None or self._still.there != there:
            pixels = self.ground.bgr.copy()
            shown = {stay: self._painter.put(pixels, stay) for stay in there}
            self._still = _Still(there, pixels, None, {stay: box for stay, box in shown.items() if box is not None})
        return self._still

    def _ground_mask(self) -> NDArray[np.uint8]:
        mask = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
        corners = [(x * WIDTH_PX, y * HEIGHT_PX) for x, y in self.ground.pavement]
        cv2.fillPoly(mask, [np.array(corners, np.int32)], (255,))
        return np.asarray(cv2.GaussianBlur(mask, (0, 0), 4), np.uint8)


def encoded(bgr: Bgr) -> bytes:
    return bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes())
