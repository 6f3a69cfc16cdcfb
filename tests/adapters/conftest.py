"""Fixtures of the adapters' tests."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from pipeline.adapters.database import open_engine, upgrade, writing
from pipeline.adapters.seed import seed
from tests.street_servers import (
    RtspServer,
    make_clip,
)


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    make_clip(folder / "h264.mp4")
    make_clip(folder / "h265.mp4", "libx265")
    make_clip(folder / "large264.mp4", seconds=1, crf=4)
    make_clip(folder / "large265.mp4", "libx265", seconds=1, crf=4)
    return folder


@pytest.fixture(scope="session")
def rtsp(clips: Path) -> Iterator[RtspServer]:
    with RtspServer(clips) as server:
        yield server


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def module_engine(
    request: pytest.FixtureRequest, blank_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """A store on each database for a whole module: read it, or use `tried`, which leaves no trace."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("module") / "patrol.db"
        shutil.copy(blank_database, path)
        engine = open_engine(f"sqlite:///{path}")
    else:
        engine = _own_database(request.getfixturevalue("postgres_url"))
    yield engine
    engine.dispose()


def _own_database(url: str) -> Engine:
    """Beside the one that the fixture `engine` empties."""
    name = f"m{uuid4().hex}"
    server = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    server.dispose()
    engine = open_engine(sa.make_url(url).set(database=name).render_as_string(hide_password=False))
    upgrade(engine)
    with writing(engine) as connection:
        seed(connection)
    return engine


@pytest.fixture
def tried(module_engine: Engine) -> Iterator[Connection]:
    """A transaction that is rolled back."""
    with module_engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()
