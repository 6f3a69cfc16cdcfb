"""One picture by HTTP or HTTPS, as cameras and recorders give it: basic or digest login, a still or a motion JPEG."""

import base64
import re
import ssl
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from errno import EHOSTUNREACH, ENETUNREACH
from socket import gaierror

import httpcore
import httpx

from pipeline.adapters.addresses import Credentials, Patience, place_of
from pipeline.adapters.picture import Picture
from pipeline.adapters.timed_network import TimedBackend
from pipeline.domain.camera import SourceKind
from pipeline.domain.errors import BadInput, CaptureFailed
from pipeline.domain.frame import Frame
from pipeline.ports import Clock

LARGEST_BODY_BYTES = 32 * 1024 * 1024
MOST_REDIRECTS = 2
REDIRECTS = frozenset({301, 302, 303, 307, 308})
OK, UNAUTHORISED, SERVER_ERROR = 200, 401, 500
REFUSED_LOGIN = ("unauthorised", "does not accept the credentials")
NO_PICTURE = ("not_found", "has no such picture")
FAULTS_BY_STATUS = {UNAUTHORISED: REFUSED_LOGIN, 403: REFUSED_LOGIN, 404: NO_PICTURE, 410: NO_PICTURE}
MOTION_JPEG = "multipart/x-mixed-replace"
PART_LENGTH = re.compile(rb"(?i)content-length:[ \t]*(\d{1,9})")
HEAD_END = b"\r\n\r\n"
ASKED = (
    ("Accept", "image/jpeg, image/*;q=0.9, */*;q=0.5"),
    ("Accept-Encoding", "identity"),
    ("Cache-Control", "no-cache"),
    ("User-Agent", "StreetPatrol"),
)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: httpx.Headers
    content: bytes
    """Read only where the status is OK."""


class SnapshotSource:
    """Safe for many threads. Each capture has a connection of its own: cameras come by once a round, and recorders
    count the open ones. `ca_file` as for RtspSource; raises BadInput where it cannot be read."""

    def __init__(self, clock: Clock, patience: Patience, ca_file: str | None = None) -> None:
        self._clock = clock
        self._patience = patience
        self._tls = _tls_context(ca_file)

    def fetch(self, source: str, credentials: Credentials | None) -> Frame:
        """Raises CaptureFailed. `source` is without credentials."""
        place = place_of(source)
        backend = TimedBackend(time.monotonic() + self._patience.total_s)
        try:
            answer = self._answer(source, credentials, backend)
            return self._frame(answer, place)
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            failure = _failure(error, place, backend.ended)
        except (httpx.InvalidURL, httpcore.UnsupportedProtocol):
            failure = CaptureFailed("redirect", f"{place} names an address that cannot be used")
        except CaptureFailed as known:
            failure = known
        # Raised afresh: a traceback into the functions below would show the login.
        raise failure.with_traceback(None)

    def _frame(self, answer: _Answer, place: str) -> Frame:
        received_at = self._clock.now()
        _check_status(answer.status, place)
        if not answer.content:
            raise CaptureFailed("empty", f"{place} answers without a picture")
        picture = Picture.from_bytes(answer.content)
        stated = _time_in(answer.headers, "date")
        return Frame(
            pixels=picture,
            width=picture.width,
            height=picture.height,
            at=received_at,
            received_at=received_at,
            source_kind=SourceKind.http,
            modified_at=_time_in(answer.headers, "last-modified"),
            skew_s=(stated - received_at).total_seconds() if stated else None,
            codec="jpeg" if picture.jpeg is not None else "",
        )

    def _answer(self, source: str, credentials: Credentials | None, backend: TimedBackend) -> _Answer:
        first = url = httpx.URL(source)
        with httpcore.ConnectionPool(self._tls, max_connections=1, network_backend=backend) as pool:
            for _ in range(MOST_REDIRECTS + 1):
                answer = self._asked(pool, url)
                if answer.status == UNAUTHORISED and credentials is not None and _may_log_in(url, first):
                    login = _login(url, answer.headers, credentials)
                    answer = self._asked(pool, url, login) if login else answer
                if answer.status not in REDIRECTS:
                    return answer
                url = _next_address(url, answer.headers)
        raise CaptureFailed("redirect", f"{place_of(source)} redirects more than {MOST_REDIRECTS} times")

    def _asked(self, pool: httpcore.ConnectionPool, url: httpx.URL, login: str | None = None) -> _Answer:
        headers = [("Host", url.netloc.decode("ascii")), *ASKED, *([("Authorization", login)] if login else [])]
        target = httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        )  # fmt: skip
        times = {
            "connect": self._patience.connect_s,
            "read": self._patience.read_s,
            "write": self._patience.read_s,
            "pool": self._patience.total_s,
        }
        with pool.stream("GET", target, headers=headers, extensions={"timeout": times}) as response:
            answered = httpx.Headers(response.headers)
            content = _content(response.iter_stream(), answered, url) if response.status == OK else b""
            return _Answer(response.status, answered, content)


