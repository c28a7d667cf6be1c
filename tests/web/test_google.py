"""Google Wallet on the pages and in the API: who is offered it, and where the button leads."""

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from tests.builders import Shop, open_shop
from tests.cafe import ANDROID, DESKTOP, IPHONE, SECRET
from tests.conftest import NOON
from tests.google.counter import service_account
from tests.google.pretend import ISSUER_ID, PretendGoogle
from tests.web.page import read
from walletpass.accounts.api_keys import create_api_key
from walletpass.app import site
from walletpass.database import transaction
from walletpass.deps import Deps
from walletpass.google.wallet import configured_wallet
from walletpass.keys import Keyring
from walletpass.passes.cards import CardFaces
from walletpass.passes.links import link_token
from walletpass.settings import read_settings

ADD = "Add to Google Wallet"
WEB_VIEW = ANDROID.replace("Pixel 9", "Pixel 9; wv")


class Pages:
    """A shop on https with Google Wallet, without Apple's."""

    def __init__(self, engine: Engine, google: PretendGoogle, key_file: Path) -> None:
        self.google = google
        self.shop: Shop = open_shop(engine, now=NOON)
        settings = read_settings(
            secret_key=SECRET,
            base_url="https://cards.bean.example",
            google_issuer_id=ISSUER_ID,
            google_service_account_file=key_file,
            google_api_url=google.url,
            google_callback_keys_url=f"{google.url}/keys",
            _env_file=None,
        )
        self.keyring = Keyring([SECRET])
        self.woken = 0
        self.deps = Deps(settings, engine, self.keyring, lambda: NOON, self._wake)
        faces = CardFaces(settings.base_url, self.keyring)
        self.app: Flask = site(self.deps, None, configured_wallet(settings, engine, faces, lambda: NOON))

    def _wake(self) -> None:
        self.woken += 1

    def browser(self, user_agent: str) -> FlaskClient:
        client = self.app.test_client()
        client.environ_base.update(HTTP_USER_AGENT=user_agent, HTTP_ACCEPT_LANGUAGE="en")
        client.environ_base["wsgi.url_scheme"] = "https"
        return client

    def card(self) -> str:
        """The path of a new card."""
        card = self.shop.join(key_id=self.keyring.current_id)
        return f"/c/{link_token(self.keyring, card)}"


@pytest.fixture
def pages(sqlite_engine: Engine, tmp_path: Path) -> Iterator[Pages]:
    with PretendGoogle() as google:
        file = tmp_path / "service-account.json"
        file.write_text(json.dumps(service_account(google.url)))
        yield Pages(sqlite_engine, google, file)


@pytest.mark.parametrize(
    ("user_agent", "buttons"),
    [
        (ANDROID, [ADD, "Use the card in the browser"]),
        (WEB_VIEW, ["Get my card here"]),
        (IPHONE, ["Get my card"]),
        (DESKTOP, ["Get my card in this browser"]),
    ],
)
def test_the_join_page_offers_google_wallet_to_android_phones(
    pages: Pages, user_agent: str, buttons: list[str]
) -> None:
    assert read(pages.browser(user_agent).get("/join/bean-card")).buttons == buttons


@pytest.mark.parametrize(
    ("user_agent", "offered"), [(ANDROID, True), (DESKTOP, True), (WEB_VIEW, False), (IPHONE, False)]
)
def test_the_card_page_offers_google_wallet_where_it_leads_somewhere(
    pages: Pages, user_agent: str, offered: bool
) -> None:
    path = pages.card()
    assert read(pages.browser(user_agent).get(path)).links.get(ADD) == (f"{path}/google" if offered else None)


def test_joining_for_google_wallet_goes_on_to_the_save_page(pages: Pages) -> None:
    browser = pages.browser(ANDROID)
    form = read(browser.get("/join/bean-card")).form
    headers = {"Referer": "https://localhost/join/bean-card"}
    joined = browser.post("/join/bean-card", data=form.press(ADD), headers=headers)
    opened = read(browser.get(joined.location))
    assert opened.refresh.endswith("/google")


def test_the_button_leads_to_googles_save_page(pages: Pages) -> None:
    answer = pages.browser(ANDROID).get(f"{pages.card()}/google")
    assert answer.status_code == 302
    assert answer.location.startswith("https://pay.google.com/gp/v/save/ey")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert pages.woken == 1


def test_a_page_says_so_when_google_cannot_take_the_card(pages: Pages) -> None:
    path = pages.card()
    pages.google.say(403, "permissionDenied")
    answer = pages.browser(ANDROID).get(f"{path}/google")
    assert answer.status_code == 503
    assert read(answer).links["Try again"] == f"{path}/google"


def test_a_link_that_opens_no_card_asks_google_nothing(pages: Pages) -> None:
    assert pages.browser(ANDROID).get("/c/nobody-x/google").status_code == 404
    assert pages.google.calls == []


def test_google_may_call_back_without_a_form_token(pages: Pages) -> None:
    signed = files("tests.google").joinpath("callback.json").read_bytes()
    assert pages.app.test_client().post("/google/callback", data=signed).status_code == 200
    assert pages.app.test_client().post("/google/callback", data=signed.replace(b"save", b"del")).status_code == 400


def test_programs_get_the_link_that_customers_click(pages: Pages) -> None:
    with transaction(pages.deps.engine) as connection:
        secret = create_api_key(connection, pages.shop.merchant.id, "Till", "manager", NOON)
    made = pages.app.test_client().post(
        "/api/v1/cards", json={"program": "bean-card"}, headers={"Authorization": f"Bearer {secret}"}
    )
    links = made.get_json()["links"]
    assert links["google"] == f"{links['web']}/google"
    assert links["apple"] is None
