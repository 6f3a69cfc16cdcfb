"""Key frames from real RTSP servers, sound and faulty."""

import random
from datetime import UTC, datetime
from pathlib import Path

import cv2
import pytest

from pipeline.adapters.addresses import Credentials
from pipeline.adapters.cameras import CaptureLimits
from pipeline.adapters.picture import picture_of
from pipeline.domain.camera import SourceKind
from pipeline.domain.errors import CaptureFailed
from pipeline.domain.frame import Frame
from tests.adapters.capturing import (
    LOGIN,
    PASSWORD,
    assert_soon,
    cameras,
    captured,
    closed_port,
    fault,
    one,
    view,
)
from tests.street_servers import (
    LOOPBACK,
    Login,
    RtspServer,
    TcpServer,
    make_certificate,
    relaying,
    saying,
    silent,
    street_picture,
)


@pytest.mark.parametrize("name", ["h264.mp4", "h265.mp4"])
def test_the_first_key_frame_of_a_stream(rtsp: RtspServer, name: str) -> None:
    before = datetime.now(UTC)
    frame = one(cameras(), rtsp.address(name), SourceKind.rtsp)
    assert (frame.width, frame.height, frame.source_kind) == (640, 360, SourceKind.rtsp)
    assert before <= frame.received_at <= datetime.now(UTC)
    difference = cv2.absdiff(picture_of(frame).full(), street_picture(0))
    assert difference.mean() < 12


def test_a_stream_tells_the_cameras_own_time(rtsp: RtspServer) -> None:
    first = one(cameras(), rtsp.address("h264.mp4"), SourceKind.rtsp)
    second = one(cameras(), rtsp.address("h264.mp4"), SourceKind.rtsp)
    assert first.stream_s is not None
    assert second.stream_s is not None
    assert second.stream_s > first.stream_s
    assert first.skew_s == pytest.approx(first.stream_s - first.received_at.timestamp())


@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_a_stream_behind_a_login(clips: Path, scheme: str) -> None:
    with RtspServer(clips, Login("ad min", PASSWORD, scheme)) as server:
        address = server.address("h264.mp4")
        assert one(cameras(LOGIN), address, SourceKind.rtsp).width == 640
        wrong = Credentials("ad min", "wrong s3cret")
        assert fault(address, SourceKind.rtsp, wrong) == "unauthorised"
        assert fault(address, SourceKind.rtsp) == "unauthorised"


def test_a_stream_under_tls(rtsp: RtspServer, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    (tmp_path / "other").mkdir()
    foreign, _ = make_certificate(tmp_path / "other")
    with TcpServer(relaying(rtsp.port), tls=certificate) as server:
        address = rtsp.address("h264.mp4", "rtsps", server.port)
        assert one(cameras(), address, SourceKind.rtsp).width == 640
        trusting = cameras(limits=CaptureLimits(ca_file=str(certificate[0])))
        assert one(trusting, address, SourceKind.rtsp).width == 640
        failure = captured(cameras(limits=CaptureLimits(ca_file=str(foreign))), [view(1, address, SourceKind.rtsp)])[1]
    assert isinstance(failure, CaptureFailed)
    assert failure.fault == "broken_stream"


def test_faults_of_streams_have_their_words(rtsp: RtspServer) -> None:
    assert fault(rtsp.address("missing.mp4"), SourceKind.rtsp) == "not_found"
    assert fault(f"rtsp://{LOOPBACK}:{closed_port()}/ch1", SourceKind.rtsp) == "refused"
    assert fault("rtsp://no.such.camera.invalid/ch1", SourceKind.rtsp) == "dns"
    talks = {
        "silent": silent,
        "closed": saying(b"", after_request=False),
        "no rtsp": saying(b"HTTP/1.1 200 OK\r\n\r\n<html></html>"),
        "noise": saying(random.Random(1).randbytes(5000), after_request=False),
    }
    words = {}
    for name, talk in talks.items():
        with TcpServer(talk) as server:
            words[name] = fault(f"rtsp://{LOOPBACK}:{server.port}/ch1", SourceKind.rtsp, LOGIN)
    assert words == {"silent": "silent", "closed": "closed", "no rtsp": "closed", "noise": "closed"}


@pytest.mark.parametrize(("name", "word"), [("large264.mp4", "corrupt"), ("large265.mp4", "closed")])
@pytest.mark.parametrize("passed", [5_000, 40_000])
def test_a_stream_that_ends_within_its_first_key_frame_is_refused(
    rtsp: RtspServer, name: str, word: str, passed: int
) -> None:
    with TcpServer(relaying(rtsp.port, cut_after=passed)) as server:
        assert fault(rtsp.address(name, port=server.port), SourceKind.rtsp) == word


@pytest.mark.parametrize(("name", "word"), [("large264.mp4", "corrupt"), ("large265.mp4", "timeout")])
def test_a_stream_that_stalls_ends_by_its_time_out(rtsp: RtspServer, name: str, word: str) -> None:
    with TcpServer(relaying(rtsp.port, stall_after=20_000)) as server:
        assert fault(rtsp.address(name, port=server.port), SourceKind.rtsp) == word


def test_many_streams_of_one_recorder_are_closed_again(clips: Path, rtsp: RtspServer) -> None:
    with TcpServer(relaying(rtsp.port)) as recorder:
        address = rtsp.address("h264.mp4", port=recorder.port)
        views = [view(number, address, SourceKind.rtsp) for number in range(6)]
        delivered = captured(cameras(limits=CaptureLimits(per_host=2)), views)
        assert all(isinstance(answer, Frame) for answer in delivered.values())
        assert recorder.most_open <= 4  # two may begin while two are being closed
        assert_soon(lambda: recorder.open_now == 0)
