"""A running application over a real SQLite database with a small town in it."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from pipeline.adapters.accounts import ensure_admin, ensure_person, hash_password, make_token
from pipeline.adapters.database import writing
from pipeline.domain.ticket import Role
from pipeline.settings import Settings
from tests.api.street import build_town, new_database, settings_of

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
ADMIN, VIEWER = "admin", "看客"
PASSWORD = "correct horse battery"
ORIGIN = {"Origin": "http://testserver"}


class SetClock:
    """Stands still until told."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def pass_by(self, time: timedelta) -> None:
        self.at += time


@pytest.fixture(scope="session")
def built_home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The town's folder, built once, and a bearer token of its admin."""
    home = tmp_path_factory.mktemp("town")
    settings = settings_of(home)
    engine = new_database(settings)
    build_town(engine, settings, NOW)
    hashed = hash_password(PASSWORD)
    with writing(engine) as connection:
        ensure_admin(connection, ADMIN, hashed, NOW)
        ensure_person(connection, VIEWER, Role.viewer, hashed, NOW)
        token = make_token(connection, ADMIN, NOW)
    engine.dispose()
    return home, token


@pytest.fixture
def settings(built_home: tuple[Path, str], tmp_path: Path) -> Settings:
    home = tmp_path / "var"
    shutil.copytree(built_home[0], home)
    return settings_of(home)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def anonymous(settings: Settings, clock: SetClock) -> Iterator[TestClient]:
    with TestClient(create_app(settings, clock), follow_redirects=False) as client:
        yield client


@pytest.fixture
def program(anonymous: TestClient, built_home: tuple[Path, str]) -> TestClient:
    """Asks with the admin's bearer token."""
    anonymous.headers["Authorization"] = f"Bearer {built_home[1]}"
    return anonymous


@pytest.fixture
def person(anonymous: TestClient) -> TestClient:
    """Logged in as admin in a browser."""
    log_in(anonymous, ADMIN)
    return anonymous


def log_in(client: TestClient, name: str) -> None:
    client.headers.update(ORIGIN | {"Accept": "text/html"})
    answer = client.post("/login", data={"name": name, "password": PASSWORD})
    assert answer.status_code == 303, answer.text
