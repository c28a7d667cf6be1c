"""What an answer means, without a network."""

import pycurl
import pytest

from walletpass.apple.push_answers import Outcome, answer_with_status, answer_without_status

ALICE = "a11ce" * 12


@pytest.mark.parametrize(
    "body", [b"", b"<html>Blocked by your firewall</html>", b'["BadDeviceToken"]', b"{", b"[" * 4096, b"\xff"]
)
def test_a_refusal_that_is_not_in_apples_form_deletes_nothing(body: bytes) -> None:
    answer = answer_with_status(ALICE, 400, body, None)
    assert (answer.outcome, answer.reason) == (Outcome.MISCONFIGURED, "")
    assert "proxy" in answer.advice


def test_a_reason_is_cut_to_a_length_fit_to_show() -> None:
    answer = answer_with_status(ALICE, 400, b'{"reason": "' + b"Long" * 100 + b'"}', None)
    assert answer.reason == "Long" * 16


@pytest.mark.parametrize("timestamp", ["null", '"yesterday"', "1e300", "-1e300", "NaN", "[]"])
def test_a_moment_that_cannot_be_read_is_unknown(timestamp: str) -> None:
    body = f'{{"reason": "Unregistered", "timestamp": {timestamp}}}'.encode()
    answer = answer_with_status(ALICE, 410, body, None)
    assert (answer.outcome, answer.reason, answer.timestamp) == (Outcome.GONE, "Unregistered", None)


def test_an_error_that_we_do_not_know_is_for_later() -> None:
    answer = answer_without_status(ALICE, pycurl.E_HTTP2, "Error in the HTTP2 framing layer")
    assert (answer.outcome, answer.reason) == (Outcome.LATER, "ConnectionLost")
    assert answer.detail == "Error in the HTTP2 framing layer"
    assert not answer.concerns_every_token


def test_the_networks_own_words_are_freed_of_the_token() -> None:
    answer = answer_without_status(ALICE, pycurl.E_URL_MALFORMAT, f"bad URL https://localhost/3/device/{ALICE}")
    assert answer.detail == "bad URL https://localhost/3/device/<token>"
