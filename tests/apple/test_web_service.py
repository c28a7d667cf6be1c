"""What Apple's web service answers to phones, and to anybody else."""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from urllib.parse import quote

import pytest
from sqlalchemy import Engine

from tests.apple.builders import pass_json_of
from tests.apple_service import ALICES_TOKEN, BOBS_PHONE, BOBS_TOKEN, PASSES, AppleService, Clock, Phone
from tests.conftest import NOON
from walletpass.sandbox.chain import PASS_TYPE_IDENTIFIER, Chain


@pytest.fixture
def service(sqlite_engine: Engine, chain: Chain) -> Iterator[AppleService]:
    with AppleService(sqlite_engine, chain, Clock(NOON)) as service:
        yield service


@pytest.fixture
def alice(service: AppleService) -> Phone:
    return Phone(service)


@pytest.fixture
def bob(service: AppleService) -> Phone:
    return Phone(service, BOBS_PHONE, BOBS_TOKEN)


# Registering


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"a11ce"',
        b"null",
        b'{"pushToken": null}',
        b'{"pushToken": 7}',
        b'{"pushToken": ["a11ce"]}',
        b'{"pushToken": ""}',
        b'{"pushToken": "not hexadecimal"}',
        b'{"pushToken": "a11ce\\u0000"}',
        b'{"pushtoken": "a11ce"}',
        b'{"pushToken": "' + b"a" * 600 + b'"}',
        b"\xff\xfe{}",
        b"[" * 4000,
    ],
)
def test_a_registration_without_a_usable_push_token_is_refused(
    service: AppleService, alice: Phone, body: bytes
) -> None:
    card = service.join()
    path = f"/apple/v1/devices/{alice.identifier}/registrations/{PASS_TYPE_IDENTIFIER}/{card.serial_number}"
    assert service.ask("POST", path, body=body, headers=service.authorization(card)).status == 400
    assert alice.list().status == 204


def test_a_body_that_is_announced_too_large_is_refused_before_it_is_sent(service: AppleService, alice: Phone) -> None:
    card = service.join()
    path = f"/apple/v1/devices/{alice.identifier}/registrations/{PASS_TYPE_IDENTIFIER}/{card.serial_number}"
    authorization = service.authorization(card)["Authorization"]
    request = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\nContent-Length: 1000000000\r\n\r\n"
    assert service.send(request.encode()) == 413


def test_parts_of_the_path_may_be_encoded_twice(service: AppleService, alice: Phone) -> None:
    card = service.join()
    phone = Phone(service, quote(quote("{a phone}")))
    assert phone.register(card).status == 201
    assert Phone(service, quote("{a phone}")).list().serial_numbers == {card.serial_number}
    twice = PASS_TYPE_IDENTIFIER.replace(".", "%252E")
    assert phone.list(pass_type=twice).serial_numbers == {card.serial_number}


def test_a_program_that_registers_without_end_is_told_to_wait(service: AppleService) -> None:
    card = service.join()
    path = f"/apple/v1/devices/{{}}/registrations/{PASS_TYPE_IDENTIFIER}/{card.serial_number}"
    headers = service.authorization(card)
    statuses = [service.ask("POST", path.format(number), headers=headers).status for number in range(1001)]
    assert (set(statuses[:1000]), statuses[1000]) == ({400}, 429)


# Proof


def test_an_unknown_pass_and_a_wrong_token_look_the_same(service: AppleService) -> None:
    card = service.join()
    wrong = {"Authorization": "ApplePass " + "0" * 64}
    answers = [
        service.ask("GET", f"{PASSES}/{serial_number}", headers=wrong)
        for serial_number in (card.serial_number, "0" * 20)
    ]
    (known, unknown) = [(each.status, {**each.headers, "Date": ""}, each.body) for each in answers]
    assert known == unknown
    assert known[0] == 401


