"""Files in place of a camera: a video that plays on by the clock, a folder shown in turn, or one picture."""

from datetime import datetime
from pathlib import Path

import av
import av.error
import av.logging
from av.container import InputContainer
from av.video.frame import VideoFrame

from pipeline.adapters.picture import Picture
from pipeline.adapters.rtsp import bgr_of
from pipeline.domain.camera import SourceKind
from pipeline.domain.errors import CaptureFailed
from pipeline.domain.frame import Frame
from pipeline.ports import Clock

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
FILES_ONLY = {
    "protocol_whitelist": "file",
    "format_whitelist": "avi,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,h264,hevc,flv",
}
"""No playlists: FFmpeg would open whatever a line of theirs names."""
STEP_S = 60.0
MICROSECONDS = 1_000_000


class ReplaySource:
    """Everything repeats for ever from `epoch`; a folder shows each picture, in the order of names, for `step_s`."""

    def __init__(self, clock: Clock, epoch: datetime, step_s: float = STEP_S) -> None:
        av.logging.set_level(None)
        self._clock = clock
        self._epoch = epoch
        self._step_s = step_s

    def fetch(self, source: str) -> Frame:
        """Raises CaptureFailed."""
        path = Path(source)
        now = self._clock.now()
        elapsed_s = (now - self._epoch).total_seconds()
        stream_s = None
        try:
            if path.is_dir():
                picture = Picture.from_bytes(self._shown(path, elapsed_s).read_bytes())
            elif path.suffix.lower() in PICTURE_SUFFIXES:
                picture = Picture.from_bytes(path.read_bytes())
            else:
                picture, stream_s = _filmed(path, elapsed_s)
        except (FileNotFoundError, NotADirectoryError):
            raise CaptureFailed("not_found", f"{source} does not exist") from None
        except av.error.FFmpegError:
            raise CaptureFailed("corrupt", f"{source} is no video that can be read") from None
        except OSError as error:
            raise CaptureFailed("unreadable", f"{source} cannot be read: {error.strerror}") from None
        return Frame(
            pixels=picture,
            width=picture.width,
            height=picture.height,
            at=now,
            received_at=now,
            source_kind=SourceKind.replay,
            stream_s=stream_s,
        )

    def _shown(self, folder: Path, elapsed_s: float) -> Path:
        pictures = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)
        if not pictures:
            raise CaptureFailed("not_found", f"{folder} holds no picture")
        return pictures[int(elapsed_s // self._step_s) % len(pictures)]


def _filmed(path: Path, elapsed_s: float) -> tuple[Picture, float | None]:
    with av.open(f"file:{path.absolute()}", options=FILES_ONLY) as container:
        if not container.streams.video:
            raise CaptureFailed("corrupt", f"{path} holds no video")
        image = _image_at(container, elapsed_s)
        if image is None or image.is_corrupt:
            raise CaptureFailed("corrupt", f"{path} holds a damaged video")
        return Picture.from_pixels(bgr_of(image)), image.time


def _image_at(container: InputContainer, elapsed_s: float) -> VideoFrame | None:
    """The image shown `elapsed_s` after the start, modulo the length; the last one where lengths are wrong."""
    length_s = (container.duration or 0) / MICROSECONDS
    wanted_s = elapsed_s % length_s if length_s else 0.0
    stream = container.streams.video[0]
    stream.codec_context.thread_count = 1
    start_s = (container.start_time or 0) / MICROSECONDS
    if wanted_s:
        container.seek(int((start_s + wanted_s) * MICROSECONDS))
    shown: VideoFrame | None = None
    for image in container.decode(stream):
        if shown is not None and (image.time is None or image.time > start_s + wanted_s):
            break
        shown = image
    return shown
