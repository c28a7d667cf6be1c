"""Google Wallet on the pages and in the API: who is offered it, and where the button leads."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from random import Random

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug import Response

from tests.builders import Shop, open_shop
from tests.cafe import ANDROID, DESKTOP, IPHONE, PASSWORD, SECRET
from tests.conftest import NOON
from tests.google.counter import service_account
from tests.google.pretend import ISSUER_ID, Call, PretendGoogle, error
from tests.web.page import read
from walletpass.accounts.api_keys import create_api_key
from walletpass.accounts.members import create_member
from walletpass.app import site
from walletpass.database import reading, transaction
from walletpass.delivery.google import google_loop
from walletpass.deps import Deps
from walletpass.google.answers import NOT_INVITED
from walletpass.google.saved import refused_places
from walletpass.google.wallet import configured_wallet
from walletpass.i18n import translate
from walletpass.keys import Keyring
from walletpass.loyalty.merchants import create_merchant
from walletpass.loyalty.programs import update_program
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
        self.wallet = configured_wallet(settings, engine, faces, lambda: NOON)
        self.app: Flask = site(self.deps, None, self.wallet)

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


def refuse_places(call: Call) -> Response | None:
    """Google, to an issuer that may not send locations."""
    return error(400, "invalidResource", "Issuer not allowlisted.") if "merchantLocations" in call.body else None


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


def owners_studio(pages: Pages, language: str = "en") -> str:
    """What the owner reads in the studio."""
    with transaction(pages.deps.engine) as connection:
        create_member(
            connection,
            pages.shop.merchant.id,
            email="alice@bean.example",
            password=PASSWORD,
            role="owner",
            now=NOON,
            name="Alice",
        )
    browser = pages.browser(DESKTOP)
    form = read(browser.get("/sign-in")).form.press("Sign in", email="alice@bean.example", password=PASSWORD)
    browser.post("/sign-in", data=form, headers={"Referer": "https://localhost/sign-in"})
    return read(browser.get(f"/studio?language={language}")).text


def test_the_studio_says_that_google_wallet_is_set_up(pages: Pages) -> None:
    text = owners_studio(pages)
    assert "Google Wallet is set up." in text
    assert "good to know" not in text


def test_the_studio_tells_what_google_refused_at_the_first_click(pages: Pages) -> None:
    for _ in range(2):
        pages.google.say(403, "permissionDenied")
    pages.browser(ANDROID).get(f"{pages.card()}/google")
    assert pages.wallet is not None
    later = NOON + timedelta(seconds=5)
    google_loop(pages.deps.engine, pages.wallet.publisher, clock=lambda: later, rng=Random(0)).run_once()
    said = " ".join(translate("pl", NOT_INVITED).split())  # a page's text has plain blanks
    assert f"{said} (1 karta)" in owners_studio(pages, "pl")


def test_the_studio_tells_what_google_wallet_shows_less_of(pages: Pages) -> None:
    with transaction(pages.deps.engine) as connection:
        changed = replace(pages.shop.program, name="The Grand Coffee Lovers' Club", conditions="One a day. " * 50)
        update_program(connection, changed, NOON)
    pages.google.answers += [refuse_places] * 3
    pages.browser(ANDROID).get(f"{pages.card()}/google")
    text = owners_studio(pages)
    assert "Google Wallet shows about 20 letters of “The Grand Coffee Lovers' Club”." in text
    assert "Google Wallet shows the beginning of the terms of “The Grand Coffee Lovers' Club”" in text
    assert "Google does not take your locations" in text


def test_another_merchants_locations_are_none_of_ones_business(pages: Pages) -> None:
    with transaction(pages.deps.engine) as connection:
        other = create_merchant(connection, slug="tea", name="Tea Room", now=NOON)
    pages.google.answers += [refuse_places] * 3
    pages.browser(ANDROID).get(f"{pages.card()}/google")
    with reading(pages.deps.engine) as connection:
        assert refused_places(connection, pages.shop.merchant.id)
        assert not refused_places(connection, other.id)


def test_programs_get_the_link_that_customers_click(pages: Pages) -> None:
    with transaction(pages.deps.engine) as connection:
        secret = create_api_key(connection, pages.shop.merchant.id, "Till", "manager", NOON)
    made = pages.app.test_client().post(
        "/api/v1/cards", json={"program": "bean-card"}, headers={"Authorization": f"Bearer {secret}"}
    )
    links = made.get_json()["links"]
    assert links["google"] == f"{links['web']}/google"
    assert links["apple"] is None
