"""What a stamp does."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from tests.builders import open_shop, terms
from tests.conftest import NOON
from tests.loyalty.counter import Counter, open_counter
from tests.loyalty.statements import listening
from walletpass.loyalty.errors import CardClosed, Unfit, UnknownCard, UnknownLocation
from walletpass.loyalty.ledger import By
from walletpass.loyalty.rules import Earned, Progress, Shield, advance


def test_a_stamp_counts(counter: Counter) -> None:
    counter.stamp()
    assert counter.card.stamps == 1


def test_the_last_stamp_required_becomes_a_reward_and_the_card_starts_again(counter: Counter) -> None:
    counter.stamp(9)
    counter.stamp()
    assert (counter.card.stamps, counter.ready) == (0, ["Free coffee"])


def test_stamps_over_the_brim_are_one_reward_and_the_rest(engine: Engine) -> None:
    counter = open_counter(engine)
    counter.stamp(9)
    counter.stamp(3)
    assert (counter.card.stamps, counter.ready) == (2, ["Free coffee"])


def test_a_card_that_is_filled_twice_at_once_earns_two_rewards(counter: Counter) -> None:
    counter.stamp(25)
    assert (counter.card.stamps, counter.card.round, counter.ready) == (5, 2, ["Free coffee"] * 2)


def test_every_stamp_of_a_card_of_one_stamp_is_a_reward() -> None:
    progress, earned = advance(Progress(0, 7), 3, terms(stamps_required=1), [])
    assert progress == Progress(0, 10)
    assert [(one.round, one.stamps_spent) for one in earned] == [(7, 1), (8, 1), (9, 1)]


def test_a_card_with_the_stamps_of_two_rounds_of_a_shortened_program_earns_both_rewards() -> None:
    progress, earned = advance(Progress(8, 0), 1, terms(stamps_required=4), [])
    assert progress == Progress(1, 2)
    assert earned == [Earned("Free coffee", 4, 0, 4), Earned("Free coffee", 4, 1, 4)]


def test_the_ledger_says_who_stamped_where_and_why(counter: Counter) -> None:
    by = By("member:ann", counter.shop.location.id, "two lattes, one tea")
    counter.stamp(3, by=by)
    entry = counter.entries[-1]
    assert (entry.kind, entry.stamps, entry.at, entry.by) == ("stamped", 3, NOON, by)


def test_a_reward_is_an_entry_of_its_own_that_takes_its_stamps_off_the_card(counter: Counter) -> None:
    stamped = counter.stamp(12).entry
    earned = counter.entries[-1]
    assert (earned.kind, earned.stamps, earned.cause_id) == ("earned", -10, stamped.id)
    assert earned.reward_id == counter.card.rewards[0].id


def test_the_entries_of_a_card_are_numbered_without_gaps(counter: Counter) -> None:
    for count in (9, 3, 8):
        counter.stamp(count)
    counter.redeem()
    counter.close()
    assert [entry.number for entry in counter.entries] == list(range(1, counter.card.entries + 1))


def test_the_outcome_is_the_card_as_the_database_has_it(engine: Engine) -> None:
    counter = open_counter(engine)
    counter.now += timedelta(microseconds=1234)
    assert counter.stamp(12).card == counter.card


def test_the_outcome_tells_what_the_stamp_brought_about(counter: Counter) -> None:
    outcome = counter.stamp(12)
    assert (outcome.entry.kind, [entry.kind for entry in outcome.caused]) == ("stamped", ["earned"])


@pytest.mark.parametrize("count", [0, -1, 101])
def test_nobody_stamps_no_times_or_more_than_a_hundred_times_at_once(counter: Counter, count: int) -> None:
    with pytest.raises(Unfit) as refused:
        counter.stamp(count)
    assert refused.value.field == "count"
    assert counter.card.stamps == 0


@pytest.mark.parametrize("note", ["n" * 501, "with a NUL \0", "half a letter \ud800"])
def test_a_note_that_cannot_be_kept_is_refused(counter: Counter, note: str) -> None:
    with pytest.raises(Unfit) as refused:
        counter.stamp(by=By("member:ann", note=note))
    assert refused.value.field == "note"


def test_a_card_of_another_merchant_is_unknown(counter: Counter) -> None:
    neighbour = open_shop(counter.shop.engine, now=NOON, slug="neighbour")
    with pytest.raises(UnknownCard):
        Counter(neighbour, counter.card_id, NOON).stamp()


@pytest.mark.parametrize("garbage", ["", "no such card", "\0", "\ud800", "é", "1' OR '1'='1", "x" * 5000])
def test_garbage_is_an_unknown_card(engine: Engine, garbage: str) -> None:
    counter = open_counter(engine)
    counter.card_id = garbage
    with pytest.raises(UnknownCard):
        counter.stamp()


def test_nobody_stamps_at_the_location_of_another_merchant(counter: Counter) -> None:
    neighbour = open_shop(counter.shop.engine, now=NOON, slug="neighbour")
    with pytest.raises(UnknownLocation):
        counter.stamp(by=By("member:ann", neighbour.location.id))


@pytest.mark.parametrize("garbage", ["", "nowhere", "\0", "\ud800"])
def test_garbage_is_an_unknown_location(engine: Engine, garbage: str) -> None:
    with pytest.raises(UnknownLocation):
        open_counter(engine).stamp(by=By("member:ann", garbage))


def test_a_closed_card_gets_no_more_stamps(counter: Counter) -> None:
    counter.close()
    with pytest.raises(CardClosed):
        counter.stamp()


def test_a_card_is_closed_once(counter: Counter) -> None:
    counter.close()
    with pytest.raises(CardClosed):
        counter.close()


def test_last_modified_is_the_second_of_the_change(counter: Counter) -> None:
    counter.later(hours=1)
    assert counter.stamp().card.last_modified == int(NOON.timestamp()) + 3600


def test_last_modified_grows_by_a_second_with_every_change_however_fast_they_come(counter: Counter) -> None:
    before = counter.card
    after = [counter.stamp().card for _ in range(5)]
    assert [card.last_modified - before.last_modified for card in after] == [1, 2, 3, 4, 5]
    assert [card.revision - before.revision for card in after] == [1, 2, 3, 4, 5]


def test_last_modified_grows_even_when_the_clock_is_put_back(counter: Counter) -> None:
    before = counter.card
    counter.now -= timedelta(days=1)
    assert counter.stamp().card.last_modified == before.last_modified + 1


def test_a_reward_is_the_news_for_a_minute(counter: Counter) -> None:
    news = [counter.stamp(10).card.news]
    for _ in range(2):
        counter.later(seconds=30)
        news.append(counter.stamp().card.news)
    assert news == ["ready", "ready", "stamped"]


def test_a_reward_that_is_used_is_no_news_any_more(counter: Counter) -> None:
    counter.stamp(10)
    counter.redeem()
    assert counter.stamp().card.news == "stamped"


def test_a_card_carries_none_of_the_rewards_it_has_used(counter: Counter) -> None:
    for _ in range(20):
        counter.stamp(10)
        counter.redeem()
    assert counter.card.rewards == ()


def test_a_stamp_asks_the_database_no_more_on_an_old_card_than_on_a_new_one(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, shield=Shield())
    with listening(sqlite_engine) as new:
        counter.stamp()
    for _ in range(20):
        counter.later(days=1)
        counter.stamp(10, override="many guests")
        counter.redeem()
    counter.later(days=1)
    with listening(sqlite_engine) as old:
        counter.stamp()
    assert [statement for statement, _ in old] == [statement for statement, _ in new]
    assert len(new) == 8


def test_a_shield_that_is_down_costs_nothing(counter: Counter) -> None:
    with listening(counter.shop.engine) as heard:
        counter.stamp()
    assert len(heard) == 7
