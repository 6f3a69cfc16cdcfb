"""Rounds over many cameras: none waits for another, and none shows its password."""

import asyncio
import random
import threading
import traceback
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipeline.adapters.addresses import Credentials, Patience
from pipeline.adapters.cameras import Cameras, CaptureLimits
from pipeline.adapters.clock import SystemClock
from pipeline.adapters.rtsp import RtspSource
from pipeline.adapters.snapshot import SnapshotSource
from pipeline.domain.camera import SourceKind, View
from pipeline.domain.errors import BadInput, CaptureFailed, StoreFailed
from pipeline.domain.frame import Frame
from tests.adapters.capturing import (
    LOGIN,
    PASSWORD,
    QUICK,
    cameras,
    captured,
    closed_port,
    view,
    web,
)
from tests.street_servers import (
    LOOPBACK,
    Login,
    Page,
    RtspServer,
    TcpServer,
    pages,
    saying,
    silent,
    snapshot,
    street_jpeg,
)


def test_hanging_and_dead_cameras_hold_up_no_others() -> None:
    hanging, dead = set(range(0, 200, 20)), set(range(5, 200, 20))
    landed: list[int] = []
    with web(snap=snapshot(street_jpeg())) as address, TcpServer(silent) as mute:
        port = closed_port()

        def source(number: int) -> str:
            ports = {**dict.fromkeys(hanging, mute.port), **dict.fromkeys(dead, port)}
            return f"http://{LOOPBACK}:{ports[number]}/snap" if number in ports else f"{address}snap"

        views = [view(number, source(number)) for number in range(200)]
        delivered: dict[int, Frame | Exception] = {}
        lock = threading.Lock()

        def deliver(seen: View, answer: Frame | Exception) -> None:
            with lock:
                assert seen.id not in delivered
                delivered[seen.id] = answer
                landed.append(seen.id)

        cameras().capture(views, deliver)
    assert len(delivered) == 200
    assert {n for n, answer in delivered.items() if isinstance(answer, Frame)} == set(range(200)) - hanging - dead
    assert {getattr(delivered[number], "fault", "") for number in hanging} == {"timeout"}
    assert {getattr(delivered[number], "fault", "") for number in dead} == {"refused"}
    assert min(landed.index(number) for number in hanging) > len(views) // 2


def test_one_host_is_asked_for_no_more_at_once_than_allowed() -> None:
    at_once = pages({"/snap": snapshot(street_jpeg(0, 64, 36))})

    async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        await at_once(reader, writer)

    with TcpServer(slowly) as server:
        views = [view(number, f"http://{LOOPBACK}:{server.port}/snap") for number in range(20)]
        limits = CaptureLimits(per_host=3, jitter_s=0)
        delivered = captured(cameras(limits=limits), views)
        assert all(isinstance(answer, Frame) for answer in delivered.values())
        assert server.most_open <= 3
        assert server.connections == 20


def test_a_silent_recorder_with_many_views_leaves_the_threads_to_others() -> None:
    with TcpServer(silent) as mute, web(snap=snapshot(street_jpeg())) as address:
        views = [view(number, f"http://localhost:{mute.port}/snap") for number in range(6)]
        views += [view(number, f"{address}snap") for number in range(6, 30)]
        order: list[int] = []
        limits = CaptureLimits(1, 1, 3, at_once=4, per_host=2, jitter_s=0)
        cameras(limits=limits).capture(views, lambda seen, _: order.append(seen.id))
    assert sorted(order) == list(range(30))
    assert set(order[:24]) == set(range(6, 30))


def test_what_the_receiver_raises_comes_out_after_all_were_delivered() -> None:
    with web(snap=snapshot(street_jpeg())) as address:
        seen: list[int] = []

        def deliver(delivered: View, _: Frame | Exception) -> None:
            seen.append(delivered.id)
            if delivered.id == 3:
                raise RuntimeError("full")

        with pytest.raises(RuntimeError, match="full"):
            cameras(limits=CaptureLimits(per_host=2)).capture([view(n, f"{address}snap") for n in range(9)], deliver)
    assert sorted(seen) == list(range(9))


def test_certificates_that_cannot_be_read_are_bad_input(tmp_path: Path) -> None:
    (tmp_path / "noise.pem").write_text("no certificate")
    for name in ("none.pem", "noise.pem"):
        with pytest.raises(BadInput, match=name):
            cameras(limits=CaptureLimits(ca_file=str(tmp_path / name)))


def test_no_views_are_no_work() -> None:
    assert captured(cameras(), []) == {}


def test_a_bad_source_or_unreadable_credentials_fail_that_view_alone() -> None:
    def credentials(camera_id: int) -> Credentials | None:
        if camera_id == 3:
            raise StoreFailed("no key fits")
        return None

    with web(snap=snapshot(street_jpeg())) as address:
        views = [
            view(1, "file:///etc/passwd"),
            view(2, f"{address}snap", SourceKind.rtsp),
            view(3, f"{address}snap"),
            view(4, f"{address}snap"),
        ]
        delivered = captured(Cameras(SystemClock(), credentials, QUICK, random.Random(7)), views)
    assert [getattr(delivered[number], "fault", "seen") for number in (1, 2, 3, 4)] == [
        "bad_source",
        "bad_source",
        "credentials",
        "seen",
    ]


def test_no_failure_or_log_holds_the_password(
    clips: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(0)
    with ExitStack() as stack:
        guarded = stack.enter_context(RtspServer(clips, Login("other", "else")))
        mute = stack.enter_context(TcpServer(silent))
        noise = stack.enter_context(TcpServer(saying(b"noise\r\n\r\n")))
        ports = [guarded.port, mute.port, noise.port, closed_port()]
        views = [view(n, f"rtsp://{LOOPBACK}:{port}/h264.mp4", SourceKind.rtsp) for n, port in enumerate(ports)]
        views += [view(10 + n, f"http://{LOOPBACK}:{port}/snap") for n, port in enumerate(ports)]
        delivered = captured(cameras(LOGIN), views)
    out, err = capfd.readouterr()
    shown = [out, err, caplog.text]
    for answer in delivered.values():
        assert isinstance(answer, CaptureFailed)
        shown += [repr(answer), *locals_of(answer)]
    for spelling in ("s3cret", "YWQgbWlu"):  # also as basic login
        assert not [text for text in shown if spelling in text]


@pytest.mark.parametrize("kind", [RtspSource, SnapshotSource])
def test_no_traceback_leads_to_the_password(kind: type[RtspSource | SnapshotSource]) -> None:
    source = kind(SystemClock(), Patience(1, 1, 3))
    scheme = "rtsp" if kind is RtspSource else "http"
    with TcpServer(pages({"/page": Page(b"x", login=Login("ad min", PASSWORD, "basic"))})) as server:
        for address in (f"{scheme}://{LOOPBACK}:{closed_port()}/page", f"{scheme}://{LOOPBACK}:{server.port}/page"):
            with pytest.raises(CaptureFailed) as refused:
                source.fetch(address, LOGIN)
            shown = " ".join(locals_of(refused.value)) + "".join(traceback.format_exception(refused.value))
            assert not [spelling for spelling in ("s3cret", "YWQgbWlu") if spelling in shown]


def locals_of(error: BaseException) -> Iterator[str]:
    """What a log that shows local variables would print, along the chain of errors."""
    trace = error.__traceback__
    while trace:
        yield repr(trace.tb_frame.f_locals)
        trace = trace.tb_next
    for linked in (error.__cause__, error.__context__):
        if linked:
            yield repr(linked)
            yield from locals_of(linked)
