"""What protects every page."""

import re

import pytest

from tests.cafe import SECRET, Cafe
from tests.web.page import read
from walletpass.settings import read_settings
from walletpass.web.security import LARGEST_FORM, cookie_name

PAGES = ["/join/bean-card", "/sign-in", "/no-such-page"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_nothing_from_elsewhere_and_nothing_inline(cafe: Cafe, path: str) -> None:
    answer = cafe.browser().get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?! src=)|(src|href)=\"(https?:)?//", answer.text)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_cannot_be_framed_guessed_at_or_kept(cafe: Cafe, path: str) -> None:
    headers = cafe.browser().get(path).headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "private, no-store"


def test_browsers_are_told_to_stay_on_https_where_it_is_spoken(cafe_on_https: Cafe) -> None:
    assert "max-age=" in cafe_on_https.browser().get("/sign-in").headers["Strict-Transport-Security"]


def test_on_plain_http_browsers_are_not_told_to_use_https(cafe: Cafe) -> None:
    assert "Strict-Transport-Security" not in cafe.browser().get("/sign-in").headers


@pytest.mark.parametrize(
    ("base_url", "name"),
    [
        ("https://cards.bean.example", "__Host-walletpass-session"),
        ("http://127.0.0.1:8000", "walletpass-session"),
    ],
)
def test_cookies_are_bound_to_the_host_where_https_is_spoken(base_url: str, name: str) -> None:
    settings = read_settings(secret_key=SECRET, base_url=base_url, _env_file=None)
    assert cookie_name(settings, "session") == name


def test_a_body_that_is_too_large_is_refused_before_it_is_read(cafe: Cafe) -> None:
    browser = cafe.browser()
    form = read(browser.get("/join/bean-card")).form
    sent = form.press("Use the card in the browser", name="x" * LARGEST_FORM)
    assert browser.post("/join/bean-card", data=sent).status_code == 413
    assert cafe.cards() == []


def test_a_form_with_a_token_of_another_browser_is_refused(cafe: Cafe) -> None:
    stolen = read(cafe.browser().get("/join/bean-card")).form.press("Use the card in the browser")
    assert cafe.browser().post("/join/bean-card", data=stolen).status_code == 403
    assert cafe.cards() == []


def test_a_static_file_is_kept_for_ever_under_the_name_of_its_content(cafe: Cafe) -> None:
    (address,) = re.findall(r"/static/walletpass\.css\?v=\w+", cafe.browser().get("/sign-in").text)
    assert "max-age=31536000" in cafe.browser().get(address, buffered=True).headers["Cache-Control"]


@pytest.mark.parametrize("query", ["", "?v=", "?v=0123456789ab"])
def test_under_any_other_name_a_static_file_is_asked_for_again(cafe: Cafe, query: str) -> None:
    answer = cafe.browser().get(f"/static/walletpass.css{query}", buffered=True)
    assert answer.headers["Cache-Control"] == "no-cache"
