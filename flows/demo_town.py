"""A town for the demo: drawn street views behind real HTTP and RTSP servers on loopback."""

import asyncio
import base64
import secrets
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import structlog
from aio_rtsp_toolkit.server import RtspServer
from av.error import FFmpegError

from datasets.town_camera import Bgr
from datasets.town_cast import CAST, CastCamera, Via
from datasets.town_scene import TownScene
from pipeline.adapters.picture import encode_jpeg
from pipeline.domain.errors import NotFound
from pipeline.ports import Clock

LOOPBACK = "127.0.0.1"
USER = "viewer"
JPEG_QUALITY = 88
STREAM_WIDTH_PX = 1280
STREAM_FPS = 5
CLIP_FRAMES = {Via.rtsp_h264: 15, Via.rtsp_h265: 10}
ENCODERS: dict[Via, tuple[str, dict[str, str]]] = {
    Via.rtsp_h264: ("libx264", {"preset": "ultrafast", "crf": "24", "bf": "0"}),
    Via.rtsp_h265: (
        "libx265",
        {"preset": "ultrafast", "crf": "26", "x265-params": f"log-level=none:bframes=0:keyint={STREAM_FPS}"},
    ),
}
RENEW_S = 10.0
"""A player that connects starts a clip at its beginning, so clips are drawn anew to keep the clock right."""
PAINTERS = 2
STOP_WITHIN_S = 5.0

log = structlog.get_logger(__name__)


class _Shown:
    """A scene that several requests may ask for at once."""

    def __init__(self, camera: CastCamera, started_at: datetime) -> None:
        width_px = STREAM_WIDTH_PX if camera.via in CLIP_FRAMES else 1920
        self.camera = camera
        self._scene = TownScene(camera.street, camera.script, started_at, width_px)
        self._lock = threading.Lock()

    def prepare(self) -> None:
        with self._lock:
            self._scene.prepare()

    def begin(self, at: datetime) -> None:
        with self._lock:
            self._scene.started_at = at

    def frame(self, at: datetime) -> Bgr:
        with self._lock:
            return self._scene.frame(at)


class SnapshotServer:
    """`/cam/<code>.jpg` by HTTP, drawn when asked for; a camera with a password wants basic credentials."""

    def __init__(self, shown: Sequence[_Shown], clock: Clock, password: str) -> None:
        self._shown = {one.camera.code: one for one in shown}
        self._clock = clock
        self._wanted = "Basic " + base64.b64encode(f"{USER}:{password}".encode()).decode()
        self._server = ThreadingHTTPServer((LOOPBACK, 0), _handler(self._answer))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="snapshots", daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(STOP_WITHIN_S)
        self._server.server_close()

    def _answer(self, path: str, authorization: str) -> tuple[HTTPStatus, dict[str, str], bytes]:
        code = path.partition("?")[0].removeprefix("/cam/").removesuffix(".jpg")
        shown = self._shown.get(code)
        if shown is None:
            return HTTPStatus.NOT_FOUND, {}, b""
        guarded = shown.camera.via is Via.http_basic
        if guarded and not secrets.compare_digest(authorization.encode(), self._wanted.encode()):
            return HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": 'Basic realm="camera"'}, b""
        at = self._clock.now()
        jpeg = encode_jpeg(shown.frame(at), JPEG_QUALITY)
        headers = {"Content-Type": "image/jpeg", "Last-Modified": format_datetime(at, usegmt=True)}
        return HTTPStatus.OK, {**headers, "Cache-Control": "no-store"}, jpeg


Answer = Callable[[str, str], tuple[HTTPStatus, dict[str, str], bytes]]


def _handler(answer: Answer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 15

        def do_GET(self) -> None:
            status, headers, body = answer(self.path, self.headers.get("Authorization", ""))
            with suppress(ConnectionError):  # the visitor's time-out may be shorter than our drawing
                self.send_response(status)
                for name, text in headers.items():
                    self.send_header(name, text)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """A snapshot a second is nothing to tell."""

    return Handler


class _Quiet:
    """The RTSP server's logger; it would print every packet's fate."""

    def info(self, message: str) -> None: ...

    debug = warning = info

    def error(self, message: str) -> None:
        log.error("demo_rtsp", message=message)

    critical = error


def _tell(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Players leave as they like, and a session that is ended at the close is reported as a failure by Python 3.11."""
    error = context.get("exception")
    if not isinstance(error, asyncio.CancelledError | ConnectionError | asyncio.IncompleteReadError):
        log.error("demo_rtsp", message=context.get("message"), fault=type(error).__name__)


class StreamServer:
    """Clips of `folder` over RTSP in an event loop of its own thread, so that no process can be left behind."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(_tell)
        self._thread = threading.Thread(target=self._loop.run_forever, name="streams", daemon=True)
        # Any: its socket and its sessions can be reached only past what it publishes.
        self._server: Any = RtspServer(str(folder), LOOPBACK, 0)
        self._server.logger = _Quiet()
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._server.start(), self._loop).result(STOP_WITHIN_S)
        self.port = int(self._server._server.sockets[0].getsockname()[1])
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(STOP_WITHIN_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_WITHIN_S)
        self._loop.close()

    async def _close(self) -> None:
        """Stop listening, end the sessions, and let the threads that read their files finish."""
        self._server._server.close()
        sessions = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in sessions:
            task.cancel()
        await asyncio.wait_for(asyncio.gather(*sessions, return_exceptions=True), STOP_WITHIN_S)
        await self._loop.shutdown_default_executor()


class ClipRenewal:
    """Draws the streams' clips, then draws them again and again from the present moment."""

    def __init__(self, shown: Sequence[_Shown], clock: Clock, folder: Path) -> None:
        self._shown = shown
        self._clock = clock
        self._folder = folder
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="clips", daemon=True)

    def __enter__(self) -> Self:
        self._write_all()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(STOP_WITHIN_S)

    def _renew(self) -> None:
        while not self._stop.wait(RENEW_S):
            try:
                self._write_all()
            except (OSError, FFmpegError) as error:
                log.error("demo_clip", fault=type(error).__name__)

    def _write_all(self) -> None:
        for one in self._shown:
            if not self._stop.is_set():
                write_clip(self._folder / f"{one.camera.code}.mp4", one.camera.via, one.frame, self._clock.now())


