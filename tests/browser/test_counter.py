"""The counter in a real browser: with a camera, with a hand scanner, with the keyboard alone, and on a bad network."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, Route, expect
from sqlalchemy import update

from tests.browser.conftest import ARGUMENTS, CHROMIUM, PHONE
from tests.browser.footage import film
from tests.browser.test_accessibility import faults
from tests.cafe import Cafe
from tests.web.till import COOKIE, ledger, signed_in
from walletpass.accounts.roles import Role
from walletpass.database import transaction
from walletpass.loyalty import tables
from walletpass.loyalty.cards import Card
from walletpass.loyalty.ids import new_code

TABLET = {"width": 1024, "height": 768}
PATIENTLY = 20_000
"""Milliseconds; the machine may be busy."""


@dataclass
class Counter:
    """A browser on the counter, with Alice signed in."""

    page: Page
    context: BrowserContext
    complaints: list[str] = field(default_factory=list)
    posted: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.posted.append(request) if request.method == "POST" else None)

    def _note(self, message: ConsoleMessage) -> None:
        # What is refused has a status of its own, which Chromium notes down; the page has no part in that.
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
            self.complaints.append(message.text)

    def sent(self, what: str) -> list[Request]:
        """The requests to change something, or to look at a picture, whose address ends like that."""
        return [request for request in self.posted if request.url.endswith(what)]

    def find(self, card: Card) -> None:
        """Type the code of a card, and see the card."""
        self.page.get_by_label("Code of the card").fill(card.code)
        self.page.keyboard.press("Enter")
        expect(self.heading(card.customer.name or "")).to_be_visible()

    def heading(self, text: str) -> Locator:
        return self.page.get_by_role("heading", name=text)


Open = Callable[..., Counter]


@pytest.fixture(scope="module")
def filmed_code() -> str:
    """The code on the card that the fake camera sees."""
    return new_code()


@pytest.fixture(scope="module")
def chromium_with_camera(
    chromium: Browser, filmed_code: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """A browser whose camera plays a film of a phone held over the counter."""
    path: Path = tmp_path_factory.mktemp("film") / "card.y4m"
    film(path, filmed_code)
    camera = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={path}"]
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *camera])
    yield browser
    browser.close()


@pytest.fixture
def open_counter(chromium: Browser, chromium_with_camera: Browser, cafe: Cafe) -> Iterator[Open]:
    """Opens the counter, without a camera unless asked for one; fails when a page complains."""
    opened: list[Counter] = []

    def open_counter(*, camera: bool = False, role: Role = "staff", script: str = "", **options: object) -> Counter:
        base_url = cafe.deps.settings.base_url
        given = {"viewport": PHONE, "locale": "en-GB", "base_url": base_url, **options}
        context = (chromium_with_camera if camera else chromium).new_context(**given)  # type: ignore[arg-type]
        token = signed_in(cafe, role, f"Alice {len(opened)}")
        context.add_cookies([{"name": COOKIE, "value": token, "url": base_url}])
        context.add_init_script(script)
        if camera:
            context.grant_permissions(["camera"])
        counter = Counter(context.new_page(), context)
        opened.append(counter)
        counter.page.goto("/counter")
        return counter

    yield open_counter
    for counter in opened:
        counter.context.close()
    assert [complaint for counter in opened for complaint in counter.complaints] == []


@pytest.fixture
def sara(cafe: Cafe) -> Card:
    """A card with three stamps."""
    return cafe.stamp(cafe.join(name="Sara"), 3)


@pytest.fixture
def filmed(cafe: Cafe, filmed_code: str) -> Card:
    """The card that the fake camera sees."""
    card = cafe.join(name="Filmed")
    with transaction(cafe.deps.engine) as connection:
        connection.execute(update(tables.card).where(tables.card.c.id == card.id).values(code=filmed_code))
    return cafe.look_up(card)


# The camera


def test_it_opens_on_the_camera_and_a_card_held_before_it_is_shown(open_counter: Open, filmed: Card) -> None:
    counter = open_counter(camera=True)
    expect(counter.page.locator("video")).to_be_visible()
    expect(counter.heading("Filmed")).to_be_visible(timeout=PATIENTLY)


def test_from_the_camera_to_the_stamp_is_one_tap(cafe: Cafe, open_counter: Open, filmed: Card) -> None:
    counter = open_counter(camera=True)
    counter.page.get_by_role("button", name="+1 stamp").click(timeout=PATIENTLY)
    expect(counter.heading("1 stamp added")).to_be_visible()
    assert cafe.look_up(filmed).stamps == 1


def test_with_stamping_at_once_there_is_no_tap_and_the_device_remembers(
    cafe: Cafe, open_counter: Open, filmed: Card
) -> None:
    counter = open_counter(camera=True)
    expect(counter.heading("Filmed")).to_be_visible(timeout=PATIENTLY)
    counter.page.get_by_label("Stamp at once when scanned").check()
    counter.page.reload()
    expect(counter.heading("1 stamp added")).to_be_visible(timeout=PATIENTLY)
    assert cafe.look_up(filmed).stamps == 1


def test_a_card_that_stays_before_the_camera_is_scanned_once(open_counter: Open, filmed: Card) -> None:
    counter = open_counter(camera=True)
    expect(counter.heading("Filmed")).to_be_visible(timeout=PATIENTLY)
    for _ in range(12):
        with counter.page.expect_response("**/counter/frames", timeout=PATIENTLY):
            pass
    assert len(counter.sent("/scans")) == 1


def test_pictures_are_small(open_counter: Open, filmed: Card) -> None:
    counter = open_counter(camera=True)
    sizes = []
    for _ in range(6):
        with counter.page.expect_response("**/counter/frames", timeout=PATIENTLY) as answer:
            pass
        sizes.append(int(answer.value.request.all_headers()["content-length"]))
    assert 1000 < max(sizes) < 64 * 1024


def test_the_next_picture_waits_for_the_answer_to_the_last(open_counter: Open, filmed: Card) -> None:
    counter = open_counter(camera=True)
    under_way: set[Request] = set()
    together: list[int] = []

    def count(request: Request) -> None:
        if request.url.endswith("/frames"):
            under_way.add(request)
            together.append(len(under_way))

    counter.page.on("request", count)
    counter.page.on("requestfinished", lambda request: under_way.discard(request))
    for _ in range(6):
        with counter.page.expect_response("**/counter/frames", timeout=PATIENTLY):
            pass
    assert set(together) == {1}


DETECTOR = """
class BarcodeDetector {
  static async getSupportedFormats() { return ["aztec", "qr_code"]; }
  constructor(options) { this.options = options; }
  async detect(video) {
    if (!(video instanceof HTMLVideoElement) || this.options.formats.join() !== "qr_code") throw new TypeError();
    return TEXTS.map((rawValue) => ({ rawValue }));
  }
}
globalThis.BarcodeDetector = BarcodeDetector;
"""
"""What browsers with a barcode reader of their own offer, with an answer to give.

