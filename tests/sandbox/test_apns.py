"""The pretend APNs, asked by a plain HTTP/2 client (curl), as any push software would ask it."""

import json
import logging
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pycurl
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from walletpass.sandbox.apns import PretendAPNs, refusal
from walletpass.sandbox.chain import PASS_TYPE_IDENTIFIER, Chain, make_chain
from walletpass.sandbox.http2 import Behaviour

ALICE, BOB = "a11ce" * 12, "b0b" * 20
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)

Rung = queue.SimpleQueue[tuple[str, str]]


@dataclass(frozen=True)
class Heard:
    """An answer of the server."""

    status: int
    http_version: int
    headers: dict[str, str]
    body: bytes

    @property
    def reason(self) -> str:
        return str(json.loads(self.body)["reason"])


@dataclass(frozen=True)
class Asker:
    """Asks with a client certificate, on a new connection each time."""

    url: str
    root: Path
    certificate: Path | None
    key: Path | None

    def ask(
        self, path: str = f"/3/device/{ALICE}", *, method: str = "POST", body: bytes = b"{}", **headers: str
    ) -> Heard:
        """Headers are written with underscores. Raises pycurl.error."""
        lines: list[str] = []
        curl = pycurl.Curl()
        curl.setopt(pycurl.URL, self.url + path)
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS)
        curl.setopt(pycurl.CUSTOMREQUEST, method)
        curl.setopt(pycurl.POSTFIELDS, body)
        curl.setopt(pycurl.HTTPHEADER, [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()])
        curl.setopt(pycurl.HEADERFUNCTION, lambda line: lines.append(line.decode()))
        curl.setopt(pycurl.CAINFO, str(self.root))
        curl.setopt(pycurl.PROXY, "")
        curl.setopt(pycurl.TIMEOUT, 20)
        if self.certificate:
            curl.setopt(pycurl.SSLCERT, str(self.certificate))
            curl.setopt(pycurl.SSLKEY, str(self.key))
        try:
            answer = curl.perform_rb()
            found = dict(line.strip().split(": ", 1) for line in lines if ": " in line)
            return Heard(curl.getinfo(pycurl.RESPONSE_CODE), curl.getinfo(pycurl.INFO_HTTP_VERSION), found, answer)
        finally:
            curl.close()


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return make_chain(tmp_path_factory.mktemp("chain"), now=datetime.now(UTC))


@pytest.fixture
def apns(chain: Chain) -> Iterator[PretendAPNs]:
    # The askers below show their certificate without the intermediate, so the server trusts that one.
    with PretendAPNs(chain.server_certificate, chain.server_key, chain.intermediate) as apns:
        yield apns


@pytest.fixture
def asker(apns: PretendAPNs, chain: Chain) -> Asker:
    return an_asker(apns, chain)


def an_asker(apns: PretendAPNs, chain: Chain) -> Asker:
    return Asker(apns.url, chain.root, chain.pass_certificate, chain.pass_key)


@pytest.fixture
def rung() -> Rung:
    """What the phones have heard."""
    return queue.SimpleQueue()


def a_certificate_without_pass_type(directory: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(datetime.now(UTC) - timedelta(hours=1))
        .not_valid_after(datetime.now(UTC) + timedelta(hours=1))
        .sign(key, SHA256())
    )
    files = directory / "somebody.pem", directory / "somebody.key"
    files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


def hear(rung: Rung) -> tuple[str, str]:
    return rung.get(timeout=20)


def test_a_good_push_is_accepted_over_http2(apns: PretendAPNs, asker: Asker) -> None:
    heard = asker.ask(apns_topic=PASS_TYPE_IDENTIFIER, apns_push_type="background", apns_priority="5")
    assert (heard.status, heard.http_version, heard.body) == (200, pycurl.CURL_HTTP_VERSION_2_0, b"")
    [push] = apns.pushes
    assert (push.token, push.topic, push.body) == (ALICE, PASS_TYPE_IDENTIFIER, b"{}")


def test_every_answer_has_an_id(asker: Asker) -> None:
    assert len(asker.ask().headers["apns-id"]) == 36
    assert len(asker.ask("/nowhere").headers["apns-id"]) == 36


def test_an_id_of_the_sender_is_given_back(asker: Asker) -> None:
    heard = asker.ask(apns_id="0F8E0C5E-0000-4000-8000-000000000001")
    assert heard.headers["apns-id"] == "0F8E0C5E-0000-4000-8000-000000000001"


def test_the_topic_is_the_certificates_unless_the_push_says_so(apns: PretendAPNs, asker: Asker) -> None:
    asker.ask()
    assert [push.topic for push in apns.pushes] == [PASS_TYPE_IDENTIFIER]


