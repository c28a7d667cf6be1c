"""Earning rewards, using them, and losing them when their time is over."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from tests.builders import open_shop
from tests.conftest import NOON
from tests.loyalty.counter import Counter, open_counter
from walletpass.loyalty.errors import (
    CardClosed,
    NothingToRedeem,
    RewardAlreadyRedeemed,
    RewardExpired,
    UnknownLocation,
    UnknownReward,
)
from walletpass.loyalty.ledger import By
from walletpass.loyalty.rules import Extra

PASTRY = Extra(5, "Pastry")
WELCOME_GIFT = Extra(3, "Tote bag", once="card")


def test_an_extra_reward_leaves_the_stamps_on_the_card(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, extras=(PASTRY,))
    counter.stamp(5)
    assert (counter.card.stamps, counter.ready) == (5, ["Pastry"])


def test_an_extra_reward_comes_in_every_round(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, extras=(PASTRY,))
    counter.stamp(25)
    assert counter.ready == ["Pastry", "Free coffee", "Pastry", "Free coffee", "Pastry"]


def test_an_extra_reward_of_the_card_comes_in_the_first_round_only(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, extras=(WELCOME_GIFT, PASTRY))
    counter.stamp(15)
    assert counter.ready == ["Tote bag", "Pastry", "Free coffee", "Pastry"]


def test_an_extra_reward_of_the_card_does_not_come_again_after_it_was_used(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, extras=(WELCOME_GIFT,))
    counter.stamp(3)
    counter.redeem()
    counter.stamp(10)
    assert counter.ready == ["Free coffee"]


def test_an_extra_reward_of_the_card_does_not_come_again_after_it_expired(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, extras=(WELCOME_GIFT,), reward_days=1)
    counter.stamp(3)
    counter.later(days=2)
    counter.sweep()
    counter.stamp(10)
    assert counter.ready == ["Free coffee"]


def test_an_extra_reward_of_the_card_that_was_taken_back_can_be_earned_again(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, extras=(WELCOME_GIFT,))
    counter.undo(counter.stamp(3))
    assert counter.ready == []
    counter.stamp(3)
    assert counter.ready == ["Tote bag"]


def test_who_had_an_extra_reward_in_some_round_has_had_it_when_it_becomes_once_for_ever(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, extras=(PASTRY,))
    counter.stamp(15)
    for _ in range(3):
        counter.redeem()
    counter.change_terms(extras=(Extra(5, "Pastry", once="card"),))
    counter.stamp(10)
    assert counter.ready == ["Free coffee"]


def test_a_reward_keeps_the_name_and_the_time_of_the_day_it_was_earned(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, reward_days=30)
    counter.stamp(10)
    counter.change_terms(reward="Free tea", reward_days=1)
    counter.later(days=29)
    assert counter.ready == ["Free coffee"]


def test_a_reward_without_a_time_limit_is_ready_for_ever(counter: Counter) -> None:
    counter.stamp(10)
    counter.later(days=36_500)
    assert counter.ready == ["Free coffee"]


def test_a_reward_is_ready_until_the_very_moment_it_expires(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, reward_days=30)
    counter.stamp(10)
    counter.now = NOON + timedelta(days=30) - timedelta(milliseconds=1)
    counter.redeem()
    assert counter.entries[-1].kind == "redeemed"


def test_a_reward_has_expired_at_the_very_moment_it_expires(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, reward_days=30)
    reward = counter.stamp(10).card.rewards[0]
    counter.later(days=30)
    with pytest.raises(RewardExpired):
        counter.redeem(reward_id=reward.id)
    with pytest.raises(NothingToRedeem):
        counter.redeem()


def test_a_reward_that_the_ledger_calls_expired_is_refused_as_expired(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, reward_days=30)
    reward = counter.stamp(10).card.rewards[0]
    counter.later(days=30)
    counter.sweep()
    with pytest.raises(RewardExpired):
        counter.redeem(reward_id=reward.id)


def test_the_sweep_writes_the_expiry_down_at_the_very_moment(engine: Engine) -> None:
    counter = open_counter(engine, reward_days=30)
    reward = counter.stamp(10).card.rewards[0]
    counter.later(days=30)
    assert counter.sweep() == 1
    entry = counter.entries[-1]
    assert (entry.kind, entry.reward_id, entry.by.actor, entry.at) == ("expired", reward.id, "system", counter.now)
    assert counter.card.news == "expired"


def test_the_sweep_leaves_a_reward_alone_until_its_time_is_over(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, reward_days=30)
    counter.stamp(10)
    counter.now = NOON + timedelta(days=30) - timedelta(milliseconds=1)
    assert counter.sweep() == 0


def test_the_sweep_writes_an_expiry_down_once(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, reward_days=30)
    counter.stamp(20)
    counter.later(days=31)
    assert (counter.sweep(), counter.sweep()) == (1, 0)
    assert [entry.kind for entry in counter.entries].count("expired") == 2


def test_the_sweep_goes_through_any_number_of_cards_in_portions(engine: Engine) -> None:
    counter = open_counter(engine, reward_days=30)
    for _ in range(5):
        card = counter.shop.join()
        Counter(counter.shop, card.id, NOON).stamp(10)
    counter.later(days=31)
    assert [counter.sweep(limit=2) for _ in range(4)] == [2, 2, 1, 0]


def test_an_expiry_is_no_news_on_a_closed_card(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, reward_days=30)
    counter.stamp(10)
    counter.close()
    counter.later(days=31)
    assert (counter.sweep(), counter.card.news) == (1, "closed")


def test_a_stamp_on_a_card_with_an_overdue_reward_writes_the_expiry_down_first(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, reward_days=30)
    counter.stamp(10)
    counter.later(days=31)
    counter.stamp()
    assert [(entry.kind, entry.by.actor) for entry in counter.entries[-2:]] == [
        ("expired", "system"),
        ("stamped", "member:staff"),
    ]
    assert counter.card.news == "stamped"


def test_redeeming_uses_the_reward_that_expires_first(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine)
    for days, name in ((None, "For ever"), (30, "A month"), (7, "A week"), (30, "A month, later")):
        counter.change_terms(reward=name, reward_days=days)
        counter.stamp(10)
        counter.later(hours=1)
    order = []
    while counter.ready:
        order.append(counter.ready[0])
        counter.redeem()
    assert order == ["A week", "A month", "A month, later", "For ever"]


def test_redeeming_uses_the_reward_that_is_asked_for(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, extras=(PASTRY,))
    pastry, coffee = counter.stamp(10).card.rewards
    counter.redeem(reward_id=coffee.id)
    assert counter.ready == ["Pastry"]
    assert (counter.entries[-1].reward_id, counter.card.news) == (coffee.id, "redeemed")
    assert pastry.state == "ready"


def test_redeeming_leaves_the_stamps_alone(counter: Counter) -> None:
    counter.stamp(13)
    counter.redeem()
    assert counter.card.stamps == 3


def test_a_card_without_a_reward_has_nothing_to_redeem(counter: Counter) -> None:
    counter.stamp(9)
    with pytest.raises(NothingToRedeem):
        counter.redeem()


def test_a_reward_is_used_once_and_the_second_time_is_told_when(counter: Counter) -> None:
    reward = counter.stamp(10).card.rewards[0]
    counter.later(minutes=5)
    counter.redeem()
    counter.later(minutes=5)
    with pytest.raises(RewardAlreadyRedeemed) as refused:
        counter.redeem(reward_id=reward.id)
    assert refused.value.redeemed_at == NOON + timedelta(minutes=5)
    assert "2026-11-20 12:05 UTC" in refused.value.in_words("en")


def test_a_reward_that_was_taken_back_is_unknown(counter: Counter) -> None:
    stamped = counter.stamp(10)
    counter.undo(stamped)
    with pytest.raises(UnknownReward):
        counter.redeem(reward_id=stamped.card.rewards[0].id)


def test_the_reward_of_another_card_is_unknown(counter: Counter) -> None:
    other = Counter(counter.shop, counter.shop.join().id, NOON)
    reward = other.stamp(10).card.rewards[0]
    counter.stamp(10)
    with pytest.raises(UnknownReward):
        counter.redeem(reward_id=reward.id)


@pytest.mark.parametrize("garbage", ["", "no such reward", "\0", "\ud800"])
def test_garbage_is_an_unknown_reward(engine: Engine, garbage: str) -> None:
    counter = open_counter(engine)
    counter.stamp(10)
    with pytest.raises(UnknownReward):
        counter.redeem(reward_id=garbage)


def test_a_closed_card_redeems_nothing(counter: Counter) -> None:
    counter.stamp(10)
    counter.close()
    with pytest.raises(CardClosed):
        counter.redeem()


def test_nobody_redeems_at_the_location_of_another_merchant(counter: Counter) -> None:
    neighbour = open_shop(counter.shop.engine, now=NOON, slug="neighbour")
    counter.stamp(10)
    with pytest.raises(UnknownLocation):
        counter.redeem(by=By("member:ann", neighbour.location.id))
