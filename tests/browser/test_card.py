"""The web card in a real browser: it follows new stamps by itself, and every camera can read it."""

from io import BytesIO

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.cafe import IPHONE, Cafe


def test_a_new_stamp_appears_by_itself(cafe: Cafe, open_page: Open) -> None:
    card = cafe.join()
    page = open_page(cafe.path(card))
    cafe.stamp(card, 3)
    expect(page.get_by_text("3 / 10")).to_be_visible(timeout=15_000)
    expect(page.get_by_role("img", name="3 of 10 stamps")).to_be_visible()


def test_a_new_stamp_is_announced_to_those_who_cannot_see_it(cafe: Cafe, open_page: Open) -> None:
    card = cafe.join()
    page = open_page(cafe.path(card))
    cafe.stamp(card, 3)
    expect(page.get_by_role("status")).to_have_text("Thank you for your visit. 3 of 10 stamps", timeout=15_000)


def test_a_reward_appears_by_itself(cafe: Cafe, open_page: Open) -> None:
    card = cafe.join()
    page = open_page(cafe.path(card))
    cafe.stamp(card, 10)
    expect(page.get_by_role("heading", name="A reward is ready for you")).to_be_visible(timeout=15_000)


def test_a_card_that_is_closed_meanwhile_says_so(cafe: Cafe, open_page: Open) -> None:
    card = cafe.join()
    page = open_page(cafe.path(card))
    cafe.close(card)
    expect(page.get_by_text("This card has been closed.")).to_be_visible(timeout=15_000)
    expect(page.get_by_role("link", name="Get a new card")).to_be_visible()


def test_what_the_holder_was_doing_is_not_disturbed_by_a_new_stamp(cafe: Cafe, open_page: Open) -> None:
    card = cafe.join()
    page = open_page(cafe.path(card))
    page.get_by_text("Name and language").click()
    page.get_by_label("Name on the card").fill("Sar")
    cafe.stamp(card)
    expect(page.get_by_text("1 / 10")).to_be_visible(timeout=15_000)
    assert page.get_by_label("Name on the card").input_value() == "Sar"


def test_with_scripts_off_the_next_visit_shows_the_new_stamp(cafe: Cafe, open_page: Open) -> None:
    card = cafe.join()
    page = open_page(cafe.path(card), java_script_enabled=False)
    cafe.stamp(card, 3)
    page.reload()
    expect(page.get_by_text("3 / 10")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_scanner_reads_the_code_from_the_first_screen(cafe: Cafe, open_page: Open, scheme: str) -> None:
    card = cafe.join()
    page = open_page(cafe.path(card), user_agent=IPHONE, color_scheme=scheme)
    (found,) = zxingcpp.read_barcodes(Image.open(BytesIO(page.screenshot())))
    assert found.text == card.code


def test_the_holder_changes_the_language_and_the_page_speaks_it(cafe: Cafe, open_page: Open) -> None:
    card = cafe.join()
    page = open_page(cafe.path(card))
    page.get_by_text("Name and language").click()
    page.get_by_label("Language", exact=True).select_option(label="Magyar")
    page.locator("main form button").click()
    expect(page.locator("html")).to_have_attribute("lang", "hu")
    assert cafe.look_up(card).customer.language == "hu"
