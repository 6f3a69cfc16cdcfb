"""One fresh picture from an RTSP stream: the first key frame and no more."""

import socket
import time
from datetime import UTC, datetime
from errno import EHOSTUNREACH, ENETUNREACH
from struct import Struct
from urllib.parse import urlsplit

import av
import av.error
import av.logging
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from pipeline.adapters.addresses import Credentials, Patience, join_credentials, place_of
from pipeline.adapters.picture import Bgr, Picture
from pipeline.domain.camera import SourceKind
from pipeline.domain.errors import CaptureFailed
from pipeline.domain.frame import Frame
from pipeline.ports import Clock

RTSP_PORT, RTSPS_PORT = 554, 322
SOON_S = 0.5
"""An answer that is no RTSP and comes sooner before the time-out than this came because of the time-out."""

EARLIEST_CLOCK = datetime(2000, 1, 1, tzinfo=UTC)
REFERENCE_TIME = Struct("=q")
"""FFmpeg's AVProducerReferenceTime begins with microseconds since 1970."""

FAULTS: tuple[tuple[tuple[type[Exception], ...], str, str], ...] = (
    ((ConnectionRefusedError,), "refused", "refuses the connection"),
    ((av.error.HTTPNotFoundError,), "not_found", "has no such stream"),
    ((av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError), "unauthorised", "does not accept the credentials"),
    ((av.error.HTTPServerError,), "server_error", "reports a fault of its own"),
    ((av.error.HTTPError, av.error.HTTPClientError), "rejected", "rejects the request"),
    ((av.error.ExitError, TimeoutError), "timeout", "does not answer in time"),
    ((ConnectionError, EOFError), "closed", "closes the connection"),
)
"""What FFmpeg raises, the stable word for it, and what to tell people."""


class RtspSource:
    """RTSP over TCP. `ca_file`: certificates that rtsps is checked against; without it they are not checked,
    because cameras sign their own."""

    def __init__(self, clock: Clock, patience: Patience, ca_file: str | None = None) -> None:
        av.logging.set_level(None)  # FFmpeg's own messages hold addresses with their passwords
        self._clock = clock
        self._patience = patience
        self._ca_file = ca_file

    def fetch(self, source: str, credentials: Credentials | None) -> Frame:
        """Raises CaptureFailed. `source` is without credentials."""
        taken = self._taken(source, credentials)
        if isinstance(taken, CaptureFailed):
            # Raised afresh: a traceback into the functions below would show the address with its password.
            raise taken.with_traceback(None)
        return taken

    def _taken(self, source: str, credentials: Credentials | None) -> Frame | CaptureFailed:
        place, started = place_of(source), time.monotonic()
        unknown = _unresolved(source)
        if unknown:
            return unknown
        opened = False
        try:
            with self._container(source, credentials) as container:
                opened = True
                return self._first_frame(container, place, started + self._patience.total_s)
        except av.error.FFmpegError as error:
            silent_s = self._patience.connect_s - SOON_S
            return _failure(error, place, opened, silent=time.monotonic() - started >= silent_s)
        except CaptureFailed as failure:
            return failure

    def _container(self, source: str, credentials: Credentials | None) -> InputContainer:
        options = {
            "rtsp_transport": "tcp",
            "protocol_whitelist": "tcp,tls,rtp,srtp,udp,crypto",
            "probesize": "200000",
            "analyzeduration": "200000",
            "timeout": str(int(self._patience.read_s * 1_000_000)),
        }
        if self._ca_file:
            options |= {"tls_verify": "1", "ca_file": self._ca_file}
        return av.open(
            join_credentials(source, credentials),
            format="rtsp",
            timeout=(self._patience.connect_s, self._patience.read_s),
            options=options,
        )

    def _first_frame(self, container: InputContainer, place: str, ends: float) -> Frame:
        if not container.streams.video:
            raise CaptureFailed("broken_stream", f"{place} sends no video")
        image, stated_s = _first_key_frame(container, container.streams.video[0], place, ends)
        picture = Picture.from_pixels(bgr_of(image))
        received_at = self._clock.now()
        return Frame(
            pixels=picture,
            width=picture.width,
            height=picture.height,
            at=received_at,
            received_at=received_at,
            source_kind=SourceKind.rtsp,
            stream_s=stated_s,
            skew_s=_skew_s(stated_s, received_at),
            codec=container.streams.video[0].codec_context.name,
        )


