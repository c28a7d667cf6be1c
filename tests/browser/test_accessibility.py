"""Every page, in light and dark, on a phone and at a desk: headings, labels, names, contrast (WCAG 2.2 AA)."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import DESK, PHONE, Open
from tests.cafe import DESKTOP, INSTAGRAM, IPHONE, PASSWORD, Cafe

CHECKS = (Path(__file__).parent / "accessible.js").read_text()
LOOKS = [("light", PHONE), ("dark", PHONE), ("light", DESK), ("dark", DESK)]

pytestmark = pytest.mark.parametrize(("scheme", "viewport"), LOOKS)


AT_REST = """() => Promise.all(
  document.getAnimations()
    .filter((each) => each.effect.getComputedTiming().endTime !== Infinity)
    .map((each) => each.finished.catch(() => null))
)"""


def faults(page: Page) -> list[str]:
    """What somebody would stumble over, with everything unfolded."""
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    page.evaluate(AT_REST)  # what is still fading in or turning over is not yet what people read
    found: list[str] = page.evaluate(CHECKS)
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [*found, *([f"sticks out by {width} pixels"] if width > 0 else [])]


@pytest.mark.parametrize("user_agent", [IPHONE, INSTAGRAM, DESKTOP], ids=["iphone", "instagram", "desktop"])
def test_the_join_page(open_page: Open, scheme: str, viewport: dict[str, int], user_agent: str) -> None:
    page = open_page("/join/bean-card", color_scheme=scheme, viewport=viewport, user_agent=user_agent)
    assert faults(page) == []


def test_the_card_of_somebody_who_has_been_here_before(
    cafe: Cafe, open_page: Open, scheme: str, viewport: dict[str, int]
) -> None:
    page = open_page("/join/bean-card", color_scheme=scheme, viewport=viewport)
    page.get_by_role("button", name="Get my card").click()
    page.goto("/join/bean-card")
    assert faults(page) == []


@pytest.mark.parametrize("stamps", [4, 10])
def test_the_web_card(cafe: Cafe, open_page: Open, scheme: str, viewport: dict[str, int], stamps: int) -> None:
    card = cafe.stamp(cafe.join(name="Sara"), stamps)
    assert faults(open_page(cafe.path(card), color_scheme=scheme, viewport=viewport)) == []


def test_a_closed_card(cafe: Cafe, open_page: Open, scheme: str, viewport: dict[str, int]) -> None:
    card = cafe.close(cafe.join())
    assert faults(open_page(cafe.path(card), color_scheme=scheme, viewport=viewport)) == []


def test_the_pages_of_the_owner(cafe: Cafe, open_page: Open, scheme: str, viewport: dict[str, int]) -> None:
    email = cafe.member("owner")
    cafe.stamp(cafe.join(name="Sara"), 12)
    page = open_page("/sign-in", color_scheme=scheme, viewport=viewport)
    assert faults(page) == []
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/studio")
    assert faults(page) == []
    for path in ("/studio/programs/new", "/studio/programs/new?template=coffee", "/studio/programs/bean-card/poster"):
        page.goto(path)
        assert faults(page) == []
