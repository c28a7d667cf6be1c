"""Which language a page speaks, and how it writes days and times in it."""

import pytest

from tests.cafe import Cafe
from tests.conftest import NOON
from tests.web.page import read
from walletpass.web.languages import day, moment


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


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", ("November 20, 2026", "20 Nov, 12:00")),
        ("pl", ("20 listopada 2026", "20 lis, 12:00")),
        ("hu", ("2026. november 20.", "nov. 20., 12:00")),
    ],
)
def test_days_and_times_are_written_as_the_language_writes_them(
    cafe: Cafe, language: str, written: tuple[str, str]
) -> None:
    with cafe.app.test_request_context(f"/?language={language}"):
        assert (day(NOON), moment(NOON)) == written
