"""Garbage in any position of a request never makes the web service fail."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from tests.apple_service import ALICES_PHONE, AppleService, Clock, Phone
from tests.conftest import NOON
from walletpass.loyalty.cards import Card
from walletpass.sandbox.chain import PASS_TYPE_IDENTIFIER, Chain


@pytest.fixture
def service(engine: Engine, chain: Chain) -> Iterator[AppleService]:
    with AppleService(engine, chain, Clock(NOON)) as service:
        yield service


@pytest.fixture
def card(service: AppleService) -> Card:
    card = service.join()
    Phone(service).register(card)
    return card


# Bytes that the request line and headers can carry at all; everything else travels percent-encoded.
VISIBLE = st.binary(max_size=40).map(lambda data: bytes(byte for byte in data if byte > 0x20 and byte != 0x7F))
ENCODED = st.binary(max_size=40).map(lambda data: b"".join(b"%%%02X" % byte for byte in data))
TWICE_ENCODED = ENCODED.map(lambda data: data.replace(b"%", b"%25"))
LONG = st.integers(1, 30_000).map(lambda length: b"x" * length)
GARBAGE = st.one_of(VISIBLE, ENCODED, TWICE_ENCODED, LONG)

PATHS = (
    b"/apple/v1/devices/{device}/registrations/{pass_type}/{serial_number}",
    b"/apple/v1/devices/{device}/registrations/{pass_type}",
    b"/apple/v1/passes/{pass_type}/{serial_number}",
    b"/apple/v1/log",
    b"/apple/v1/{device}",
)
BODIES = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=50).map(lambda token: b'{"pushToken": "' + token.encode("utf-8", "surrogatepass") + b'"}'),
    st.sampled_from([b'{"pushToken": "a11ce"}', b'{"logs": ["x\\ud800\\u0000"]}', b"[" * 4000, b'{"a":' * 600]),
)


@given(data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_in_any_position_never_gives_a_server_error(
    service: AppleService, card: Card, data: st.DataObject
) -> None:
    def good_or_garbage(good: str) -> bytes:
        return data.draw(st.one_of(st.just(good.encode()), GARBAGE))

    path = data.draw(st.sampled_from(PATHS))
    for name, good in (
        (b"{device}", ALICES_PHONE),
        (b"{pass_type}", PASS_TYPE_IDENTIFIER),
        (b"{serial_number}", card.serial_number),
    ):
        path = path.replace(name, good_or_garbage(good))
    body = data.draw(BODIES)
    length = data.draw(st.sampled_from([str(len(body)).encode(), b"7", b"-1", b"x", b"9" * 30]))
    lines = [
        data.draw(st.sampled_from([b"GET", b"HEAD", b"POST", b"DELETE", b"PUT", b"OPTIONS"]))
        + b" "
        + path
        + b"?passesUpdatedSince="
        + good_or_garbage("7")
        + b" HTTP/1.1",
        b"Host: x",
        b"Authorization: " + good_or_garbage(service.authorization(card)["Authorization"]),
        b"If-Modified-Since: " + good_or_garbage("Fri, 20 Nov 2026 12:00:00 GMT"),
        data.draw(st.sampled_from([b"Content-Length: " + length, b"Transfer-Encoding: chunked"])),
    ]
    assert service.send(b"\r\n".join([*lines, b"", body])) < 500
