"""The pretend phones in a real browser: the whole demo, from the QR code on the counter to the lock screen."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from threading import Thread

import pytest
import zxingcpp
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from tests.browser.conftest import DESK, PHONE
from tests.browser.test_accessibility import LOOKS, faults
from tests.builders import STAFF
from walletpass.app import DemoApplication
from walletpass.database import transaction
from walletpass.loyalty import operations
from walletpass.loyalty.cards import Card, recent_cards
from walletpass.loyalty.merchants import all_merchants
from walletpass.sandbox.demo import prepare_demo

PATIENCE = 15_000  # milliseconds
SCAN = "Scan the QR code: Coffee Card"


class Counter:
    """Staff of the demo's café."""

    def __init__(self, demo: DemoApplication) -> None:
        self.deps = demo.deps

    @property
    def cards(self) -> list[Card]:
        """The cards of the café, newest first."""
        with transaction(self.deps.engine) as connection:
            [merchant] = all_merchants(connection)
            return recent_cards(connection, merchant.id)

    def stamp(self, count: int = 1) -> None:
        """Stamp the newest card."""
        card = self.cards[0]
        with transaction(self.deps.engine) as connection:
            now = datetime.now(UTC)
            operations.stamp(connection, card.merchant_id, card.id, by=STAFF, now=now, count=count)
        self.deps.wake()


@pytest.fixture(scope="session")
def unused_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a demo that has never run: keys and passwords take their time to make."""
    folder = tmp_path_factory.mktemp("demo")
    prepare_demo(folder, port=1, now=datetime.now(UTC))
    return folder


@pytest.fixture
def counter(unused_demo: Path, tmp_path: Path) -> Iterator[Counter]:
    """The counter of a demo that runs."""
    folder = shutil.copytree(unused_demo, tmp_path / "demo")
    server = make_server("127.0.0.1", 0, Flask(__name__), threaded=True)
    demo = DemoApplication(prepare_demo(folder, port=server.server_port, now=datetime.now(UTC)))
    server.app = demo.wsgi
    thread = Thread(target=server.serve_forever)
    thread.start()
    demo.start()
    yield Counter(demo)
    demo.stop()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def shelf(chromium: Browser, counter: Counter, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page with all phones; `parametrize` it with options of the browser. Fails when the browser complains."""
    options = {"viewport": DESK, "locale": "en-GB", **getattr(request, "param", {})}
    context = chromium.new_context(base_url=counter.deps.settings.base_url, **options)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/sandbox/")
    yield page
    context.close()
    assert complaints == []


def join(shelf: Page, number: int = 1) -> None:
    """Let a phone scan the QR code on the counter."""
    shelf.get_by_role("button", name=SCAN).nth(number - 1).click()
    expect(shelf.locator(f"#screen-{number} .pass")).to_be_visible(timeout=PATIENCE)


def test_a_stamp_at_the_counter_is_seen_on_the_phone(shelf: Page, counter: Counter) -> None:
    join(shelf)
    expect(shelf.locator("#screen-1")).to_contain_text("1 / 10")
    counter.stamp()
    expect(shelf.locator("#screen-1 .notifications")).to_contain_text("You now have 2 / 10 stamps", timeout=PATIENCE)
    expect(shelf.locator("#screen-1 .pass-header")).to_contain_text("2 / 10")
    expect(shelf.locator("#log")).to_contain_text("push for pass.sandbox.walletpass")


def test_a_stamp_at_the_counter_is_seen_on_the_android_phone(shelf: Page, counter: Counter) -> None:
    join(shelf, 2)
    card = shelf.locator("#screen-2 .pass")
    expect(card.locator(".g-row").first).to_contain_text("1/10")
    expect(shelf.locator("#log")).to_contain_text("POST /google/callback", timeout=PATIENCE)
    before = card.locator(".g-hero").get_attribute("src")
    counter.stamp()
    expect(card.locator(".g-row").first).to_contain_text("2/10", timeout=PATIENCE)
    expect(shelf.locator("#screen-2 .notifications")).to_contain_text("Corner Café", timeout=PATIENCE)
    expect(card.locator(".g-hero")).not_to_have_attribute("src", str(before))
    card.get_by_title("Details").click()
    expect(card.locator(".g-details")).to_contain_text("2 of 10 stamps")


