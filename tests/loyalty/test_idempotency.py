"""The same request sent twice, by an impatient thumb or a retrying network, counts once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from tests.builders import open_shop
from tests.conftest import NOON
from tests.loyalty.counter import Counter, open_counter
from walletpass.database import transaction
from walletpass.loyalty import operations
from walletpass.loyalty.errors import KeyReused, NothingToRedeem, Unfit
from walletpass.loyalty.idempotency import Answer, answer_once, forget_answers


def stamp(counter: Counter, key: str | None, count: int = 1) -> Answer:
    """A request to stamp the counter's card."""

    def act(connection: Connection) -> dict[str, Any]:
        outcome = operations.stamp(
            connection, counter.shop.merchant.id, counter.card_id, by=counter.by, now=counter.now, count=count
        )
        return {"entry": outcome.entry.id, "stamps": outcome.card.stamps}

    return ask(counter, key, {"stamp": counter.card_id, "count": count}, act)


def ask(
    counter: Counter, key: str | None, request: dict[str, object], act: Callable[[Connection], dict[str, Any]]
) -> Answer:
    return answer_once(counter.shop.engine, counter.shop.merchant.id, key, request, counter.now, act)


def test_the_same_request_gets_the_first_answer_again_and_counts_once(engine: Engine) -> None:
    counter = open_counter(engine)
    first = stamp(counter, "scan-1")
    counter.stamp()
    assert stamp(counter, "scan-1") == Answer(first.body, replayed=True)
    assert (first.replayed, first.body["stamps"], counter.card.stamps) == (False, 1, 2)


def test_another_key_is_another_request(counter: Counter) -> None:
    stamp(counter, "scan-1")
    assert stamp(counter, "scan-2").body["stamps"] == 2


def test_requests_without_a_key_all_count(counter: Counter) -> None:
    stamp(counter, None)
    assert stamp(counter, None).body["stamps"] == 2


def test_a_key_with_another_request_is_refused(engine: Engine) -> None:
    counter = open_counter(engine)
    stamp(counter, "scan-1")
    with pytest.raises(KeyReused):
        stamp(counter, "scan-1", count=2)
    assert counter.card.stamps == 1


def test_a_merchant_knows_nothing_of_the_keys_of_another(counter: Counter) -> None:
    open_shop(counter.shop.engine, now=NOON, slug="neighbour")
    neighbour = open_counter(counter.shop.engine, slug="neighbour-2")
    stamp(counter, "scan-1")
    assert stamp(neighbour, "scan-1").replayed is False


def test_an_error_is_not_remembered(engine: Engine) -> None:
    counter = open_counter(engine)

    def redeem(connection: Connection) -> dict[str, Any]:
        outcome = operations.redeem(
            connection, counter.shop.merchant.id, counter.card_id, by=counter.by, now=counter.now
        )
        return {"entry": outcome.entry.id}

    with pytest.raises(NothingToRedeem):
        ask(counter, "redeem-1", {}, redeem)
    counter.stamp(10)
    assert ask(counter, "redeem-1", {}, redeem).replayed is False


@pytest.mark.parametrize("key", ["", "k" * 201, "two\nlines", "NUL\0", "\ud800"])
def test_a_key_that_cannot_be_kept_is_refused(engine: Engine, key: str) -> None:
    counter = open_counter(engine)
    with pytest.raises(Unfit) as refused:
        stamp(counter, key)
    assert refused.value.field == "Idempotency-Key"
    assert counter.card.stamps == 0


def test_a_key_of_two_hundred_signs_is_fine(engine: Engine) -> None:
    assert stamp(open_counter(engine), "ű" * 200).body["stamps"] == 1


def test_answers_are_forgotten_after_their_time(engine: Engine) -> None:
    counter = open_counter(engine)
    stamp(counter, "old")
    counter.later(days=2)
    stamp(counter, "new")
    with transaction(engine) as connection:
        assert forget_answers(connection, counter.now - timedelta(days=1)) == 1
    assert (stamp(counter, "old").replayed, stamp(counter, "new").replayed) == (False, True)
