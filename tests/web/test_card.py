"""The web card: the same face as in a wallet, behind a link that only its holder has."""

import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from http.client import HTTPConnection
from io import BytesIO
from threading import Thread

import pytest
from sqlalchemy import Engine
from werkzeug.serving import make_server

from tests.cafe import ANDROID, DESKTOP, INSTAGRAM, IPHONE, Cafe
from tests.web.page import read
from walletpass.apple.certificates import Identity
from walletpass.database import reading, transaction
from walletpass.loyalty import tables
from walletpass.loyalty.destinations import add_destination
from walletpass.loyalty.ids import group_code


def test_the_page_shows_whose_card_it_is_and_how_far_it_has_come(cafe: Cafe) -> None:
    card = cafe.stamp(cafe.join(), 4)
    page = read(cafe.browser().get(cafe.path(card)))
    assert page.heading == "Bean Bar Coffee Card"
    assert "Stamps 4 / 10" in page.text
    assert "Next reward Free coffee" in page.text


def test_the_picture_of_the_stamps_is_told_in_words(cafe: Cafe) -> None:
    card = cafe.stamp(cafe.join(), 4)
    assert 'alt="4 of 10 stamps"' in cafe.browser().get(cafe.path(card)).text


def test_the_page_shows_the_code_to_type(cafe: Cafe) -> None:
    card = cafe.join()
    assert group_code(card.code) in read(cafe.browser().get(cafe.path(card))).text


def test_rewards_are_listed_with_the_day_they_end_on_the_shops_clock(sqlite_engine: Engine) -> None:
    cafe = Cafe(sqlite_engine, None, "http://127.0.0.1:8000", reward_days=10)
    cafe.pass_time(hours=11, minutes=30)  # 23:30 in UTC is the next day in Warsaw
    card = cafe.stamp(cafe.join(), 10)
    page = read(cafe.browser().get(cafe.path(card)))
    assert "A reward is ready for you Free coffee until December 1, 2026" in page.text


def test_the_page_speaks_the_language_of_its_holder(cafe: Cafe) -> None:
    card = cafe.join(language="hu")
    assert read(cafe.browser(language="pl").get(cafe.path(card))).language == "hu"


@pytest.mark.parametrize(
    ("user_agent", "offered"), [(IPHONE, True), (ANDROID, False), (DESKTOP, False), (INSTAGRAM, False)]
)
def test_apple_wallet_is_offered_where_it_can_be_reached(cafe: Cafe, user_agent: str, offered: bool) -> None:
    page = read(cafe.browser(user_agent).get(cafe.path(cafe.join())))
    assert ("Add to Apple Wallet" in page.links) is offered


def test_a_closed_card_says_so_and_offers_a_new_one(cafe: Cafe) -> None:
    card = cafe.close(cafe.join())
    page = read(cafe.browser().get(cafe.path(card)))
    assert "This card has been closed." in page.text
    assert group_code(card.code) not in page.text
    assert page.links["Get a new card"] == "/join/bean-card?new=1"


def test_nobody_but_the_holder_may_keep_find_or_hear_of_the_page(cafe: Cafe) -> None:
    headers = cafe.browser().get(cafe.path(cafe.join())).headers
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["X-Robots-Tag"] == "noindex"
    assert headers["Referrer-Policy"] == "no-referrer"


# Who may see a card


@pytest.mark.parametrize("below", ["", "/state", "/apple.pkpass", "/google"])
def test_a_wrong_proof_looks_just_like_a_card_that_never_was(cafe: Cafe, below: str) -> None:
    right = cafe.path(cafe.join())
    wrong = right[:-2] + ("AA" if right[-2:] != "AA" else "BB")
    never = f"/c/{'0' * 20}-{'A' * 22}"
    answers = [cafe.browser().get(path + below) for path in (wrong, never)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].text == answers[1].text


@pytest.mark.parametrize("below", ["", "/state", "/apple.pkpass"])
def test_neither_code_nor_serial_number_nor_id_opens_a_card(cafe: Cafe, below: str) -> None:
    card = cafe.join()
    for guess in (
        card.code,
        card.serial_number,
        card.id,
        f"{card.serial_number}-",
        f"{card.serial_number}-{card.code}",
    ):
        assert cafe.browser().get(f"/c/{guess}{below}").status_code == 404


@pytest.mark.parametrize("token", ["%00", "x" * 5000, "-", "%E2%82%AC-%E2%82%AC", "a%2fb"])
def test_garbage_for_a_link_is_a_404(cafe: Cafe, token: str) -> None:
    assert cafe.browser().get(f"/c/{token}").status_code == 404


# New stamps


def test_the_state_tells_the_revision_and_what_is_new_in_words(cafe: Cafe) -> None:
    card = cafe.stamp(cafe.join(), 3)
    state = cafe.browser().get(f"{cafe.path(card)}/state").json
    assert state == {"revision": card.revision, "closed": False, "says": "Thank you for your visit. 3 of 10 stamps"}


def test_a_state_that_is_known_already_is_not_sent_again(cafe: Cafe) -> None:
    card = cafe.join()
    browser = cafe.browser()
    tag = browser.get(f"{cafe.path(card)}/state").headers["ETag"]
    assert browser.get(f"{cafe.path(card)}/state", headers={"If-None-Match": tag}).status_code == 304


