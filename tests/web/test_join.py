"""Joining: what one gets, one button, nothing to fill in, and never two cards by accident."""

from io import BytesIO
from urllib.parse import urlsplit

import pytest
import resvg_py
import zxingcpp
from PIL import Image
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from tests.cafe import ANDROID, DESKTOP, INSTAGRAM, IPHONE, Cafe
from tests.web.page import read
from walletpass.loyalty.rules import Extra

JOIN = "/join/bean-card"


def path_of(response: TestResponse) -> str:
    """Where a redirect leads, without what is asked for there."""
    return urlsplit(response.location).path


def test_the_page_says_whose_card_it_is_and_what_a_full_one_earns(cafe: Cafe) -> None:
    page = read(cafe.browser().get(JOIN))
    assert page.heading == "Your stamp card for Bean Bar"
    assert "10 stamps: Free coffee" in page.text


def test_a_slash_at_the_end_of_the_address_leads_there_too(cafe: Cafe) -> None:
    assert cafe.browser().get(f"{JOIN}/").status_code == 200


def test_the_page_names_the_gifts_on_the_way(sqlite_engine: Engine) -> None:
    cafe = Cafe(sqlite_engine, None, "http://127.0.0.1:8000", extras=(Extra(5, "Pastry"),), first_stamp=True)
    text = read(cafe.browser().get(JOIN)).text
    assert "The first stamp is already on it" in text
    assert "5 stamps: Pastry" in text


@pytest.mark.parametrize(
    ("user_agent", "buttons"),
    [
        (IPHONE, ["Add to Apple Wallet", "Use the card in the browser"]),
        (ANDROID, ["Get my card"]),
        (DESKTOP, ["Get my card in this browser"]),
        (INSTAGRAM, ["Get my card here"]),
    ],
)
def test_the_first_button_is_the_one_for_this_phone(cafe: Cafe, user_agent: str, buttons: list[str]) -> None:
    assert read(cafe.browser(user_agent).get(JOIN)).buttons == buttons


def test_an_iphone_gets_the_web_card_where_apple_wallet_is_not_set_up(cafe_without_wallet: Cafe) -> None:
    assert read(cafe_without_wallet.browser(IPHONE).get(JOIN)).buttons == ["Get my card"]


def test_an_in_app_browser_is_told_to_open_safari(cafe: Cafe) -> None:
    page = read(cafe.browser(INSTAGRAM).get(JOIN))
    assert "Open this page in Safari" in page.text
    assert "Instagram shows this page in a browser of its own" in page.text


def test_a_desktop_shows_a_code_to_go_on_with_the_phone(cafe: Cafe) -> None:
    assert "Scan this with your phone" in read(cafe.browser(DESKTOP).get(JOIN)).text


def test_the_code_alone_can_be_fetched_for_print(cafe: Cafe) -> None:
    answer = cafe.browser().get(f"{JOIN}/qr.svg")
    picture = Image.open(BytesIO(resvg_py.svg_to_bytes(svg_string=answer.text, width=400)))
    assert [found.text for found in zxingcpp.read_barcodes(picture)] == ["http://127.0.0.1:8000/join/bean-card"]


def test_the_page_says_for_how_long_a_reward_can_be_used(sqlite_engine: Engine) -> None:
    cafe = Cafe(sqlite_engine, None, "http://127.0.0.1:8000", reward_days=60)
    assert "A reward can be used for 60 days" in read(cafe.browser().get(JOIN)).text


def test_one_button_makes_an_anonymous_card_and_leads_to_it(cafe: Cafe) -> None:
    browser = cafe.browser()
    form = read(browser.get(JOIN)).form
    answer = browser.post(JOIN, data=form.press("Use the card in the browser"))
    (card,) = cafe.cards()
    assert (answer.status_code, path_of(answer)) == (303, cafe.path(card))
    assert (card.customer.name, card.customer.language) == (None, "en")


def test_the_wallet_button_opens_the_pass_by_itself_from_the_page_of_the_card(cafe: Cafe) -> None:
    browser = cafe.browser()
    answer = browser.post(JOIN, data=read(browser.get(JOIN)).form.press("Add to Apple Wallet"), follow_redirects=True)
    (card,) = cafe.cards()
    assert read(answer).refresh == f"{cafe.path(card)}/apple.pkpass"


def test_the_same_form_sent_twice_makes_one_card(cafe: Cafe) -> None:
    browser = cafe.browser()
    sent = read(browser.get(JOIN)).form.press("Use the card in the browser")
    first, second = browser.post(JOIN, data=sent), browser.post(JOIN, data=sent)
    assert first.location == second.location
    assert len(cafe.cards()) == 1


def test_a_name_corrected_on_the_same_form_still_makes_one_card(cafe: Cafe) -> None:
    browser = cafe.browser()
    form = read(browser.get(JOIN)).form
    browser.post(JOIN, data=form.press("Use the card in the browser", name="Sar"))
    browser.post(JOIN, data=form.press("Use the card in the browser", name="Sara"))
    assert [card.customer.name for card in cafe.cards()] == ["Sar"]