def test_another_topic_than_the_certificates_is_not_allowed(apns: PretendAPNs, asker: Asker) -> None:
    heard = asker.ask(apns_topic="pass.com.example.other")
    assert (heard.status, heard.reason) == (400, "TopicDisallowed")
    assert apns.pushes == []


def test_a_certificate_without_a_pass_type_is_refused(chain: Chain, tmp_path: Path) -> None:
    certificate, key = a_certificate_without_pass_type(tmp_path)
    with PretendAPNs(chain.server_certificate, chain.server_key, client_ca=certificate) as apns:
        heard = Asker(apns.url, chain.root, certificate, key).ask()
    assert (heard.status, heard.reason) == (403, "BadCertificate")


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("GET", f"/3/device/{ALICE}", 405, "MethodNotAllowed"),
        ("POST", f"/4/device/{ALICE}", 404, "BadPath"),
        ("POST", "/3/device/", 400, "MissingDeviceToken"),
        ("POST", "/3/device/not-a-token", 400, "BadDeviceToken"),
        ("POST", f"/3/device/{ALICE}/more", 400, "BadDeviceToken"),
        ("POST", f"/3/device/{'0' * 64}", 400, "BadDeviceToken"),
    ],
)
def test_wrong_requests_are_refused_in_apples_words(
    method: str, path: str, status: int, reason: str, asker: Asker
) -> None:
    heard = asker.ask(path, method=method)
    assert (heard.status, heard.reason) == (status, reason)


@pytest.mark.parametrize(
    ("body", "status", "reason"), [(b"", 400, "PayloadEmpty"), (b" " * 4097, 413, "PayloadTooLarge")]
)
def test_a_body_must_be_there_and_short(body: bytes, status: int, reason: str, asker: Asker) -> None:
    heard = asker.ask(body=body)
    assert (heard.status, heard.reason) == (status, reason)


@pytest.mark.parametrize(
    ("push_type", "priority", "reason"),
    [("background", "10", "BadPriority"), ("alert", "7", "BadPriority"), ("wallet", "5", "InvalidPushType")],
)
def test_push_type_and_priority_must_fit(push_type: str, priority: str, reason: str, asker: Asker) -> None:
    heard = asker.ask(apns_push_type=push_type, apns_priority=priority)
    assert (heard.status, heard.reason) == (400, reason)


def test_a_dead_token_is_answered_with_the_moment_of_its_death(apns: PretendAPNs, asker: Asker) -> None:
    apns.forget(ALICE, since=NOON)
    heard = asker.ask()
    assert heard.status == 410
    assert json.loads(heard.body) == {"reason": "Unregistered", "timestamp": 1795176000000}


def test_a_token_that_is_registered_again_lives(apns: PretendAPNs, asker: Asker, rung: Rung) -> None:
    apns.forget(ALICE, since=NOON)
    apns.register(ALICE, lambda token, topic: rung.put((token, topic)))
    assert asker.ask().status == 200


def test_a_client_without_a_certificate_gets_no_connection(apns: PretendAPNs, chain: Chain) -> None:
    with pytest.raises(pycurl.error, match="certificate required"):
        Asker(apns.url, chain.root, None, None).ask()
    assert apns.statistics.connections == 0


def test_a_client_with_a_certificate_of_others_gets_no_connection(
    apns: PretendAPNs, chain: Chain, tmp_path_factory: pytest.TempPathFactory
) -> None:
    others = make_chain(tmp_path_factory.mktemp("others"), now=datetime.now(UTC))
    with pytest.raises(pycurl.error, match="unknown ca"):
        Asker(apns.url, chain.root, others.pass_certificate, others.pass_key).ask()
    assert apns.statistics.connections == 0


def test_a_registered_phone_is_rung(apns: PretendAPNs, asker: Asker, rung: Rung) -> None:
    apns.register(ALICE, lambda token, topic: rung.put((token, topic)))
    asker.ask()
    assert hear(rung) == (ALICE, PASS_TYPE_IDENTIFIER)


def test_a_phone_hears_only_its_own_pushes(apns: PretendAPNs, asker: Asker, rung: Rung) -> None:
    apns.register(ALICE, lambda token, topic: rung.put((token, topic)))
    apns.register(BOB, lambda token, topic: rung.put((token, topic)))
    asker.ask(f"/3/device/{BOB}")
    assert hear(rung) == (BOB, PASS_TYPE_IDENTIFIER)
    assert rung.empty()


def test_pushes_for_a_phone_that_is_offline_become_one_when_it_returns(
    apns: PretendAPNs, asker: Asker, rung: Rung
) -> None:
    for _ in range(3):
        asker.ask()
    apns.register(ALICE, lambda token, topic: rung.put((token, topic)))
    assert hear(rung) == (ALICE, PASS_TYPE_IDENTIFIER)
    apns.register(BOB, lambda token, topic: rung.put((token, topic)))
    asker.ask(f"/3/device/{BOB}")
    assert hear(rung) == (BOB, PASS_TYPE_IDENTIFIER)  # and nothing more for Alice before it


