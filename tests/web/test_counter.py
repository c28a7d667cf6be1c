"""The counter: what staff see of a card, and what they can do with it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, update

from tests.builders import open_shop
from tests.cafe import Cafe
from tests.conftest import NOON
from tests.web.page import read
from tests.web.till import Till, ledger, stand_at
from walletpass.accounts.roles import Role
from walletpass.database import transaction
from walletpass.loyalty import tables
from walletpass.loyalty.cards import Card
from walletpass.loyalty.ids import group_code, new_code
from walletpass.loyalty.merchants import create_location
from walletpass.loyalty.rules import Extra


@pytest.fixture
def till(cafe: Cafe) -> Till:
    """Alice of the staff, at the counter of a café whose shield is off."""
    return stand_at(cafe)


@pytest.fixture
def sara(cafe: Cafe) -> Card:
    """The card of a customer who gave her name."""
    return cafe.join(name="Sara")


def foreign_card(cafe: Cafe) -> Card:
    """A card of another merchant on the same installation."""
    return open_shop(cafe.deps.engine, now=NOON, slug="other").join()


# Coming in


@pytest.mark.parametrize("role", ["staff", "manager", "owner"])
def test_the_whole_team_may_stand_at_the_counter(cafe: Cafe, role: Role) -> None:
    till = stand_at(cafe, role)
    assert (till.status, till.page.heading) == (200, "Counter")


def test_a_stranger_is_asked_to_sign_in_and_comes_back(cafe: Cafe) -> None:
    answer = cafe.browser().get("/counter")
    assert (answer.status_code, answer.location) == (303, "/sign-in?next=/counter")


@pytest.mark.parametrize("path", ["scans", "cards/x/stamps", "cards/x/redemptions", "entries/x/reversal", "location"])
def test_nothing_is_done_for_a_stranger(cafe: Cafe, path: str) -> None:
    browser = cafe.browser()
    token = read(browser.get("/sign-in")).form.fields["csrf_token"]
    assert browser.post(f"/counter/{path}", data={"csrf_token": token}).status_code == 401


def test_a_page_elsewhere_cannot_make_a_signed_in_browser_stamp(till: Till, sara: Card) -> None:
    till.scan(sara.code)
    fields = till.form("+1 stamp").press("+1 stamp", csrf_token="")
    assert till.browser.post(f"/counter/cards/{sara.id}/stamps", data=fields).status_code == 403
    assert ledger(till.cafe, sara) == []


def test_the_counter_speaks_the_language_of_the_merchant(cafe: Cafe) -> None:
    with transaction(cafe.deps.engine) as connection:
        connection.execute(update(tables.merchant).values(language="hu"))
    assert stand_at(cafe).page.language == "hu"


# Finding a card


def test_a_card_is_shown_with_all_that_staff_need(cafe: Cafe, till: Till, sara: Card) -> None:
    cafe.stamp(sara, 7)
    cafe.pass_time(days=3)
    till.scan(sara.code)
    for words in ("Sara", "7 / 10", "3 more: Free coffee", "Last stamp 3 days ago", "English", group_code(sara.code)):
        assert words in till.text


def test_a_customer_without_a_name_is_known_by_the_code(cafe: Cafe, till: Till) -> None:
    card = cafe.join(language="pl")
    till.scan(card.code)
    for words in (group_code(card.code), "0 / 10", "No stamp yet", "Polski"):
        assert words in till.text


def test_a_stamp_of_a_moment_ago_is_called_so(cafe: Cafe, till: Till, sara: Card) -> None:
    cafe.stamp(sara)
    till.scan(sara.code)
    assert "Last stamp just now" in till.text


@pytest.mark.parametrize("spelling", ["{0}", "{1}", "{1}-{2}-{3}", " {1} {2} {3} ", "{1}.{2}.{3}"])
def test_a_code_may_be_typed_in_any_case_and_grouping(till: Till, sara: Card, spelling: str) -> None:
    code = sara.code.lower() if "." in spelling else sara.code
    parts = ("", code[:3], code[3:6], code[6:]) if "{3}" in spelling else ("", code, "", "")
    till.scan(spelling.format(code, *parts[1:]))
    assert "Sara" in till.text


@pytest.mark.parametrize("text", ["", "ABC DEF GHJ", "hello", "https://example.com/?a=b", "x" * 5000, "\x00", "źdźbło"])
def test_a_mistyped_code_is_told_from_an_unknown_one_and_can_be_put_right(till: Till, text: str) -> None:
    till.scan(text)
    assert till.status == 422
    assert "Check the code. It has nine letters and digits" in till.text
    assert till.form("Find").fields["code"] == text


def test_a_code_that_no_card_has_is_refused_in_words(till: Till) -> None:
    till.scan(new_code())
    assert till.status == 404
    assert "This is not one of your cards." in till.text


def test_a_card_of_another_merchant_is_nothing_but_unknown(cafe: Cafe, till: Till) -> None:
    card = foreign_card(cafe)
    till.scan(card.code)
    unknown = till.text.replace(card.code, "")
    code = new_code()
    till.scan(code)
    assert unknown == till.text.replace(code, "")
    till.open(f"/counter/cards/{card.id}")
    assert till.status == 404


def test_a_closed_card_says_so_and_offers_nothing(cafe: Cafe, till: Till, sara: Card) -> None:
    cafe.stamp(sara, 10)
    cafe.close(sara)
    till.scan(sara.code)
    assert "This card has been closed. Offer the customer a new one." in till.text
    assert till.buttons == []


def test_scripts_get_only_the_part_of_the_page_that_changes(till: Till, sara: Card) -> None:
    fields = {**till.form("Find").fields, "code": sara.code}
    answer = till.browser.post("/counter/scans", data=fields, headers={"X-Counter": "part"})
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert 'data-says="Sara. 0 of 10 stamps"' in answer.text


# Stamping


@pytest.mark.parametrize(("button", "stamps"), [("+1 stamp", 1), ("+2 stamps", 2), ("+3 stamps", 3)])
def test_one_press_gives_the_stamps(cafe: Cafe, till: Till, sara: Card, button: str, stamps: int) -> None:
    till.scan(sara.code)
    till.press(button)
    assert cafe.look_up(sara).stamps == stamps
    assert f"{stamps} / 10" in till.text


def test_the_result_is_told_and_can_be_loaded_again(till: Till, sara: Card) -> None:
    till.scan(sara.code)
    till.press("+2 stamps")
    assert "2 stamps added" in till.text
    till.open(f"{till.answer.request.path}?{till.answer.request.query_string.decode()}")
    assert "2 stamps added" in till.text


def test_the_ledger_knows_who_stamped_where_and_what_they_noted(cafe: Cafe, till: Till, sara: Card) -> None:
    till.scan(sara.code)
    till.press("+1 stamp", note=" oat milk ")
    (entry,) = ledger(cafe, sara)
    assert entry.by.actor.startswith("member:")
    assert (entry.by.location_id, entry.by.note) == (cafe.shop.location.id, "oat milk")


def test_wallets_are_told_at_once(cafe: Cafe, till: Till, sara: Card) -> None:
    till.scan(sara.code)
    till.press("+1 stamp")
    assert cafe.woken == 1


def test_the_stamp_that_earns_a_reward_says_so(cafe: Cafe, till: Till, sara: Card) -> None:
    cafe.stamp(sara, 9)
    till.scan(sara.code)
    till.press("+1 stamp")
    assert "1 stamp added Reward earned: Free coffee" in till.text
    assert till.buttons == ["Undo", "Redeem", "More stamps"]


def test_an_earlier_reward_is_not_told_as_earned_now(cafe: Cafe, till: Till, sara: Card) -> None:
    cafe.stamp(sara, 10)
    cafe.pass_time(days=1)
    till.scan(sara.code)
    till.press("+1 stamp")
    assert "Reward earned" not in till.text


def test_after_a_stamp_another_one_takes_a_press_more(till: Till, sara: Card) -> None:
    till.scan(sara.code)
    till.press("+1 stamp")
    assert till.buttons == ["Undo", "More stamps"]
    till.press("More stamps")
    till.press("+1 stamp")
    assert "2 / 10" in till.text


def test_the_same_press_sent_twice_counts_once_and_shows_the_same(cafe: Cafe, till: Till, sara: Card) -> None:
    till.scan(sara.code)
    form = till.form("+1 stamp")
    answers = [till.browser.post(form.action, data=form.press("+1 stamp")) for _ in range(2)]
    assert answers[0].location == answers[1].location
    assert cafe.look_up(sara).stamps == 1


def test_two_different_presses_on_one_page_count_as_the_first(cafe: Cafe, till: Till, sara: Card) -> None:
    till.scan(sara.code)
    form = till.form("+1 stamp")
    first = till.browser.post(form.action, data=form.press("+1 stamp"))
    second = till.browser.post(form.action, data=form.press("+3 stamps"))
    assert (first.status_code, second.status_code) == (303, 422)
    assert cafe.look_up(sara).stamps == 1


def test_the_same_press_sent_twice_at_the_same_moment_counts_once(engine: Engine) -> None:
    cafe = Cafe(engine, None, "http://127.0.0.1:8000")
    till, card = stand_at(cafe), cafe.join()
    till.scan(card.code)
    form = till.form("+1 stamp")
    cookies = [till.browser.get_cookie(f"walletpass-{name}") for name in ("sign-in", "session")]

    def press(_: int) -> int:
        browser = cafe.browser()
        for cookie in filter(None, cookies):
            browser.set_cookie(cookie.key, cookie.value)
        return browser.post(form.action, data=form.press("+1 stamp")).status_code

    with ThreadPoolExecutor(8) as thumbs:
        assert set(thumbs.map(press, range(8))) == {303}
    assert cafe.look_up(card).stamps == 1


@pytest.mark.parametrize("count", ["0", "-1", "101", "1e9", "", "many", "9" * 5000])
def test_a_number_of_stamps_that_cannot_be_is_refused_in_words(till: Till, sara: Card, count: str) -> None:
    till.scan(sara.code)
    till.send(f"/counter/cards/{sara.id}/stamps", key=till.form("+1 stamp").fields["key"], count=count)
    assert till.status == 422
    assert "Not stamped Give 1 to 100 stamps at once." in till.text
    assert ledger(till.cafe, sara) == []


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "with blanks in the middle", "\x00" * 30])
def test_a_stamp_without_a_usable_key_is_refused(till: Till, sara: Card, key: str) -> None:
    till.scan(sara.code)
    till.send(f"/counter/cards/{sara.id}/stamps", key=key, count="1")
    assert till.status == 422
    assert ledger(till.cafe, sara) == []


def test_too_long_a_note_is_refused_and_nothing_is_stamped(till: Till, sara: Card) -> None:
    till.scan(sara.code)
    till.press("+1 stamp", note="x" * 501)
    assert (till.status, ledger(till.cafe, sara)) == (422, [])


def test_a_card_of_another_merchant_cannot_be_stamped(cafe: Cafe, till: Till, sara: Card) -> None:
    card = foreign_card(cafe)
    till.scan(sara.code)
    key = till.form("+1 stamp").fields["key"]
    till.send(f"/counter/cards/{card.id}/stamps", key=key, count="1")
    assert (till.status, ledger(cafe, card), cafe.woken) == (404, [], 0)


# Stamping at once


def test_a_scan_may_bring_its_stamp_along(cafe: Cafe, till: Till, sara: Card) -> None:
    till.send("/counter/scans", code=sara.code, count="1", key="a-key-of-enough-signs")
    assert "1 stamp added" in till.text
    assert cafe.look_up(sara).stamps == 1


def test_a_scan_with_its_stamp_sent_twice_counts_once(cafe: Cafe, till: Till, sara: Card) -> None:
    for _ in range(2):
        till.open()
        till.send("/counter/scans", code=sara.code, count="1", key="a-key-of-enough-signs")
        assert "1 stamp added" in till.text
    assert cafe.look_up(sara).stamps == 1


# Redeeming


def test_one_press_redeems_a_reward(cafe: Cafe, till: Till, sara: Card) -> None:
    cafe.stamp(sara, 10)
    till.scan(sara.code)
    till.press("Redeem")
    assert "Redeemed Free coffee" in till.text
    assert ledger(cafe, sara)[-1].kind == "redeemed"
    assert cafe.woken == 1


def test_every_reward_has_a_button_of_its_own(sqlite_engine: Engine) -> None:
    cafe = Cafe(sqlite_engine, None, "http://127.0.0.1:8000", extras=(Extra(5, "Pastry"),), reward_days=30)
    till, card = stand_at(cafe), cafe.join()
    cafe.stamp(card, 10)
    till.scan(card.code)
    pastry, coffee = (form for form in till.page.forms if "Redeem" in form.buttons)
    assert "Pastry until December 20, 2026 Redeem Free coffee until December 20, 2026" in till.text
    till.browser.post(coffee.action, data=coffee.press("Redeem"))
    till.scan(card.code)
    assert [form.fields["reward"] for form in till.page.forms if "Redeem" in form.buttons] == [pastry.fields["reward"]]


def test_a_reward_redeemed_twice_by_an_impatient_thumb_is_redeemed_once(cafe: Cafe, till: Till, sara: Card) -> None:
    cafe.stamp(sara, 20)
    till.scan(sara.code)
    form = till.form("Redeem")
    answers = [till.browser.post(form.action, data=form.press("Redeem")) for _ in range(2)]
    assert answers[0].location == answers[1].location
    assert [entry.kind for entry in ledger(cafe, sara)].count("redeemed") == 1


def test_a_reward_cannot_be_used_a_second_time(cafe: Cafe, till: Till, sara: Card) -> None:
    cafe.stamp(sara, 10)
    till.scan(sara.code)
    elsewhere = stand_at(cafe, name="Bob")
    elsewhere.scan(sara.code)
    till.press("Redeem")
    elsewhere.press("Redeem")
    assert elsewhere.status == 409
    assert "Not redeemed This reward was already redeemed on 20 Nov, 13:00." in elsewhere.text  # on the shop's clock


def test_a_card_without_a_reward_offers_none_and_gives_none(cafe: Cafe, till: Till, sara: Card) -> None:
    till.scan(sara.code)
    assert "Redeem" not in till.buttons
    till.send(f"/counter/cards/{sara.id}/redemptions", key="a-key-of-enough-signs")
    assert till.status == 409
    assert "This card has no reward to redeem yet." in till.text


@pytest.mark.parametrize("reward", ["", "nonsense", "\x00", "x" * 5000])
def test_a_reward_that_the_card_never_had_is_refused(till: Till, sara: Card, reward: str) -> None:
    till.cafe.stamp(sara, 10)
    till.send(f"/counter/cards/{sara.id}/redemptions", key="a-key-of-enough-signs", reward=reward)
    assert till.status == 404
    assert "There is no such reward on this card." in till.text


def test_a_reward_of_another_merchants_card_cannot_be_redeemed(cafe: Cafe, till: Till) -> None:
    card = cafe.stamp(foreign_card(cafe), 10)
    till.send(f"/counter/cards/{card.id}/redemptions", key="a-key-of-enough-signs")
    assert till.status == 404
    assert [entry.kind for entry in ledger(cafe, card)] == ["stamped"]


# Where the counter stands


@pytest.fixture
def harbour(cafe: Cafe) -> str:
    """The id of a second location of the café."""
    with transaction(cafe.deps.engine) as connection:
        return create_location(connection, cafe.shop.merchant.id, name="Harbour", now=NOON).id


def test_with_several_locations_the_counter_asks_where_it_stands(cafe: Cafe, harbour: str) -> None:
    till = stand_at(cafe)
    assert till.page.heading == "Where is this counter?"
    assert till.page.buttons == ["Sign out", "High Street", "Harbour"]


def test_the_browser_remembers_where_it_stands(cafe: Cafe, harbour: str, sara: Card) -> None:
    till = stand_at(cafe)
    till.press("Harbour")
    till.scan(sara.code)
    till.press("+1 stamp")
    assert ledger(cafe, sara)[-1].by.location_id == harbour
    assert "Bean Bar Harbour" in till.text


def test_a_counter_can_move(cafe: Cafe, harbour: str) -> None:
    till = stand_at(cafe)
    till.press("Harbour")
    till.open(till.page.links["Another location"])
    till.press("High Street")
    assert "Bean Bar High Street" in till.text


def test_a_location_of_another_merchant_cannot_be_chosen(cafe: Cafe, harbour: str) -> None:
    till = stand_at(cafe)
    other = open_shop(cafe.deps.engine, now=NOON, slug="other").location
    fields = till.form("Harbour").press("Harbour", location="")
    till.answer = till.browser.post("/counter/location", data={**fields, "location": other.id})
    assert till.status == 404
    till.open()
    assert till.page.heading == "Where is this counter?"


def test_a_cookie_that_names_anothers_location_counts_for_nothing(cafe: Cafe, harbour: str) -> None:
    till = stand_at(cafe)
    other = open_shop(cafe.deps.engine, now=NOON, slug="other").location
    till.browser.set_cookie("walletpass-counter-location", other.id)
    till.open()
    assert till.page.heading == "Where is this counter?"
