"""The database: connections, transactions, and bringing the tables up to date."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import BigInteger, Connection, Dialect, Engine, MetaData, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import SQLModel

# Names for constraints that the models leave unnamed: without them migrations could not address them on PostgreSQL.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING
metadata: MetaData = SQLModel.metadata

SECONDS_TO_WAIT_FOR_A_WRITER = 30
UPGRADE_LOCK = 0x77616C6C  # any number that nothing else on the same PostgreSQL server locks


class DatabaseError(Exception):
    """The database cannot be used as it is; str(error) says what to do."""


class DatabaseNewer(DatabaseError):
    """The database was brought up to date by a newer walletpass than this one."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"the database is at revision {revision}, which this version of walletpass does not know; "
            "start the newer version again, or restore a backup made before the upgrade"
        )


class DatabaseBehind(DatabaseError):
    """The tables are older than the code."""

    def __init__(self) -> None:
        super().__init__("the database is not up to date; run: walletpass init")


class Instant(TypeDecorator[datetime]):
    """A moment in UTC, kept as whole milliseconds since 1970.

    A number, because SQLite has no type for moments and both databases compare, add and index numbers alike.
    """

    impl = BigInteger
    cache_ok = True

    def coerce_compared_value(self, op: OperatorType | None, value: object) -> TypeEngine[Any]:
        """A whole number beside a moment is a span in milliseconds; another moment is a moment."""
        return BigInteger() if isinstance(value, int) else self

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else to_milliseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else from_milliseconds(value)


def to_milliseconds(moment: datetime) -> int:
    """Whole milliseconds since 1970. Raises ValueError for a moment without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


def from_milliseconds(milliseconds: int) -> datetime:
    """The moment in UTC, that many milliseconds after the start of 1970."""
    seconds, rest = divmod(milliseconds, 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)


def open_database(address: str, *, pool_size: int = 8) -> Engine:
    """An engine for an SQLAlchemy address, `sqlite:///...` or `postgresql+psycopg://...`. Raises DatabaseError."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):  # the latter for a port that is not a number
        raise DatabaseError(
            "WALLETPASS_DATABASE_URL is not an address; write sqlite:///walletpass.db or postgresql+psycopg://..."
        ) from None
    if url.drivername in ("sqlite", "sqlite+pysqlite"):
        return _open_sqlite(url, pool_size)
    if url.drivername == "postgresql":  # the plain spelling that hosting panels hand out
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername != "postgresql+psycopg":
        raise DatabaseError(f"walletpass runs on SQLite and PostgreSQL, not on {url.drivername}")
    # READ COMMITTED whatever the server prefers: after waiting for a card we must see what the other one wrote.
    return create_engine(url, pool_pre_ping=True, isolation_level="READ COMMITTED", **_options(pool_size))


def _options(pool_size: int) -> dict[str, Any]:
    # Parameters may be push tokens; errors and logs show the statements without them.
    return {"pool_size": pool_size, "max_overflow": pool_size, "hide_parameters": True}


def _open_sqlite(url: URL, pool_size: int) -> Engine:
    if not url.database or url.database == ":memory:":
        raise DatabaseError("an SQLite database needs a file: stamps in memory would be lost")
    try:
        # A folder of our own is closed to others on the machine: in the file are customers.
        Path(url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(
            f"cannot make the folder of the database {url.database}: {error.strerror}; choose another one "
            "with WALLETPASS_DATABASE_URL"
        ) from error
    engine = create_engine(url, **_options(pool_size))

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        connection.execute(f"PRAGMA busy_timeout = {SECONDS_TO_WAIT_FOR_A_WRITER * 1000}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # stamps are money: a power cut must not take one back
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # SQLite ignores FOR UPDATE, so whoever is going to write takes the one write lock before reading. Otherwise
        # two stamps read the same count and one of them is lost without an error.
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """All of the block is saved, or none of it."""
    with engine.begin() as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent look at the database, as it was at the first question. Waits for no writer, writes nothing."""
    postgres: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    options = postgres if engine.dialect.name == "postgresql" else {"reading": True}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def insert_if_new(connection: Connection, table: Table, **values: object) -> bool:
    """Insert the row unless there is one with its key already. Returns whether it was new.

    Waits for another transaction that is just inserting the same key, and goes by how that one ends.
    """
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).values(**values).on_conflict_do_nothing().returning(*table.primary_key)
    return connection.execute(statement).first() is not None


def bring_up_to_date(engine: Engine) -> None:
    """Create or migrate all tables. Raises DatabaseNewer, and DatabaseError when the database cannot be used.

    Several processes may do this at once: one of them migrates, the others wait and find nothing left to do.
    """
    config = _migrations()
    with _in_words(engine), engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
        _refuse_newer(connection, config)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check_up_to_date(engine: Engine) -> None:
    """Nothing when the tables fit this code. Raises DatabaseNewer, DatabaseBehind or DatabaseError."""
    config = _migrations()
    with _in_words(engine), reading(engine) as connection:
        current = _refuse_newer(connection, config)
    if current != ScriptDirectory.from_config(config).get_current_head():
        raise DatabaseBehind


@contextmanager
def _in_words(engine: Engine) -> Iterator[None]:
    """What the database's driver says becomes a DatabaseError of one line."""
    try:
        yield
    except DBAPIError as error:
        reason = " ".join(str(error.orig).split())
        where = engine.url.render_as_string()
        raise DatabaseError(f"cannot use the database {where}: {reason}; see WALLETPASS_DATABASE_URL") from error


def _refuse_newer(connection: Connection, config: Config) -> str | None:
    current = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise DatabaseNewer(current)
    return current


def _migrations() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