@pytest.mark.parametrize(
    "authorization",
    [None, "", "ApplePass", "ApplePass ", "Bearer {token}", "{token}", "ApplePass {token}0", "ApplePass é"],
)
def test_no_other_header_opens_a_card(service: AppleService, authorization: str | None) -> None:
    card = service.join()
    token = service.authorization(card)["Authorization"].removeprefix("ApplePass ")
    headers = {} if authorization is None else {"Authorization": authorization.format(token=token)}
    path = f"/apple/v1/devices/phone/registrations/{PASS_TYPE_IDENTIFIER}/{card.serial_number}"
    asked = [("GET", f"{PASSES}/{card.serial_number}"), ("POST", path), ("DELETE", path)]
    assert [service.ask(method, path, headers=headers).status for method, path in asked] == [401, 401, 401]


def test_the_token_of_one_card_does_not_open_another(service: AppleService) -> None:
    mine, yours = service.join(), service.join()
    answer = service.ask("GET", f"{PASSES}/{yours.serial_number}", headers=service.authorization(mine))
    assert answer.status == 401


def test_a_card_issued_under_a_key_that_is_gone_cannot_be_opened(service: AppleService) -> None:
    card = service.shop.join(key_id="000000000000")
    path = f"{PASSES}/{card.serial_number}"
    assert service.ask("GET", path, headers={"Authorization": "ApplePass " + "0" * 64}).status == 401


def test_another_pass_type_is_unknown(service: AppleService) -> None:
    card = service.join()
    path = f"/apple/v1/passes/pass.com.example.other/{card.serial_number}"
    assert service.ask("GET", path, headers=service.authorization(card)).status == 401


def test_neither_the_list_nor_the_log_asks_for_proof(service: AppleService, alice: Phone) -> None:
    alice.register(service.join())
    assert alice.list().status == 200
    assert service.ask("POST", "/apple/v1/log", body=b"{}").status == 200


# The list


@pytest.mark.parametrize(
    "tag",
    [
        *("", "garbage", "-1", "0", "1.5", "1e3", "NaN", "Infinity", "999999999999999", "9" * 5000, "+5", "1+1", "%00"),
        *("2026-11-20T12:00:00+00:00", "%F0%9F%8D%B0", "%FF", "%D9%A1", "1_0", "0x10", "1%201", "[1]"),
    ],
)
def test_what_is_no_tag_of_ours_asks_for_everything(service: AppleService, alice: Phone, tag: str) -> None:
    card = service.join()
    alice.register(card)
    assert alice.list(tag).serial_numbers == {card.serial_number}


def test_the_tag_is_a_string_of_digits(service: AppleService, alice: Phone) -> None:
    alice.register(service.join())
    answer = alice.list()
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.tag.isdigit()


# The pass


def test_a_pass_comes_with_all_that_phones_need(service: AppleService) -> None:
    card = service.join()
    answer = service.get_pass(card)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/vnd.apple.pkpass"
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Last-Modified"] == "Fri, 20 Nov 2026 12:00:00 GMT"
    assert pass_json_of(answer.body)["serialNumber"] == card.serial_number


def test_the_pass_carries_the_token_that_opens_it(service: AppleService) -> None:
    card = service.join()
    given = pass_json_of(service.get_pass(card).body)
    assert service.authorization(card) == {"Authorization": f"ApplePass {given['authenticationToken']}"}


def test_a_head_request_gets_the_headers_alone(service: AppleService) -> None:
    card = service.join()
    answer = service.ask("HEAD", f"{PASSES}/{card.serial_number}", headers=service.authorization(card))
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Type"] == "application/vnd.apple.pkpass"
    assert answer.headers["Last-Modified"] == "Fri, 20 Nov 2026 12:00:00 GMT"
    since = {"If-Modified-Since": answer.headers["Last-Modified"]}
    again = service.ask("HEAD", f"{PASSES}/{card.serial_number}", headers=service.authorization(card) | since)
    assert again.status == 304


def test_last_modified_stands_still_while_the_card_does(service: AppleService) -> None:
    card = service.join()
    first = service.get_pass(card)
    service.clock.advance(hours=5)
    assert service.get_pass(card).headers["Last-Modified"] == first.headers["Last-Modified"]