def test_a_new_stamp_is_a_new_state(cafe: Cafe) -> None:
    card = cafe.join()
    browser = cafe.browser()
    tag = browser.get(f"{cafe.path(card)}/state").headers["ETag"]
    cafe.stamp(card)
    assert browser.get(f"{cafe.path(card)}/state", headers={"If-None-Match": tag}).status_code == 200


# Name and language


def test_the_holder_changes_name_and_language(cafe: Cafe) -> None:
    card = cafe.join()
    browser = cafe.browser()
    form = read(browser.get(cafe.path(card))).form
    answer = browser.post(cafe.path(card), data=form.press("Save", name="Sára", language="hu"))
    assert (answer.status_code, answer.location) == (303, cafe.path(card))
    customer = cafe.look_up(card).customer
    assert (customer.name, customer.language) == ("Sára", "hu")


def test_a_changed_name_reaches_the_wallets(cafe: Cafe) -> None:
    card = cafe.join()
    with transaction(cafe.deps.engine) as connection:
        add_destination(connection, card.id, "apple", revision=card.revision, now=cafe.now)
    browser = cafe.browser()
    browser.post(
        cafe.path(card), data=read(browser.get(cafe.path(card))).form.press("Save", name="Sara", language="en")
    )
    with reading(cafe.deps.engine) as connection:
        wanted = connection.execute(tables.destination.select()).one().wanted_revision
    assert wanted == cafe.look_up(card).revision > card.revision
    assert cafe.woken == 1


def test_saving_what_is_there_already_changes_nothing(cafe: Cafe) -> None:
    card = cafe.join(name="Sara")
    browser = cafe.browser()
    browser.post(cafe.path(card), data=read(browser.get(cafe.path(card))).form.press("Save", language="en"))
    assert cafe.look_up(card).revision == card.revision


@pytest.mark.parametrize("wrong", [{"name": "x" * 61}, {"name": "a\nb"}, {"language": "xx"}])
def test_a_wrong_name_or_language_is_refused_in_words(cafe: Cafe, wrong: dict[str, str]) -> None:
    card = cafe.join(name="Sara")
    browser = cafe.browser()
    sent = read(browser.get(cafe.path(card))).form.press("Save", **{"language": "en", **wrong})
    assert browser.post(cafe.path(card), data=sent).status_code == 422
    assert cafe.look_up(card) == card


def test_a_change_sent_from_elsewhere_is_refused(cafe: Cafe) -> None:
    card = cafe.join(name="Sara")
    assert cafe.browser().post(cafe.path(card), data={"name": "Eve", "language": "en"}).status_code == 403
    assert cafe.look_up(card) == card


# The pass


def test_the_pass_is_the_card_signed(cafe: Cafe) -> None:
    card = cafe.join()
    answer = cafe.browser().get(f"{cafe.path(card)}/apple.pkpass")
    document = json.loads(zipfile.ZipFile(BytesIO(answer.data)).read("pass.json"))
    assert document["serialNumber"] == card.serial_number


@pytest.fixture
def listening(cafe: Cafe) -> Iterator[HTTPConnection]:
    """A connection to the café's site on a real socket."""
    server = make_server("127.0.0.1", 0, cafe.app)
    thread = Thread(target=server.serve_forever)
    thread.start()
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    yield connection
    connection.close()
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_pass_can_be_fetched_again_and_again_without_cookies(cafe: Cafe, listening: HTTPConnection) -> None:
    path = f"{cafe.path(cafe.join())}/apple.pkpass"
    for _ in range(2):
        listening.request("GET", path)
        answer = listening.getresponse()
        body = answer.read()
        assert (answer.status, answer.getheader("Content-Type")) == (200, "application/vnd.apple.pkpass")
        assert answer.getheader("Content-Length") == str(len(body))
        assert answer.getheader("Content-Disposition") == 'attachment; filename="bean-card.pkpass"'
        assert answer.getheader("Set-Cookie") is None
        assert answer.getheader("Cache-Control") == "private, no-store"


def test_whoever_asks_only_for_the_headers_of_the_pass_gets_them(cafe: Cafe, listening: HTTPConnection) -> None:
    listening.request("HEAD", f"{cafe.path(cafe.join())}/apple.pkpass")
    answer = listening.getresponse()
    assert answer.read() == b""
    assert answer.getheader("Content-Type") == "application/vnd.apple.pkpass"


def test_without_apple_wallet_the_pass_link_says_so(cafe_without_wallet: Cafe) -> None:
    cafe = cafe_without_wallet
    card = cafe.join()
    answer = cafe.browser().get(f"{cafe.path(card)}/apple.pkpass")
    assert answer.status_code == 404
    assert read(answer).heading == "Apple Wallet is not set up here"
    assert read(answer).links["Open my card"] == cafe.path(card)


def test_an_expired_certificate_is_our_fault_and_the_card_still_works(cafe: Cafe, identity: Identity) -> None:
    card = cafe.join()
    cafe.now = identity.not_after + timedelta(days=1)
    answer = cafe.browser().get(f"{cafe.path(card)}/apple.pkpass")
    assert answer.status_code == 503
    assert read(answer).links["Open my card"] == cafe.path(card)
    assert cafe.browser().get(cafe.path(card)).status_code == 200


def test_google_wallet_says_that_it_is_not_set_up(cafe: Cafe) -> None:
    answer = cafe.browser(ANDROID).get(f"{cafe.path(cafe.join())}/google")
    assert (answer.status_code, read(answer).heading) == (404, "Google Wallet is not set up here")
