"""Rounds over real pictures with the shipped weights: quiet streets stay quiet, litter becomes tickets."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from flows.wiring import Town, open_town, world_of
from pipeline.adapters import tables
from pipeline.adapters.database import reading
from pipeline.settings import load_settings
from pipeline.steps.world import Summary, World
from tests.fakes import SteppedClock
from tests.flows.patrol_process import run_round
from tests.flows.town import add_cameras, make_home, town_complaints
from tests.street_servers import TcpServer, pages, snapshot

pytestmark = [pytest.mark.shared, pytest.mark.slow]
ROUNDS = 100
"""Eight hours and a half; enough for chance to bring passing cars to one place again."""
PICTURES = 12
LITTER_CLASS = "0"
"""Garbage, in the labels of street_garbage."""


@contextmanager
def patrolled_town(folder: Path, exported_model: Path, sources: list[str]) -> Iterator[tuple[Town, World]]:
    """A town with the shipped weights and a clock that is moved by hand."""
    home = make_home(folder / "home")
    (home / "models").symlink_to(exported_model)
    add_cameras(home, sources)
    with open_town(load_settings(home)) as opened:
        town = replace(opened, clock=SteppedClock())  # type: ignore[arg-type]
        yield town, world_of(town)


def rounds_of(town: Town, world: World, number: int, every: timedelta) -> list[Summary]:
    done = []
    for _ in range(number):
        views = town.fleet.view_ids_of_plan(True, ())
        done.append(run_round(town, world, town.rounds.begin("core", views, town.clock.now())))
        assert isinstance(town.clock, SteppedClock)
        town.clock.advance(every)
    return done


def test_two_untouched_videos_give_no_ticket(tmp_path: Path, exported_model: Path, shared: Path) -> None:
    videos = [str(shared / "video" / name) for name in ("vtest.avi", "car-detection.mp4")]
    with patrolled_town(tmp_path, exported_model, videos) as (town, world):
        done = rounds_of(town, world, ROUNDS, timedelta(seconds=307))
        assert all(sum(summary.outcomes.values()) == 2 for summary in done)
        assert not {"unreachable", "blinded", "moved"} & {name for summary in done for name in summary.outcomes}
        assert [number for summary in done for number in summary.opened] == []
        assert town_complaints(town) == []


def test_litter_on_real_pictures_becomes_tickets(tmp_path: Path, exported_model: Path, shared: Path) -> None:
    folder = shared / "street_garbage" / "val"
    littered = [
        path
        for path in sorted((folder / "images").iterdir())
        if LITTER_CLASS in (folder / "labels" / f"{path.stem}.txt").read_text().split("\n")[0].split(" ")[:1]
    ][:PICTURES]
    served = {f"/{number}.jpg": snapshot(path.read_bytes()) for number, path in enumerate(littered)}
    with TcpServer(pages(served)) as server:
        sources = [f"http://127.0.0.1:{server.port}{path}" for path in served]
        with patrolled_town(tmp_path, exported_model, sources) as (town, world):
            rounds_of(town, world, 4, timedelta(seconds=90))
            with reading(town.engine) as connection:
                views = set(connection.scalars(sa.select(tables.tickets.c.view_id)))
            assert len(views) >= PICTURES * 2 // 3
            assert town_complaints(town) == []
