"""Errors as pages: the right status, and words that help."""

import logging

import pytest
from flask import abort
from sqlalchemy.exc import OperationalError

from tests.cafe import Cafe
from tests.web.page import read
from walletpass.loyalty.errors import CardClosed


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 429, 500, 418, 502])
def test_every_error_is_a_page_with_a_heading_and_what_to_do(cafe: Cafe, status: int) -> None:
    cafe.app.add_url_rule("/trouble", "trouble", lambda: abort(status))
    answer = cafe.browser().get("/trouble")
    page = read(answer)
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert page.heading
    assert len(page.text) > len(page.heading) + 60


def test_a_wrong_method_is_answered_with_the_right_ones(cafe: Cafe) -> None:
    answer = cafe.browser().put("/sign-in")
    assert answer.status_code == 405
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_what_a_card_will_not_do_is_told_in_its_own_words(cafe: Cafe) -> None:
    def refuse() -> str:
        raise CardClosed

    cafe.app.add_url_rule("/trouble", "trouble", refuse)
    answer = cafe.browser().get("/trouble")
    assert answer.status_code == 409
    assert "This card has been closed." in read(answer).text


def test_a_database_that_does_not_answer_is_worth_another_try(cafe: Cafe, caplog: pytest.LogCaptureFixture) -> None:
    def wait_in_vain() -> str:
        raise OperationalError("BEGIN IMMEDIATE", {}, Exception("database is locked"))

    cafe.app.add_url_rule("/trouble", "trouble", wait_in_vain)
    answer = cafe.browser().get("/trouble")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "database is locked" in caplog.text and "database is locked" not in answer.text


def test_a_mistake_of_ours_is_logged_and_shown_without_its_details(
    cafe: Cafe, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down() -> str:
        raise RuntimeError("the details")

    cafe.app.add_url_rule("/trouble", "trouble", break_down)
    with caplog.at_level(logging.ERROR):
        answer = cafe.browser().get("/trouble")
    assert (answer.status_code, read(answer).heading) == (500, "Something broke on our side")
    assert "the details" not in answer.text
    assert "the details" in caplog.text
