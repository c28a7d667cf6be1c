"""The pictures of the README, taken from the real pages.

To renew them: `PICTURES=docs/pictures .venv/bin/pytest tests/browser/test_pictures.py`
"""

import os
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page

from tests.browser.conftest import Open
from tests.cafe import IPHONE, Cafe


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the pictures go: where PICTURES says, or where nobody looks."""
    return Path(os.environ.get("PICTURES", tmp_path))


def take(page: Page, file: Path) -> Image.Image:
    """A picture of what the phone shows."""
    page.wait_for_load_state("networkidle")
    page.screenshot(path=file)
    with Image.open(file) as picture:
        return picture.convert("RGB")


def test_the_join_page(open_page: Open, folder: Path) -> None:
    page = open_page("/join/bean-card", user_agent=IPHONE, device_scale_factor=2)
    assert take(page, folder / "join.png").size == (780, 1688)


def test_the_web_card(cafe: Cafe, open_page: Open, folder: Path) -> None:
    card = cafe.stamp(cafe.join(), 6)
    page = open_page(cafe.path(card), user_agent=IPHONE, device_scale_factor=2)
    assert [found.text for found in zxingcpp.read_barcodes(take(page, folder / "card.png"))] == [card.code]
