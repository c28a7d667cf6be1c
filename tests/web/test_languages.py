"""Which language a page speaks."""

import pytest

from tests.cafe import Cafe
from tests.web.page import read


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        ("pl-PL,pl;q=0.9,en;q=0.5", "pl"),
        ("hu", "hu"),
        ("de,hu;q=0.3", "hu"),
        ("ja", "en"),
        ("", "en"),
        (";;q=x,", "en"),
    ],
)
def test_a_page_speaks_the_browsers_language(cafe: Cafe, accepted: str, spoken: str) -> None:
    assert read(cafe.browser(language=accepted).get("/join/bean-card")).language == spoken


def test_another_language_can_be_chosen_on_the_page(cafe: Cafe) -> None:
    browser = cafe.browser(language="pl")
    chosen = read(browser.get("/join/bean-card")).links["Magyar"]
    assert read(browser.get(f"/join/bean-card{chosen}")).language == "hu"


def test_a_language_that_we_do_not_speak_is_passed_over(cafe: Cafe) -> None:
    assert read(cafe.browser(language="pl").get("/join/bean-card?language=tlh")).language == "pl"


def test_errors_speak_the_visitors_language_too(cafe: Cafe) -> None:
    assert read(cafe.browser(language="hu").get("/no-such-page")).language == "hu"
