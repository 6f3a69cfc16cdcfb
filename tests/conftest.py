"""Fixtures that several folders of tests share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.adapters.database import open_engine, upgrade, writing
from pipeline.adapters.seed import seed
from pipeline.adapters.tables import metadata
from tests.postgres import postgres_server

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real pictures beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("the real pictures are not beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def blank_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated and seeded SQLite database, to be copied."""
    path = tmp_path_factory.mktemp("blank") / "patrol.db"
    engine = open_engine(f"sqlite:///{path}")
    _set_up(engine)
    engine.dispose()
    return path


@pytest.fixture
def sqlite_engine(blank_database: Path, tmp_path: Path) -> Iterator[Engine]:
    """A migrated and seeded SQLite database."""
    shutil.copy(blank_database, tmp_path / "patrol.db")
    engine = open_engine(f"sqlite:///{tmp_path / 'patrol.db'}")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres_server(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """The same store on each database: migrated, seeded and empty of anything else."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_engine")
        return
    engine = open_engine(request.getfixturevalue("postgres_url"))
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    _set_up(engine)
    yield engine
    engine.dispose()


def _set_up(engine: Engine) -> None:
    upgrade(engine)
    with writing(engine) as connection:
        seed(connection)
        assert set(sa.inspect(connection).get_table_names()) >= set(metadata.tables)
