"""Many counters at once, on SQLite and PostgreSQL alike: nothing is lost, nothing is doubled, nobody waits for ever."""

import subprocess
import sys
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from time import sleep
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from tests.builders import KEY_ID, STAFF
from tests.conftest import NOON
from tests.loyalty.audit import audit
from tests.loyalty.burst import burst
from tests.loyalty.counter import Counter, open_counter
from tests.loyalty.test_idempotency import stamp
from walletpass.database import reading, transaction
from walletpass.loyalty import operations, programs
from walletpass.loyalty.cards import card_by_id
from walletpass.loyalty.change import Outcome
from walletpass.loyalty.destinations import add_destination, behind
from walletpass.loyalty.errors import AlreadyReversed, NothingToRedeem, ProgramChanged, StampedTooSoon
from walletpass.loyalty.rules import Shield

PAUSE = Shield(300, None, None)
THREADS, PROCESSES, TIMES = 4, 2, 60


def address(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


@contextmanager
def another_counter(
    engine: Engine, merchant_id: str, times: int, card_ids: list[str]
) -> Iterator[subprocess.Popen[str]]:
    """A process that stamps the cards."""
    command = [sys.executable, "-m", "tests.loyalty.burst", address(engine), merchant_id, str(times), *card_ids]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process


def test_counters_in_threads_and_processes_lose_and_double_nothing(engine: Engine) -> None:
    counter = open_counter(engine)
    merchant_id = counter.shop.merchant.id
    cards = [counter.card_id, counter.shop.join().id, counter.card_id, counter.shop.join().id]  # one of them the most
    with (
        another_counter(engine, merchant_id, TIMES, cards) as first,
        another_counter(engine, merchant_id, TIMES, cards) as second,
        ThreadPoolExecutor(THREADS) as pool,
    ):
        threads = [pool.submit(burst, engine, merchant_id, TIMES, cards) for _ in range(THREADS)]
        told = [line.split() for process in (first, second) for line in process.communicate()[0].splitlines()]
        told += [[e.id, e.card_id, e.kind, str(e.stamps)] for thread in threads for e in thread.result()]
    assert Tally(kind for _, _, kind, _ in told)["stamped"] == (THREADS + PROCESSES) * TIMES
    with reading(engine) as connection:
        for card_id in set(cards):
            card = card_by_id(connection, merchant_id, card_id)
            entries, _ = audit(connection, card)
            kept = [[e.id, e.card_id, e.kind, str(e.stamps)] for e in entries if e.kind in ("stamped", "redeemed")]
            assert sorted(kept) == sorted(line for line in told if line[1] == card_id)
            assert card.revision == 1 + len(kept)
            assert card.last_modified == int(NOON.timestamp()) + len(kept)


def test_the_same_request_from_many_threads_at_once_counts_once_and_all_get_the_answer(engine: Engine) -> None:
    counter = open_counter(engine, shield=PAUSE)
    together = Barrier(8)

    def send() -> tuple[str, bool]:
        together.wait()
        answer = stamp(counter, "scan-1")
        return answer.body["entry"], answer.replayed

    with ThreadPoolExecutor(8) as pool:
        answers = [future.result() for future in [pool.submit(send) for _ in range(8)]]
    assert Tally(answers) == {(counter.entries[-1].id, False): 1, (counter.entries[-1].id, True): 7}
    assert counter.card.stamps == 1


def test_stamps_sweeps_and_changes_of_the_program_never_wait_for_each_other_in_a_circle(engine: Engine) -> None:
    counter = open_counter(engine, reward_days=1)
    shop = counter.shop
    cards = [counter.card_id, *(shop.join().id for _ in range(5))]

    def stamps(cards: list[str]) -> None:
        for turn in range(40):
            with transaction(engine) as connection:
                now = NOON + timedelta(hours=turn)
                operations.stamp(connection, shop.merchant.id, cards[turn % 6], by=STAFF, now=now, count=10)

    def sweeps() -> None:
        for turn in range(20):
            with transaction(engine) as connection:
                operations.expire_rewards(connection, NOON + timedelta(days=1, hours=2 * turn))

    def changes() -> None:
        for turn in range(10):
            counter.change_terms(reward=f"Free coffee {turn}")

    with ThreadPoolExecutor(5) as pool:
        acts: list[Future[None]] = [pool.submit(stamps, cards), pool.submit(stamps, cards[::-1])]
        acts += [pool.submit(sweeps), pool.submit(sweeps), pool.submit(changes)]
        for act in acts:
            act.result()
    with reading(engine) as connection:
        for card_id in cards:
            audit(connection, card_by_id(connection, shop.merchant.id, card_id))


# On PostgreSQL two transactions are open at once; on SQLite the second one waits to begin. So these are PostgreSQL's.


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def until_waiting(engine: Engine, transactions: int = 1) -> None:
    """Until so many transactions wait for the lock of another one."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for _ in range(6000):
            if connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar() == transactions:
                return
            sleep(0.005)
    raise AssertionError("nobody waits for a lock")


def open_transaction(counter: Counter) -> AbstractContextManager[Connection]:
    return transaction(counter.shop.engine)


def stamp_in(connection: Connection, counter: Counter) -> Outcome:
    return operations.stamp(connection, counter.shop.merchant.id, counter.card_id, by=STAFF, now=NOON)


def while_open(
    counter: Counter,
    pool: ThreadPoolExecutor,
    first: Callable[[Connection], object],
    second: Callable[[], Any],
) -> Future[Any]:
    """Do `first`, start `second` before that is committed, and commit when the second one waits for it."""
    with open_transaction(counter) as connection:
        first(connection)
        future = pool.submit(second)
        until_waiting(counter.shop.engine)
    return future


def test_a_stamp_waits_for_the_stamp_before_it_and_counts_on(postgres_engine: Engine, pool: ThreadPoolExecutor) -> None:
    counter = open_counter(postgres_engine)
    second = while_open(counter, pool, lambda connection: stamp_in(connection, counter), counter.stamp)
    assert second.result().card.stamps == 2


def test_the_shield_sees_the_stamp_that_was_waited_for(postgres_engine: Engine, pool: ThreadPoolExecutor) -> None:
    counter = open_counter(postgres_engine, shield=PAUSE)
    second = while_open(counter, pool, lambda connection: stamp_in(connection, counter), counter.stamp)
    with pytest.raises(StampedTooSoon):
        second.result()


def test_a_reward_is_not_used_twice_at_once(postgres_engine: Engine, pool: ThreadPoolExecutor) -> None:
    counter = open_counter(postgres_engine)
    counter.stamp(10)

    def redeem(connection: Connection) -> None:
        operations.redeem(connection, counter.shop.merchant.id, counter.card_id, by=STAFF, now=NOON)

    second = while_open(counter, pool, redeem, counter.redeem)
    with pytest.raises(NothingToRedeem):
        second.result()


def test_an_entry_is_not_undone_twice_at_once(postgres_engine: Engine, pool: ThreadPoolExecutor) -> None:
    counter = open_counter(postgres_engine)
    stamped = counter.stamp()

    def undo(connection: Connection) -> None:
        operations.reverse(connection, counter.shop.merchant.id, stamped.entry.id, by=STAFF, now=NOON)

    second = while_open(counter, pool, undo, lambda: counter.undo(stamped))
    with pytest.raises(AlreadyReversed):
        second.result()


def test_a_repeated_request_waits_for_the_first_although_the_shield_would_refuse_it(
    postgres_engine: Engine, pool: ThreadPoolExecutor
) -> None:
    counter = open_counter(postgres_engine, shield=PAUSE)
    with ThreadPoolExecutor(1) as other, open_transaction(counter) as connection:
        connection.execute(text("SELECT 1 FROM card FOR UPDATE"))  # holds the first request up in its middle
        first = other.submit(stamp, counter, "scan-1")
        until_waiting(postgres_engine)
        second = pool.submit(stamp, counter, "scan-1")
        until_waiting(postgres_engine, transactions=2)
    assert first.result().body == second.result().body
    assert counter.card.stamps == 1


def test_a_sweep_leaves_a_card_that_is_being_stamped_for_the_next_time(
    postgres_engine: Engine, pool: ThreadPoolExecutor
) -> None:
    counter = open_counter(postgres_engine, reward_days=1)
    other = Counter(counter.shop, counter.shop.join().id, NOON)
    counter.stamp(10)
    other.stamp(10)
    other.later(days=2)
    with open_transaction(counter) as connection:
        stamp_in(connection, counter)
        assert pool.submit(other.sweep).result(timeout=30) == 1
    assert (other.ready, other.entries[-1].kind) == ([], "expired")
    assert other.sweep() == 1


def test_a_customer_who_joins_while_the_program_changes_gets_the_change(
    postgres_engine: Engine, pool: ThreadPoolExecutor
) -> None:
    counter = open_counter(postgres_engine)
    joined: list[str] = []

    def join(connection: Connection) -> None:
        outcome = operations.join(connection, counter.shop.program, key_id=KEY_ID, now=NOON, language="en")
        joined.append(outcome.card.id)

    while_open(counter, pool, join, lambda: counter.change_terms(reward="Free tea")).result()
    assert Counter(counter.shop, joined[0], NOON).card.revision == 2


def test_two_changes_of_a_program_at_once_are_not_both_the_next_revision(
    postgres_engine: Engine, pool: ThreadPoolExecutor
) -> None:
    counter = open_counter(postgres_engine)
    program = counter.program

    def rename(connection: Connection) -> None:
        programs.update_program(connection, replace(program, name="Tea Card"), NOON)

    def reword() -> None:
        with open_transaction(counter) as connection:
            programs.update_program(connection, replace(program, conditions="One per person."), NOON)

    second = while_open(counter, pool, rename, reword)
    with pytest.raises(ProgramChanged):
        second.result()


def test_a_phone_that_registers_during_a_stamp_is_told_of_it(postgres_engine: Engine, pool: ThreadPoolExecutor) -> None:
    counter = open_counter(postgres_engine)
    shown = counter.card.revision

    def register() -> None:
        with open_transaction(counter) as connection:
            add_destination(connection, counter.card_id, "apple", revision=shown, now=NOON)

    while_open(counter, pool, lambda connection: stamp_in(connection, counter), register).result()
    with reading(postgres_engine) as connection:
        assert behind(connection)[0] == 1
