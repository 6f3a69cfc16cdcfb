"""Real videos: untouched, in place of a composed day, or as the street and its passers of one."""

from datetime import datetime
from pathlib import Path

import av
import av.error
import cv2
import numpy as np

from datasets.series.day import Day, Stay
from datasets.series.ground import HEIGHT_PX, WIDTH_PX, Ground
from datasets.series.passers import FilmedPassers, decoded, fitted
from datasets.series.scene import encoded
from datasets.town_camera import Bgr, Camera
from datasets.town_ground import Area
from pipeline.domain.camera import Zone, ZoneKind
from pipeline.domain.errors import BadInput
from pipeline.domain.geometry import Box

WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
USUAL_RATE = 25.0
FRAMES_FOR_EMPTY = 41
"""Their median shows the street without those who pass."""
FILM_ROWS, FILM_SIDE_M = (0.3, 0.97), 12.0
"""Between these rows things are put."""


class VideoScene:
    """Frames of a video by the moment of the day; every one of them shows what the camera showed."""

    def __init__(self, path: Path, starts_at: datetime, lasts_s: float) -> None:
        """Raises BadInput where the file holds no video."""
        self._path = path
        self.day = Day(path.stem, 0, starts_at, lasts_s)
        self._frames, self._rate = frames_of(path)

    @property
    def name(self) -> str:
        return self.day.name

    @property
    def stays(self) -> tuple[Stay, ...]:
        return ()

    @property
    def zones(self) -> tuple[Zone, ...]:
        return (Zone(ZoneKind.pavement, WHOLE, frozenset({"street_business"})),)

    def jpeg_at(self, elapsed_s: float) -> bytes:
        return self._frames[int(elapsed_s * self._rate) % len(self._frames)]

    def boxes_at(self, elapsed_s: float) -> dict[Stay, Box]:
        return {}


def film_ground(path: Path, camera: Camera) -> tuple[Ground, FilmedPassers]:
    """The empty street of a film and those who pass there. `camera` is what took the film's middle, at 1080p.

    Raises BadInput where the file holds no video.
    """
    frames, rate = frames_of(path)
    middles = [encoded(fitted(decoded(frame))) for frame in frames]
    few = [decoded(middle) for middle in middles[:: max(1, len(middles) // FRAMES_FOR_EMPTY)]]
    middle = np.median(np.stack(few), axis=0).astype(np.uint8)
    empty = np.asarray(cv2.resize(middle, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC), np.uint8)
    far, near = (camera.height_m / np.tan(_below(camera, row)) for row in FILM_ROWS)
    walk = Area(-FILM_SIDE_M, FILM_SIDE_M, float(near), float(far))
    return Ground(f"{path.stem}_street", empty, camera, walk, (), (), ()), FilmedPassers(middles, rate, empty)


def _below(camera: Camera, row_share: float) -> float:
    """Angle below the horizon of a row, in radians."""
    down = (row_share - 0.5) * camera.height_px / camera.focal_px
    return float(np.radians(camera.pitch_deg) + np.arctan(down))


def frames_of(path: Path) -> tuple[list[bytes], float]:
    """Every frame as JPEG, for a film of some minutes fits the memory so; and frames a second."""
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            rate = float(stream.average_rate or USUAL_RATE)
            frames = [encoded(_bgr(image.to_ndarray(format="bgr24"))) for image in container.decode(stream)]
    except (OSError, IndexError, av.error.FFmpegError) as error:
        raise BadInput(f"{path} is no video that can be read ({type(error).__name__})") from None
    if not frames:
        raise BadInput(f"{path} holds no picture")
    return frames, rate


def _bgr(pixels: object) -> Bgr:
    return np.asarray(pixels, np.uint8)