Source: https://wicg.github.io/shape-detection-api/#barcode-detection-api
"""


def test_a_browser_that_reads_barcodes_itself_sends_no_pictures(open_counter: Open, filmed: Card) -> None:
    counter = open_counter(camera=True, script=DETECTOR.replace("TEXTS", f'["https://example.com", "{filmed.code}"]'))
    expect(counter.heading("Filmed")).to_be_visible(timeout=PATIENTLY)
    assert counter.sent("/frames") == []


def test_another_qr_code_is_said_to_be_no_card_and_disturbs_nothing(open_counter: Open, filmed: Card) -> None:
    counter = open_counter(camera=True, script=DETECTOR.replace("TEXTS", '["https://example.com/menu"]'))
    expect(counter.page.get_by_text("This code is not a card")).to_be_visible(timeout=PATIENTLY)
    assert counter.sent("/scans") == []


def test_nobody_is_interrupted_by_the_camera_while_typing(open_counter: Open, filmed: Card, sara: Card) -> None:
    counter = open_counter(camera=True, script=DETECTOR.replace("TEXTS", f'(globalThis.seen ? ["{filmed.code}"] : [])'))
    counter.find(sara)
    counter.page.get_by_text("Add a note").click()
    counter.page.get_by_label("Note").fill("oat")
    counter.page.evaluate("globalThis.seen = true")
    counter.page.get_by_label("Note").press_sequentially(" milk", delay=150)
    expect(counter.heading("Sara")).to_be_visible()
    counter.page.get_by_label("Note").blur()
    expect(counter.heading("Filmed")).to_be_visible(timeout=PATIENTLY)


def test_without_a_camera_the_page_says_so_and_the_other_ways_remain(open_counter: Open, sara: Card) -> None:
    counter = open_counter()
    expect(counter.page.get_by_text("This device has no camera.")).to_be_visible()
    expect(counter.page.locator("video")).to_be_hidden()
    counter.find(sara)


def test_a_camera_that_was_refused_is_explained(open_counter: Open) -> None:
    counter = open_counter(camera=True)
    counter.context.clear_permissions()
    counter.page.reload()
    expect(counter.page.get_by_text("The camera is blocked for this page.")).to_be_visible(timeout=PATIENTLY)
    expect(counter.page.get_by_role("button", name="Try the camera again")).to_be_visible()


# The hand scanner and the keyboard


def scanner(page: Page, code: str) -> None:
    """A hand scanner reads a code: it types fast, and ends with Enter."""
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def test_a_hand_scanner_works_wherever_the_focus_is(cafe: Cafe, open_counter: Open, sara: Card) -> None:
    counter = open_counter()
    scanner(counter.page, sara.code)
    expect(counter.heading("Sara")).to_be_visible()
    other = cafe.join(name="Tom")
    counter.page.get_by_role("button", name="+1 stamp").focus()
    scanner(counter.page, other.code)
    expect(counter.heading("Tom")).to_be_visible()
    assert cafe.look_up(sara).stamps == 3


def test_a_hand_scanner_in_the_field_for_the_code_works_too(open_counter: Open, sara: Card) -> None:
    counter = open_counter()
    counter.page.get_by_label("Code of the card").focus()
    scanner(counter.page, sara.code)
    expect(counter.heading("Sara")).to_be_visible()


def test_all_of_it_goes_without_a_pointer(cafe: Cafe, open_counter: Open, sara: Card) -> None:
    page = open_counter().page
    keys = page.keyboard
    page.get_by_label("Code of the card").focus()
    keys.type(sara.code.lower())
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Sara")).to_be_focused()
    keys.press("Tab")
    keys.press("Tab")
    expect(page.get_by_role("button", name="+1 stamp")).to_be_focused()
    keys.press("Enter")
    expect(page.get_by_role("heading", name="1 stamp added")).to_be_focused()
    keys.press("Tab")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    keys.press("Space")
    expect(page.get_by_role("heading", name="Undone")).to_be_focused()
    assert cafe.look_up(sara).stamps == 3


def test_a_mistyped_code_can_be_put_right_at_once(open_counter: Open, sara: Card) -> None:
    page = open_counter().page
    page.get_by_label("Code of the card").fill("ABC DEF GHJ")
    page.keyboard.press("Enter")
    expect(page.locator("#part").get_by_text("Check the code.")).to_be_visible()
    expect(page.get_by_label("Code of the card")).to_be_focused()
    page.keyboard.type(sara.code)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Sara")).to_be_visible()
    expect(page.get_by_label("Code of the card")).to_have_value("")


# What was done


def test_a_reward_is_redeemed_and_given_back_with_one_tap_each(cafe: Cafe, open_counter: Open, sara: Card) -> None:
    cafe.stamp(sara, 7)
    counter = open_counter()
    counter.find(sara)
    counter.page.get_by_role("button", name="Redeem: Free coffee").click()
    expect(counter.heading("Redeemed")).to_be_visible()
    counter.page.get_by_role("button", name="Undo").click()
    expect(counter.heading("Undone")).to_be_visible()
    assert len(cafe.look_up(sara).ready(cafe.now)) == 1


def test_the_result_is_told_to_those_who_cannot_see_it(open_counter: Open, sara: Card) -> None:
    counter = open_counter()
    counter.find(sara)
    expect(counter.page.locator("#said")).to_have_text("Sara. 3 of 10 stamps")
    counter.page.get_by_role("button", name="+2 stamps").click()
    expect(counter.page.locator("#said")).to_have_text("2 stamps added. Sara. 5 of 10 stamps")


RECORDER = """
globalThis.felt = [];
globalThis.heard = [];
navigator.vibrate = (pattern) => felt.push(pattern);
const Real = OscillatorNode;
globalThis.OscillatorNode = class extends Real {
  constructor(audio, options) { super(audio, options); heard.push(options.frequency); }
};
"""
"""Notes down what would be felt and heard."""


def test_the_result_is_felt_and_heard_and_a_refusal_differs(cafe: Cafe, open_counter: Open, sara: Card) -> None:
    counter = open_counter(script=RECORDER)
    counter.find(sara)
    counter.page.get_by_role("button", name="+1 stamp").click()
    expect(counter.heading("1 stamp added")).to_be_visible()
    good = counter.page.evaluate("[felt.at(-1), heard.at(-1)]")
    counter.page.get_by_label("Code of the card").fill("ABC DEF GHJ")
    counter.page.keyboard.press("Enter")
    expect(counter.heading("No card")).to_be_visible()
    refused = counter.page.evaluate("[felt.at(-1), heard.at(-1)]")
    assert good == [[70], 1175]
    assert refused == [[180, 80, 180], 165]


def test_a_card_can_be_put_away(open_counter: Open, sara: Card) -> None:
    counter = open_counter()
    counter.find(sara)
    counter.page.get_by_role("link", name="Put this card away").click()
    expect(counter.heading("Sara")).to_be_hidden()
    assert counter.page.url.endswith("/counter")


def test_a_manager_goes_past_the_shield_on_the_spot(cafe: Cafe, open_counter: Open, sara: Card) -> None:
    with transaction(cafe.deps.engine) as connection:
        connection.execute(update(tables.program).values(pause_seconds=300))
    counter = open_counter(role="manager")
    counter.find(sara)
    counter.page.get_by_role("button", name="+1 stamp").click()
    expect(counter.heading("Not stamped")).to_be_visible()
    counter.page.get_by_label("Why it is all right this time").fill("A second cup")
    counter.page.get_by_role("button", name="Give 1 stamp all the same").click()
    expect(counter.heading("1 stamp added")).to_be_visible()
    assert ledger(cafe, sara)[-1].override == "A second cup"


def test_whoever_was_signed_out_is_told_and_led_to_the_sign_in(open_counter: Open, sara: Card) -> None:
    counter = open_counter()
    counter.context.clear_cookies(name=COOKIE)
    counter.page.get_by_label("Code of the card").fill(sara.code)
    counter.page.keyboard.press("Enter")
    expect(counter.page.locator("#part").get_by_text("You have been signed out.")).to_be_visible()
    expect(counter.page.get_by_role("link", name="Sign in")).to_be_visible()


# A bad network


def test_a_double_tap_counts_once(cafe: Cafe, open_counter: Open, sara: Card) -> None:
    counter = open_counter()
    counter.find(sara)
    counter.page.get_by_role("button", name="+1 stamp").dblclick()
    expect(counter.heading("1 stamp added")).to_be_visible()
    assert cafe.look_up(sara).stamps == 4


def test_a_stamp_whose_answer_was_lost_is_sent_again_and_counts_once(
    cafe: Cafe, open_counter: Open, sara: Card
) -> None:
    counter = open_counter()
    counter.find(sara)

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    counter.page.route("**/stamps", lose_the_answer, times=1)
    counter.page.get_by_role("button", name="+1 stamp").click()
    expect(counter.heading("1 stamp added")).to_be_visible(timeout=PATIENTLY)
    assert len(counter.sent("/stamps")) == 2
    assert cafe.look_up(sara).stamps == 4


def test_a_server_that_is_being_started_again_is_waited_for(cafe: Cafe, open_counter: Open, sara: Card) -> None:
    counter = open_counter()
    counter.find(sara)
    counter.page.route("**/stamps", lambda route: route.fulfill(status=503, body="starting"), times=1)
    counter.page.get_by_role("button", name="+1 stamp").click()
    expect(counter.heading("1 stamp added")).to_be_visible(timeout=PATIENTLY)
    assert cafe.look_up(sara).stamps == 4


def test_without_a_network_staff_see_that_it_is_being_tried_until_it_is_done(
    cafe: Cafe, open_counter: Open, sara: Card
) -> None:
    counter = open_counter()
    counter.find(sara)
    counter.context.set_offline(True)
    counter.page.get_by_role("button", name="+1 stamp").click()
    expect(counter.page.get_by_text("No connection. Trying again; it will count only once.")).to_be_visible()
    assert cafe.look_up(sara).stamps == 3
    counter.context.set_offline(False)
    expect(counter.heading("1 stamp added")).to_be_visible(timeout=PATIENTLY)
    assert cafe.look_up(sara).stamps == 4


def test_whoever_stops_waiting_is_told_to_look(open_counter: Open, sara: Card) -> None:
    counter = open_counter()
    counter.find(sara)
    counter.context.set_offline(True)
    counter.page.get_by_role("button", name="+1 stamp").click()
    counter.page.get_by_role("button", name="Stop").click()
    expect(counter.heading("Not known whether it counted")).to_be_visible()


def test_with_scripts_off_everything_works_as_plain_pages(cafe: Cafe, open_counter: Open, sara: Card) -> None:
    page = open_counter(java_script_enabled=False).page
    page.get_by_label("Code of the card").fill(sara.code)
    page.get_by_role("button", name="Find").click()
    page.get_by_role("button", name="+2 stamps").click()
    expect(page.get_by_role("heading", name="2 stamps added")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Undone")).to_be_visible()
    assert cafe.look_up(sara).stamps == 3


# For those who see little or nothing


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, TABLET], ids=["phone", "tablet"])
def test_every_state_is_readable_named_and_in_order(
    cafe: Cafe, open_counter: Open, sara: Card, scheme: str, viewport: dict[str, int]
) -> None:
    counter = open_counter(color_scheme=scheme, viewport=viewport)
    found = {"waiting": faults(counter.page)}
    cafe.stamp(sara, 10)
    counter.find(sara)
    found["a card with a reward"] = faults(counter.page)
    counter.page.get_by_role("button", name="+1 stamp").click()
    expect(counter.heading("1 stamp added")).to_be_visible()
    found["stamped"] = faults(counter.page)
    counter.page.get_by_role("button", name="Undo").press("Enter")  # the menu is unfolded over it
    expect(counter.heading("Undone")).to_be_visible()
    found["undone"] = faults(counter.page)
    counter.find(cafe.close(cafe.join(name="Tom")))
    found["closed"] = faults(counter.page)
    assert {state: faulty for state, faulty in found.items() if faulty} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("role", ["staff", "manager"])
def test_a_refusal_is_readable_for_staff_and_for_managers(
    cafe: Cafe, open_counter: Open, sara: Card, scheme: str, role: Role
) -> None:
    with transaction(cafe.deps.engine) as connection:
        connection.execute(update(tables.program).values(pause_seconds=300))
    counter = open_counter(role=role, color_scheme=scheme)
    counter.find(sara)
    counter.page.get_by_role("button", name="+1 stamp").click()
    expect(counter.heading("Not stamped")).to_be_visible()
    assert faults(counter.page) == []


def test_a_wet_thumb_finds_every_button(cafe: Cafe, open_counter: Open, sara: Card) -> None:
    cafe.stamp(sara, 10)
    counter = open_counter()
    counter.find(sara)
    buttons = [button.bounding_box() for button in counter.page.locator("main button:visible").all()]
    assert min(box["height"] for box in buttons if box) >= 56
    assert min(box["width"] for box in buttons if box) >= 56
