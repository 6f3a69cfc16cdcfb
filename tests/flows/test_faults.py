"""What goes wrong in a town hall: one clear line each, the rest goes on, and a round run again completes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from flows.cli import app
from flows.wiring import Town, open_town
from pipeline.adapters import database, tables
from pipeline.adapters.database import reading
from pipeline.adapters.rounds import OpenRound
from pipeline.domain.camera import View
from pipeline.domain.errors import DiskFull, StoreFailed
from pipeline.domain.frame import Frame
from pipeline.ports import FrameSource
from pipeline.settings import load_settings
from tests.flows.patrol_process import quick_world, run_round
from tests.flows.town import SECRET, PaintedStreet, add_cameras, count_of, make_home, town_complaints
from tests.postgres import postgres_server, server_binaries
from tests.street_servers import (
    Page,
    RtspServer,
    TcpServer,
    make_clip,
    pages,
    relaying,
    saying,
    silent,
    snapshot,
    street_jpeg,
)

QUICK = {"DWELL_SCALE": "0.001", "SAMPLE_SHARE": "1.0", "CONNECT_TIMEOUT_S": "1", "READ_TIMEOUT_S": "1"}
THINGS = {1: frozenset({0}), 2: frozenset({1}), 3: frozenset({2})}
SMALL_DISK, SMALL_DISK_WITH_TABLES = "1m", "3m"
HOLD_LOCK = """
import sqlite3, sys
link = sqlite3.connect(sys.argv[1], isolation_level=None)
link.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return make_home(tmp_path / "home", **QUICK)


@contextmanager
def street(home: Path, cameras: int = 3) -> Iterator[PaintedStreet]:
    painted = PaintedStreet(cameras)
    painted.show(THINGS)
    with TcpServer(pages(painted.served)) as server:
        add_cameras(home, painted.addresses(server.port))
        yield painted


def begin(town: Town) -> OpenRound:
    return town.rounds.begin("core", town.fleet.view_ids_of_plan(True, ()), town.clock.now())


def faults_of(town: Town, round_id: int) -> dict[int, str | None]:
    """By view, of those that were not covered."""
    with reading(town.engine) as connection:
        visits = connection.execute(sa.select(tables.visits).where(tables.visits.c.round_id == round_id)).all()
    assert all("\n" not in row.why and SECRET not in row.why for row in visits)
    return {row.view_id: row.fault for row in visits if row.outcome != "seen"}


