"""Captures for tests: one view or many, and what is expected of every failure."""

import random
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from pipeline.adapters.addresses import Credentials
from pipeline.adapters.cameras import Cameras, CaptureLimits
from pipeline.adapters.clock import SystemClock
from pipeline.domain.camera import SourceKind, View
from pipeline.domain.errors import CaptureFailed
from pipeline.domain.frame import Frame
from tests.street_servers import (
    LOOPBACK,
    Page,
    TcpServer,
    pages,
)

PASSWORD = "p@ss:/w#?% s3cret"
LOGIN = Credentials("ad min", PASSWORD)
QUICK = CaptureLimits(connect_timeout_s=1.0, read_timeout_s=1.0, deadline_s=3.0, per_host=64, jitter_s=0.01)
START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ANSWER_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n"


class StandingClock:
    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


def cameras(credentials: Credentials | None = None, limits: CaptureLimits = QUICK) -> Cameras:
    return Cameras(SystemClock(), lambda _: credentials, limits, random.Random(7))


def view(view_id: int, source: str, kind: SourceKind = SourceKind.http) -> View:
    return View(view_id, view_id, f"view {view_id}", "a site", kind, source)


def captured(source_of_frames: Cameras, views: Sequence[View]) -> dict[int, Frame | Exception]:
    """One round; asserts that every view is delivered exactly once."""
    delivered: list[tuple[int, Frame | Exception]] = []
    source_of_frames.capture(views, lambda seen, answer: delivered.append((seen.id, answer)))
    assert Counter(view_id for view_id, _ in delivered) == Counter(seen.id for seen in views)
    return dict(delivered)


def frame_of(answer: Frame | Exception) -> Frame:
    assert isinstance(answer, Frame), answer
    return answer


def one(source_of_frames: Cameras, source: str, kind: SourceKind = SourceKind.http) -> Frame:
    return frame_of(captured(source_of_frames, [view(1, source, kind)])[1])


def fault(source: str, kind: SourceKind = SourceKind.http, credentials: Credentials | None = None) -> str:
    """The fault's word; asserts that its message is one line without secrets."""
    failure = captured(cameras(credentials), [view(1, source, kind)])[1]
    assert isinstance(failure, CaptureFailed), failure
    assert "\n" not in str(failure)
    assert "s3cret" not in f"{failure!r} {failure.__context__!r} {failure.__cause__!r}"
    return failure.fault


def closed_port() -> int:
    with socket.socket() as bound:
        bound.bind((LOOPBACK, 0))
        port: int = bound.getsockname()[1]
        return port


@contextmanager
def web(**served: Page) -> Iterator[str]:
    """An HTTP server with a page for each name; gives its address up to the name."""
    with TcpServer(pages({f"/{name}": page for name, page in served.items()})) as server:
        yield f"http://{LOOPBACK}:{server.port}/"


def assert_soon(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert holds()
