"""Claims on what is due, and what becomes of them, on both databases."""

from datetime import datetime, timedelta

import pytest

from tests.conftest import NOON
from tests.delivery.post import Post
from walletpass.database import reading, transaction
from walletpass.delivery.claims import (
    BATCH,
    LEASE,
    LONGEST_WAIT,
    WAIT_FOR_REPAIR,
    Claimed,
    Result,
    Verdict,
    claim,
    next_due,
    settle,
)
from walletpass.loyalty.destinations import GAP, GATHER, troubles

SOON = NOON + timedelta(seconds=1)


@pytest.fixture
def post(post_anywhere: Post) -> Post:
    return post_anywhere


def claimed(post: Post, now: datetime, limit: int = BATCH) -> list[Claimed]:
    with transaction(post.engine) as connection:
        return claim(connection, ["apple"], now, limit=limit)


def settled(post: Post, verdict: Verdict, now: datetime = SOON) -> bool:
    with transaction(post.engine) as connection:
        return settle(connection, verdict, now, post.rng)


def due(post: Post) -> datetime | None:
    with reading(post.engine) as connection:
        return next_due(connection, ["apple"])


def test_a_stamp_is_due_after_a_moment_in_which_others_may_join_it(post: Post) -> None:
    post.stamp(post.join())
    assert due(post) == NOON + GATHER
    assert claimed(post, NOON) == []
    assert len(claimed(post, NOON + GATHER)) == 1


def test_what_is_up_to_date_is_not_claimed(post: Post) -> None:
    post.join()
    assert due(post) is None
    assert claimed(post, NOON + timedelta(days=1000)) == []


def test_what_is_claimed_is_left_alone_until_the_lease_ends(post: Post) -> None:
    post.stamp(post.join())
    [first] = claimed(post, SOON)
    assert due(post) == first.leased_until == SOON + LEASE
    assert claimed(post, SOON + LEASE - timedelta(milliseconds=1)) == []


def test_what_was_never_settled_comes_back_by_itself(post: Post) -> None:
    post.stamp(post.join())
    [lost] = claimed(post, SOON)
    [again] = claimed(post, SOON + LEASE)
    assert again.destination_id == lost.destination_id


def test_a_claim_is_for_the_revision_that_is_wanted_now(post: Post) -> None:
    card = post.join()
    post.stamp(card, card, card)
    [it] = claimed(post, SOON)
    assert it.wanted_revision == card.revision + 3


def test_what_has_waited_longest_is_claimed_first(post: Post) -> None:
    early, late = post.join("one"), post.join("two")
    post.stamp(early)
    post.clock.advance(milliseconds=10)
    post.stamp(late)
    [it] = claimed(post, SOON, limit=1)
    assert it.destination_id == post.destinations()[0].id


def test_kinds_that_nobody_can_reach_are_left_alone(post: Post) -> None:
    post.stamp(post.join())
    with transaction(post.engine) as connection:
        assert claim(connection, ["google"], SOON) == []
        assert next_due(connection, ["google"]) is None
        assert claim(connection, [], SOON) == []


def test_what_was_delivered_is_up_to_date(post: Post) -> None:
    card = post.join()
    post.stamp(card)
    [it] = claimed(post, SOON)
    assert settled(post, Verdict(it, Result.DELIVERED))
    row = post.destination()
    assert (row.due_at, row.delivered_revision, row.delivered_at) == (None, card.revision + 1, SOON)


def test_a_change_made_while_delivering_is_due_again_after_the_least_gap(post: Post) -> None:
    card = post.join()
    post.stamp(card)
    [it] = claimed(post, SOON)
    post.stamp(card)
    assert settled(post, Verdict(it, Result.DELIVERED))
    row = post.destination()
    assert (row.due_at, row.delivered_revision, row.wanted_revision) == (
        SOON + GAP,
        card.revision + 1,
        card.revision + 2,
    )


