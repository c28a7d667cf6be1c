"""The studio: numbers, what happened, and new programs."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from tests.cafe import DESKTOP, PASSWORD, Cafe
from tests.web.page import Form, Page, read
from walletpass.apple.certificates import Identity
from walletpass.database import reading, transaction
from walletpass.delivery.apple import ANOTHER_PASS_TYPE
from walletpass.i18n import translate
from walletpass.loyalty import tables
from walletpass.loyalty.destinations import add_destination
from walletpass.loyalty.ids import group_code
from walletpass.loyalty.programs import program_by_slug

NEW = "/studio/programs/new?template=coffee"


@pytest.fixture
def owner(cafe: Cafe) -> FlaskClient:
    """The browser of the owner, signed in."""
    return sign_in(cafe, email=cafe.member("owner"))


def sign_in(cafe: Cafe, email: str) -> FlaskClient:
    """A browser in which that member has signed in."""
    browser = cafe.browser(DESKTOP)
    form = read(browser.get("/sign-in")).form
    browser.post("/sign-in", data=form.press("Sign in", email=email, password=PASSWORD))
    return browser


def studio(owner: FlaskClient) -> Page:
    return read(owner.get("/studio"))


def test_the_numbers_of_a_program_stand_beside_it(cafe: Cafe, owner: FlaskClient) -> None:
    cafe.stamp(cafe.join(), 12)
    cafe.join()
    text = studio(owner).text
    assert "cards 2" in text
    assert "stamps today 12" in text
    assert "rewards ready 1" in text


def test_what_happened_is_told_in_words_with_card_and_time(cafe: Cafe, owner: FlaskClient) -> None:
    card = cafe.stamp(cafe.join(name="Sara"), 3)
    text = studio(owner).text
    assert f"3 stamps Sara {group_code(card.code)}" in text
    assert "20 Nov, 13:00" in text  # noon in UTC, on the shop's clock


def test_the_cards_that_changed_last_are_listed(cafe: Cafe, owner: FlaskClient) -> None:
    card = cafe.stamp(cafe.join(), 3)
    assert f"{group_code(card.code)} 3 / 10" in studio(owner).text


def test_what_a_wallet_refuses_is_shown(cafe: Cafe, owner: FlaskClient) -> None:
    card = cafe.join()
    with transaction(cafe.deps.engine) as connection:
        add_destination(connection, card.id, "apple", revision=1, now=cafe.now)
        connection.execute(update(tables.destination).values(trouble="Apple does not know this certificate."))
    assert "Apple does not know this certificate. (1 card)" in studio(owner).text


def test_what_a_wallet_refuses_is_told_in_the_language_of_the_page(cafe: Cafe, owner: FlaskClient) -> None:
    card = cafe.join()
    with transaction(cafe.deps.engine) as connection:
        add_destination(connection, card.id, "apple", revision=1, now=cafe.now)
        connection.execute(update(tables.destination).values(trouble=ANOTHER_PASS_TYPE))
    page = read(owner.get("/studio?language=hu"))
    assert f"{translate('hu', ANOTHER_PASS_TYPE)} (1 kártya)" in page.text
    assert ANOTHER_PASS_TYPE not in page.text


def test_cards_that_are_behind_are_counted(cafe: Cafe, owner: FlaskClient) -> None:
    card = cafe.join()
    with transaction(cafe.deps.engine) as connection:
        add_destination(connection, card.id, "apple", revision=1, now=cafe.now)
    assert "The card in a wallet shows the latest." in studio(owner).text
    cafe.stamp(card)
    assert "1 card in a wallet is being brought up to date." in studio(owner).text


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(days=200, hours=1), "good for 200 more days"),
        (timedelta(days=20, hours=1), "expires in 20 days. Get a new one now."),
        (-timedelta(hours=1), "has expired"),
    ],
)
def test_the_end_of_the_certificate_is_told_in_time(cafe: Cafe, identity: Identity, left: timedelta, said: str) -> None:
    cafe.now = identity.not_after - left
    assert said in studio(sign_in(cafe, email=cafe.member())).text


def test_a_merchant_without_apple_wallet_is_told_so(cafe_without_wallet: Cafe) -> None:
    browser = sign_in(cafe_without_wallet, email=cafe_without_wallet.member())
    assert "Apple Wallet is not set up." in studio(browser).text


def test_a_merchant_without_google_wallet_is_told_so(owner: FlaskClient) -> None:
    assert "Google Wallet is not set up." in studio(owner).text


def test_the_poster_says_what_one_gets_and_where(owner: FlaskClient) -> None:
    page = read(owner.get("/studio/programs/bean-card/poster"))
    assert page.heading == "10 stamps: Free coffee"
    assert "http://127.0.0.1:8000/join/bean-card" in page.text


def form_of(owner: FlaskClient) -> Form:
    return read(owner.get(NEW)).forms[-1]


def test_a_new_program_starts_with_what_the_trade_usually_offers(owner: FlaskClient) -> None:
    fields = form_of(owner).fields
    assert (fields["stamps_required"], fields["reward"]) == ("10", "A free coffee of your choice")


def test_a_new_program_is_open_at_once_under_an_address_made_of_the_names(cafe: Cafe, owner: FlaskClient) -> None:
    answer = owner.post(NEW, data=form_of(owner).press("Open the program", name="Żółty Czaj", stamps_required="7"))
    assert (answer.status_code, answer.location) == (303, "/studio")
    with reading(cafe.deps.engine) as connection:
        program = program_by_slug(connection, "bean-bar-zolty-czaj")
    assert (program.name, program.terms.stamps_required) == ("Żółty Czaj", 7)
    assert read(cafe.browser().get("/join/bean-bar-zolty-czaj")).heading == "Your stamp card for Bean Bar"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "Tea", "stamps_required": "31"},
        {"name": "Tea", "stamps_required": "ten"},
        {"name": "Tea", "reward": "x" * 61},
        {"name": "Tea", "slug": "Not An Address"},
    ],
)
def test_a_program_that_does_not_hold_together_is_given_back(
    cafe: Cafe, owner: FlaskClient, wrong: dict[str, str]
) -> None:
    answer = owner.post(NEW, data=form_of(owner).press("Open the program", **wrong))
    assert answer.status_code == 422
    assert read(answer).forms[-1].fields["name"] == wrong["name"]
    assert 'aria-invalid="true"' in answer.text


def test_an_address_that_is_taken_is_a_conflict_in_words(owner: FlaskClient) -> None:
    answer = owner.post(NEW, data=form_of(owner).press("Open the program", name="Tea", slug="bean-card"))
    assert answer.status_code == 409
    assert "already taken" in read(answer).text


def test_only_the_gifts_that_were_ticked_come_with_the_program(cafe: Cafe, owner: FlaskClient) -> None:
    form = form_of(owner)
    sent = form.press("Open the program", name="Plain", slug="plain")
    del sent["extras"], sent["first_stamp"]
    owner.post(NEW, data=sent)
    with reading(cafe.deps.engine) as connection:
        terms = program_by_slug(connection, "plain").terms
    assert (terms.extras, terms.first_stamp) == ((), False)
