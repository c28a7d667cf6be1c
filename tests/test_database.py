"""Opening the database, bringing it up to date, and losing nothing when a process dies."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from tests.conftest import NOON
from tests.loyalty.audit import audit
from tests.loyalty.counter import open_counter
from tests.postgres import PostgresServer
from walletpass.database import (
    DatabaseBehind,
    DatabaseError,
    DatabaseNewer,
    bring_up_to_date,
    check_up_to_date,
    from_milliseconds,
    metadata,
    open_database,
    reading,
    to_milliseconds,
    transaction,
)
from walletpass.loyalty import tables
from walletpass.loyalty.cards import card_by_id, lock_card

UPGRADE = "import sys; from walletpass.database import *; bring_up_to_date(open_database(sys.argv[1]))"
NOBODY_LISTENS = "postgresql+psycopg://shop:secret@127.0.0.1:1/walletpass"


@pytest.fixture(params=["sqlite", "postgresql"])
def new_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that has no tables yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'shop' / 'walletpass.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database_without_tables()


@pytest.fixture
def new_engine(new_address: str) -> Iterator[Engine]:
    engine = open_database(new_address)
    yield engine
    engine.dispose()


def trouble(address: str) -> str:
    """What is wrong with the database at that address, in one line."""
    with pytest.raises(DatabaseError) as refused:
        bring_up_to_date(open_database(address))
    words = str(refused.value)
    assert len(words.splitlines()) == 1
    return words


def differences(connection: Connection) -> list[object]:
    found: list[object] = compare_metadata(
        MigrationContext.configure(connection, opts={"compare_type": True}), metadata
    )
    return found


def test_the_migrations_make_exactly_the_tables_of_the_models(new_engine: Engine) -> None:
    bring_up_to_date(new_engine)
    with reading(new_engine) as connection:
        assert differences(connection) == []
        tables_made = set(inspect(connection).get_table_names())
    assert tables_made == {*metadata.tables, "alembic_version"}


def test_a_difference_between_migrations_and_models_would_be_seen(new_engine: Engine) -> None:
    bring_up_to_date(new_engine)
    with new_engine.begin() as connection:
        connection.execute(text("ALTER TABLE card DROP COLUMN news"))
        connection.execute(text("DROP INDEX ix_reward_due"))
        assert len(differences(connection)) == 2


def test_bringing_a_database_up_to_date_again_changes_nothing(new_engine: Engine) -> None:
    bring_up_to_date(new_engine)
    open_counter(new_engine).stamp()
    bring_up_to_date(new_engine)
    check_up_to_date(new_engine)
    with reading(new_engine) as connection:
        assert connection.execute(tables.card.select()).one().stamps == 1


def test_several_processes_may_bring_it_up_to_date_at_once(new_address: str, new_engine: Engine) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", UPGRADE, new_address], stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [(process.communicate()[1], process.returncode) for process in processes] == [("", 0)] * 3
    check_up_to_date(new_engine)


def test_several_threads_may_bring_it_up_to_date_at_once(new_engine: Engine) -> None:
    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(bring_up_to_date, new_engine) for _ in range(6)]:
            done.result()
    check_up_to_date(new_engine)


def test_a_database_without_tables_is_behind_and_the_line_says_what_to_do(new_engine: Engine) -> None:
    with pytest.raises(DatabaseBehind, match="walletpass init"):
        check_up_to_date(new_engine)


def test_a_database_newer_than_the_code_is_refused_and_left_as_it_is(engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for use in (bring_up_to_date, check_up_to_date):
        with pytest.raises(DatabaseNewer) as refused:
            use(engine)
        assert "9999" in str(refused.value)
        assert "newer version" in str(refused.value)
    with reading(engine) as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    words = trouble(NOBODY_LISTENS)
    assert "127.0.0.1:1/walletpass" in words
    assert "refused" in words
    assert "secret" not in words
    with pytest.raises(DatabaseError):
        check_up_to_date(open_database(NOBODY_LISTENS))


def test_a_database_that_the_server_does_not_have_is_named(postgres_engine: Engine) -> None:
    elsewhere = postgres_engine.url.set(database="nowhere").render_as_string(hide_password=False)
    assert '"nowhere" does not exist' in trouble(elsewhere)


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "holiday.jpg"
    file.write_bytes(b"\xff\xd8\xff" + b"sunshine" * 1000)
    before = file.read_bytes()
    assert "not a database" in trouble(f"sqlite:///{file}")
    assert file.read_bytes() == before


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    assert str(tmp_path) in trouble(f"sqlite:///{tmp_path}")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert str(tmp_path / "file") in trouble(f"sqlite:///{tmp_path}/file/walletpass.db")


def test_a_folder_where_nothing_can_be_written_is_named() -> None:
    """Not even root makes files in /proc, so this holds for whoever runs the tests."""
    assert "/proc/walletpass.db" in trouble("sqlite:////proc/walletpass.db")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "walletpass.db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite+aiosqlite:///walletpass.db",
        "mysql://shop@127.0.0.1/walletpass",
        "postgresql+asyncpg://shop@127.0.0.1/walletpass",
        "postgresql://shop@127.0.0.1:port/walletpass",
    ],
)
def test_an_address_that_cannot_be_one_is_refused_in_words(address: str) -> None:
    with pytest.raises(DatabaseError) as refused:
        open_database(address)
    assert len(str(refused.value).splitlines()) == 1


def test_the_plain_spelling_of_a_postgresql_address_is_understood() -> None:
    engine = open_database("postgresql://shop@127.0.0.1/walletpass")
    assert engine.url.drivername == "postgresql+psycopg"


def test_every_connection_to_sqlite_writes_through_to_the_disk(sqlite_engine: Engine) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}
    with sqlite_engine.connect() as first, sqlite_engine.connect().execution_options(reading=True) as second:
        second.exec_driver_sql("SELECT 1")  # so that the two are open at the same time
        for connection in (first, second):
            found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted}
            assert found == wanted


def test_a_reader_waits_for_no_writer_and_sees_what_was_committed(engine: Engine) -> None:
    counter = open_counter(engine)
    with transaction(engine) as writer:
        writer.execute(tables.card.update().values(stamps=7))
        assert counter.card.stamps == 0
    assert counter.card.stamps == 7


def test_a_reader_sees_one_moment_whatever_happens_meanwhile(engine: Engine) -> None:
    counter = open_counter(engine)
    with reading(engine) as connection:
        before = card_by_id(connection, counter.shop.merchant.id, counter.card_id)
        counter.stamp(12)
        assert card_by_id(connection, counter.shop.merchant.id, counter.card_id) == before


def test_a_reader_on_postgresql_writes_nothing(postgres_engine: Engine) -> None:
    with pytest.raises(DBAPIError, match="read-only"), reading(postgres_engine) as connection:
        connection.execute(tables.answer.delete())
    with transaction(postgres_engine) as connection:
        connection.execute(tables.answer.delete())


def test_a_transaction_that_fails_saves_nothing(engine: Engine) -> None:
    counter = open_counter(engine)
    with pytest.raises(ZeroDivisionError), transaction(engine) as connection:
        connection.execute(tables.card.update().values(stamps=7))
        _ = 1 / 0
    assert counter.card.stamps == 0


def test_a_moment_is_kept_to_the_millisecond_in_utc() -> None:
    warsaw = timezone(timedelta(hours=1))
    moment = datetime(2026, 11, 20, 13, 0, 0, 123_999, warsaw)
    assert from_milliseconds(to_milliseconds(moment)) == datetime(2026, 11, 20, 12, 0, 0, 123_000, UTC)


def test_a_moment_before_1970_is_kept_as_well() -> None:
    moment = datetime(1955, 11, 5, 6, 15, tzinfo=UTC)
    assert from_milliseconds(to_milliseconds(moment)) == moment


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        to_milliseconds(NOON.replace(tzinfo=None))


def test_a_counter_that_is_killed_loses_no_answered_stamp_and_leaves_a_ledger_that_adds_up(engine: Engine) -> None:
    counter = open_counter(engine)
    merchant_id, address = counter.shop.merchant.id, engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.loyalty.burst", address, merchant_id, "1000000", counter.card_id]
    answered: list[str] = []
    for lines in (1, 7, 30):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            answered += [process.stdout.readline().split()[0] for _ in range(lines)]
            os.kill(process.pid, signal.SIGKILL)
            answered += [line.split()[0] for line in process.stdout if line.endswith("\n")]
        with transaction(engine) as connection:  # and the lock, since PostgreSQL may be just finishing what it was told
            entries, _ = audit(connection, lock_card(connection, merchant_id, counter.card_id))
        kept = [entry.id for entry in entries if entry.kind in ("stamped", "redeemed")]
        # The last one may be kept and not yet told.
        assert kept[: len(answered)] == answered
        assert len(kept) <= len(answered) + 1
        answered = kept
    stamps = counter.card.stamps
    assert counter.stamp().card.stamps == (stamps + 1) % 10
