"""Undoing: everything that an entry did is given back."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from tests.builders import open_shop
from tests.conftest import NOON
from tests.loyalty.counter import Counter, open_counter
from walletpass.loyalty.errors import (
    AlreadyReversed,
    NotReversible,
    RewardInTheWay,
    Unfit,
    UnknownEntry,
    UnknownLocation,
)
from walletpass.loyalty.ledger import By, Entry
from walletpass.loyalty.rules import Extra, Progress, retreat


def last(counter: Counter, kind: str) -> Entry:
    """The card's latest entry of a kind."""
    return next(entry for entry in reversed(counter.entries) if entry.kind == kind)


def test_undoing_a_stamp_takes_it_back(counter: Counter) -> None:
    counter.stamp(2)
    counter.undo(counter.stamp(3))
    assert (counter.card.stamps, counter.card.news) == (2, "undone")


def test_the_ledger_keeps_the_stamp_and_who_undid_it(counter: Counter) -> None:
    stamped = counter.stamp(3).entry
    by = By("member:max", note="wrong customer")
    counter.undo(stamped, by=by)
    undone = counter.entries[-1]
    assert stamped in counter.entries
    assert (undone.kind, undone.stamps, undone.reverses_id, undone.by) == ("reversed", -3, stamped.id, by)


def test_undoing_the_stamp_that_earned_a_reward_takes_it_back_and_fills_the_card_again(counter: Counter) -> None:
    counter.stamp(9)
    counter.undo(counter.stamp(3))
    assert (counter.card.stamps, counter.card.round, counter.ready) == (9, 0, [])


def test_a_reward_taken_back_is_an_entry_of_its_own_that_gives_its_stamps_back(counter: Counter) -> None:
    undone = counter.undo(counter.stamp(12)).entry
    revoked = counter.entries[-1]
    assert (revoked.kind, revoked.stamps, revoked.cause_id) == ("revoked", 10, undone.id)


def test_undoing_a_stamp_takes_back_the_rewards_of_several_rounds(counter: Counter) -> None:
    counter.stamp(5)
    counter.undo(counter.stamp(30))
    assert (counter.card.stamps, counter.card.round, counter.ready) == (5, 0, [])


def test_a_reward_stays_when_a_later_stamp_has_taken_the_place_of_the_one_undone(counter: Counter) -> None:
    first = counter.stamp()
    counter.stamp(10)
    counter.undo(first)
    assert (counter.card.stamps, counter.ready) == (0, ["Free coffee"])


def test_undoing_a_stamp_takes_an_extra_reward_back(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, extras=(Extra(5, "Pastry"),))
    counter.stamp(4)
    counter.undo(counter.stamp(2))
    assert (counter.card.stamps, counter.ready) == (4, [])


def test_undoing_a_stamp_leaves_the_extra_rewards_before_it(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, extras=(Extra(5, "Pastry"),))
    counter.stamp(5)
    counter.undo(counter.stamp(10))
    assert (counter.card.stamps, counter.ready) == (5, ["Pastry"])


def test_a_stamp_whose_reward_was_used_cannot_be_undone_before_the_redemption(counter: Counter) -> None:
    stamped = counter.stamp(10)
    redeemed = counter.redeem()
    with pytest.raises(RewardInTheWay) as refused:
        counter.undo(stamped)
    assert "Free coffee" in refused.value.in_words("en")
    counter.undo(redeemed)
    counter.undo(stamped)
    assert (counter.card.stamps, counter.ready) == (0, [])


def test_an_extra_reward_that_was_used_is_in_the_way_as_well(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, extras=(Extra(5, "Pastry"),))
    stamped = counter.stamp(5)
    counter.redeem()
    with pytest.raises(RewardInTheWay):
        counter.undo(stamped)
    assert counter.card.stamps == 5


def test_a_refused_undoing_changes_nothing(counter: Counter) -> None:
    stamped = counter.stamp(10)
    counter.redeem()
    before = counter.card
    with pytest.raises(RewardInTheWay):
        counter.undo(stamped)
    assert counter.card == before


def test_a_reward_that_expired_goes_with_its_stamp_and_comes_new_with_the_next(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, reward_days=30)
    counter.stamp(9)
    stamped = counter.stamp()
    counter.later(days=31)
    counter.sweep()
    counter.undo(stamped)
    assert counter.card.stamps == 9
    assert counter.stamp().card.rewards[0].expires_at == counter.now + timedelta(days=30)


def test_undoing_a_redemption_gives_the_reward_back(counter: Counter) -> None:
    counter.stamp(10)
    counter.undo(counter.redeem())
    assert (counter.card.stamps, counter.ready) == (0, ["Free coffee"])


def test_a_reward_given_back_can_be_used_for_as_long_as_it_had_left(engine: Engine) -> None:
    counter = open_counter(engine, reward_days=30)
    counter.stamp(10)
    counter.later(days=28)
    redeemed = counter.redeem()
    counter.later(days=100)
    assert counter.undo(redeemed).card.rewards[0].expires_at == counter.now + timedelta(days=2)