def test_a_worker_that_outlived_its_lease_changes_nothing(post: Post) -> None:
    post.stamp(post.join())
    [slow] = claimed(post, SOON)
    [quick] = claimed(post, SOON + LEASE)
    before = post.destination()
    assert not settled(post, Verdict(slow, Result.DELIVERED), SOON + LEASE)
    assert post.destination() == before
    assert settled(post, Verdict(quick, Result.DELIVERED), SOON + LEASE)


def test_a_late_failure_does_not_undo_what_another_worker_delivered(post: Post) -> None:
    post.stamp(post.join())
    [slow] = claimed(post, SOON)
    [quick] = claimed(post, SOON + LEASE)
    settled(post, Verdict(quick, Result.DELIVERED), SOON + LEASE)
    assert not settled(post, Verdict(slow, Result.LATER, "lost"), SOON + LEASE)
    assert post.destination().due_at is None


def test_failures_wait_longer_and_longer_but_not_for_ever(post: Post) -> None:
    post.stamp(post.join())
    now, waits = SOON, []
    for _ in range(40):
        [it] = claimed(post, now)
        settled(post, Verdict(it, Result.LATER, "busy"), now)
        back = post.destination().due_at
        waits.append(back - now)
        now = back
    assert post.destination().attempts == 40
    assert max(waits[:3]) <= timedelta(seconds=20)
    assert timedelta(minutes=30) < max(waits) <= LONGEST_WAIT


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [
        (timedelta(minutes=7), timedelta(minutes=7), timedelta(minutes=7, seconds=5)),
        (timedelta(days=10_000), timedelta(days=1), timedelta(days=1, seconds=5)),
    ],
)
def test_a_platform_that_asks_us_to_wait_is_obeyed_within_reason(
    post: Post, asked: timedelta, least: timedelta, most: timedelta
) -> None:
    post.stamp(post.join())
    [it] = claimed(post, SOON)
    settled(post, Verdict(it, Result.LATER, "busy", asked))
    assert least <= post.destination().due_at - SOON <= most


def test_what_is_blocked_waits_for_repair_and_says_why(post: Post) -> None:
    post.stamp(post.join())
    [it] = claimed(post, SOON)
    settled(post, Verdict(it, Result.BLOCKED, "Install a new certificate."))
    assert post.destination().due_at == SOON + WAIT_FOR_REPAIR
    with reading(post.engine) as connection:
        assert troubles(connection) == {"Install a new certificate.": 1}


def test_success_ends_the_trouble(post: Post) -> None:
    post.stamp(post.join())
    [it] = claimed(post, SOON)
    settled(post, Verdict(it, Result.LATER, "busy"))
    [it] = claimed(post, SOON + LONGEST_WAIT)
    settled(post, Verdict(it, Result.DELIVERED))
    row = post.destination()
    assert (row.attempts, row.trouble) == (0, None)


def test_a_stamp_does_not_hurry_a_retry_that_is_planned(post: Post) -> None:
    card = post.join()
    post.stamp(card)
    [it] = claimed(post, SOON)
    settled(post, Verdict(it, Result.BLOCKED, "Install a new certificate."))
    post.stamp(card)
    assert post.destination().due_at == SOON + WAIT_FOR_REPAIR


def test_a_destination_that_was_removed_meanwhile_is_not_missed(post: Post) -> None:
    card = post.join()
    post.stamp(card)
    [it] = claimed(post, SOON)
    post.unregister(card)
    assert not settled(post, Verdict(it, Result.DELIVERED))
    assert post.destinations() == []


def test_two_workers_at_the_same_time_claim_different_things(post_on_postgres: Post) -> None:
    post = post_on_postgres
    for number in range(4):
        post.stamp(post.join(f"phone-{number}"))
    with transaction(post.engine) as one, transaction(post.engine) as other:
        first = claim(one, ["apple"], SOON, limit=3)
        second = claim(other, ["apple"], SOON, limit=3)
    ids = [it.destination_id for it in (*first, *second)]
    assert (len(first), len(second), len(set(ids))) == (3, 1, 4)
