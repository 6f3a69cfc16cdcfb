"""Whole rounds: the real Prefect flow, real RTSP and HTTP cameras, the shipped weights, both databases."""

import gc
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from flows.wiring import open_town
from pipeline.domain.errors import StoreFailed
from pipeline.settings import load_settings
from tests.fakes import FailingUnits, PaintDetector
from tests.flows.town import PaintedStreet, add_cameras, make_home, town_complaints
from tests.street_servers import RtspServer, TcpServer, make_clip, pages

pytestmark = [
    pytest.mark.usefixtures("prefect"),
    pytest.mark.xdist_group("prefect"),
    pytest.mark.slow,
    # Prefect's client leaves connections to its own server to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

QUICK = {"DWELL_SCALE": "0.001", "SAMPLE_SHARE": "0.3"}
ALL = "all"


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path, exported_model: Path) -> Path:
    """An empty installation on each database, with the shipped weights."""
    settings = dict(QUICK)
    if request.param == "postgresql":
        settings["DATABASE_URL"] = emptied(request.getfixturevalue("postgres_url"))
    return home_with_model(tmp_path / "home", exported_model, settings)


@pytest.fixture
def sqlite_home(tmp_path: Path, exported_model: Path) -> Path:
    return home_with_model(tmp_path / "home", exported_model, QUICK)


def home_with_model(home: Path, exported_model: Path, settings: dict[str, str]) -> Path:
    make_home(home, **settings)
    (home / "models").symlink_to(exported_model)
    return home


def emptied(url: str) -> str:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
    return url


@pytest.fixture
def closing() -> Iterator[None]:
    """Close what the flows keep open in this process."""
    yield
    from flows.inspection import standing  # noqa: PLC0415

    standing.cache_clear()
    gc.collect()


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    make_clip(folder / "h264.mp4")
    make_clip(folder / "h265.mp4", "libx265")
    return folder


def inspect(home: Path, plan: str = ALL, round_id: int | None = None) -> int:
    from flows import inspection  # noqa: PLC0415  # prefect reads its settings when imported

    return inspection.inspect(str(home), plan, round_id)


def outcomes(home: Path, round_id: int) -> dict[str, int]:
    with open_town(load_settings(home)) as town:
        return dict(town.rounds.outcomes(round_id))


def sound(home: Path) -> list[str]:
    with open_town(load_settings(home)) as town:
        return town_complaints(town)


def artifact(key: str) -> str:
    from prefect.artifacts import Artifact  # noqa: PLC0415

    found = Artifact.get(key)
    assert found is not None
    return str(found.data)  # type: ignore[union-attr]


@pytest.mark.usefixtures("closing")
def test_a_round_visits_every_camera_and_tells_its_coverage(home: Path, clips: Path) -> None:
    street = PaintedStreet(2)
    street.show({})
    with TcpServer(pages(street.served)) as http, RtspServer(clips) as rtsp:
        absent = "http://127.0.0.1:9/none.jpg"
        streams = [rtsp.address(name) for name in ("h264.mp4", "h265.mp4")]
        add_cameras(home, [*street.addresses(http.port), *streams, absent])
        done = inspect(home)
    assert outcomes(home, done) == {"seen": 4, "unreachable": 1}
    told = artifact("round-all")
    assert "**4 / 5** (80.0%)" in told
    assert "| unreachable | 1 |" in told
    assert sound(home) == []


@pytest.mark.usefixtures("closing")
def test_a_round_in_many_small_batches_and_shards_is_the_same_round(
    sqlite_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREETPATROL_SHARD_VIEWS", "4")
    monkeypatch.setenv("STREETPATROL_BATCH_VIEWS", "2")
    street = PaintedStreet(9)
    street.show({})
    with TcpServer(pages(street.served)) as http:
        add_cameras(sqlite_home, street.addresses(http.port))
        assert outcomes(sqlite_home, inspect(sqlite_home)) == {"seen": 9}
    assert sound(sqlite_home) == []


@pytest.mark.usefixtures("closing")
def test_an_interrupted_round_is_finished_and_nothing_visited_twice(sqlite_home: Path) -> None:
    from flows import inspection  # noqa: PLC0415

    street = PaintedStreet(6)
    street.show({})
    with TcpServer(pages(street.served)) as http:
        add_cameras(sqlite_home, street.addresses(http.port))
        standing = inspection.standing(str(sqlite_home))
        breaking = replace(standing.world, units=FailingUnits(standing.town.units, iter(["before"])))
        standing_breaks = replace(standing, world=breaking)
        original, inspection.standing = inspection.standing, lambda home: standing_breaks  # type: ignore[assignment]
        try:
            with pytest.raises(StoreFailed, match="the power went"):
                inspect(sqlite_home)
        finally:
            inspection.standing = original
        assert [begun.ref.id for begun in standing.town.rounds.unfinished()] == [1]
        assert inspection.finish_unfinished(str(sqlite_home), timedelta(hours=1)) == [1]
    assert outcomes(sqlite_home, 1) == {"seen": 6}
    assert standing.town.rounds.unfinished() == []
    assert sound(sqlite_home) == []


@pytest.mark.usefixtures("closing")
def test_an_old_unfinished_round_is_closed_as_it_is(sqlite_home: Path) -> None:
    from flows import inspection  # noqa: PLC0415

    add_cameras(sqlite_home, ["http://127.0.0.1:9/none.jpg"])
    with open_town(load_settings(sqlite_home)) as town:
        town.rounds.begin(ALL, [1], town.clock.now() - timedelta(hours=2))
    assert inspection.finish_unfinished(str(sqlite_home), timedelta(hours=1)) == []
    assert outcomes(sqlite_home, 1) == {}


@pytest.mark.usefixtures("closing")
def test_what_persists_through_real_flows_becomes_a_ticket_with_pictures(home: Path) -> None:
    """The weights are stood in for by paint: what is claimed here is the way from camera to ticket."""
    from flows import inspection  # noqa: PLC0415

    street = PaintedStreet(2)
    standing = inspection.standing(str(home))
    painted = replace(standing, world=replace(standing.world, detector=PaintDetector()))
    original, inspection.standing = inspection.standing, lambda home: painted  # type: ignore[assignment]
    try:
        with TcpServer(pages(street.served)) as http:
            add_cameras(home, street.addresses(http.port))
            for step in range(3):
                street.show({1: frozenset({0, 4}), 2: frozenset({2})}, step)
                inspect(home)
    finally:
        inspection.standing = original
    with open_town(load_settings(home)) as town:
        numbers = [number for number, _, _ in town.rounds.tickets_since(town.rounds.get(3).ref)]
    assert [number[-4:] for number in numbers] == ["0001", "0002", "0003"]
    assert sound(home) == []
