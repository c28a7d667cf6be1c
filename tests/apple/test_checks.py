"""What `walletpass doctor` says about the pass certificate."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.apple.builders import NOON
from tests.apple.certificates import APPLE_WWDR, PASS_NAMES, Pair, a_pair, identity_of
from walletpass.apple.certificates import Identity
from walletpass.apple.checks import checks, expiry_warning
from walletpass.checks import Check


@pytest.fixture(scope="module")
def wwdr() -> Pair:
    return a_pair(APPLE_WWDR)


def by_name(identity: Identity, now: datetime = NOON) -> dict[str, Check]:
    return {check.name: check for check in checks(identity, now)}


def states(identity: Identity, now: datetime = NOON) -> dict[str, str]:
    return {name: check.state for name, check in by_name(identity, now).items()}


def test_of_a_sandbox_certificate_only_the_issuer_is_worth_a_warning(identity: Identity) -> None:
    assert states(identity) == {
        "pass key": "ok",
        "pass type": "ok",
        "pass certificate": "ok",
        "intermediate": "warning",
        "trial signature": "ok",
    }
    assert "real phones refuse" in by_name(identity)["intermediate"].advice


def test_whatever_is_not_ok_says_what_to_do(identity: Identity, wwdr: Pair) -> None:
    other = a_pair(PASS_NAMES, wwdr)
    broken = replace(identity, private_key=other.key, intermediate=wwdr.certificate, team_identifier="short")
    for check in checks(broken, NOON - timedelta(days=100)):
        assert check.state == "failed"
        assert check.message
        assert check.advice


def test_a_key_of_another_certificate_fails(identity: Identity, wwdr: Pair) -> None:
    found = states(replace(identity, private_key=a_pair(PASS_NAMES, wwdr).key))
    assert found["pass key"] == "failed"
    assert found["trial signature"] == "failed"


@pytest.mark.parametrize("changes", [{"pass_type_identifier": "com.example.stamps"}, {"team_identifier": "ABCDE1234"}])
def test_names_that_are_no_pass_type_or_team_fail(identity: Identity, changes: dict[str, Any]) -> None:
    assert states(replace(identity, **changes))["pass type"] == "failed"


def test_an_expired_certificate_fails(identity: Identity) -> None:
    found = states(identity, identity.not_after + timedelta(seconds=1))
    assert found["pass certificate"] == "failed"
    assert found["trial signature"] == "failed"


def test_a_certificate_from_the_future_fails_and_points_at_the_clock(identity: Identity) -> None:
    check = by_name(identity, identity.not_before - timedelta(hours=1))["pass certificate"]
    assert check.state == "failed"
    assert "clock" in check.message


@pytest.mark.parametrize(
    ("days", "state"), [(61, "ok"), (60, "warning"), (7, "warning"), (1, "warning"), (0, "warning")]
)
def test_the_last_sixty_days_are_a_warning(identity: Identity, days: int, state: str) -> None:
    check = by_name(identity, identity.not_after - timedelta(days=days))["pass certificate"]
    assert check.state == state
    assert f"({days} day{'' if days == 1 else 's'} left)" in check.message


def test_an_intermediate_that_ended_fails(wwdr: Pair) -> None:
    ended = a_pair(APPLE_WWDR, not_after=NOON - timedelta(days=1))
    assert states(identity_of(a_pair(PASS_NAMES, ended), ended))["intermediate"] == "failed"


def test_an_intermediate_that_issued_something_else_fails(wwdr: Pair) -> None:
    found = states(identity_of(a_pair(PASS_NAMES, wwdr), a_pair(APPLE_WWDR)))
    assert found["intermediate"] == "failed"
    assert found["trial signature"] == "failed"


@pytest.mark.parametrize(
    ("days", "step"),
    [(400, None), (60.1, None), (60, 60), (31, 60), (30, 30), (14, 14), (13, 14), (7, 7), (1.5, 7), (1, 1), (-3, 1)],
)
def test_expiry_is_spoken_of_at_60_30_14_7_and_1_days(identity: Identity, days: float, step: int | None) -> None:
    assert expiry_warning(identity, identity.not_after - timedelta(days=days)) == step
