"""From a click on a real server to a card on a phone, and on from stamp to stamp; Google is the sandbox's."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from tests.installation import Installation, Key
from walletpass.database import open_database, reading
from walletpass.google.tables import loyalty_object
from walletpass.sandbox.google import ISSUER_ID, Behaviour, PretendGoogle, refusal
from walletpass.sandbox.google_store import OBJECTS

ACCOUNT = "alice@example.com"
PATIENCE = 20  # seconds
SAVE_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


@pytest.fixture
def google(here: Installation, tmp_path: Path) -> Iterator[PretendGoogle]:
    clock = lambda: datetime.now(UTC)  # noqa: E731
    with PretendGoogle(clock, callback_url=f"{here.url}/google/callback") as pretend:
        here.settings |= {
            "google_issuer_id": ISSUER_ID,
            "google_service_account_file": pretend.write_service_account(tmp_path / "google.json"),
            "google_api_url": pretend.url,
            "google_save_url": pretend.save_url,
            "google_callback_keys_url": pretend.keys_url,
        }
        yield pretend


@pytest.fixture
def till(here: Installation, google: PretendGoogle) -> Iterator[Key]:
    here.run("init")
    with here.running("serve"):
        yield here.open_shop()


def soon(happened: Callable[[], bool]) -> bool:
    """Whether it happens before patience ends."""
    end = monotonic() + PATIENCE
    while not happened():
        if monotonic() > end:
            return False
        sleep(0.05)
    return True


def save(here: Installation, card: dict[str, Any]) -> None:
    """Press the button, choose an account, add the card."""
    led = here.request("GET", card["links"]["google"])
    assert led.status == 302
    form = urlencode({"account": ACCOUNT}).encode()
    assert here.request("POST", led.headers["Location"], form, **SAVE_FORM).status == 303


def shown(google: PretendGoogle, card: dict[str, Any]) -> Any:
    """The stamps that the phone shows."""
    return google.store.get(OBJECTS, f"{ISSUER_ID}.{card['serial_number']}")["loyaltyPoints"]["balance"]["string"]


def is_held(here: Installation) -> bool | None:
    """What the installation knows of the only card."""
    engine = open_database(f"sqlite:///{here.folder / 'instance' / 'walletpass.db'}")
    with reading(engine) as connection:
        held: bool | None = connection.execute(select(loyalty_object.c.has_users)).scalar_one()
    engine.dispose()
    return held


def test_a_saved_card_follows_every_stamp(here: Installation, google: PretendGoogle, till: Key) -> None:
    card = till.post("/cards", {"program": "coffee"}).body
    save(here, card)
    assert soon(lambda: is_held(here) is True)
    till.post(f"/cards/{card['id']}/stamps", {"count": 3})
    assert soon(lambda: shown(google, card) == "3/10")
    assert [notice.object_id for notice in google.notices] == [f"{ISSUER_ID}.{card['serial_number']}"]
    google.remove(f"{ISSUER_ID}.{card['serial_number']}", ACCOUNT)
    assert soon(lambda: is_held(here) is False)


def test_a_card_is_saved_although_google_cannot_be_reached_and_completed_later(
    here: Installation, google: PretendGoogle, till: Key
) -> None:
    card = till.post("/cards", {"program": "coffee", "customer": {"language": "pl"}}).body
    google.behaviour = Behaviour(replies=[refusal(503)] * 2)
    save(here, card)
    till.post(f"/cards/{card['id']}/stamps", {})
    assert soon(lambda: shown(google, card) == "1/10")
    body = google.store.get(OBJECTS, f"{ISSUER_ID}.{card['serial_number']}")
    assert "textModulesData" in body
