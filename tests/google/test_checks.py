"""The ways in which setting Google Wallet up goes wrong, and what the doctor says to each."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from werkzeug import Response

from tests.conftest import NOON
from tests.google.counter import EMAIL, Counter
from tests.google.pretend import ISSUER_ID, PretendGoogle
from walletpass.checks import Check
from walletpass.doctor import examine
from walletpass.google import checks
from walletpass.google.answers import API_OFF, KEY_REFUSED
from walletpass.google.client import Client
from walletpass.google.identity import configured_issuer
from walletpass.settings import Settings


def access(settings: Settings) -> list[Check]:
    """What the doctor says of the way to Google."""
    issuer = configured_issuer(settings)
    assert issuer is not None
    client = Client(issuer, settings.google_api_url, turns=timedelta, clock=lambda: NOON)
    return list(checks.access(client, issuer))


def cards(counter: Counter) -> dict[str, Check]:
    """What the doctor sees by the cards."""
    with counter.engine.connect() as connection:
        return {check.name: check for check in checks.cards(connection)}


def test_all_is_well(settings: Settings) -> None:
    key, issuer = access(settings)
    assert (key.state, issuer.state) == ("ok", "ok")
    assert ISSUER_ID in issuer.message


@pytest.mark.parametrize("reason", ["accessNotConfigured", "SERVICE_DISABLED"])
def test_the_api_is_not_enabled(settings: Settings, google: PretendGoogle, reason: str) -> None:
    google.say(403, reason)
    check = access(settings)[-1]
    assert (check.state, check.advice) == ("failed", API_OFF)


def test_the_api_is_not_enabled_and_google_says_so_in_its_message_only(
    settings: Settings, google: PretendGoogle
) -> None:
    google.say(403, "forbidden", "Google Wallet API has not been used in project 1 before or it is disabled.")
    assert access(settings)[-1].advice == API_OFF


def test_the_service_account_is_not_invited(settings: Settings, google: PretendGoogle) -> None:
    google.invited_to = ()
    check = access(settings)[-1]
    assert check.state == "failed"
    assert f"{EMAIL} is not a user of issuer {ISSUER_ID}" in check.message
    assert "invite it as Developer" in check.advice


def test_the_issuer_is_another_one(settings: Settings, google: PretendGoogle) -> None:
    google.invited_to = ("3388000000000000009",)
    check = access(settings)[-1]
    assert "3388000000000000009" in check.message
    assert "WALLETPASS_GOOGLE_ISSUER_ID" in check.advice


def test_the_key_is_refused(settings: Settings, google: PretendGoogle) -> None:
    refused = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
    google.token_answers.append(Response(json.dumps(refused), 400, content_type="application/json"))
    [check] = access(settings)
    assert (check.name, check.state, check.advice) == ("Google key", "failed", KEY_REFUSED)


def test_the_key_cannot_be_read(settings: Settings, key_file: Path) -> None:
    key_file.write_text("{}")
    check = next(check for check in examine(settings, NOON) if check.name == "Google key")
    assert check.state == "failed"
    assert "not the key of a service account" in check.message


def test_google_cannot_be_reached(settings: Settings, google: PretendGoogle) -> None:
    google.say(503)
    assert access(settings)[-1].state == "warning"


def test_an_issuer_whose_cards_nobody_has_may_be_in_demo_mode(counter: Counter) -> None:
    check = cards(counter)["Google publishing"]
    assert check.state == "warning"
    assert "publishing access" in check.advice


def test_a_card_that_somebody_has_ends_the_warning_about_demo_mode(counter: Counter) -> None:
    card = counter.saved()
    counter.stamp(card)
    counter.deliver()
    assert cards(counter)["Google publishing"].state == "ok"


def test_locations_that_were_refused_are_told(counter: Counter) -> None:
    counter.google.answers += [lambda _: None]
    counter.google.say(400, "invalidResource", "Issuer not allowlisted for Merchant Locations.")
    counter.saved()
    assert "not allowlisted" in cards(counter)["Google locations"].message


def test_a_name_that_phones_cut_short_is_told(counter: Counter) -> None:
    counter.change_program(name="The Grand Coffee Lovers' Club")
    assert "29 letters" in cards(counter)["Google names"].message


def test_without_settings_google_wallet_is_off_and_said_to_be(settings: Settings, sqlite_engine: Engine) -> None:
    off = settings.model_copy(update={"google_issuer_id": None, "google_service_account_file": None})
    check = next(check for check in examine(off, NOON) if check.name == "Google Wallet")
    assert check.state == "warning"