def test_two_customers_get_a_card_each(cafe: Cafe) -> None:
    for browser in (cafe.browser(), cafe.browser()):
        browser.post(JOIN, data=read(browser.get(JOIN)).form.press("Use the card in the browser"))
    assert len({card.code for card in cafe.cards()}) == 2


def test_a_name_may_be_given(cafe: Cafe) -> None:
    browser = cafe.browser()
    browser.post(JOIN, data=read(browser.get(JOIN)).form.press("Use the card in the browser", name=" Sara "))
    assert [card.customer.name for card in cafe.cards()] == ["Sara"]


def test_a_name_that_does_not_fit_is_given_back_to_be_corrected(cafe: Cafe) -> None:
    browser = cafe.browser()
    answer = browser.post(JOIN, data=read(browser.get(JOIN)).form.press("Use the card in the browser", name="x" * 61))
    assert answer.status_code == 422
    assert "on one line" in read(answer).text
    assert read(answer).form.fields["name"] == "x" * 61
    assert cafe.cards() == []


def test_the_card_speaks_the_language_of_the_page_it_was_asked_for_on(cafe: Cafe) -> None:
    browser = cafe.browser(language="en")
    address = f"{JOIN}?language=hu"
    page = read(browser.get(address))
    browser.post(address, data=page.form.press(page.buttons[-1]))
    assert [card.customer.language for card in cafe.cards()] == ["hu"]


def test_a_form_without_its_key_is_refused(cafe: Cafe) -> None:
    browser = cafe.browser()
    sent = read(browser.get(JOIN)).form.press("Use the card in the browser", key="")
    assert browser.post(JOIN, data=sent).status_code == 422
    assert cafe.cards() == []


def test_a_form_from_elsewhere_is_refused(cafe: Cafe) -> None:
    assert cafe.browser().post(JOIN, data={"key": "x" * 22}).status_code == 403
    assert cafe.cards() == []


def test_who_comes_back_is_shown_the_card_they_have(cafe: Cafe) -> None:
    browser = cafe.browser()
    browser.post(JOIN, data=read(browser.get(JOIN)).form.press("Use the card in the browser"))
    (card,) = cafe.cards()
    page = read(browser.get(JOIN))
    assert page.heading == "You already have this card"
    assert page.links["Open my card"] == cafe.path(card)


def test_who_comes_back_may_start_anew(cafe: Cafe) -> None:
    browser = cafe.browser()
    for address in (JOIN, f"{JOIN}?new=1"):
        browser.post(address, data=read(browser.get(address)).form.press("Use the card in the browser"))
    assert len(cafe.cards()) == 2


def test_a_closed_card_does_not_stand_in_the_way_of_a_new_one(cafe: Cafe) -> None:
    browser = cafe.browser()
    browser.post(JOIN, data=read(browser.get(JOIN)).form.press("Use the card in the browser"))
    cafe.close(cafe.cards()[0])
    assert read(browser.get(JOIN)).heading == "Your stamp card for Bean Bar"


def test_a_forged_cookie_opens_no_card(cafe: Cafe) -> None:
    card = cafe.join()
    browser = cafe.browser()
    browser.set_cookie("walletpass-card-bean-card", f"{card.serial_number}-AAAAAAAAAAAAAAAAAAAAAA")
    assert read(browser.get(JOIN)).heading == "Your stamp card for Bean Bar"


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(cafe_on_https: Cafe) -> None:
    browser = cafe_on_https.browser()
    page = read(browser.get(JOIN, base_url="https://cards.bean.example"))
    answer = browser.post(
        JOIN, data=page.form.press("Use the card in the browser"), base_url="https://cards.bean.example"
    )
    (cookie,) = [each for each in answer.headers.getlist("Set-Cookie") if "card-bean-card" in each]
    assert cookie.startswith("__Host-walletpass-card-bean-card=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))


def test_a_program_that_does_not_exist_is_a_friendly_404(cafe: Cafe) -> None:
    answer = cafe.browser().get("/join/no-such-card")
    assert answer.status_code == 404
    assert read(answer).heading == "There is no such card"


@pytest.mark.parametrize("slug", ["%00", "x" * 5000, "%F0%9F%92%A9", "..%2f..%2fetc"])
def test_garbage_for_a_program_is_a_404_too(cafe: Cafe, slug: str) -> None:
    assert cafe.browser().get(f"/join/{slug}").status_code == 404


def test_chats_that_preview_the_link_see_a_picture_of_the_card(cafe: Cafe) -> None:
    html = cafe.browser().get(JOIN).text
    address = html.partition('property="og:image" content="')[2].partition('"')[0]
    assert address.startswith("http://127.0.0.1:8000/art/")
    assert cafe.browser().get(urlsplit(address).path).mimetype == "image/png"
