"""The page of the pretend phones: what it shows, what its buttons do, and whom it lets in."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from cryptography import x509
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from tests.apple_service import Clock
from tests.sandbox.pass_service import PassService, html
from tests.sandbox.steps import SECONDS, add, change, complained, lines, shows, stamps_on, update
from walletpass.app import site
from walletpass.deps import Deps
from walletpass.keys import Keyring
from walletpass.sandbox import phones
from walletpass.sandbox.apns import PretendAPNs
from walletpass.sandbox.iphone import IPhone
from walletpass.sandbox.phones import Invitation
from walletpass.settings import read_settings

SECRET = "a secret for the tests that is long enough"
EVIL = "<script>alert('a pass')</script>"


@pytest.fixture
def kasias(apns: PretendAPNs, roots: list[x509.Certificate], clock: Clock) -> Iterator[IPhone]:
    with IPhone("Kasia", "pl", apns=apns, roots=roots, clock=clock) as iphone:
        yield iphone


@pytest.fixture
def deps(sqlite_engine: Engine, clock: Clock) -> Deps:
    settings = read_settings(secret_key=SECRET, base_url="http://127.0.0.1:8000", _env_file=None)
    return Deps(settings, sqlite_engine, Keyring([SECRET]), clock, lambda: None)


@pytest.fixture
def browser(deps: Deps, phone: IPhone, kasias: IPhone, service: PassService) -> FlaskClient:
    """A developer's browser in front of two phones, and a QR code on the counter."""
    app: Flask = site(deps, None)
    invitation = Invitation("Coffee Card", f"{service.url}/join")
    app.register_blueprint(phones.blueprint([phone, kasias], lambda: [invitation]))
    client = app.test_client()
    client.environ_base.update(HTTP_HOST="127.0.0.1:8000", HTTP_ACCEPT_LANGUAGE="en")
    return client


