"""Android phones on the page of the pretend phones: what it shows of them, and what its buttons do."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from tests.apple_service import Clock
from tests.sandbox.wallet_service import CARD, Shop, done
from walletpass.app import site
from walletpass.deps import Deps
from walletpass.keys import Keyring
from walletpass.sandbox import phones
from walletpass.sandbox.android import AndroidPhone
from walletpass.sandbox.google import PretendGoogle
from walletpass.sandbox.iphone import IPhone
from walletpass.settings import read_settings

SECRET = "a secret for the tests that is long enough"
SECONDS = 20
EVIL = "<script>alert('a pass')</script>"


@pytest.fixture
def google(clock: Clock) -> Iterator[PretendGoogle]:
    with PretendGoogle(clock, retries=()) as pretend:
        yield pretend


@pytest.fixture
def shop(google: PretendGoogle, tmp_path: Path, clock: Clock) -> Iterator[Shop]:
    with Shop(google, tmp_path, clock).open() as opened:
        opened.publish()
        yield opened


@pytest.fixture
def olas(google: PretendGoogle, clock: Clock) -> Iterator[AndroidPhone]:
    with AndroidPhone("Ola", "en", google=google, clock=clock, retries=()) as android:
        yield android


@pytest.fixture
def browser(
    sqlite_engine: Engine, clock: Clock, phone: IPhone, olas: AndroidPhone, google: PretendGoogle
) -> FlaskClient:
    """A developer's browser in front of an iPhone and an Android phone."""
    settings = read_settings(secret_key=SECRET, base_url="http://127.0.0.1:8000", _env_file=None)
    app = site(Deps(settings, sqlite_engine, Keyring([SECRET]), clock, lambda: None), None)
    app.register_blueprint(phones.blueprint([phone, olas], list, google))
    client = app.test_client()
    client.environ_base.update(HTTP_HOST="127.0.0.1:8000", HTTP_ACCEPT_LANGUAGE="en")
    return client


def press(browser: FlaskClient, path: str, **sent: str) -> TestResponse:
    """Send the Android phone's form to one of its addresses."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/sandbox/").text)
    assert token is not None
    return browser.post(f"/sandbox/phones/2/{path}", data={"csrf_token": token[1], "page": "one", **sent})


def save(olas: AndroidPhone, shop: Shop) -> str:
    olas.open(shop.link()).result(SECONDS)
    return olas.state.passes[0].id


def test_both_kinds_of_phones_are_on_the_shelf(browser: FlaskClient) -> None:
    page = browser.get("/sandbox/").text
    assert re.findall(r'class="phone (\w+) ', page) == ["iphone", "android"]


def test_a_link_that_is_opened_leads_to_a_card_with_pictures_and_code(
    browser: FlaskClient, olas: AndroidPhone, shop: Shop
) -> None:
    assert press(browser, "visits", url=shop.link()).location == "/sandbox/phones/2"
    olas.wait_for(lambda state: state.passes)
    page = browser.get("/sandbox/phones/2").text
    assert "<dt>Stamps</dt> <dd>4/10</dd>" in page and "GZJ Y72" in page and "Bean Bar" in page
    pictures = re.findall(r'src="(/sandbox/phones/2/images/\w+\.png)"', page)
    assert [browser.get(each).data[:4] for each in pictures] == [b"\x89PNG"] * 2


def test_the_colour_of_a_card_comes_as_a_style_sheet(browser: FlaskClient, olas: AndroidPhone, shop: Shop) -> None:
    save(olas, shop)
    found = re.search(r'href="(/sandbox/colours/3c2414-ffffff-\w+\.css)"', browser.get("/sandbox/").text)
    assert found is not None and browser.get(found[1]).status_code == 200


def test_a_pass_that_is_removed_is_removed_at_google(browser: FlaskClient, olas: AndroidPhone, shop: Shop) -> None:
    press(browser, f"passes/{save(olas, shop)}/removal")
    olas.wait_for(lambda state: not state.passes)
    assert shop.client.get_object(CARD).body["hasUsers"] is False


def test_a_refresh_asks_google_again(browser: FlaskClient, olas: AndroidPhone, shop: Shop) -> None:
    pass_id = save(olas, shop)
    before = len(olas.state.exchanges)
    press(browser, f"passes/{pass_id}/refresh")
    olas.wait_for(lambda state: len(state.exchanges) > before)


def test_what_only_iphones_have_is_not_there(browser: FlaskClient) -> None:
    assert press(browser, "push-token").status_code == 404
    assert press(browser, "passes/x/automatic-updates").status_code == 404
    assert "push-token" not in browser.get("/sandbox/phones/2").text


def test_what_a_pass_says_is_only_ever_text(browser: FlaskClient, olas: AndroidPhone, shop: Shop) -> None:
    texts = [{"id": "a", "header": EVIL, "body": EVIL}]
    links = {
        "uris": [{"id": "b", "uri": "javascript:alert(1)"}, {"id": "c", "uri": "mailto:a@b.c", "description": EVIL}]
    }
    refused = shop.client.patch_object(CARD, {"textModulesData": texts, "linksModuleData": links})
    assert refused.status == 400
    done(shop.client.patch_object(CARD, {"textModulesData": texts, "linksModuleData": {"uris": links["uris"][1:]}}))
    save(olas, shop)
    page = browser.get("/sandbox/").text
    assert "<script>alert" not in page and page.count("&lt;script&gt;alert") >= 3


def test_the_log_shows_what_google_was_asked_and_said(browser: FlaskClient, olas: AndroidPhone, shop: Shop) -> None:
    save(olas, shop)
    shop.wait_for_calls(1)
    page = browser.get("/sandbox/phones/2").text
    assert "POST /walletobjects/v1/loyaltyObject" in page and "POST /callback" in page
    assert "loyaltyObject" not in browser.get("/sandbox/phones/1").text


def test_what_google_is_asked_makes_the_page_new(browser: FlaskClient, shop: Shop) -> None:
    etag = browser.get("/sandbox/live").headers["ETag"]
    done(shop.client.get_issuer())
    assert browser.get("/sandbox/live", headers={"If-None-Match": etag}).status_code == 200
