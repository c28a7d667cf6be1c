"""Signing in, and who is let in where."""

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.builders import open_shop
from tests.cafe import DESKTOP, PASSWORD, Cafe
from tests.conftest import NOON
from tests.web.page import read
from walletpass.web.sign_in import local_path


def sign_in(browser: FlaskClient, email: str, password: str = PASSWORD, address: str = "/sign-in") -> TestResponse:
    """Fill in the form and send it."""
    return browser.post(address, data=read(browser.get(address)).form.press("Sign in", email=email, password=password))


@pytest.fixture
def browser(cafe: Cafe) -> FlaskClient:
    """A browser on the counter's computer."""
    return cafe.browser(DESKTOP)


def test_an_owner_signs_in_and_is_in_the_studio(cafe: Cafe, browser: FlaskClient) -> None:
    answer = sign_in(browser, cafe.member("owner"))
    assert (answer.status_code, answer.location) == (303, "/studio")
    assert browser.get("/studio").status_code == 200


def test_staff_sign_in_and_are_at_the_counter(cafe: Cafe, browser: FlaskClient) -> None:
    assert sign_in(browser, cafe.member("staff")).location == "/counter"


def test_staff_are_told_that_the_studio_needs_a_manager(cafe: Cafe, browser: FlaskClient) -> None:
    sign_in(browser, cafe.member("staff"))
    answer = browser.get("/studio")
    assert answer.status_code == 403
    assert "This needs a manager" in read(answer).text


def test_who_was_on_the_way_somewhere_goes_on_there(cafe: Cafe, browser: FlaskClient) -> None:
    asked = browser.get("/studio/programs/new?template=coffee")
    assert (asked.status_code, read(browser.get(asked.location)).heading) == (303, "Sign in")
    assert sign_in(browser, cafe.member(), address=asked.location).location == "/studio/programs/new?template=coffee"


def test_who_is_signed_in_already_is_not_asked_again(cafe: Cafe, browser: FlaskClient) -> None:
    sign_in(browser, cafe.member())
    assert browser.get("/sign-in").location == "/studio"


def test_a_form_sent_after_the_sign_in_ended_says_that_nothing_was_saved(cafe: Cafe, browser: FlaskClient) -> None:
    sign_in(browser, cafe.member())
    form = read(browser.get("/studio/programs/new?template=coffee")).forms[-1]
    cafe.pass_time(days=31)
    answer = browser.post("/studio/programs/new?template=coffee", data=form.press("Open the program", name="New"))
    assert answer.status_code == 401
    assert "what you sent has not been saved" in read(answer).text


@pytest.mark.parametrize("email", ["alice@bean.example", "nobody@bean.example"])
def test_a_wrong_password_and_an_unknown_address_look_the_same(cafe: Cafe, browser: FlaskClient, email: str) -> None:
    cafe.member(name="Alice")
    answer = sign_in(browser, email, "wrong password")
    assert answer.status_code == 403
    assert "The e-mail address or the password is not right." in read(answer).text
    assert read(answer).form.fields["email"] == email
    assert read(answer).form.fields["password"] == ""


def test_after_too_many_attempts_one_is_told_how_long_to_wait(cafe: Cafe, browser: FlaskClient) -> None:
    email = cafe.member()
    for _ in range(10):
        sign_in(browser, email, "wrong password")
    answer = sign_in(browser, email)
    assert answer.status_code == 429
    assert "Too many attempts to sign in. Wait" in read(answer).text
    assert int(answer.headers["Retry-After"]) > 0


def test_signing_out_ends_the_sign_in_for_whoever_kept_the_cookie(cafe: Cafe, browser: FlaskClient) -> None:
    sign_in(browser, cafe.member())
    cookie = browser.get_cookie("walletpass-sign-in")
    assert cookie
    browser.post("/sign-out", data=read(browser.get("/studio")).forms[0].press("Sign out"))
    browser.set_cookie("walletpass-sign-in", cookie.value)
    assert browser.get("/studio").location.startswith("/sign-in")


def test_a_sign_in_that_is_used_every_week_lasts(cafe: Cafe, browser: FlaskClient) -> None:
    sign_in(browser, cafe.member())
    for _ in range(8):
        cafe.pass_time(days=7)
        assert browser.get("/studio").status_code == 200


def test_a_form_from_elsewhere_signs_nobody_in_or_out(cafe: Cafe, browser: FlaskClient) -> None:
    email = cafe.member()
    assert browser.post("/sign-in", data={"email": email, "password": PASSWORD}).status_code == 403
    sign_in(browser, email)
    assert browser.post("/sign-out").status_code == 403
    assert browser.get("/studio").status_code == 200


def test_the_form_tokens_of_before_are_worth_nothing_after_signing_in(cafe: Cafe, browser: FlaskClient) -> None:
    before = read(browser.get("/sign-in")).form.fields["csrf_token"]
    sign_in(browser, cafe.member())
    assert browser.post("/sign-out", data={"csrf_token": before}).status_code == 403


def test_the_cookie_is_for_this_host_alone_and_out_of_reach_of_scripts(cafe_on_https: Cafe) -> None:
    browser, base = cafe_on_https.browser(DESKTOP), "https://cards.bean.example"
    form = read(browser.get("/sign-in", base_url=base)).form
    sent = form.press("Sign in", email=cafe_on_https.member(), password=PASSWORD)
    answer = browser.post("/sign-in", data=sent, base_url=base)
    (cookie,) = [each for each in answer.headers.getlist("Set-Cookie") if "sign-in" in each]
    assert cookie.startswith("__Host-walletpass-sign-in=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))


def test_the_team_of_one_merchant_sees_nothing_of_another(cafe: Cafe, browser: FlaskClient) -> None:
    other = open_shop(cafe.deps.engine, now=NOON, slug="charlie")
    sign_in(browser, cafe.member())
    assert browser.get(f"/studio/programs/{other.program.slug}/poster").status_code == 404
    assert "charlie" not in browser.get("/studio").text


@pytest.mark.parametrize("address", ["/counter", "/studio/programs/new?template=coffee", "/c/x#y", "/"])
def test_after_signing_in_one_may_go_to_any_place_here(address: str) -> None:
    assert local_path(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "counter",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "//[",
    ],
)
def test_after_signing_in_nobody_is_sent_elsewhere(address: str) -> None:
    assert local_path(address) is None