def test_a_stored_push_is_delivered_once(apns: PretendAPNs, asker: Asker, rung: Rung) -> None:
    asker.ask()
    apns.register(ALICE, lambda token, topic: rung.put(("first time", topic)))
    assert hear(rung) == ("first time", PASS_TYPE_IDENTIFIER)
    apns.disconnect(ALICE)
    apns.register(ALICE, lambda token, topic: rung.put(("second time", topic)))
    apns.register(BOB, lambda token, topic: rung.put(("Bob", topic)))
    asker.ask(f"/3/device/{BOB}")
    assert hear(rung) == ("Bob", PASS_TYPE_IDENTIFIER)


def test_a_phone_that_goes_offline_is_rung_when_it_returns(apns: PretendAPNs, asker: Asker, rung: Rung) -> None:
    apns.register(ALICE, lambda token, topic: rung.put(("before", topic)))
    apns.disconnect(ALICE)
    asker.ask()
    apns.register(ALICE, lambda token, topic: rung.put(("after", topic)))
    assert hear(rung) == ("after", PASS_TYPE_IDENTIFIER)


def test_one_listener_can_hear_all_pushes(chain: Chain, rung: Rung) -> None:
    def listen(token: str, topic: str) -> None:
        rung.put((token, topic))

    with PretendAPNs(chain.server_certificate, chain.server_key, chain.intermediate, on_push=listen) as apns:
        an_asker(apns, chain).ask(f"/3/device/{BOB}")
        assert hear(rung) == (BOB, PASS_TYPE_IDENTIFIER)


def test_a_phone_that_takes_its_time_holds_up_nobody(apns: PretendAPNs, asker: Asker, rung: Rung) -> None:
    woken = threading.Event()
    apns.register(ALICE, lambda token, topic: rung.put((str(woken.wait(20)), topic)))
    assert asker.ask().status == 200
    assert asker.ask(f"/3/device/{BOB}").status == 200
    woken.set()
    assert hear(rung) == ("True", PASS_TYPE_IDENTIFIER)


def test_a_phone_that_fails_is_reported_without_its_token(chain: Chain, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    def fail(token: str, topic: str) -> None:
        raise RuntimeError("flat battery")

    with PretendAPNs(chain.server_certificate, chain.server_key, chain.intermediate, on_push=fail) as apns:
        assert an_asker(apns, chain).ask().status == 200
    assert "flat battery" in caplog.text
    assert ALICE not in caplog.text


def test_scripted_answers_come_first_and_in_order(apns: PretendAPNs, asker: Asker) -> None:
    apns.behaviour = Behaviour(
        replies=[refusal(429, "TooManyRequests", retry_after="7"), refusal(503, "ServiceUnavailable")]
    )
    first, second, third = asker.ask(), asker.ask(), asker.ask()
    assert (first.status, first.reason, first.headers["retry-after"]) == (429, "TooManyRequests", "7")
    assert (second.status, second.reason) == (503, "ServiceUnavailable")
    assert third.status == 200


def test_a_reset_connection_gets_no_answer(apns: PretendAPNs, asker: Asker) -> None:
    apns.behaviour = Behaviour(reset_after=0)
    with pytest.raises(pycurl.error, match="reset by peer"):
        asker.ask()


def test_a_handshake_can_be_refused(apns: PretendAPNs, asker: Asker) -> None:
    apns.behaviour = Behaviour(refuse_tls=True)
    with pytest.raises(pycurl.error, match="handshake failure"):
        asker.ask()


def test_the_same_address_is_served_after_a_restart(apns: PretendAPNs, asker: Asker) -> None:
    apns.stop()
    with pytest.raises(pycurl.error, match="connect"):
        asker.ask()
    apns.start()
    assert asker.ask().status == 200


def test_a_port_that_is_taken_is_an_error(apns: PretendAPNs, chain: Chain) -> None:
    port = urlsplit(apns.url).port or 0
    with pytest.raises(OSError, match="in use"):
        PretendAPNs(chain.server_certificate, chain.server_key, chain.intermediate, port=port).start()


def test_stopping_leaves_no_thread_behind(chain: Chain) -> None:
    before = set(threading.enumerate())
    apns = PretendAPNs(chain.server_certificate, chain.server_key, chain.intermediate)
    apns.start()
    an_asker(apns, chain).ask()
    apns.stop()
    assert set(threading.enumerate()) == before


def test_clients_that_stay_connected_do_not_keep_it_from_stopping(apns: PretendAPNs) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(apns.url).port or 0), timeout=20) as silent:
        apns.stop()
        with suppress(ConnectionResetError):
            assert silent.recv(1) == b""