def test_each_phone_has_a_card_of_its_own(shelf: Page, counter: Counter) -> None:
    join(shelf, 1)
    join(shelf, 5)
    counter.stamp(2)
    expect(shelf.locator("#screen-5 .pass-header")).to_contain_text("3 / 10", timeout=PATIENCE)
    expect(shelf.locator("#screen-1 .pass-header")).to_contain_text("1 / 10")
    assert {card.customer.language for card in counter.cards} == {"en", "hu"}


def test_a_pass_that_is_turned_over_stays_so_when_it_changes(shelf: Page, counter: Counter) -> None:
    join(shelf)
    shelf.locator("#screen-1 .turn-over").click()
    back = shelf.locator("#screen-1 .back")
    expect(back).to_contain_text("Automatic updates")
    counter.stamp(2)
    expect(back).to_contain_text("3 of 10 stamps", timeout=PATIENCE)
    expect(back).to_be_visible()
    shelf.locator("#screen-1 .done").click()
    expect(back).to_be_hidden()


def test_a_pass_is_removed_on_its_back(shelf: Page) -> None:
    join(shelf)
    shelf.locator("#screen-1 .turn-over").click()
    shelf.get_by_role("button", name="Remove pass").click()
    expect(shelf.locator("#screen-1")).to_contain_text("No cards yet")


def test_the_newest_of_two_passes_is_in_front_until_the_other_is_tapped(shelf: Page) -> None:
    join(shelf)
    shelf.get_by_label("Address").first.fill(f"{shelf.url.removesuffix('/sandbox/')}/join/coffee?new=1")
    shelf.get_by_role("button", name="Open").first.click()
    expect(shelf.locator("#screen-1 .pass")).to_have_count(2, timeout=PATIENCE)
    newest, oldest = shelf.locator("#screen-1 .pass").all()
    expect(newest.locator(".pass-foot")).to_be_in_viewport()
    oldest.locator(".pass-head").click()
    expect(oldest.locator(".pick")).to_be_checked()
    expect(newest.locator(".turn-over")).to_be_hidden()


def test_the_code_that_is_shown_can_be_scanned(shelf: Page, counter: Counter) -> None:
    join(shelf)
    shelf.get_by_role("button", name="Show the barcode").click()
    sheet = shelf.get_by_role("dialog")
    [found] = zxingcpp.read_barcodes(Image.open(BytesIO(sheet.screenshot())))
    assert found.text == counter.cards[0].code
    sheet.get_by_role("button", name="Close").click()
    expect(sheet).to_be_hidden()


def test_a_scanner_reads_the_pass_as_it_lies_on_the_phone(shelf: Page, counter: Counter) -> None:
    join(shelf)
    [found] = zxingcpp.read_barcodes(Image.open(BytesIO(shelf.locator("#screen-1").screenshot())))
    assert found.text == counter.cards[0].code


def test_the_phone_catches_up_after_airplane_mode(shelf: Page, counter: Counter) -> None:
    join(shelf)
    airplane = shelf.get_by_role("switch", name="Airplane mode").first
    airplane.click()
    expect(airplane).to_have_attribute("aria-checked", "true")
    counter.stamp()
    airplane.click()
    expect(shelf.locator("#screen-1 .notifications")).to_contain_text("You now have 2 / 10 stamps", timeout=PATIENCE)


@pytest.mark.parametrize("shelf", [{"java_script_enabled": False}], indirect=True)
def test_with_scripts_off_the_buttons_work_and_the_next_visit_shows_it(shelf: Page) -> None:
    shelf.get_by_role("button", name=SCAN).first.click()
    for _ in range(50):
        if shelf.locator("#screen-1 .pass").count():
            break
        shelf.reload()
    expect(shelf.locator("#screen-1 .pass-header")).to_contain_text("1 / 10")


@pytest.mark.parametrize("shelf", [{"color_scheme": scheme, "viewport": size} for scheme, size in LOOKS], indirect=True)
def test_everybody_can_read_the_phones(shelf: Page) -> None:
    join(shelf)
    join(shelf, 4)
    assert faults(shelf) == []
    shelf.goto("/sandbox/phones/1")
    assert faults(shelf) == []


@pytest.mark.parametrize("shelf", [{"viewport": PHONE}], indirect=True)
def test_a_small_screen_shows_one_phone_after_the_other(shelf: Page) -> None:
    join(shelf, 3)
    expect(shelf.locator("#screen-3 .pass-foot")).to_be_in_viewport()
    expect(shelf.locator("#screen-1 .status")).not_to_be_in_viewport()
