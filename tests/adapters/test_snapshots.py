"""Pictures from real HTTP servers, sound and faulty."""

import random
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from pipeline.adapters.addresses import Credentials
from pipeline.adapters.cameras import Cameras, CaptureLimits
from pipeline.adapters.picture import picture_of
from pipeline.domain.camera import SourceKind
from pipeline.domain.errors import CaptureFailed
from tests.adapters.capturing import (
    ANSWER_HEAD,
    LOGIN,
    PASSWORD,
    QUICK,
    START,
    StandingClock,
    cameras,
    captured,
    closed_port,
    fault,
    one,
    view,
    web,
)
from tests.street_servers import (
    LOOPBACK,
    Login,
    Page,
    TcpServer,
    make_certificate,
    pages,
    saying,
    silent,
    snapshot,
    street_jpeg,
)


def test_a_snapshot_comes_with_its_times() -> None:
    modified_at = START - timedelta(seconds=3)
    page = snapshot(street_jpeg(), modified_at)
    page.headers["Date"] = "Mon, 23 Nov 2026 08:00:20 GMT"
    clock = StandingClock(START)
    with web(snap=page) as address:
        frame = one(Cameras(clock, lambda _: None, QUICK, random.Random(7)), f"{address}snap?channel=1")
    assert (frame.width, frame.height, frame.source_kind) == (640, 360, SourceKind.http)
    assert (frame.at, frame.received_at, frame.modified_at, frame.skew_s) == (START, START, modified_at, 20.0)
    assert np.array_equal(picture_of(frame).as_jpeg(), street_jpeg())


def test_a_page_without_or_with_broken_times_has_none() -> None:
    broken = Page(street_jpeg(), headers={"Last-Modified": "yesterday", "Date": "-"})
    with web(plain=snapshot(street_jpeg()), broken=broken) as address:
        for name in ("plain", "broken"):
            frame = one(cameras(), address + name)
            assert (frame.modified_at, frame.skew_s) == (None, None)


@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_a_snapshot_behind_a_login(scheme: str) -> None:
    page = snapshot(street_jpeg(), login=Login("ad min", PASSWORD, scheme))
    with web(snap=page) as address:
        assert one(cameras(LOGIN), f"{address}snap?a=b").width == 640
        assert fault(f"{address}snap", credentials=Credentials("ad min", "wrong s3cret")) == "unauthorised"
        assert fault(f"{address}snap") == "unauthorised"


def test_credentials_left_in_the_source_are_used_all_the_same() -> None:
    page = snapshot(street_jpeg(), login=Login("admin", "p@ss"))
    with web(snap=page) as address:
        assert one(cameras(), f"{address}snap".replace("//", "//admin:p%40ss@")).width == 640


def test_a_challenge_that_cannot_be_met_is_unauthorised() -> None:
    headers = [{"WWW-Authenticate": "Digest realm"}, {"WWW-Authenticate": "Negotiate"}, {}]
    headers.append({"WWW-Authenticate": 'Digest realm="a", nonce="b", algorithm=ROT13'})
    served = {f"page{number}": Page(status=401, headers=each) for number, each in enumerate(headers)}
    with web(**served) as address:
        assert {fault(address + name, credentials=LOGIN) for name in served} == {"unauthorised"}


def test_each_faulty_answer_has_its_word() -> None:
    picture = street_jpeg()
    served = {
        "html": (Page(b"<html>log in</html>", headers={"Content-Type": "text/html"}), "corrupt"),
        "noise": (Page(random.Random(1).randbytes(5000)), "corrupt"),
        "headless": (Page(picture[:20]), "corrupt"),
        "empty": (Page(b""), "empty"),
        "forbidden": (Page(status=403), "unauthorised"),
        "gone": (Page(status=410), "not_found"),
        "teapot": (Page(status=418), "rejected"),
        "broken": (Page(status=503), "server_error"),
        "truncated": (Page(picture[:3000], length=len(picture)), "closed"),
        "stalled": (Page(picture, hang_after=3000), "timeout"),
        "dripping": (Page(picture, drip_s=0.05), "timeout"),
        "loop": (Page(status=302, headers={"Location": "/loop"}), "redirect"),
        "file": (Page(status=302, headers={"Location": "file:///etc/passwd"}), "redirect"),
        "nowhere": (Page(status=302, headers={}), "redirect"),
        "lured": (Page(status=302, headers={"Location": "http://a:b@10.0.0.1/"}), "redirect"),
        "odd": (Page(status=302, headers={"Location": "http://cam:port/"}), "redirect"),
    }
    with web(**{name: page for name, (page, _) in served.items()}) as address:
        views = [view(number, address + name) for number, name in enumerate(served)]
        delivered = captured(cameras(LOGIN), views)
        assert fault(f"{address}missing") == "not_found"
    words = {name: getattr(delivered[number], "fault", None) for number, name in enumerate(served)}
    assert words == {name: word for name, (_, word) in served.items()}