def test_every_broken_camera_has_its_own_fault_and_the_sound_ones_are_seen(home: Path, tmp_path: Path) -> None:
    jpeg = street_jpeg(0)
    served = {
        "/sound.jpg": snapshot(jpeg),
        "/corrupt.jpg": snapshot(jpeg[:100] + bytes(len(jpeg) - 100)),
        "/cut.jpg": Page(jpeg[: len(jpeg) // 2], length=len(jpeg)),
        "/text.jpg": snapshot(b"<html>login</html>"),
        "/hanging.jpg": Page(jpeg, hang_after=2000),
        "/error.jpg": Page(status=500),
    }
    make_clip(tmp_path / "clip.mp4")
    with (
        TcpServer(pages(served)) as http,
        RtspServer(tmp_path) as rtsp,
        TcpServer(relaying(rtsp.port, cut_after=3000)) as cut,
        TcpServer(silent) as mute,
        TcpServer(saying(b"\x00\x01nonsense")) as babble,
        open_town(load_settings(home)) as town,
    ):
        web = [f"http://127.0.0.1:{http.port}/{name}" for name in (*[path[1:] for path in served], "absent.jpg")]
        streams = [
            rtsp.address("clip.mp4"),
            rtsp.address("clip.mp4", port=cut.port),
            f"rtsp://u:{SECRET}@127.0.0.1:{mute.port}/1",
            f"rtsp://u:{SECRET}@127.0.0.1:{babble.port}/1",
            "rtsp://127.0.0.1:9/1",
        ]
        add_cameras(home, [*web, *streams, str(tmp_path / "absent.mp4")])
        begun = begin(town)
        done = run_round(town, quick_world(town), begun)
        faults = faults_of(town, begun.ref.id)
        assert done.outcomes == {"seen": 2, "unreachable": len(begun.view_ids) - 2}
        assert set(faults) == set(begun.view_ids) - {1, 8}
        assert faults[7] == faults[13] == "not_found"
        assert "internal" not in faults.values() and None not in faults.values()
        assert town_complaints(town) == []


def test_a_camera_that_changes_its_picture_size_goes_on(home: Path) -> None:
    with street(home, 2) as painted, open_town(load_settings(home)) as town:
        world = quick_world(town)
        for _ in range(3):
            run_round(town, world, begin(town))
        painted.served["/1.jpg"] = snapshot(street_jpeg(0, 1280, 720))
        painted.served["/2.jpg"] = snapshot(street_jpeg(0, 352, 288))
        for _ in range(3):
            last = begin(town)
            assert sum(run_round(town, world, last).outcomes.values()) == 2
        assert not set(faults_of(town, last.ref.id).values()) - {None}
        assert count_of(town, tables.tickets) == 2
        assert town_complaints(town) == []


@contextmanager
def small_disk(folder: Path, size: str = SMALL_DISK) -> Iterator[None]:
    """A real disk of its own for `folder`, soon full."""
    folder.mkdir(exist_ok=True)
    mount = shutil.which("mount")
    made = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", f"size={size}", "none", folder], capture_output=True, check=False
    )
    if not made or made.returncode:
        pytest.skip("a small disk can be mounted by root only")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_image_disk_stops_the_round_and_it_completes_once_there_is_room(home: Path) -> None:
    with small_disk(home / "images"), street(home) as painted, open_town(load_settings(home)) as town:
        world = quick_world(town)
        filling = home / "images" / "filling"
        filling.write_bytes(bytes(1024 * 1024 - 3 * 4096))
        begun = begin(town)
        with pytest.raises(DiskFull, match="no room for images") as raised:
            run_round(town, world, begun)
        assert "\n" not in str(raised.value)
        assert town_complaints(town) == []
        assert [left.ref.id for left in town.rounds.unfinished()] == [begun.ref.id]
        filling.unlink()
        run_round(town, world, begun)
        for step in range(2):
            painted.show(THINGS, step)
            run_round(town, world, begin(town))
        assert count_of(town, tables.tickets) == len(THINGS)
        assert town_complaints(town) == []


def test_a_full_database_disk_is_one_clear_line_and_loses_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with small_disk(home, SMALL_DISK_WITH_TABLES):
        make_home(home, **QUICK)
        with street(home), open_town(load_settings(home)) as town:
            images = tmp_path / "elsewhere"
            images.mkdir()
            shutil.rmtree(home / "images", ignore_errors=True)
            (home / "images").symlink_to(images)
            (home / "prints").symlink_to(images)
            begun = begin(town)
            room = shutil.disk_usage(home).free
            (home / "filling").write_bytes(bytes(room))
            with pytest.raises(StoreFailed) as raised:
                for _ in range(50):
                    run_round(town, quick_world(town), begun)
                    begun = begin(town)
            assert "\n" not in str(raised.value)
            (home / "filling").unlink()
            for left in town.rounds.unfinished():
                run_round(town, quick_world(town), left)
            assert town.rounds.unfinished() == []
            assert town_complaints(town) == []


@contextmanager
def locked_by_another(path: Path) -> Iterator[None]:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD_LOCK, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdin is not None and other.stdout is not None
    assert other.stdout.readline() == "held\n"
    try:
        yield
    finally:
        other.communicate()


def test_a_locked_database_is_said_and_the_round_completes_later(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIME_MS", 300)
    with street(home), open_town(load_settings(home)) as town:
        begun = begin(town)
        with locked_by_another(home / "streetpatrol.db"), pytest.raises(StoreFailed, match="locked") as raised:
            run_round(town, quick_world(town), begun)
        assert "\n" not in str(raised.value)
        assert count_of(town, tables.visits) == 0
        assert run_round(town, quick_world(town), begun).outcomes == {"seen": 3}
        assert town_complaints(town) == []


def test_readers_are_not_held_up_by_a_writer(home: Path) -> None:
    with street(home), open_town(load_settings(home)) as town, locked_by_another(home / "streetpatrol.db"):
        started = time.monotonic()
        assert len(town.fleet.views()) == 3
        assert time.monotonic() - started < 1


def test_a_database_file_that_was_removed_is_said(home: Path) -> None:
    with street(home):
        for path in home.glob("streetpatrol.db*"):
            path.unlink()
        with open_town(load_settings(home)) as town, pytest.raises(StoreFailed, match=r"\./patrol init"):
            begin(town)


def test_a_damaged_database_file_is_said(home: Path) -> None:
    with street(home):
        for path in home.glob("streetpatrol.db*"):
            path.write_bytes(b"no database at all" * 100)
        with open_town(load_settings(home)) as town, pytest.raises(StoreFailed) as raised:
            begin(town)
        assert "\n" not in str(raised.value)


@dataclass
class StoppingSource:
    """The real cameras; once the frames are there, the database stops."""

    source: FrameSource
    server: "PostgresToStop"

    def capture(self, views: Sequence[View], deliver: Callable[[View, Frame | Exception], None]) -> None:
        arrived: list[tuple[View, Frame | Exception]] = []
        self.source.capture(views, lambda view, got: arrived.append((view, got)))
        self.server.stop()
        for view, got in arrived:
            deliver(view, got)


class PostgresToStop:
    """A cluster that can be stopped in the middle and started again."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._url = url
        self._port = str(sa.make_url(url).port)

    def stop(self) -> None:
        number = int((self._folder / "cluster" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(number, signal.SIGINT)
        while (self._folder / "cluster" / "postmaster.pid").exists():
            time.sleep(0.05)

    def _wait(self) -> None:
        engine = sa.create_engine(self._url)
        while True:
            try:
                engine.connect().close()
                break
            except sa.exc.OperationalError:
                time.sleep(0.1)
        engine.dispose()

    @contextmanager
    def started(self) -> Iterator[None]:
        binaries = server_binaries()
        assert binaries is not None
        command: list[str | Path] = [
            binaries / "postgres", "-F", "-D", self._folder / "cluster", "-p", self._port,
            "-c", "listen_addresses=127.0.0.1", "-k", self._folder,
        ]  # fmt: skip
        user = "postgres" if os.getuid() == 0 else None
        server = subprocess.Popen(
            command, user=user, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            self._wait()
            yield
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(20)


def test_a_postgresql_that_stops_in_mid_round_is_said_and_the_round_completes_later(tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    folder.mkdir()
    with postgres_server(folder) as url:
        home = make_home(tmp_path / "home", DATABASE_URL=url, **QUICK)
        server = PostgresToStop(folder, url)
        with street(home), open_town(load_settings(home)) as town:
            world = quick_world(town)
            run_round(town, world, begin(town))
            begun = begin(town)
            stopped = StoppingSource(world.source, server)
            with pytest.raises(StoreFailed, match="cannot be reached") as raised:
                run_round(town, replace(world, source=stopped), begun)
            assert "\n" not in str(raised.value)
            with server.started():
                assert sum(run_round(town, world, begun).outcomes.values()) == 3
                assert count_of(town, tables.visits) == 6
                assert town_complaints(town) == []


def test_a_broken_camera_list_is_told_by_line_and_its_good_rows_go_in(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "cameras.csv"
    path.write_text(
        "name,site,source,core_zone\n"
        "东门相机,东门,http://127.0.0.1/1.jpg,1\n"
        f"西门相机,西门,gopher://u:{SECRET}@127.0.0.1/1,1\n"
        "南门相机,,http://127.0.0.1/3.jpg,1\n"
        "北门相机,北门,http://127.0.0.1/4.jpg,perhaps\n",
        encoding="utf-8",
    )
    ended = CliRunner().invoke(app, ["cameras", "import", str(path), "--home", str(home)])
    assert ended.exit_code == 0, ended.output
    assert [f"line {number}:" in ended.output for number in (2, 3, 4, 5)] == [False, True, True, True]
    assert "1 added" in ended.output and "3 refused" in ended.output
    assert SECRET not in ended.output
    path.write_text("a;b;c\n")
    ended = CliRunner().invoke(app, ["cameras", "import", str(path), "--home", str(home)])
    assert ended.exit_code == 1
    assert "no column name" in ended.output and "Traceback" not in ended.output


def test_litter_that_lay_there_when_the_reference_was_taken_clears_once_it_is_gone(home: Path) -> None:
    with street(home) as painted, open_town(load_settings(home)) as town:
        world = quick_world(town)
        for step in range(8):
            painted.show(THINGS if step < 4 else {}, step * 2)
            run_round(town, world, begin(town))
        with reading(town.engine) as connection:
            states = set(connection.scalars(sa.select(tables.findings.c.state)))
        assert count_of(town, tables.tickets) == len(THINGS)
        assert states == {"cleared"}
