"""The demo town's servers are real: they are reached here as a patrol reaches cameras."""

import base64
import csv
import io
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import av
import cv2
import numpy as np
import pytest

from datasets.town_cast import CAST
from flows.demo_town import DemoTown
from pipeline.adapters.camera_lists import COLUMNS, read_camera_list
from pipeline.adapters.clock import SystemClock

CODES = ("site", "compound", "riverside", "old_road", "old_road_south", "station")
TIMEOUT_S = 20
QUICK = {"rtsp_transport": "tcp", "probesize": "200000", "analyzeduration": "200000"}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoTown]:
    cast = [camera for camera in CAST if camera.code in CODES]
    with DemoTown(SystemClock(), tmp_path_factory.mktemp("town"), cast) as running:
        yield running


def fetch(address: str, authorization: str = "") -> tuple[bytes, datetime]:
    request = Request(address, headers={"Authorization": authorization} if authorization else {})
    with urlopen(request, timeout=TIMEOUT_S) as answer:
        return answer.read(), parsedate_to_datetime(answer.headers["Last-Modified"])


def decoded(jpeg: bytes) -> np.ndarray:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return np.asarray(picture)


def test_a_snapshot_is_a_full_hd_picture_of_now(town: DemoTown) -> None:
    jpeg, modified = fetch(town.address("site"))
    picture = decoded(jpeg)
    assert picture.shape == (1080, 1920, 3)
    assert picture.std() > 25
    assert abs((datetime.now(UTC) - modified).total_seconds()) < TIMEOUT_S


def test_two_snapshots_differ_as_those_of_a_living_camera_do(town: DemoTown) -> None:
    assert fetch(town.address("site"))[0] != fetch(town.address("site"))[0]


def test_a_camera_with_a_password_wants_it(town: DemoTown) -> None:
    bare = town.address("compound", with_password=False)
    with pytest.raises(HTTPError, match="401"):
        fetch(bare)
    with pytest.raises(HTTPError, match="401"):
        fetch(bare, "Basic " + base64.b64encode(b"viewer:wrong").decode())
    parts = urlsplit(town.address("compound"))
    login = base64.b64encode(f"{parts.username}:{parts.password}".encode()).decode()
    assert decoded(fetch(bare, f"Basic {login}")[0]).shape == (1080, 1920, 3)


def test_an_unknown_camera_is_not_found(town: DemoTown) -> None:
    with pytest.raises(HTTPError, match="404"):
        fetch(town.address("site").replace("site.jpg", "nowhere.jpg"))


def test_a_dead_camera_refuses_at_once(town: DemoTown) -> None:
    with pytest.raises(URLError, match="refused"):
        fetch(town.address("station"))


def test_a_frozen_camera_changes_in_its_clock_only(town: DemoTown) -> None:
    one = decoded(fetch(town.address("old_road_south"))[0])
    other = decoded(fetch(town.address("old_road_south"))[0])
    assert np.array_equal(one[120:], other[120:])


@pytest.mark.parametrize(("code", "codec"), [("riverside", "h264"), ("old_road", "hevc")])
def test_the_first_frame_of_a_stream_decodes(town: DemoTown, code: str, codec: str) -> None:
    with av.open(town.address(code), timeout=TIMEOUT_S, options=QUICK) as container:
        assert container.streams.video[0].codec_context.name == codec
        frame = next(container.decode(video=0))
    picture = frame.to_ndarray(format="bgr24")
    assert picture.shape == (720, 1280, 3)
    assert picture.std() > 25


def test_its_rows_are_a_good_camera_list(town: DemoTown, tmp_path: Path) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(town.views())
    path = tmp_path / "cameras.csv"
    path.write_text(text.getvalue(), encoding="utf-8")
    good, bad = read_camera_list(path)
    assert bad == {}
    assert len(good) == len(CODES)
    assert [row.name for row in good if row.credentials] == ["田中小区垃圾点"]


def test_nothing_is_left_running(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    cast = [camera for camera in CAST if camera.code in ("riverside", "station")]
    with (
        DemoTown(SystemClock(), tmp_path, cast) as town,
        av.open(town.address("riverside"), timeout=TIMEOUT_S, options=QUICK),
    ):
        pass
    assert set(threading.enumerate()) <= before
    with pytest.raises(OSError):
        av.open(town.address("riverside"), timeout=3)
