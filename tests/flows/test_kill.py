"""kill -9 at random points of patrols under way: nothing is lost and nothing doubled."""

import os
import signal
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa

from flows.wiring import open_town
from pipeline.adapters import tables
from pipeline.adapters.database import open_engine, reading
from pipeline.settings import load_settings
from tests.flows.town import (
    PATCH_PX,
    SLOTS,
    PaintedStreet,
    PatrolProcess,
    add_cameras,
    make_home,
    patrol_process,
    town_complaints,
)
from tests.street_servers import TcpServer, pages

CAMERAS = 6
CLEARED = 1
STAGES = 5
SHORTEST_S, LONGEST_S = 0.05, 0.9
QUICK = {"DWELL_SCALE": "0.001", "SAMPLE_SHARE": "0.3", "CAPTURES_PER_HOST": "6"}
ROUNDS_TO_REST = 4
"""What came is filed after three rounds, what went is cleared after three; one more for good measure."""


def things_at(stage: int) -> dict[int, frozenset[int]]:
    """A thing more a stage at every camera; in the last two the second thing of each second camera is gone."""
    lying = frozenset(range(stage + 1))
    gone = frozenset({CLEARED}) if stage >= STAGES - 2 else frozenset()
    return {camera: lying - gone if camera % 2 == 0 else lying for camera in range(1, CAMERAS + 1)}


def patrolled(home: Path, kills: int, seed: int) -> int:
    """Stage by stage: patrols killed at random points, then one left alone. Gives how many rounds were resumed."""
    random, resumed = Random(seed), 0
    street = PaintedStreet(CAMERAS)
    with TcpServer(pages(street.served)) as server, patrol_process(home) as process:
        add_cameras(home, street.addresses(server.port))
        for stage in range(STAGES):
            street.show(things_at(stage), step=stage * 100)
            for kill in range(kills // STAGES):
                street.show(things_at(stage), step=stage * 100 + kill + 1)
                resumed += killed(process, random.uniform(SHORTEST_S, LONGEST_S))
            process.order(f"rounds {ROUNDS_TO_REST}")
            code, said = process.ended()
            assert code == 0, said
            resumed += sum(line.startswith("resumed") for line in said)
    return resumed


def killed(process: PatrolProcess, after_s: float) -> int:
    """Start a patrol and kill it; gives how many rounds it had resumed."""
    number = process.order("patrol")
    time.sleep(after_s)
    os.kill(number, signal.SIGKILL)
    code, said = process.ended()
    assert code == -signal.SIGKILL, said
    return sum(line.startswith("resumed") for line in said)


def ended_with(home: Path) -> Counter[tuple[int, int, str, int]]:
    """Camera, slot and state of each finding that bore a ticket, and how often its clearing was noted."""
    with open_town(load_settings(home)) as town, reading(town.engine) as connection:
        cleared = Counter(
            row.number for row in connection.execute(sa.select(tables.ticket_history)) if row.what == "cleared"
        )
        joined = sa.select(tables.findings, tables.tickets.c.number).join(
            tables.tickets, tables.tickets.c.finding_id == tables.findings.c.id
        )
        return Counter(
            (row.view_id, slot_of(row.left, row.top), row.state, cleared[row.number])
            for row in connection.execute(joined)
        )


def slot_of(left: float, top: float) -> int:
    near = [abs(left * 640 - x) < PATCH_PX / 2 and abs(top * 360 - y) < PATCH_PX / 2 for x, y in SLOTS]
    return near.index(True)


def expected() -> Counter[tuple[int, int, str, int]]:
    first, last = things_at(0), things_at(STAGES - 1)
    return Counter(
        (camera, slot, "open", 0) if slot in last[camera] else (camera, slot, "cleared", 1)
        for camera in first
        for slot in range(STAGES)
    )


def check(home: Path) -> None:
    assert ended_with(home) == expected()
    with open_town(load_settings(home)) as town:
        assert town_complaints(town) == []
        assert town.rounds.unfinished() == []


@pytest.mark.slow
def test_a_hundred_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    home = make_home(tmp_path / "killed", **QUICK)
    resumed = patrolled(home, kills=100, seed=20261123)
    check(home)
    assert resumed >= 30, "too few kills hit a round under way to prove anything"


@pytest.mark.slow
def test_twenty_kills_on_postgresql_lose_nothing_and_double_nothing(tmp_path: Path, postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
    home = make_home(tmp_path / "killed", DATABASE_URL=postgres_url, **QUICK)
    resumed = patrolled(home, kills=20, seed=7)
    check(home)
    assert resumed >= 5, "too few kills hit a round under way to prove anything"


def test_an_undisturbed_patrol_ends_the_same_way(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", **QUICK)
    patrolled(home, kills=0, seed=0)
    check(home)
