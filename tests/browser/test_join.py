"""Joining with a real browser, as an iPhone, as an Android phone, at a desk, inside another app, and by keyboard."""

from io import BytesIO

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, Open
from tests.cafe import DESKTOP, INSTAGRAM, IPHONE, Cafe

JOIN = "/join/bean-card"


def codes_on(page: Page) -> list[str]:
    """What a camera in front of the screen reads."""
    return [found.text for found in zxingcpp.read_barcodes(Image.open(BytesIO(page.screenshot())))]


def test_on_an_iphone_one_tap_opens_the_pass_and_the_card_is_on_the_screen(cafe: Cafe, open_page: Open) -> None:
    page = open_page(JOIN, user_agent=IPHONE)
    with page.expect_download() as download:
        page.get_by_role("button", name="Add to Apple Wallet").click()
    assert download.value.suggested_filename == "bean-card.pkpass"
    expect(page.get_by_role("heading", name="Coffee Card")).to_be_visible()


def test_going_back_to_the_card_does_not_open_the_wallet_again(cafe: Cafe, open_page: Open) -> None:
    page = open_page(JOIN, user_agent=IPHONE)
    with page.expect_download():
        page.get_by_role("button", name="Add to Apple Wallet").click()
    assert page.url == cafe.deps.settings.base_url + cafe.path(cafe.cards()[0])


def test_on_android_one_tap_shows_the_card_with_its_code(cafe: Cafe, open_page: Open) -> None:
    page = open_page(JOIN)
    page.get_by_role("button", name="Get my card").click()
    expect(page.get_by_text("Show this at the counter")).to_be_visible()
    assert codes_on(page) == [cafe.cards()[0].code]


def test_at_a_desk_a_phone_can_scan_the_way_here_from_the_screen(cafe: Cafe, open_page: Open) -> None:
    page = open_page(JOIN, user_agent=DESKTOP, viewport=DESK)
    assert codes_on(page) == [f"{cafe.deps.settings.base_url}{JOIN}"]


def test_inside_another_app_the_link_can_be_taken_along_to_safari(cafe: Cafe, open_page: Open) -> None:
    page = open_page(JOIN, user_agent=INSTAGRAM, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the link").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{cafe.deps.settings.base_url}{JOIN}"


def test_an_impatient_thumb_makes_one_card(cafe: Cafe, open_page: Open) -> None:
    page = open_page(JOIN)
    page.get_by_role("button", name="Get my card").dblclick()
    expect(page.get_by_text("Show this at the counter")).to_be_visible()
    assert len(cafe.cards()) == 1


def test_everything_works_with_scripts_off(cafe: Cafe, open_page: Open) -> None:
    page = open_page(JOIN, java_script_enabled=False)
    page.get_by_text("Add your name").click()
    page.get_by_label("Name on the card").fill("Sara")
    page.get_by_role("button", name="Get my card").click()
    expect(page.get_by_text("Show this at the counter")).to_be_visible()
    assert cafe.cards()[0].customer.name == "Sara"


def test_without_scripts_nothing_is_offered_that_needs_them(open_page: Open) -> None:
    page = open_page(JOIN, user_agent=INSTAGRAM, java_script_enabled=False)
    expect(page.get_by_label("Link")).to_be_visible()
    expect(page.get_by_text("Copy the link", exact=True)).to_be_hidden()


def test_a_keyboard_is_enough(cafe: Cafe, open_page: Open) -> None:
    page = open_page(JOIN)
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").strip() == "Get my card":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_text("Show this at the counter")).to_be_visible()


def test_the_first_stop_of_the_keyboard_leads_past_the_frame_to_the_content(open_page: Open) -> None:
    page = open_page(JOIN)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize("user_agent", [IPHONE, INSTAGRAM, DESKTOP])
def test_nothing_sticks_out_of_the_narrowest_phone(open_page: Open, user_agent: str) -> None:
    page = open_page(JOIN, user_agent=user_agent, viewport={"width": 320, "height": 568})
    assert page.evaluate("document.documentElement.scrollWidth") == 320
