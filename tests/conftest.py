"""What all tests share: empty databases of both kinds, a clock that stands still, a merchant with a program."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile

import pytest
from hypothesis import settings
from sqlalchemy import Engine

from tests.builders import Shop, open_shop
from tests.postgres import PostgresServer, missing
from walletpass.database import bring_up_to_date, open_database

# Machines differ in speed, and so do their neighbours: how long an example takes proves nothing.
settings.register_profile("walletpass", deadline=None)
settings.load_profile("walletpass")

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of our own."""
    if reason := PostgresServer.unavailable():
        missing(reason)
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database, up to date, to be copied: that is faster than migrating once more."""
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    engine = open_database(f"sqlite:///{file}")
    bring_up_to_date(engine)
    engine.dispose()
    return file


@pytest.fixture
def sqlite_engine(tmp_path: Path, sqlite_template: Path) -> Iterator[Engine]:
    """An empty SQLite database, up to date."""
    file = tmp_path / "walletpass.db"
    copyfile(sqlite_template, file)
    engine = open_database(f"sqlite:///{file}")
    yield engine
    engine.dispose()


@pytest.fixture
def postgres_engine(postgres: PostgresServer) -> Iterator[Engine]:
    """An empty PostgreSQL database, up to date."""
    engine = open_database(postgres.new_database())
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """An empty database of either kind: what uses it is proved on both."""
    name = "sqlite_engine" if request.param == "sqlite" else "postgres_engine"
    found: Engine = request.getfixturevalue(name)
    return found


@pytest.fixture
def shop(sqlite_engine: Engine) -> Shop:
    """A merchant with a location and a program of ten stamps, whose shield is off."""
    return open_shop(sqlite_engine, now=NOON)
