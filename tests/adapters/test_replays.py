"""Files in place of cameras."""

import random
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.adapters.cameras import Cameras
from pipeline.adapters.picture import picture_of
from pipeline.domain.camera import SourceKind
from tests.adapters.capturing import (
    QUICK,
    START,
    StandingClock,
    fault,
    one,
)
from tests.street_servers import (
    street_jpeg,
    street_picture,
)


def replays(clock: StandingClock, step_s: float = 60) -> Cameras:
    return Cameras(clock, lambda _: None, QUICK, random.Random(7), epoch=START, step_s=step_s)


def test_a_folder_shows_its_pictures_in_turn(tmp_path: Path) -> None:
    for number, name in enumerate(("a.jpg", "b.JPG", "c.png")):
        picture = street_picture(number, 64 + 2 * number, 36)
        (tmp_path / name).write_bytes(cv2.imencode(name[-4:].lower(), picture)[1].tobytes())
    (tmp_path / "notes.txt").write_text("no picture")
    clock = StandingClock(START)
    widths = []
    for second in (0, 9, 10, 20, 30, -1):
        clock.at = START + timedelta(seconds=second)
        widths.append(one(replays(clock, step_s=10), str(tmp_path), SourceKind.replay).width)
    assert widths == [64, 64, 66, 68, 64, 68]


def test_a_single_picture_is_always_shown(tmp_path: Path) -> None:
    path = tmp_path / "street.jpg"
    path.write_bytes(street_jpeg())
    frame = one(replays(StandingClock(START)), str(path), SourceKind.replay)
    assert (frame.at, frame.source_kind, frame.width) == (START, SourceKind.replay, 640)


@pytest.mark.parametrize("name", ["h264.mp4", "h265.mp4"])
def test_a_video_plays_on_by_the_clock_and_begins_again(clips: Path, name: str) -> None:
    clock = StandingClock(START)
    for elapsed_s, step in ((0.0, 0), (1.55, 15), (3.95, 39), (4.05, 0), (4 * 3600 + 2.05, 20)):
        clock.at = START + timedelta(seconds=elapsed_s)
        frame = one(replays(clock), str(clips / name), SourceKind.replay)
        differences = [
            float(cv2.absdiff(picture_of(frame).full(), street_picture(other)).mean()) for other in range(40)
        ]
        assert differences.index(min(differences)) == step


def test_missing_and_unusable_files_have_their_words(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "noise.mp4").write_bytes(random.Random(1).randbytes(9000))
    (tmp_path / "noise.jpg").write_bytes(b"\xff\xd8" + random.Random(1).randbytes(9000))
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/a.ts\n#EXT-X-ENDLIST\n")
    (tmp_path / "list.txt").write_text("ffconcat version 1.0\nfile /etc/passwd\n")
    words = {
        name: fault(str(tmp_path / name), SourceKind.replay)
        for name in ("none.mp4", "none.jpg", "empty", "noise.mp4", "noise.jpg", "list.m3u8", "list.txt")
    }
    words["subfile"] = fault("subfile,,start,0,end,9,,:/etc/passwd", SourceKind.replay)
    assert words == {
        "none.mp4": "not_found",
        "none.jpg": "not_found",
        "empty": "not_found",
        "noise.mp4": "corrupt",
        "noise.jpg": "corrupt",
        "list.m3u8": "corrupt",
        "list.txt": "corrupt",
        "subfile": "not_found",
    }


@pytest.mark.shared
@pytest.mark.parametrize(("name", "size"), [("vtest.avi", (768, 576)), ("car-detection.mp4", (768, 432))])
def test_real_street_videos_play_on(shared: Path, name: str, size: tuple[int, int]) -> None:
    clock = StandingClock(START)
    pictures = []
    for minute in (0, 1, 2):
        clock.at = START + timedelta(minutes=minute, seconds=3)
        frame = one(replays(clock), str(shared / "video" / name), SourceKind.replay)
        assert (frame.width, frame.height) == size
        pictures.append(picture_of(frame).full())
    assert not np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[1], pictures[2])
