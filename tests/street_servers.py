"""Real cameras for tests and benchmarks: RTSP and HTTP servers on loopback, sound and faulty, and what they show."""

import asyncio
import base64
import hashlib
import logging
import ssl
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from fractions import Fraction
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.request import parse_http_list, parse_keqv_list

import aio_rtsp_toolkit.server as toolkit
import av
import cv2
import numpy as np
from aio_rtsp_toolkit.server_session import RtspServerSession
from av.video.stream import VideoStream
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from numpy.typing import NDArray

LOOPBACK = "127.0.0.1"
REALM, NONCE = "street", "5ccc069c403ebaf9f0171e9517f40e41"
T = TypeVar("T")


def street_picture(step: int = 0, width: int = 640, height: int = 360) -> NDArray[np.uint8]:
    """BGR (height, width, 3): road, sky and houses, and a car that is `step` steps along."""
    picture = np.full((height, width, 3), (200, 190, 180), np.uint8)
    picture[height * 2 // 3 :] = (90, 95, 90)
    for house in range(5):
        left = house * width // 5
        cv2.rectangle(
            picture, (left + 8, height // 4), (left + width // 6, height * 2 // 3), (60 * house, 120, 160), -1
        )
    left = step * width // 50 % width
    cv2.rectangle(picture, (left, height * 3 // 4), (left + width // 8, height * 5 // 6), (30, 30, 200), -1)
    grain = np.random.default_rng(step).integers(0, 6, picture.shape, dtype=np.uint8)
    return np.asarray(cv2.add(picture, grain), np.uint8)


def street_jpeg(step: int = 0, width: int = 640, height: int = 360, quality: int = 88) -> bytes:
    return cv2.imencode(".jpg", street_picture(step, width, height), [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def make_clip(
    path: Path, codec: str = "libx264", seconds: int = 4, width: int = 640, height: int = 360, crf: int = 23
) -> Path:
    """A clip of 10 images and one key frame a second, with reordered images; `libx264` or `libx265`."""
    options = {"preset": "veryfast", "crf": str(crf), "x265-params": f"log-level=none:keyint=10:crf={crf}"}
    if codec == "libx264":
        del options["x265-params"]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10, options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.gop_size = 10
        stream.time_base = Fraction(1, 10)
        if codec == "libx265":
            stream.codec_context.codec_tag = "hvc1"
        for step in range(seconds * 10):
            image = av.VideoFrame.from_ndarray(street_picture(step, width, height), format="bgr24")
            container.mux(stream.encode(image))
        container.mux(stream.encode(None))
    return path


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for loopback, signed by itself, and its key; both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "street camera")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(LOOPBACK))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return certificate_file, key_file


@dataclass(frozen=True)
class Login:
    """What a server demands. `scheme`: basic or digest."""

    username: str
    password: str
    scheme: str = "digest"

    @property
    def challenge(self) -> str:
        if self.scheme == "basic":
            return f'Basic realm="{REALM}"'
        return f'Digest realm="{REALM}", nonce="{NONCE}", algorithm=MD5'

    def accepts(self, method: str, authorization: str) -> bool:
        scheme, _, rest = authorization.partition(" ")
        if scheme.lower() != self.scheme:
            return False
        if self.scheme == "basic":
            return base64.b64decode(rest).decode() == f"{self.username}:{self.password}"
        given = parse_keqv_list(parse_http_list(rest))
        secret = _md5(f"{self.username}:{REALM}:{self.password}")
        asked = _md5(f"{method}:{given['uri']}")
        return given["response"] == _md5(f"{secret}:{NONCE}:{asked}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


class _LoopThread:
    """An event loop in a thread of its own, with one server in it."""

    port: int

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.port = self._do(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _start(self) -> int:
        raise NotImplementedError

    async def _stop(self) -> None:
        """End every connection's task, and let the transports close."""
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.05)


class RtspServer(_LoopThread):
    """Every .mp4 in `folder` as `rtsp://127.0.0.1:port/name.mp4?play_count=0`, H.264 or H.265, over TCP."""

    def __init__(self, folder: Path, login: Login | None = None) -> None:
        self._folder = folder
        self._login = login

    def address(self, name: str, scheme: str = "rtsp", port: int | None = None) -> str:
        return f"{scheme}://{LOOPBACK}:{port or self.port}/{name}?play_count=0"

    async def _start(self) -> int:
        self._server = _GuardedRtspServer(str(self._folder), LOOPBACK, 0)
        self._server.login = self._login
        self._server.logger = logging.getLogger("street.rtsp")
        self._server.logger.disabled = True
        await self._server.start()
        port: int = self._server._server.sockets[0].getsockname()[1]
        return port

    async def _stop(self) -> None:
        await super()._stop()
        await self._server.close()


class _GuardedRtspServer(toolkit.RtspServer):  # type: ignore[misc]  # the toolkit bears no types
    login: Login | None

    async def _handle_client(self, sock: Any) -> None:
        with suppress(ConnectionError, asyncio.CancelledError):
            await _GuardedSession(self, sock).run()


class _GuardedSession(RtspServerSession):  # type: ignore[misc]
    async def _read_request(self) -> Any:
        login: Login | None = self.server.login
        while (request := await super()._read_request()) is not None:
            if login is None or login.accepts(request.method, request.headers.get("authorization", "")):
                return request
            await self._send_response(request.headers, 401, "Unauthorized", {"WWW-Authenticate": login.challenge})
        return None


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class TcpServer(_LoopThread):
    """Answers each connection by `talk`, then closes it. `tls`: certificate and key."""

    def __init__(self, talk: Talk, tls: tuple[Path, Path] | None = None) -> None:
        self._talk = talk
        self._tls = tls
        self.connections = 0
        self.open_now = 0
        self.most_open = 0

    async def _start(self) -> int:
        context = None
        if self._tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self._tls)
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0, ssl=context, backlog=1024)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _stop(self) -> None:
        self._server.close()
        await super()._stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._talk(reader, writer)
        finally:
            self.open_now -= 1
            writer.close()


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Accept, listen, and say nothing."""
    while await reader.read(4096):
        pass


def saying(content: bytes, after_request: bool = True) -> Talk:
    """Send `content` whatever was asked, and close."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if after_request:
            await reader.readuntil(b"\r\n\r\n")
        writer.write(content)
        await writer.drain()

    return talk


def relaying(port: int, cut_after: int | None = None, stall_after: int | None = None) -> Talk:
    """Pass on to another server; close or fall silent once so many bytes of its answer went by."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(LOOPBACK, port)
        asking = asyncio.create_task(_pump(reader, far_writer))
        try:
            await _pump(far_reader, writer, cut_after or stall_after)
            if stall_after:
                await silent(reader, writer) if asking.done() else await asking
        finally:
            asking.cancel()
            far_writer.close()

    return talk


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: int | None = None) -> None:
    passed = 0
    while piece := await reader.read(4096 if limit is None else min(4096, limit - passed)):
        writer.write(piece)
        await writer.drain()
        passed += len(piece)


@dataclass(frozen=True)
class Page:
    """One answer of the HTTP server; `hang_after` bytes of the body it falls silent, `drip_s` apart it sends bytes."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "image/jpeg"})
    login: Login | None = None
    hang_after: int | None = None
    drip_s: float | None = None
    length: int | None = None
    """Content-Length, where it is to differ from the body's."""

    @property
    def head(self) -> bytes:
        length = len(self.body) if self.length is None else self.length
        lines = [f"HTTP/1.1 {self.status} X", f"Content-Length: {length}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode()


def snapshot(body: bytes, modified_at: datetime | None = None, login: Login | None = None) -> Page:
    headers = {"Content-Type": "image/jpeg"}
    if modified_at:
        headers["Last-Modified"] = format_datetime(modified_at, usegmt=True)
    return Page(body, headers=headers, login=login)


def pages(served: dict[str, Page]) -> Talk:
    """An HTTP server's talk: paths without query to pages; all others are 404."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = lines[0].split(" ")
        asked = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        page = served.get(target.partition("?")[0], Page(status=404))
        if page.login and not page.login.accepts(method, asked.get("authorization", "")):
            page = Page(status=401, headers={"WWW-Authenticate": page.login.challenge})
        writer.write(page.head)
        await _send_body(page, reader, writer)

    return talk


async def _send_body(page: Page, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if page.drip_s is not None:
        for byte in page.body:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(page.drip_s)
        return
    writer.write(page.body[: page.hang_after])
    await writer.drain()
    if page.hang_after is not None:
        await silent(reader, writer)
