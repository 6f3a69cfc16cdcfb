"""Prefect for tests of flows: one server of its own for the whole run."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.assets import fetch_assets
from flows.wiring import NO_CALLS_HOME, WEIGHTS, open_town
from pipeline.domain.errors import NotFound
from pipeline.domain.patrol import Plan
from pipeline.settings import load_settings
from tests.flows.town import ONCE_A_YEAR, RARE_PLAN, PaintedStreet, add_cameras, make_home
from tests.flows.watched import Running, Watch, running_up
from tests.postgres import free_port
from tests.street_servers import Page, TcpServer, pages


@pytest.fixture(scope="session")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Prefect's embedded server; whoever uses it joins the xdist group `prefect`, so that there is but one."""
    os.environ.update(NO_CALLS_HOME)
    os.environ["PREFECT_HOME"] = str(tmp_path_factory.mktemp("prefect"))
    from prefect.testing.utilities import prefect_test_harness  # noqa: PLC0415  # reads the environment when imported

    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture(scope="session")
def exported_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder `models` of an installation with the shipped weights exported: link it into a home."""
    home = make_home(tmp_path_factory.mktemp("exported"))
    with open_town(load_settings(home)) as town:
        try:
            card = town.registry.default()
        except NotFound:
            pytest.skip(f"no weights are shipped in {WEIGHTS}")
        town.registry.exported(card)
    return home / "models"


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory, exported_model: Path) -> Iterator[Running]:
    """A whole installation: server, pages and worker, over one camera that answers and one that hangs.

    Rounds are split into a shard a camera. It starts with a round that a kill has cut short. Who uses it joins the
    xdist group `up`.
    """
    fetch_assets()
    ports = {"PORT": free_port(), "PREFECT_PORT": free_port()}
    settings = {name: str(port) for name, port in ports.items()} | {"SPREAD_SHARDS": "true", "SHARD_VIEWS": "1"}
    home = make_home(tmp_path_factory.mktemp("up") / "home", **settings)
    (home / "models").symlink_to(exported_model)
    street = PaintedStreet(2)
    street.show({})
    hanging = Page(street.served["/2.jpg"].body, hang_after=100)
    street.served["/2.jpg"] = hanging
    with TcpServer(pages(street.served)) as server:
        add_cameras(home, street.addresses(server.port))
        with open_town(load_settings(home)) as town:
            town.rounds.add_plan(Plan(RARE_PLAN, ONCE_A_YEAR))
            town.rounds.begin("all", [1, 2], town.clock.now())
        with running_up(home, ports, Watch(home.parent / "watch")) as running:
            yield running