def press(browser: FlaskClient, path: str, page: str = "all", **sent: str) -> TestResponse:
    """Send the first phone's form to one of its addresses."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/sandbox/").text)
    assert token is not None
    return browser.post(f"/sandbox/phones/1/{path}", data={"csrf_token": token[1], "page": page, **sent})


def test_all_phones_are_on_the_shelf_each_in_its_language(browser: FlaskClient) -> None:
    page = browser.get("/sandbox/").text
    assert re.findall(r'id="screen-(\d)" lang="(\w+)"', page) == [("1", "en"), ("2", "pl")]


def test_a_phone_has_a_page_of_its_own(browser: FlaskClient) -> None:
    page = browser.get("/sandbox/phones/2").text
    assert "Kasia’s phone" in page and 'id="screen-2"' in page and 'id="screen-1"' not in page


def test_there_are_only_so_many_phones(browser: FlaskClient) -> None:
    assert [browser.get(f"/sandbox/phones/{each}").status_code for each in (0, 3, "x")] == [404, 404, 404]
    assert browser.get("/sandbox/phones/3/live").status_code == 404


def test_the_clock_of_a_phone_says_its_own_time(deps: Deps, phone: IPhone, browser: FlaskClient, clock: Clock) -> None:
    clock.now = datetime.fromisoformat("2026-11-21T18:05:00+00:00")
    page = browser.get("/sandbox/").text
    assert "Saturday, November 21" in page and "sobota, 21 listopada" in page and "18:05" in page


def test_the_qr_code_on_the_counter_can_be_scanned(browser: FlaskClient, phone: IPhone, service: PassService) -> None:
    service.issue()
    service.pages["/join"] = html("<a href=/card-1.pkpass>Add</a>")
    page = browser.get("/sandbox/").text
    assert f'value="{service.url}/join">Scan the QR code: Coffee Card</button>' in page
    assert press(browser, "visits", url=f"{service.url}/join").location == "/sandbox/"
    phone.wait_for(lambda state: state.passes)


def test_a_form_leads_back_to_the_page_that_it_was_on(browser: FlaskClient) -> None:
    assert press(browser, "clearing", page="all").location == "/sandbox/"
    assert press(browser, "clearing", page="one").location == "/sandbox/phones/1"


def test_a_pass_is_drawn_with_its_fields_pictures_and_code(
    browser: FlaskClient, phone: IPhone, service: PassService
) -> None:
    code = {"format": "PKBarcodeFormatQR", "message": "X1", "messageEncoding": "iso-8859-1", "altText": "GZJ Y72"}
    phone.open(service.issue(barcodes=[code], logoText="Bean Bar")).result(SECONDS)
    page = browser.get("/sandbox/").text
    assert "<dt>Stamps</dt> <dd>4 / 10</dd>" in page and "GZJ Y72" in page and "Bean Bar" in page
    pictures = re.findall(r'src="(/sandbox/phones/1/images/\w+\.png)"', page)
    assert len(pictures) == 2
    for each in pictures:
        answer = browser.get(each)
        assert answer.mimetype == "image/png" and "immutable" in answer.headers["Cache-Control"]


def test_the_colours_of_a_pass_come_as_a_style_sheet(browser: FlaskClient, phone: IPhone, service: PassService) -> None:
    phone.open(service.issue(backgroundColor="rgb(60, 36, 20)", foregroundColor="rgb(255, 255, 255)")).result(SECONDS)
    found = re.search(r'href="(/sandbox/colours/3c2414-ffffff-ffffff\.css)"', browser.get("/sandbox/").text)
    assert found is not None
    sheet = browser.get(found[1])
    assert sheet.mimetype == "text/css" and "--pass-background: #3c2414" in sheet.text


@pytest.mark.parametrize(
    "path", ["colours/red-ffffff-ffffff.css", "colours/}*{-ffffff-ffffff.css", "phones/1/images/0123.png"]
)
def test_nothing_else_is_served(browser: FlaskClient, path: str) -> None:
    assert browser.get(f"/sandbox/{path}").status_code == 404


def test_what_a_pass_says_is_only_ever_text(browser: FlaskClient, phone: IPhone, service: PassService) -> None:
    field = {"key": "k", "label": EVIL, "value": EVIL, "changeMessage": f"%@ {EVIL}"}
    code = {"format": "PKBarcodeFormatQR", "message": "X", "messageEncoding": "utf-8", "altText": f'"{EVIL}'}
    names: dict[str, Any] = {"organizationName": EVIL, "description": f'" {EVIL}', "logoText": EVIL, "barcodes": [code]}
    phone.open(service.issue(fields={"headerFields": [field], "backFields": [{**field, "key": "b"}]}, **names)).result(
        SECONDS
    )
    service.issue(fields={"headerFields": [{**field, "value": "new"}]}, **names)
    service.push()
    phone.wait_for(lambda state: state.notifications)
    page = browser.get("/sandbox/").text
    assert "<script>alert" not in page and page.count("&lt;script&gt;alert") > 3


def test_an_alert_shows_what_happened_and_why(browser: FlaskClient, phone: IPhone, service: PassService) -> None:
    phone.open(f"{service.url}/nothing").result(SECONDS)
    page = browser.get("/sandbox/").text
    assert "There is no pass to add here." in page and "the server answered 404" in page
    press(browser, "dismissal")
    assert phone.state.alert is None


def test_the_log_shows_the_protocol(browser: FlaskClient, phone: IPhone, service: PassService) -> None:
    add(phone, service)
    page = browser.get("/sandbox/").text
    assert re.search(r"POST /apple/v1/devices/\w{4}…\w{4}/registrations/pass\.sandbox\.walletpass/card-1", page)


def test_the_page_has_nothing_inline(browser: FlaskClient, phone: IPhone, service: PassService) -> None:
    """The content security policy would not let it by."""
    add(phone, service)
    page = browser.get("/sandbox/").text
    assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?! src)", page)


def test_nothing_new_is_answered_with_304(browser: FlaskClient, phone: IPhone, service: PassService) -> None:
    first = browser.get("/sandbox/live")
    etag = first.headers["ETag"]
    assert browser.get("/sandbox/live", headers={"If-None-Match": etag}).status_code == 304
    add(phone, service)
    changed = browser.get("/sandbox/live", headers={"If-None-Match": etag})
    assert changed.status_code == 200 and "4 / 10" in changed.text


def test_a_phone_asks_for_itself_alone(browser: FlaskClient, phone: IPhone, service: PassService) -> None:
    etag = browser.get("/sandbox/phones/2/live").headers["ETag"]
    add(phone, service)
    assert browser.get("/sandbox/phones/2/live", headers={"If-None-Match": etag}).status_code == 304


def test_the_minute_on_the_clock_is_new(browser: FlaskClient, clock: Clock) -> None:
    etag = browser.get("/sandbox/live").headers["ETag"]
    clock.advance(minutes=1)
    assert browser.get("/sandbox/live", headers={"If-None-Match": etag}).status_code == 200


def test_the_page_says_what_it_shows(browser: FlaskClient) -> None:
    """Its first question is answered with 304 unless something has changed meanwhile."""
    found = re.search(r'data-etag="(\w+)"', browser.get("/sandbox/").text)
    assert found is not None
    assert browser.get("/sandbox/live", headers={"If-None-Match": f'"{found[1]}"'}).status_code == 304


def test_airplane_mode_is_switched_on_and_off(browser: FlaskClient, phone: IPhone) -> None:
    press(browser, "airplane-mode", on="1")
    assert phone.state.airplane_mode
    assert 'role="switch" aria-checked="true"' in browser.get("/sandbox/").text
    press(browser, "airplane-mode")
    assert not phone.state.airplane_mode


def test_a_pass_is_pulled_to_refresh(browser: FlaskClient, phone: IPhone, service: PassService) -> None:
    pass_id = add(phone, service)
    change(service, "5 / 10")
    press(browser, f"passes/{pass_id}/refresh")
    phone.wait_for(shows("5 / 10"))


def test_automatic_updates_are_switched_off_and_on(browser: FlaskClient, phone: IPhone, service: PassService) -> None:
    pass_id = add(phone, service)
    press(browser, f"passes/{pass_id}/automatic-updates")
    phone.wait_for(lambda state: not state.passes[0].automatic_updates)
    press(browser, f"passes/{pass_id}/automatic-updates", on="1")
    phone.wait_for(lambda state: state.passes[0].automatic_updates)


def test_a_pass_is_removed(browser: FlaskClient, phone: IPhone, service: PassService) -> None:
    press(browser, f"passes/{add(phone, service)}/removal")
    phone.wait_for(lambda state: not state.passes)


def test_notifications_are_cleared(browser: FlaskClient, phone: IPhone, service: PassService) -> None:
    add(phone, service)
    update(service, "5 / 10")
    phone.wait_for(lambda state: state.notifications)
    assert "You now have 5 / 10 stamps" in browser.get("/sandbox/").text
    press(browser, "clearing")
    assert lines(phone) == []


def test_a_phone_gets_a_new_push_token(browser: FlaskClient, phone: IPhone, service: PassService) -> None:
    add(phone, service)
    press(browser, "push-token")
    phone.wait_for(lambda state: sum("POST /apple/v1/devices" in each.what for each in state.exchanges) == 2)


def test_a_pass_that_is_not_there_is_left_alone(browser: FlaskClient, phone: IPhone, service: PassService) -> None:
    add(phone, service)
    for path in ("refresh", "automatic-updates", "removal"):
        assert press(browser, f"passes/nothing/{path}").status_code == 303
    assert stamps_on(phone.state) == "4 / 10"


def test_other_sites_cannot_press_the_buttons(browser: FlaskClient, phone: IPhone) -> None:
    browser.get("/sandbox/")
    forged = browser.post("/sandbox/phones/1/airplane-mode", data={"on": "1"})
    assert forged.status_code == 403 and not phone.state.airplane_mode


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "192.0.2.1:8000", "[2001:db8::1]:8000"])
def test_the_phones_answer_to_no_other_name(browser: FlaskClient, host: str) -> None:
    assert browser.get("/sandbox/", headers={"Host": host}).status_code == 404


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000"])
def test_the_phones_answer_to_the_names_of_this_machine(browser: FlaskClient, host: str) -> None:
    assert browser.get("/sandbox/", headers={"Host": host}).status_code == 200


def test_the_phones_answer_no_other_machine(browser: FlaskClient) -> None:
    assert browser.get("/sandbox/", environ_overrides={"REMOTE_ADDR": "192.0.2.7"}).status_code == 404


def test_an_installation_that_serves_has_no_phones(deps: Deps) -> None:
    served = site(deps, None)
    assert not any(rule.rule.startswith("/sandbox") for rule in served.url_map.iter_rules())


def test_a_complaint_of_a_phone_can_be_read_in_its_log(
    browser: FlaskClient, phone: IPhone, service: PassService
) -> None:
    add(phone, service)
    update(service, "4 / 10")
    complained(phone, service)
    assert "requested update but unchanged" in browser.get("/sandbox/phones/1").text
