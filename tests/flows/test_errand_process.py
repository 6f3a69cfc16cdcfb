"""The worker of errands as a process of its own: killed in the middle, and told to stop."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from flows.wiring import ROOT, Town, open_town
from pipeline.adapters.database import writing
from pipeline.adapters.tables_errands import errands
from pipeline.domain.errand import TAKEN_FOR, Errand, ErrandState
from pipeline.settings import load_settings
from tests.flows.town import make_home, painted_jpeg
from tests.flows.watched import wait_until
from tests.street_servers import LOOPBACK, Page, TcpServer, pages, snapshot

pytestmark = pytest.mark.slow
STARTS_WITHIN_S = 60


@contextmanager
def worker(home: Path) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {**os.environ, "STREETPATROL_HOME": str(home)}
    with (home / "errands.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.errands"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with open_town(load_settings(make_home(tmp_path / "home"))) as opened:
        yield opened


def asked(town: Town, address: str) -> int:
    with town.units.writing() as uow:
        return uow.errands.ask("probe_source", "0", {"source": address}, "王", town.clock.now())


def errand(town: Town, number: int) -> Errand:
    with town.units.reading() as uow:
        return uow.errands.get(number)


def test_what_a_killed_worker_had_in_hand_is_done_by_the_next(town: Town) -> None:
    served = {"/1.jpg": Page(snapshot(painted_jpeg(frozenset())).body, hang_after=100)}
    with TcpServer(pages(served)) as server:
        number = asked(town, f"http://{LOOPBACK}:{server.port}/1.jpg")
        with worker(town.settings.home) as process:
            wait_until(lambda: errand(town, number).state is ErrandState.running, STARTS_WITHIN_S)
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert errand(town, number).state is ErrandState.running
        served["/1.jpg"] = snapshot(painted_jpeg(frozenset()))
        long_ago = town.clock.now() - TAKEN_FOR - timedelta(seconds=1)
        with writing(town.engine) as connection:
            connection.execute(sa.update(errands).values(taken_at=long_ago))
        with worker(town.settings.home):
            wait_until(lambda: errand(town, number).state is ErrandState.done, STARTS_WITHIN_S)
    done = errand(town, number)
    assert (done.tries, done.answer and done.answer["ok"]) == (2, True)


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_told_to_stop_ends_cleanly(town: Town, told: signal.Signals) -> None:
    number = asked(town, f"http://{LOOPBACK}:9/1.jpg")
    with worker(town.settings.home) as process:
        wait_until(lambda: errand(town, number).state is ErrandState.done, STARTS_WITHIN_S)
        process.send_signal(told)
        assert process.wait(10) == 0
    assert "Traceback" not in (town.settings.home / "errands.log").read_text()
