"""`make demo`, walked through as the README tells it; also the pictures of the README that need phones.

To renew them: `PICTURES=docs/pictures .venv/bin/pytest tests/browser/test_demo.py`
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESK, PHONE
from tests.installation import Installation

TALL = {"width": 1280, "height": 1110}
CODE = re.compile(r"\b[2-9A-Z]{3} [2-9A-Z]{3} [2-9A-Z]{3}\b")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the pictures go: where PICTURES says, or where nobody looks."""
    return Path(os.environ.get("PICTURES", tmp_path))


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Installation]:
    """A folder to run demos in, whatever the environment says."""
    yield Installation(tmp_path)


def opened(chromium: Browser, demo: Installation, path: str, **options: object) -> Page:
    context = chromium.new_context(base_url=demo.url, **options)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(path)
    return page


def sign_in(page: Page, demo: Installation, who: str) -> None:
    """With the e-mail address and password that the demo prints."""
    guide = (demo.folder / "demo.log").read_text()
    found = re.findall(rf"{who}@example.com\s+(\S+)", guide)
    page.locator("input[name=email]").fill(f"{who}@example.com")
    page.locator("input[name=password]").fill(found[-1])
    page.locator("input[name=password]").press("Enter")


def test_the_demo_does_what_the_readme_tells(chromium: Browser, demo: Installation, folder: Path) -> None:
    with demo.running("demo"):
        phones = opened(chromium, demo, "/sandbox/", viewport=TALL)
        for number, shown in enumerate(("1 / 10", "1/10", "1 / 10"), 1):  # an iPhone, an Android phone, an iPhone
            phones.get_by_role("button", name=re.compile("Scan the QR code")).nth(number - 1).click()
            expect(phones.locator(f"#screen-{number}")).to_contain_text(shown)
        code = CODE.search(phones.locator("body").inner_text())
        assert code

        counter = opened(chromium, demo, "/counter", viewport=PHONE, device_scale_factor=2)
        sign_in(counter, demo, "staff")
        counter.locator("input[name=code]").fill(code[0])
        counter.locator("input[name=code]").press("Enter")
        counter.get_by_role("button", name="+3").click()
        expect(counter.get_by_role("heading", name="3 stamps added")).to_be_visible()
        expect(phones.get_by_text("You now have 4 / 10 stamps")).to_be_visible()
        counter.screenshot(path=folder / "counter.png")
        phones.evaluate("scrollTo(0, 0)")
        phones.screenshot(path=folder / "phones.png")

        counter.get_by_role("button", name="Undo").click()
        expect(phones.get_by_role("log").get_by_text("Your card has been corrected.")).to_be_visible()
        expect(phones.locator("#screen-1")).to_contain_text("1 / 10")

        studio = opened(chromium, demo, "/studio", viewport=DESK)
        sign_in(studio, demo, "owner")
        expect(studio.get_by_role("heading", name="Coffee Card")).to_be_visible()


def test_a_second_run_finds_what_the_first_has_left(demo: Installation) -> None:
    with demo.running("demo"):
        pass
    with demo.running("demo"):
        assert demo.request("GET", "/join/coffee").status == 200
    first, second = (demo.folder / "demo.log").read_text().split("walletpass demo, ")[1:]
    assert first == second


def test_a_demo_leaves_the_real_installation_alone(demo: Installation) -> None:
    demo.run("init", "--merchant", "Bean Bar", "--owner", "owner@example.com")
    before = (demo.folder / "instance" / "walletpass.db").read_bytes()
    with demo.running("demo"):
        pass
    assert (demo.folder / "instance" / "walletpass.db").read_bytes() == before


def test_the_pretend_phones_are_not_there_in_serve(demo: Installation) -> None:
    with demo.running("serve"):
        assert demo.request("GET", "/sandbox/").status == 404
