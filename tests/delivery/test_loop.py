"""The delivery loop in its thread, and several of them at once."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from queue import SimpleQueue
from threading import Thread

import pytest
from sqlalchemy import Connection, select

from tests.apple_service import ALICES_TOKEN
from tests.builders import open_shop
from tests.conftest import NOON
from tests.delivery.post import PATIENCE, Post, until
from walletpass.database import reading
from walletpass.delivery.chores import ANSWERS_ARE_KEPT, CHORES
from walletpass.delivery.loop import DeliveryLoop
from walletpass.loyalty import tables
from walletpass.loyalty.cards import card_by_id
from walletpass.loyalty.destinations import behind
from walletpass.loyalty.idempotency import answer_once
from walletpass.sandbox.http2 import Behaviour


def present() -> datetime:
    return datetime.now(UTC)


@contextmanager
def running(loop: DeliveryLoop) -> Iterator[DeliveryLoop]:
    loop.start()
    try:
        yield loop
    finally:
        loop.stop()


def rings(post: Post) -> SimpleQueue[str]:
    """Alice's phone: one entry for each time it rings."""
    rung: SimpleQueue[str] = SimpleQueue()
    post.apns.register(ALICES_TOKEN, lambda token, _: rung.put(token))
    return rung


def test_a_loop_that_is_woken_delivers(post_anywhere: Post) -> None:
    post = post_anywhere
    rung, card = rings(post), post.join()
    with running(post.loop(clock=present)) as loop:
        post.clock.now = present()
        post.stamp(card)
        loop.wake()
        assert rung.get(timeout=PATIENCE) == ALICES_TOKEN
        until(post.is_all_settled)


def test_a_change_that_nobody_announced_is_noticed(post: Post) -> None:
    rung, card = rings(post), post.join()
    with running(post.loop(clock=present)):
        post.stamp(card)
        assert rung.get(timeout=PATIENCE) == ALICES_TOKEN


def test_stopping_settles_the_batch_under_way(post: Post) -> None:
    rung = rings(post)
    post.apns.behaviour = Behaviour(delay=0.5)
    post.stamp(post.join())
    with running(post.loop(clock=present)):
        rung.get(timeout=PATIENCE)  # the push has arrived, and its answer is on the way
    assert post.is_all_settled()


def test_a_loop_can_be_started_again(post: Post) -> None:
    rung, card, loop = rings(post), post.join(), post.loop(clock=present)
    for _ in range(2):
        with running(loop):
            post.clock.now = present()
            post.stamp(card)
            loop.wake()
            assert rung.get(timeout=PATIENCE) == ALICES_TOKEN
            until(post.is_all_settled)


def test_a_failure_is_logged_and_the_loop_goes_on(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: Connection, __: datetime) -> int:
        raise RuntimeError("the chore fell over")

    rung, card = rings(post), post.join()
    with running(post.loop(clock=present, chores=[broken])) as loop:
        until(lambda: "the chore fell over" in caplog.text)
        post.stamp(card)
        loop.wake()
        assert rung.get(timeout=PATIENCE) == ALICES_TOKEN


def test_a_failing_chore_does_not_keep_the_others_from_being_done(post: Post) -> None:
    done: SimpleQueue[str] = SimpleQueue()

    def broken(_: Connection, __: datetime) -> int:
        raise RuntimeError("the chore fell over")

    def sound(_: Connection, __: datetime) -> int:
        done.put("done")
        return 0

    with running(post.loop(clock=present, chores=[broken, sound])):
        assert done.get(timeout=PATIENCE) == "done"


def test_a_chore_is_repeated_until_nothing_is_left_and_then_rests(post: Post) -> None:
    work = [3, 2, 1]
    asked: list[datetime] = []

    def chore(_: Connection, now: datetime) -> int:
        asked.append(now)
        return work.pop(0) if work else 0

    loop = post.loop(chores=[chore])
    loop.run_chores()
    loop.run_chores()
    assert asked == [NOON] * 4
    post.clock.advance(seconds=30)
    loop.run_chores()
    assert len(asked) == 5


def test_rewards_expire_and_phones_hear_of_it(post: Post) -> None:
    shop = open_shop(post.engine, now=NOON, slug="baker", stamps_required=1, reward_days=1)
    card = shop.join()
    post.register(card)
    post.stamp(card)
    loop = post.loop(chores=CHORES)
    post.clock.advance(days=1)
    loop.run_once()
    loop.run_chores()
    with reading(post.engine) as connection:
        card = card_by_id(connection, card.merchant_id, card.id)
    assert (card.ready(post.clock()), card.news) == ([], "expired")
    post.clock.advance(seconds=2)
    assert loop.run_once() == 1


def test_answers_are_forgotten_after_a_month(post: Post) -> None:
    answer_once(post.engine, post.shop.merchant.id, "key", {"stamp": 1}, NOON, lambda _: {"done": True})
    loop = post.loop(chores=CHORES)
    post.clock.now = NOON + ANSWERS_ARE_KEPT
    loop.run_chores()
    assert answers(post) == 1
    post.clock.advance(seconds=31)
    loop.run_chores()
    assert answers(post) == 0


def answers(post: Post) -> int:
    with reading(post.engine) as connection:
        return len(connection.execute(select(tables.answer)).all())


def test_two_loops_at_once_push_everything_and_nothing_twice(post_on_postgres: Post) -> None:
    post = post_on_postgres
    tokens = [f"{number:064x}" for number in range(1, 61)]
    cards = [post.join(f"phone-{token}", token) for token in tokens]
    post.clock.now = present()
    with ExitStack() as loops:
        for _ in range(2):
            loops.enter_context(running(post.loop(clock=present)))
        staff = [Thread(target=post.stamp, args=cards[half::2]) for half in range(2)]
        for each in staff:
            each.start()
        for each in staff:
            each.join()
        until(post.is_all_settled)
    assert Counter(post.pushed()) == Counter(tokens)


def test_two_loops_share_the_work_of_one_batch(post_on_postgres: Post) -> None:
    post = post_on_postgres
    tokens = [f"{number:064x}" for number in range(1, 41)]
    post.stamp(*[post.join(f"phone-{token}", token) for token in tokens])
    post.clock.advance(seconds=2)
    loops = [post.loop() for _ in range(4)]
    with ThreadPoolExecutor(len(loops)) as threads:
        claims = list(threads.map(DeliveryLoop.run_once, loops))
    assert sum(claims) == len(tokens)
    assert sorted(post.pushed()) == tokens


def test_a_loop_without_channels_only_does_its_chores(post: Post) -> None:
    post.stamp(post.join())
    post.clock.advance(hours=1)
    loop = DeliveryLoop(post.engine, {}, clock=post.clock, rng=post.rng)
    assert loop.run_once() == 0
    with reading(post.engine) as connection:
        assert behind(connection)[0] == 1