def write_clip(path: Path, via: Via, frame_at: Callable[[datetime], Bgr], start: datetime) -> None:
    """A clip from `start` on, with a keyframe a second; it takes its place in one step."""
    codec, options = ENCODERS[via]
    draft = path.with_suffix(".draft.mp4")
    with av.open(str(draft), "w") as container:
        stream: Any = container.add_stream(codec, rate=STREAM_FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = STREAM_WIDTH_PX, STREAM_WIDTH_PX * 9 // 16, "yuv420p"
        stream.codec_context.gop_size = STREAM_FPS
        stream.codec_context.thread_count = 1
        if via is Via.rtsp_h265:
            stream.codec_context.codec_tag = "hvc1"
        for number in range(CLIP_FRAMES[via]):
            pixels = frame_at(start + timedelta(seconds=number / STREAM_FPS))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="bgr24")))
        container.mux(stream.encode())
    draft.replace(path)


class DemoTown:
    """The cameras of `cast`, running from `with` to its end; clips and nothing else are kept in `folder`."""

    def __init__(self, clock: Clock, folder: Path, cast: Sequence[CastCamera] = CAST) -> None:
        self._clock = clock
        self._folder = folder
        self._cast = cast
        self._password = secrets.token_urlsafe(9)
        self._running = ExitStack()
        self._snapshots: SnapshotServer | None = None
        self._streams: StreamServer | None = None
        self._closed = socket.socket()

    def __enter__(self) -> Self:
        """Paints every street first; then the timetable starts."""
        self._folder.mkdir(parents=True, exist_ok=True)
        shown = [_Shown(camera, self._clock.now()) for camera in self._cast if camera.via is not Via.nothing]
        with ThreadPoolExecutor(PAINTERS) as painters:
            list(painters.map(_Shown.prepare, shown))
        started_at = self._clock.now()
        for one in shown:
            one.begin(started_at)
        streamed = [one for one in shown if one.camera.via in CLIP_FRAMES]
        asked = [one for one in shown if one.camera.via not in CLIP_FRAMES]
        # Bound and never listened to: the port stays ours and refuses everybody.
        self._closed.bind((LOOPBACK, 0))
        self._running.callback(self._closed.close)
        with ExitStack() as starting:
            self._snapshots = starting.enter_context(SnapshotServer(asked, self._clock, self._password))
            starting.enter_context(ClipRenewal(streamed, self._clock, self._folder))
            self._streams = starting.enter_context(StreamServer(self._folder))
            self._running.push(starting.pop_all())
        log.info("demo_town", cameras=len(self._cast))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.__exit__(kind, error, trace)

    def views(self) -> list[dict[str, str]]:
        """Rows of a camera list, ready to import; one source carries its password."""
        return [self._row(camera) for camera in self._cast]

    def address(self, code: str, with_password: bool = True) -> str:
        """Where a camera is reached. Raises NotFound for a code that is not in the cast."""
        for camera in self._cast:
            if camera.code == code:
                return self._source(camera, with_password)
        raise NotFound(f"the demo has no camera {code}")

    def _source(self, camera: CastCamera, with_password: bool = True) -> str:
        assert self._snapshots is not None and self._streams is not None, "the town is not running"
        if camera.via in CLIP_FRAMES:
            return f"rtsp://{LOOPBACK}:{self._streams.port}/{camera.code}.mp4?play_count=0"
        port = self._closed.getsockname()[1] if camera.via is Via.nothing else self._snapshots.port
        login = f"{USER}:{self._password}@" if camera.via is Via.http_basic and with_password else ""
        return f"http://{login}{LOOPBACK}:{port}/cam/{camera.code}.jpg"

    def _row(self, camera: CastCamera) -> dict[str, str]:
        place = camera.place
        return {
            "name": place.name,
            "site": place.site,
            "site_kind": place.site_kind,
            "key_point": str(int(place.key_point)),
            "core_zone": str(int(place.core_zone)),
            "address": place.address,
            "latitude": f"{place.latitude:.4f}",
            "longitude": f"{place.longitude:.4f}",
            "datum": "WGS-84",
            "leader": place.leader,
            "department": place.department,
            "community": place.community,
            "source": self._source(camera),
        }