def test_a_reward_given_back_twice_loses_no_time_in_between(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, reward_days=30)
    counter.stamp(10)
    for _ in range(2):
        counter.later(days=10)
        redeemed = counter.redeem()
        counter.later(days=50)
        counter.undo(redeemed)
    assert counter.card.rewards[0].expires_at == counter.now + timedelta(days=10)


def test_a_reward_given_back_that_never_expired_never_will(counter: Counter) -> None:
    counter.stamp(10)
    assert counter.undo(counter.redeem()).card.rewards[0].expires_at is None


def test_a_reward_given_back_can_be_used_and_given_back_again(counter: Counter) -> None:
    counter.stamp(10)
    for _ in range(3):
        counter.undo(counter.redeem())
    assert counter.ready == ["Free coffee"]


def test_undoing_a_closing_opens_the_card_as_it_was(counter: Counter) -> None:
    counter.stamp(13)
    counter.undo(counter.close())
    assert (counter.card.closed_at, counter.card.stamps, counter.ready) == (None, 3, ["Free coffee"])
    assert counter.stamp().card.stamps == 4


def test_a_card_can_be_closed_and_opened_again_and_again(counter: Counter) -> None:
    for _ in range(3):
        counter.undo(counter.close())
    counter.close()
    assert counter.card.closed_at == counter.now


def test_a_mistake_can_be_undone_on_a_closed_card(counter: Counter) -> None:
    stamped = counter.stamp(3)
    counter.close()
    counter.undo(stamped)
    assert (counter.card.stamps, counter.card.closed_at) == (0, NOON)


def test_the_stamp_for_joining_can_be_undone(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, first_stamp=True)
    counter.undo(last(counter, "bonus"))
    assert counter.card.stamps == 0


def test_nothing_is_undone_twice(engine: Engine) -> None:
    counter = open_counter(engine)
    stamped = counter.stamp(3)
    counter.undo(stamped)
    with pytest.raises(AlreadyReversed):
        counter.undo(stamped)


@pytest.mark.parametrize("kind", ["joined", "earned", "reversed", "revoked", "expired"])
def test_what_came_of_something_else_cannot_be_undone_by_itself(sqlite_engine: Engine, kind: str) -> None:
    counter = open_counter(sqlite_engine, reward_days=1)
    counter.stamp(10)
    counter.undo(counter.stamp(10))
    counter.later(days=2)
    counter.sweep()
    with pytest.raises(NotReversible):
        counter.undo(last(counter, kind))


def test_an_entry_of_another_merchant_is_unknown(counter: Counter) -> None:
    neighbour = open_shop(counter.shop.engine, now=NOON, slug="neighbour")
    stamped = counter.stamp()
    with pytest.raises(UnknownEntry):
        Counter(neighbour, counter.card_id, NOON).undo(stamped)


@pytest.mark.parametrize("garbage", ["", "no such entry", "\0", "\ud800"])
def test_garbage_is_an_unknown_entry(engine: Engine, garbage: str) -> None:
    counter = open_counter(engine)
    with pytest.raises(UnknownEntry):
        counter.undo(Entry(garbage, counter.card_id, 1, "stamped", 1, NOON, counter.by))


def test_nobody_undoes_at_the_location_of_another_merchant(counter: Counter) -> None:
    neighbour = open_shop(counter.shop.engine, now=NOON, slug="neighbour")
    stamped = counter.stamp()
    with pytest.raises(UnknownLocation):
        counter.undo(stamped, by=By("member:ann", neighbour.location.id))


def test_a_note_on_an_undoing_has_at_most_500_signs(counter: Counter) -> None:
    stamped = counter.stamp()
    with pytest.raises(Unfit):
        counter.undo(stamped, by=By("member:ann", note="n" * 501))


def test_the_card_was_last_stamped_when_it_got_the_latest_stamp_that_stands(counter: Counter) -> None:
    counter.stamp()
    counter.later(days=1)
    stamped = counter.stamp()
    counter.later(days=1)
    assert counter.undo(stamped).card.last_stamped_at == NOON


def test_a_card_whose_only_stamp_was_undone_was_never_stamped(counter: Counter) -> None:
    assert counter.undo(counter.stamp()).card.last_stamped_at is None


def test_a_stamp_can_be_undone_after_the_program_was_shortened(counter: Counter) -> None:
    counter.stamp(8)
    counter.change_terms(stamps_required=3)
    stamped = counter.stamp()
    assert (counter.card.stamps, len(counter.ready)) == (0, 3)
    counter.undo(stamped)
    assert (counter.card.stamps, len(counter.ready)) == (2, 2)


def test_a_stamp_can_be_undone_after_the_program_was_lengthened(counter: Counter) -> None:
    counter.stamp(9)
    stamped = counter.stamp()
    counter.change_terms(stamps_required=20)
    counter.undo(stamped)
    assert (counter.card.stamps, counter.ready) == (9, [])


def test_the_outcome_is_the_card_as_the_database_has_it(engine: Engine) -> None:
    counter = open_counter(engine, extras=(Extra(5, "Pastry"),))
    counter.stamp(5)
    assert counter.undo(counter.stamp(16)).card == counter.card


def test_a_card_gives_back_no_stamps_that_it_never_had() -> None:
    with pytest.raises(NotReversible):
        retreat(Progress(3, 0), 4, [])