def _first_key_frame(
    container: InputContainer, stream: VideoStream, place: str, ends: float
) -> tuple[VideoFrame, float | None]:
    """The image and the time that the camera states for it. `ends` is on the monotonic clock.

    Raises CaptureFailed, and FFmpegError for what does not decode.
    """
    stream.codec_context.thread_count = 1
    packets = container.demux(stream)
    for packet in packets:
        if time.monotonic() >= ends:
            raise CaptureFailed("timeout", f"{place} sends no key frame in time")
        if not packet.size:
            break
        if not packet.is_keyframe:
            continue
        # The decoder keeps a frame back for reordering; to end it fetches that one without waiting for more.
        images = (*stream.codec_context.decode(packet), *stream.codec_context.decode(None))
        if not images:
            raise CaptureFailed("broken_stream", f"{place} sends a key frame without a picture")
        if packet.is_corrupt or images[0].is_corrupt:
            raise CaptureFailed("corrupt", f"{place} sends a damaged key frame")
        # Only a frame that follows proves that this one is whole: H.265 cut off in the middle decodes without a flag.
        following = next(packets, None)
        if following is None or not following.size:
            break
        return images[0], _stated_s(packet)
    raise CaptureFailed("closed", f"{place} ends the stream before the end of a key frame")


def bgr_of(image: VideoFrame) -> Bgr:
    """A copy (h, w, 3) that no decoder writes to."""
    return image.to_ndarray(format="bgr24").astype(np.uint8, copy=False)


def _stated_s(packet: "Packet[VideoStream]") -> float | None:
    """The camera's own clock (RTCP) as seconds since 1970. Not the packet's time stamp: FFmpeg counts that from the
    connection, so it differs from visit to visit whether or not the camera lives."""
    if not packet.has_sidedata("prft"):
        return None
    (wallclock_us,) = REFERENCE_TIME.unpack_from(bytes(packet.get_sidedata("prft")))
    return float(wallclock_us) / 1_000_000


def _skew_s(stated_s: float | None, received_at: datetime) -> float | None:
    """Right to about a second. None for a camera that counts from its own start instead of telling the time."""
    if stated_s is None or stated_s < EARLIEST_CLOCK.timestamp():
        return None
    return stated_s - received_at.timestamp()


def _unresolved(source: str) -> CaptureFailed | None:
    """FFmpeg tells an unknown name from no other fault, so it is looked up first."""
    split = urlsplit(source)
    port = split.port or (RTSPS_PORT if split.scheme.lower() == "rtsps" else RTSP_PORT)
    try:
        socket.getaddrinfo(split.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return CaptureFailed("dns", f"the name {split.hostname} is not known")
    return None


def _failure(error: av.error.FFmpegError, place: str, opened: bool, silent: bool) -> CaptureFailed:
    """Of the error only its kind is used: its text holds the address."""
    for kinds, fault, words in FAULTS:
        if isinstance(error, kinds):
            return CaptureFailed(fault, f"{place} {words}")
    if error.errno in (EHOSTUNREACH, ENETUNREACH):
        return CaptureFailed("unreachable", f"no route leads to {place}")
    if opened:
        return CaptureFailed("broken_stream", f"{place} sends a stream that cannot be read")
    if not isinstance(error, av.error.InvalidDataError):
        return CaptureFailed("broken_stream", f"{place} gives no stream, or its certificate is not trusted")
    if silent:
        return CaptureFailed("silent", f"{place} accepts the connection and says nothing that is RTSP")
    return CaptureFailed("closed", f"{place} closes the connection without an RTSP answer")