def _tls_context(ca_file: str | None) -> ssl.SSLContext:
    if ca_file:
        try:
            return ssl.create_default_context(cafile=ca_file)
        except OSError as error:
            raise BadInput(f"the certificates in {ca_file} cannot be read: {error.strerror}") from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _check_status(status: int, place: str) -> None:
    if status == OK:
        return
    fault, words = FAULTS_BY_STATUS.get(status, ("rejected", f"answers with status {status}"))
    if status >= SERVER_ERROR:
        fault = "server_error"
    raise CaptureFailed(fault, f"{place} {words}")


def _may_log_in(url: httpx.URL, first: httpx.URL) -> bool:
    """A redirect gets the credentials only on the same host, and never less protected than was asked for."""
    return url.host == first.host and (url.scheme == "https" or first.scheme == "http")


def _login(url: httpx.URL, headers: httpx.Headers, credentials: Credentials) -> str | None:
    """The Authorization header that answers the challenge: digest before basic; None for any other."""
    challenges = headers.get_list("www-authenticate", split_commas=False)
    schemes = {challenge.partition(" ")[0].lower() for challenge in challenges}
    if "digest" in schemes:
        request = httpx.Request("GET", url)
        flow = httpx.DigestAuth(credentials.username, credentials.password).sync_auth_flow(request)
        next(flow)
        try:
            return flow.send(httpx.Response(UNAUTHORISED, headers=headers, request=request)).headers["Authorization"]
        except (httpx.ProtocolError, StopIteration, KeyError, ValueError, NotImplementedError):
            return None  # a challenge that is malformed or asks for an unknown algorithm
    if "basic" in schemes:
        return "Basic " + base64.b64encode(f"{credentials.username}:{credentials.password}".encode()).decode("ascii")
    return None


def _next_address(url: httpx.URL, headers: httpx.Headers) -> httpx.URL:
    target = url.join(headers.get("location", ""))
    if target.scheme not in ("http", "https") or not target.host or target.userinfo:
        raise CaptureFailed("redirect", f"{place_of(str(url))} redirects to an address that is not allowed")
    return target


def _content(pieces: Iterable[bytes], headers: httpx.Headers, url: httpx.URL) -> bytes:
    place = url.netloc.decode("ascii")
    kind = headers.get("content-type", "")
    if kind.lower().startswith(MOTION_JPEG):
        return _first_part(_capped(pieces, place), kind, place)
    return b"".join(_capped(pieces, place))


def _capped(pieces: Iterable[bytes], place: str) -> Iterator[bytes]:
    left = LARGEST_BODY_BYTES
    for piece in pieces:
        left -= len(piece)
        if left < 0:
            raise CaptureFailed("too_large", f"{place} sends more than {LARGEST_BODY_BYTES >> 20} MiB for one picture")
        yield piece


def _first_part(pieces: Iterable[bytes], kind: str, place: str) -> bytes:
    """The first picture of an endless multipart answer, by its stated length or up to the next boundary."""
    boundary = b"\r\n--" + kind.partition("boundary=")[2].strip('" ').lstrip("-").encode()
    seen = bytearray()
    for piece in pieces:
        searched = max(0, len(seen) - len(boundary))
        seen += piece
        start = seen.find(HEAD_END) + len(HEAD_END)
        if start < len(HEAD_END):
            continue
        stated = PART_LENGTH.search(seen, 0, start)
        end = start + int(stated[1]) if stated else seen.find(boundary, max(start, searched))
        if start < end <= len(seen):
            return bytes(seen[start:end])
    raise CaptureFailed("closed", f"{place} ends its motion JPEG within the first picture")


def _time_in(headers: httpx.Headers, name: str) -> datetime | None:
    try:
        stated = parsedate_to_datetime(headers.get(name, ""))
    except ValueError:
        return None
    return stated.astimezone(UTC) if stated.tzinfo else stated.replace(tzinfo=UTC)


def _failure(error: Exception, place: str, ended: bool) -> CaptureFailed:
    """`ended`: the other side had closed the connection."""
    cause = error.args[0] if error.args else None  # httpcore cuts the chain, yet passes on what it caught
    known: tuple[tuple[bool, str, str], ...] = (
        (isinstance(error, httpcore.TimeoutException), "timeout", f"{place} does not answer in time"),
        (isinstance(cause, gaierror), "dns", f"the name of {place} is not known"),
        (isinstance(cause, ssl.SSLError), "tls", f"{place} bears no certificate that is trusted, or speaks no TLS"),
        (isinstance(cause, ConnectionRefusedError), "refused", f"{place} refuses the connection"),
        (getattr(cause, "errno", 0) in (EHOSTUNREACH, ENETUNREACH), "unreachable", f"no route leads to {place}"),
        (ended or isinstance(error, httpcore.NetworkError), "closed", f"{place} closes the connection too early"),
    )
    for holds, fault, words in known:
        if holds:
            return CaptureFailed(fault, words)
    return CaptureFailed("corrupt", f"{place} answers with something that is not HTTP")