def test_an_unchanged_pass_is_not_sent_again(service: AppleService) -> None:
    card = service.join()
    answer = service.get_pass(card, If_Modified_Since=service.get_pass(card).headers["Last-Modified"])
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_a_later_date_than_ours_means_that_the_phone_has_it(service: AppleService) -> None:
    later = format_datetime(NOON + timedelta(seconds=1), usegmt=True)
    assert service.get_pass(service.join(), If_Modified_Since=later).status == 304


@pytest.mark.parametrize(
    "since",
    [
        *("", "yesterday", "Fri, 20 Nov 2026 11:59:59 GMT", "Fri, 20 Nov 99999999999999999999 12:00:00 GMT"),
        *("1795176000", "Fri, 99 Nov 2026 12:00:00 GMT", "\xff", "Fri, 20 Nov 2026 12:00:00 +9999999", "a" * 10_000),
    ],
)
def test_an_earlier_date_or_none_at_all_gets_the_pass(service: AppleService, since: str) -> None:
    assert service.get_pass(service.join(), If_Modified_Since=since).status == 200


def test_a_wrong_token_gets_no_304_either(service: AppleService) -> None:
    card = service.join()
    headers = {"Authorization": "ApplePass " + "0" * 64, "If-Modified-Since": "Fri, 20 Nov 2026 12:00:00 GMT"}
    assert service.ask("GET", f"{PASSES}/{card.serial_number}", headers=headers).status == 401


def test_a_closed_card_still_answers_and_says_that_it_is_void(service: AppleService, alice: Phone) -> None:
    card = service.join()
    alice.register(card)
    tag = alice.list().tag
    service.close_card(card)
    assert alice.list(tag).serial_numbers == {card.serial_number}
    assert pass_json_of(service.get_pass(card).body)["voided"] is True


def test_an_expired_certificate_is_not_the_phones_fault(
    service: AppleService, caplog: pytest.LogCaptureFixture
) -> None:
    card = service.join()
    service.clock.advance(days=400)
    answer = service.get_pass(card)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "300")
    assert "expired on" in caplog.text


# The log


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"logs": 7}', b'{"logs": [7, null]}', b"\xff", b"[" * 60_000])
def test_the_log_takes_anything(service: AppleService, body: bytes) -> None:
    answer = service.ask("POST", "/apple/v1/log", body=body)
    assert (answer.status, answer.body) == (200, b"")


def test_the_log_is_not_read_when_it_is_announced_too_large(service: AppleService) -> None:
    assert service.send(b"POST /apple/v1/log HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n") == 200


def test_a_complaint_becomes_one_bounded_line(service: AppleService, caplog: pytest.LogCaptureFixture) -> None:
    text = "broken\r\npass \x1b[31m\u202e" + "x y " * 500
    service.ask("POST", "/apple/v1/log", body=json.dumps({"logs": [text]}).encode())
    [message] = [record.getMessage() for record in caplog.records if record.name == "walletpass.apple.web_service"]
    assert message.startswith("a phone reports: broken  pass  [31m x y")
    assert message.isprintable()
    assert len(message) < 600


def test_complaints_are_bounded_in_number(service: AppleService, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(10):
        service.ask("POST", "/apple/v1/log", body=json.dumps({"logs": ["again"] * 100}).encode())
    assert caplog.text.count("a phone reports") == 100


def test_nothing_secret_is_logged(service: AppleService, alice: Phone, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    card = service.join()
    token = service.authorization(card)["Authorization"].removeprefix("ApplePass ")
    alice.register(card)
    alice.list()
    service.get_pass(card)
    lines = [f"get pass with {token} for (device {alice.identifier}) at https://x/c/{token}", alice.push_token]
    service.ask("POST", "/apple/v1/log", body=json.dumps({"logs": lines}).encode())
    assert "a phone reports: get pass" in caplog.text
    for secret in (token, alice.identifier, ALICES_TOKEN):
        assert secret not in caplog.text
