"""Pushing, over real HTTP/2 and TLS, to a pretend APNs."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256

from walletpass.apple.certificates import Identity, load_identity
from walletpass.apple.push import LONGEST_TOKEN, BadPushAddress, PushClient, is_push_token
from walletpass.apple.push_answers import Answer, Outcome
from walletpass.sandbox.apns import PretendAPNs, refusal
from walletpass.sandbox.chain import PASS_TYPE_IDENTIFIER, Chain, make_chain
from walletpass.sandbox.http2 import Behaviour, Reply

ALICE, BOB, CHARLIE = "a11ce" * 12, "b0b" * 20, "c4a211e" * 9
Connect = Callable[..., PushClient]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return make_chain(tmp_path_factory.mktemp("chain"), now=datetime.now(UTC))


@pytest.fixture(scope="module")
def identity(chain: Chain) -> Identity:
    return identity_of(chain)


@pytest.fixture
def apns(chain: Chain) -> Iterator[PretendAPNs]:
    with PretendAPNs(chain.server_certificate, chain.server_key, chain.root) as apns:
        yield apns


@pytest.fixture
def connect(apns: PretendAPNs, identity: Identity, chain: Chain) -> Connect:
    """Makes clients of the pretend APNs."""
    return partial(PushClient, apns.url, identity, ca_file=chain.root)


@pytest.fixture
def client(connect: Connect) -> Iterator[PushClient]:
    with connect() as client:
        yield client


@pytest.fixture
def one_by_one(connect: Connect) -> Iterator[PushClient]:
    """A client that sends a push only when the one before it has been answered."""
    with connect(connections=1, streams=1) as client:
        yield client


@pytest.fixture
def impatient(connect: Connect) -> Iterator[PushClient]:
    """A client that sends one by one as well, and soon gives up on an answer."""
    with connect(connections=1, streams=1, timeout=1.5) as client:
        yield client


def identity_of(chain: Chain) -> Identity:
    return load_identity(chain.pass_certificate, chain.pass_key, None, chain.intermediate)


def tokens(count: int) -> list[str]:
    return [f"{number:064x}" for number in range(1, count + 1)]


def pushed(apns: PretendAPNs) -> list[str]:
    return [push.token for push in apns.pushes]


def outcomes(answers: Iterable[Answer]) -> set[Outcome]:
    return {answer.outcome for answer in answers}


def test_a_push_carries_an_empty_object_for_the_pass_type(apns: PretendAPNs, client: PushClient) -> None:
    [answer] = client.send([ALICE])
    [push] = apns.pushes
    assert (answer.token, answer.outcome, answer.status) == (ALICE, Outcome.DELIVERED, 200)
    assert (push.token, push.topic, push.body) == (ALICE, PASS_TYPE_IDENTIFIER, b"{}")


def test_a_push_is_a_background_push_that_apns_keeps_for_phones_that_are_offline(
    apns: PretendAPNs, client: PushClient
) -> None:
    client.send([ALICE])
    [push] = apns.pushes
    assert push.headers == {
        "apns-topic": PASS_TYPE_IDENTIFIER,
        "apns-push-type": "background",
        "apns-priority": "5",  # background pushes may have no other, and without an expiration APNs keeps them
    }


def test_two_thousand_tokens_are_each_pushed_once_and_answered_once(apns: PretendAPNs, client: PushClient) -> None:
    answers = client.send(tokens(2000))
    assert Counter(answer.token for answer in answers) == Counter(tokens(2000))
    assert outcomes(answers) == {Outcome.DELIVERED}
    assert Counter(pushed(apns)) == Counter(tokens(2000))


def test_pushes_that_begin_together_share_one_connection(apns: PretendAPNs, client: PushClient) -> None:
    client.send(tokens(50))
    assert apns.statistics.connections == 1


def test_one_connection_serves_push_after_push(apns: PretendAPNs, client: PushClient) -> None:
    for token in tokens(50):
        client.send([token])
    assert len(apns.pushes) == 50
    assert apns.statistics.connections == 1


def test_pushes_are_in_flight_together(apns: PretendAPNs, connect: Connect) -> None:
    apns.behaviour = Behaviour(together=50)  # nobody is answered before fifty wait
    with connect(connections=1, streams=50) as client:
        answers = client.send(tokens(200))
    assert outcomes(answers) == {Outcome.DELIVERED}
    assert (apns.statistics.most_open_streams, apns.statistics.connections) == (50, 1)


def test_the_server_limits_how_many_pushes_are_in_flight(apns: PretendAPNs, connect: Connect) -> None:
    apns.behaviour = Behaviour(streams=10)
    with connect(connections=1) as client:
        client.send([ALICE])  # now the limit is known
        apns.behaviour = Behaviour(streams=10, together=10)
        answers = client.send(tokens(200))
    assert outcomes(answers) == {Outcome.DELIVERED}
    assert (apns.statistics.most_open_streams, apns.statistics.connections) == (10, 1)


def test_a_second_connection_is_made_when_the_first_is_full(apns: PretendAPNs, connect: Connect) -> None:
    apns.behaviour = Behaviour(together=20)
    with connect(connections=2, streams=10) as client:
        answers = client.send(tokens(20))
    assert outcomes(answers) == {Outcome.DELIVERED}
    assert Counter(push.connection for push in apns.pushes) == {1: 10, 2: 10}


def test_tokens_are_taken_only_as_fast_as_they_can_be_sent(one_by_one: PushClient) -> None:
    waiting = iter(tokens(1000))
    answers = one_by_one.push(waiting)
    next(answers)
    assert len(list(waiting)) >= 998


def test_answers_can_be_left_early_and_the_client_used_again(apns: PretendAPNs, client: PushClient) -> None:
    apns.behaviour = Behaviour(together=10)
    answers = client.push(tokens(19))  # the first ten are answered, the others wait
    next(answers)
    answers.close()
    apns.behaviour = Behaviour()
    assert [answer.token for answer in client.send([ALICE])] == [ALICE]


def test_one_client_pushes_for_one_caller_at_a_time(client: PushClient) -> None:
    answers = client.push(tokens(2))
    next(answers)
    with pytest.raises(RuntimeError, match="already pushing"):
        client.send([ALICE])


def test_a_dead_token_is_gone_since_a_moment(apns: PretendAPNs, client: PushClient) -> None:
    died = NOON + timedelta(milliseconds=123)
    apns.forget(BOB, since=died)
    [answer] = client.send([BOB])
    assert (answer.outcome, answer.status, answer.reason) == (Outcome.GONE, 410, "Unregistered")
    assert answer.timestamp == died


@pytest.mark.parametrize(
    "token", ["", "not hexadecimal", "../../1/admin", "ab?x=1", "ab\r\nx: y", "a" * (LONGEST_TOKEN + 1)]
)
def test_what_cannot_be_a_token_is_gone_without_being_sent(token: str, apns: PretendAPNs, client: PushClient) -> None:
    assert not is_push_token(token)
    [answer] = client.send([token])
    assert (answer.outcome, answer.status, answer.reason) == (Outcome.GONE, None, "BadDeviceToken")
    assert apns.statistics.connections == 0


def test_a_token_need_not_have_sixty_four_characters(apns: PretendAPNs, client: PushClient) -> None:
    client.send(["AB" * 16, "f" * LONGEST_TOKEN])
    assert sorted(pushed(apns)) == ["AB" * 16, "f" * LONGEST_TOKEN]


REFUSALS = [
    (400, "BadDeviceToken", Outcome.GONE),
    (410, "Unregistered", Outcome.GONE),
    (410, "ExpiredToken", Outcome.GONE),
    (400, "DeviceTokenNotForTopic", Outcome.MISCONFIGURED),
    (400, "BadTopic", Outcome.MISCONFIGURED),
    (400, "MissingTopic", Outcome.MISCONFIGURED),
    (400, "TopicDisallowed", Outcome.MISCONFIGURED),
    (400, "BadPriority", Outcome.MISCONFIGURED),
    (400, "InvalidPushType", Outcome.MISCONFIGURED),
    (400, "PayloadEmpty", Outcome.MISCONFIGURED),
    (400, "ReasonOfTomorrow", Outcome.MISCONFIGURED),
    (400, "IdleTimeout", Outcome.LATER),
    (403, "BadCertificate", Outcome.MISCONFIGURED),
    (403, "BadCertificateEnvironment", Outcome.MISCONFIGURED),
    (403, "Forbidden", Outcome.MISCONFIGURED),
    (403, "InvalidProviderToken", Outcome.MISCONFIGURED),
    (404, "BadPath", Outcome.MISCONFIGURED),
    (405, "MethodNotAllowed", Outcome.MISCONFIGURED),
    (413, "PayloadTooLarge", Outcome.MISCONFIGURED),
    (429, "TooManyRequests", Outcome.LATER),
    (500, "InternalServerError", Outcome.LATER),
    (503, "ServiceUnavailable", Outcome.LATER),
    (503, "Shutdown", Outcome.LATER),
]


@pytest.mark.parametrize(("status", "reason", "outcome"), REFUSALS)
def test_every_refusal_of_apns_means_one_of_three_things(
    status: int, reason: str, outcome: Outcome, apns: PretendAPNs, client: PushClient
) -> None:
    apns.behaviour = Behaviour(replies=[refusal(status, reason)])
    [answer] = client.send([ALICE])
    assert (answer.outcome, answer.status, answer.reason) == (outcome, status, reason)
    assert bool(answer.advice) == (outcome is Outcome.MISCONFIGURED)


@pytest.mark.parametrize(("status", "reason"), [(403, "BadCertificate"), (400, "TopicDisallowed"), (404, "BadPath")])
def test_after_a_refusal_of_ourselves_nothing_more_is_sent(
    status: int, reason: str, apns: PretendAPNs, one_by_one: PushClient
) -> None:
    apns.behaviour = Behaviour(replies=[refusal(status, reason)])
    answers = one_by_one.send([ALICE, BOB, CHARLIE])
    assert [(answer.token, answer.outcome, answer.reason) for answer in answers] == [
        (ALICE, Outcome.MISCONFIGURED, reason),
        (BOB, Outcome.MISCONFIGURED, reason),
        (CHARLIE, Outcome.MISCONFIGURED, reason),
    ]
    assert apns.pushes == []


def test_the_next_call_tries_again_after_a_refusal_of_ourselves(apns: PretendAPNs, one_by_one: PushClient) -> None:
    apns.behaviour = Behaviour(replies=[refusal(403, "Forbidden")])
    one_by_one.send([ALICE, BOB])
    assert outcomes(one_by_one.send([ALICE, BOB])) == {Outcome.DELIVERED}


@pytest.mark.parametrize(
    "reply",
    [
        refusal(400, "DeviceTokenNotForTopic"),
        refusal(400, "BadDeviceToken"),
        refusal(410, "Unregistered", since=NOON),
        refusal(429, "TooManyRequests"),
        refusal(503, "ServiceUnavailable"),
    ],
)
def test_the_token_of_one_phone_does_not_stop_the_others(
    reply: Reply, apns: PretendAPNs, one_by_one: PushClient
) -> None:
    apns.behaviour = Behaviour(replies=[reply])
    answers = one_by_one.send([ALICE, BOB, CHARLIE])
    assert answers[0].outcome is not Outcome.DELIVERED
    assert pushed(apns) == [BOB, CHARLIE]


@pytest.mark.parametrize(("status", "reason"), [(429, "TooManyRequests"), (503, "ServiceUnavailable")])
def test_apns_says_how_long_to_wait(status: int, reason: str, apns: PretendAPNs, client: PushClient) -> None:
    apns.behaviour = Behaviour(replies=[refusal(status, reason, retry_after="120")])
    [answer] = client.send([ALICE])
    assert (answer.outcome, answer.retry_after) == (Outcome.LATER, timedelta(seconds=120))


def test_apns_may_say_until_when_to_wait(apns: PretendAPNs, client: PushClient) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
    apns.behaviour = Behaviour(replies=[refusal(503, "ServiceUnavailable", retry_after=until)])
    [answer] = client.send([ALICE])
    assert answer.retry_after is not None
    assert timedelta(hours=1) < answer.retry_after <= timedelta(hours=2)


def test_nothing_of_an_answer_is_left_in_the_next(apns: PretendAPNs, one_by_one: PushClient) -> None:
    apns.behaviour = Behaviour(
        replies=[refusal(503, "ServiceUnavailable", retry_after="120"), refusal(503, "Shutdown")]
    )
    first, second = one_by_one.send([ALICE, BOB])
    assert (first.reason, first.retry_after) == ("ServiceUnavailable", timedelta(seconds=120))
    assert (second.reason, second.retry_after) == ("Shutdown", None)


def test_an_answer_too_long_for_apns_deletes_nothing(apns: PretendAPNs, client: PushClient) -> None:
    body = b'{"reason": "BadDeviceToken", "more": "' + b"x" * 10_000 + b'"}'
    apns.behaviour = Behaviour(replies=[Reply(400, body=body)])
    [answer] = client.send([ALICE])
    assert (answer.outcome, answer.status, answer.reason) == (Outcome.MISCONFIGURED, 400, "")


def test_a_goaway_in_the_middle_loses_and_doubles_nothing(apns: PretendAPNs, connect: Connect) -> None:
    apns.behaviour = Behaviour(goaway_after=100)
    with connect(connections=1) as client:
        answers = client.send(tokens(450))
    assert outcomes(answers) == {Outcome.DELIVERED}
    assert Counter(pushed(apns)) == Counter(tokens(450))
    assert apns.statistics.connections >= 5


def test_a_reset_in_the_middle_leaves_pushes_for_later(apns: PretendAPNs, client: PushClient) -> None:
    apns.behaviour = Behaviour(reset_after=5)
    answers = client.send(tokens(200))
    assert Counter(answer.token for answer in answers) == Counter(tokens(200))
    assert outcomes(answers) <= {Outcome.DELIVERED, Outcome.LATER}
    later = [answer for answer in answers if answer.outcome is Outcome.LATER]
    assert {answer.reason for answer in later} == {"ConnectionLost"}

    apns.behaviour = Behaviour()
    again = client.send([answer.token for answer in later])
    assert outcomes(again) == {Outcome.DELIVERED}
    assert set(pushed(apns)) == set(tokens(200))


def test_a_server_that_is_away_is_tried_once_for_all_tokens(apns: PretendAPNs, one_by_one: PushClient) -> None:
    apns.stop()
    answers = one_by_one.push([ALICE, BOB])
    first = next(answers)
    apns.start()
    [second] = answers
    assert [(answer.token, answer.outcome, answer.reason) for answer in (first, second)] == [
        (ALICE, Outcome.LATER, "Unreachable"),
        (BOB, Outcome.LATER, "Unreachable"),
    ]
    assert first.advice
    assert apns.pushes == []


def test_a_server_that_returns_is_found_by_the_next_call(apns: PretendAPNs, client: PushClient) -> None:
    apns.stop()
    client.send([ALICE])
    apns.start()
    assert outcomes(client.send([ALICE])) == {Outcome.DELIVERED}


def test_a_connection_closed_while_idle_costs_no_more_than_one_try(apns: PretendAPNs, client: PushClient) -> None:
    client.send([ALICE])
    apns.stop()
    apns.start()
    assert outcomes(client.send([ALICE])) <= {Outcome.DELIVERED, Outcome.LATER}
    assert outcomes(client.send([ALICE])) == {Outcome.DELIVERED}


def test_a_failed_handshake_is_for_later(apns: PretendAPNs, client: PushClient) -> None:
    apns.behaviour = Behaviour(refuse_tls=True)
    [answer] = client.send([ALICE])
    assert (answer.outcome, answer.reason) == (Outcome.LATER, "Unreachable")
    apns.behaviour = Behaviour()
    assert outcomes(client.send([ALICE])) == {Outcome.DELIVERED}


def test_no_answer_in_time_is_for_later_and_stops_the_others(apns: PretendAPNs, impatient: PushClient) -> None:
    apns.behaviour = Behaviour(together=2)  # the first push waits for a second one
    answers = impatient.send([ALICE, BOB])
    assert [(answer.token, answer.outcome, answer.reason) for answer in answers] == [
        (ALICE, Outcome.LATER, "TimedOut"),
        (BOB, Outcome.LATER, "TimedOut"),
    ]
    assert BOB not in pushed(apns)


def test_a_connection_that_did_not_answer_is_not_trusted_with_another_push(
    apns: PretendAPNs, impatient: PushClient
) -> None:
    impatient.send([ALICE])
    apns.behaviour = Behaviour(together=2)
    impatient.send([BOB])
    apns.behaviour = Behaviour()
    impatient.send([CHARLIE])
    assert [push.connection for push in apns.pushes] == [1, 1, 2]


def test_slow_answers_are_waited_for(apns: PretendAPNs, client: PushClient) -> None:
    apns.behaviour = Behaviour(delay=0.1)
    assert outcomes(client.send([ALICE, BOB])) == {Outcome.DELIVERED}


def test_a_client_certificate_that_the_server_refuses_is_ours_to_put_right(
    apns: PretendAPNs, chain: Chain, tmp_path: Path
) -> None:
    stranger = identity_of(make_chain(tmp_path, now=datetime.now(UTC)))
    with PushClient(apns.url, stranger, ca_file=chain.root) as client:
        [answer] = client.send([ALICE])
    assert (answer.outcome, answer.reason) == (Outcome.MISCONFIGURED, "CertificateRefused")
    assert "developer portal" in answer.advice


def test_a_server_that_the_system_does_not_know_is_not_trusted(apns: PretendAPNs, identity: Identity) -> None:
    with PushClient(apns.url, identity) as client:
        [answer] = client.send([ALICE])
    assert (answer.outcome, answer.reason) == (Outcome.MISCONFIGURED, "ServerUntrusted")
    assert "WALLETPASS_APNS_CA_FILE" in answer.advice
    assert apns.pushes == []


def test_the_roots_of_the_system_are_trusted(
    apns: PretendAPNs, identity: Identity, chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(chain.root))
    with PushClient(apns.url, identity) as client:
        assert outcomes(client.send([ALICE])) == {Outcome.DELIVERED}


def test_roots_that_are_given_replace_those_of_the_system(
    apns: PretendAPNs, identity: Identity, chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(chain.root))
    others = make_chain(tmp_path, now=datetime.now(UTC))
    with PushClient(apns.url, identity, ca_file=others.root) as client:
        assert [answer.reason for answer in client.send([ALICE])] == ["ServerUntrusted"]


def test_roots_that_cannot_be_read_are_ours_to_put_right(apns: PretendAPNs, identity: Identity, tmp_path: Path) -> None:
    with PushClient(apns.url, identity, ca_file=tmp_path / "missing.pem") as client:
        [answer] = client.send([ALICE])
    assert (answer.outcome, answer.reason) == (Outcome.MISCONFIGURED, "RootsUnreadable")
    assert "WALLETPASS_APNS_CA_FILE" in answer.advice


def test_a_key_too_weak_for_tls_is_ours_to_put_right(apns: PretendAPNs, identity: Identity, chain: Chain) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    certificate = (
        x509.CertificateBuilder(identity.certificate.subject, identity.certificate.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(identity.not_before)
        .not_valid_after(identity.not_after)
        .sign(key, SHA256())
    )
    weak = replace(identity, certificate=certificate, private_key=key)
    with PushClient(apns.url, weak, ca_file=chain.root) as client:
        [answer] = client.send([ALICE])
    assert (answer.outcome, answer.reason) == (Outcome.MISCONFIGURED, "CertificateUnusable")
    assert answer.advice


def test_a_probe_finds_certificate_and_topic_accepted(apns: PretendAPNs, client: PushClient) -> None:
    answer = client.probe()
    assert (answer.status, answer.reason) == (400, "BadDeviceToken")
    assert apns.pushes == []


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    apns: PretendAPNs, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with connect() as client:
        assert outcomes(client.send([ALICE])) == {Outcome.DELIVERED}


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("http://127.0.0.1:8000", "https://"),
        ("https://api.sandbox.push.apple.com", "https://api.push.apple.com"),
        ("https://api.sandbox.push.apple.com:2197", "https://api.push.apple.com"),
    ],
)
def test_an_address_that_would_lose_registrations_is_refused(address: str, says: str, identity: Identity) -> None:
    with pytest.raises(BadPushAddress, match=says):
        PushClient(address, identity)


def test_a_push_token_is_shown_and_logged_nowhere(
    apns: PretendAPNs, client: PushClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    apns.forget(BOB, since=NOON)
    answers = client.send([ALICE, BOB, "not a token"])
    apns.stop()
    answers += client.send([CHARLIE])
    shown = f"{answers} {apns.pushes} {[answer.detail for answer in answers]} {client!r} {caplog.text}"
    assert not [token for token in (ALICE, BOB, CHARLIE, "not a token") if token in shown]
