"""How often something may happen."""

from datetime import timedelta

from tests.conftest import NOON
from walletpass.allowance import Allowance

SECOND = timedelta(seconds=1)


def test_so_many_may_happen_at_once_and_no_more() -> None:
    allowance = Allowance(3, SECOND)
    assert [allowance.take("here", NOON) for _ in range(4)] == [True, True, True, False]


def test_one_comes_back_after_a_while() -> None:
    allowance = Allowance(3, SECOND)
    for _ in range(3):
        allowance.take("here", NOON)
    assert allowance.take("here", NOON + SECOND)
    assert not allowance.take("here", NOON + SECOND)


def test_a_refusal_does_not_count() -> None:
    allowance = Allowance(1, SECOND)
    allowance.take("here", NOON)
    for _ in range(100):
        allowance.take("here", NOON)
    assert allowance.take("here", NOON + SECOND)


def test_everybody_has_an_allowance_of_their_own() -> None:
    allowance = Allowance(1, SECOND)
    assert allowance.take("here", NOON) and allowance.take("there", NOON)


def test_only_so_many_are_remembered_and_the_quietest_is_forgotten() -> None:
    allowance = Allowance(1, SECOND, keys=2)
    for key in ("first", "second", "third"):
        allowance.take(key, NOON)
    assert not allowance.take("third", NOON) and allowance.take("first", NOON)