def test_a_truncated_picture_of_unknown_length_fails_when_it_is_decoded() -> None:
    with TcpServer(saying(ANSWER_HEAD + b"\r\n" + street_jpeg()[:9000])) as server:
        frame = one(cameras(), f"http://{LOOPBACK}:{server.port}/snap")
    with pytest.raises(CaptureFailed) as refused:
        picture_of(frame).full()
    assert refused.value.fault == "corrupt"


def test_a_body_beyond_the_largest_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.adapters.snapshot.LARGEST_BODY_BYTES", 10_000)
    with web(snap=snapshot(street_jpeg()), small=snapshot(street_jpeg(0, 64, 36))) as address:
        assert fault(f"{address}snap") == "too_large"
        assert one(cameras(), f"{address}small").width == 64


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "closed"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "closed"),
        (b"\x00\x01garbage\r\n\r\nmore garbage", "corrupt"),
        (b"RTSP/1.0 200 OK\r\n\r\n", "corrupt"),
    ],
)
def test_what_is_no_http_has_its_word(content: bytes, word: str) -> None:
    with TcpServer(saying(content)) as server:
        assert fault(f"http://{LOOPBACK}:{server.port}/snap") == word


def test_a_closed_port_a_silent_server_and_an_unknown_name_have_their_words() -> None:
    assert fault(f"http://{LOOPBACK}:{closed_port()}/snap") == "refused"
    assert fault("http://no.such.camera.invalid/snap") == "dns"
    with TcpServer(silent) as server:
        assert fault(f"http://{LOOPBACK}:{server.port}/snap") == "timeout"


def test_a_redirect_is_followed_and_other_hosts_get_no_credentials() -> None:
    login = Login("ad min", PASSWORD)
    with web(snap=snapshot(street_jpeg(), login=login), open=snapshot(street_jpeg())) as far:
        other = far.replace(LOOPBACK, "localhost")
        with web(
            same=Page(status=302, headers={"Location": f"{far}snap"}),
            other=Page(status=302, headers={"Location": f"{other}snap"}),
            open=Page(status=307, headers={"Location": f"{other}open"}),
        ) as near:
            assert one(cameras(LOGIN), f"{near}same").width == 640
            assert fault(f"{near}other", credentials=LOGIN) in ("unauthorised", "refused")
            assert one(cameras(LOGIN), f"{near}open").width == 640


@pytest.mark.parametrize("stated", [True, False])
def test_the_first_picture_is_taken_from_a_motion_jpeg(stated: bool) -> None:
    length = b"Content-Length: %d\r\n" % len(street_jpeg()) if stated else b""
    parts = b"".join(
        b"--frame\r\nContent-Type: image/jpeg\r\n" + length + b"\r\n" + street_jpeg(step) + b"\r\n" for step in (0, 9)
    )
    head = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"
    with TcpServer(saying(head + parts)) as server:
        frame = one(cameras(), f"http://{LOOPBACK}:{server.port}/mjpeg")
    assert picture_of(frame).as_jpeg() == street_jpeg()
    with TcpServer(saying(head + parts[:3000])) as server:
        assert fault(f"http://{LOOPBACK}:{server.port}/mjpeg") == "closed"


def test_certificates_are_checked_only_against_a_given_file(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    (tmp_path / "other").mkdir()
    foreign, _ = make_certificate(tmp_path / "other")
    with TcpServer(pages({"/snap": snapshot(street_jpeg())}), tls=certificate) as server:
        address = f"https://{LOOPBACK}:{server.port}/snap"
        assert one(cameras(), address).width == 640
        assert one(cameras(limits=CaptureLimits(ca_file=str(certificate[0]))), address).width == 640
        failure = captured(cameras(limits=CaptureLimits(ca_file=str(foreign))), [view(1, address)])[1]
    assert isinstance(failure, CaptureFailed)
    assert failure.fault == "tls"
