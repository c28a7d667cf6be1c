"""APNs: an empty push tells phones that a pass of one pass type has changed; they then come and ask for it.

Source: https://developer.apple.com/documentation/walletpasses/adding-a-web-service-to-update-passes and
https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns
"""

import re
import selectors
import ssl
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import pycurl

from walletpass import __version__
from walletpass.apple.certificates import Identity
from walletpass.apple.push_answers import Answer, Outcome, answer_with_status, answer_without_status
from walletpass.settings import is_loopback

BODY = b"{}"  # Apple asks for an empty JSON object; to no body at all APNs answers PayloadEmpty.

# Apple names no push type for Wallet; elsewhere a push that shows nothing by itself is a background push, and for those
# APNs refuses any priority but 5. No apns-expiration: APNs then keeps the push for phones that are offline.
PUSH_TYPE = "background"
PRIORITY = "5"

PROBE_TOKEN = "0" * 64
"""A token that no phone has: APNs looks at it only after it has accepted the certificate and the topic."""

LONGEST_TOKEN = 512  # characters; Apple promises no length, but it has to fit into a URL
LONGEST_IDLE = timedelta(hours=1)  # a connection unused for longer is made anew: Apple wants it asked (PING) by then

_LONGEST_ANSWER = 4096  # bytes of a body that we keep; Apple's have about 60
_TOKEN = re.compile(rf"[0-9A-Fa-f]{{1,{LONGEST_TOKEN}}}")


class BadPushAddress(ValueError):
    """WALLETPASS_APNS_URL names a place that must not be pushed to; str(error) says what to do."""


def is_push_token(text: str) -> bool:
    """Whether the text can be a push token: hexadecimal, at most LONGEST_TOKEN characters."""
    return _TOKEN.fullmatch(text) is not None


class PushClient:
    """Pushes for one pass type, over HTTP/2 connections that stay open between pushes.

    A client belongs to one certificate, because APNs forbids two teams on one connection, and to one thread.

    identity: the certificate and key that sign the passes are our TLS client certificate as well.
    ca_file: PEM roots to trust instead of the system's.
    connections: the most connections at once; a second one is made when the first has `streams` pushes in flight.
    streams: the most pushes in flight on one connection; never more than the server allows.
    connect_timeout, timeout: seconds until a connection, or a push altogether, is given up.
    Raises BadPushAddress.
    """

    def __init__(
        self,
        apns_url: str,
        identity: Identity,
        *,
        ca_file: Path | None = None,
        connections: int = 2,
        streams: int = 250,
        connect_timeout: float = 10.0,
        timeout: float = 30.0,
    ) -> None:
        self._url = _checked_address(apns_url)
        self._connections, self._streams = connections, streams
        self._options = {
            **_request_options(identity.pass_type_identifier),
            **_tls_options(identity, ca_file),
            **_network_options(self._url),
            pycurl.CONNECTTIMEOUT_MS: round(connect_timeout * 1000),
            pycurl.TIMEOUT_MS: round(timeout * 1000),
        }
        self._network = self._new_network()
        self._in_flight: dict[pycurl.Curl, _Transfer] = {}
        self._idle: list[_Transfer] = []  # with their curl handles, which are dear to make
        self._pushing = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. Pushes in flight are given up."""
        self._give_up()
        self._network.close()
        while self._idle:
            self._idle.pop().curl.close()

    def send(self, tokens: Iterable[str]) -> list[Answer]:
        """Push to every token; the answers, one per token, in the order in which they came."""
        return list(self.push(tokens))

    def probe(self) -> Answer:
        """Ask APNs whether it takes our certificate and topic, disturbing no phone.

        The reason BadDeviceToken is the good answer: APNs accepted us and found only the token to be made up.
        """
        return self.send([PROBE_TOKEN])[0]

    def push(self, tokens: Iterable[str]) -> Generator[Answer, None, None]:
        """Push to every token; yields exactly one answer for each as it comes, not in the order of the tokens.

        Takes from `tokens` only as fast as pushes can be sent, so a long stream needs no more memory than a short one.
        After an answer that concerns every token, the tokens not yet sent get that same answer without being sent.
        Take the answers promptly: the pushes in flight are timed on. Leaving early gives them up.
        """
        if self._pushing:
            raise RuntimeError("this client is already pushing; finish or close that iterator first")
        self._pushing = True
        try:
            yield from self._push(iter(tokens))
        finally:
            self._pushing = False
            self._give_up()

    def _push(self, tokens: Iterator[str]) -> Iterator[Answer]:
        verdict: Answer | None = None
        more = True
        while more or self._in_flight:
            while more and len(self._in_flight) < self._connections * self._streams:
                token = next(tokens, None)
                if token is None:
                    more = False
                elif verdict:
                    yield replace(verdict, token=token)
                elif is_push_token(token):
                    self._start(token)
                else:
                    yield Answer(token, Outcome.GONE, reason="BadDeviceToken")
            for answer in self._arrived():
                if answer.concerns_every_token:
                    verdict = verdict or answer
                yield answer

    def _start(self, token: str) -> None:
        transfer = self._idle.pop() if self._idle else self._new_transfer()
        transfer.aim(f"{self._url}/3/device/{token}", token)
        self._in_flight[transfer.curl] = transfer
        self._network.multi.add_handle(transfer.curl)

    def _arrived(self) -> list[Answer]:
        """The answers that are there after waiting for the network once; none when nothing is in flight."""
        if not self._in_flight:
            return []
        self._network.advance()
        return [self._finish(curl, code, message) for curl, code, message in self._network.finished()]

    def _finish(self, curl: pycurl.Curl, code: int, message: str) -> Answer:
        transfer = self._in_flight.pop(curl)
        answer = transfer.failure(code, message) if code else transfer.answer()
        self._network.multi.remove_handle(curl)
        self._network.distrusted |= answer.status is None
        self._idle.append(transfer)
        return answer

    def _give_up(self) -> None:
        """Take back what is still in flight, and leave connections that may be dead without curl knowing it.

        On a dead one every push would time out, and curl looks for dead ones only once a second.
        """
        while self._in_flight:
            curl, transfer = self._in_flight.popitem()
            self._network.multi.remove_handle(curl)
            self._idle.append(transfer)
        if self._network.distrusted:
            self._network.close()
            self._network = self._new_network()

    def _new_network(self) -> "_Network":
        return _Network(connections=self._connections, streams=self._streams)

    def _new_transfer(self) -> "_Transfer":
        curl = pycurl.Curl()
        for option, value in self._options.items():
            curl.setopt(option, value)
        return _Transfer(curl)


class _Transfer:
    """One curl handle, used for one push after another, and what APNs answers on it."""

    def __init__(self, curl: pycurl.Curl) -> None:
        self.curl = curl
        self.token = ""
        self._body = b""
        curl.setopt(pycurl.WRITEFUNCTION, self._take)

    def aim(self, url: str, token: str) -> None:
        self.token, self._body = token, b""
        self.curl.setopt(pycurl.URL, url)

    def _take(self, data: bytes) -> None:
        self._body = (self._body + data)[:_LONGEST_ANSWER]

    def answer(self) -> Answer:
        status = int(self.curl.getinfo(pycurl.RESPONSE_CODE))
        wait = int(self.curl.getinfo(pycurl.RETRY_AFTER))  # curl reads both forms, seconds and date; 0 without
        return answer_with_status(self.token, status, self._body, timedelta(seconds=wait) if wait else None)

    def failure(self, code: int, message: str) -> Answer:
        return answer_without_status(self.token, code, message)


class _Network:
    """curl's connections and the sockets under them.

    We watch the sockets ourselves: `CurlMulti.select` is select(2) underneath and cannot see descriptors above 1023;
    in a server with many connections it returns at once, for ever (measured: 370 000 rounds a second).
    """

    def __init__(self, *, connections: int, streams: int) -> None:
        self.distrusted = False
        self.multi = pycurl.CurlMulti()
        self.multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX)
        self.multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, connections)
        self.multi.setopt(pycurl.M_MAX_CONCURRENT_STREAMS, streams)
        self.multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._selector = selectors.DefaultSelector()

    def close(self) -> None:
        self.multi.close()
        self._selector.close()

    def advance(self) -> None:
        """Wait until a socket is ready or curl's own clock wants attention, and let curl act on it."""
        milliseconds = self.multi.timeout()
        ready = self._selector.select(None if milliseconds < 0 else milliseconds / 1000)
        for key, events in ready:
            self.multi.socket_action(key.fd, _curl_events(events))
        if not ready:
            self.multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

    def finished(self) -> Iterator[tuple[pycurl.Curl, int, str]]:
        """The transfers that have ended since the last call, each with curl's error code (0: none) and text."""
        remaining = 1
        while remaining:
            remaining, succeeded, failed = self.multi.info_read()
            yield from ((curl, 0, "") for curl in succeeded)
            yield from failed

    def _watch(self, what: int, descriptor: int, multi: pycurl.CurlMulti, data: object) -> None:
        known = descriptor in self._selector.get_map()
        if what == pycurl.POLL_REMOVE:
            if known:
                self._selector.unregister(descriptor)
        elif known:
            self._selector.modify(descriptor, _selector_events(what))
        else:
            self._selector.register(descriptor, _selector_events(what))


def _selector_events(what: int) -> int:
    return (selectors.EVENT_READ if what & pycurl.POLL_IN else 0) | (
        selectors.EVENT_WRITE if what & pycurl.POLL_OUT else 0
    )


def _curl_events(events: int) -> int:
    return (pycurl.CSELECT_IN if events & selectors.EVENT_READ else 0) | (
        pycurl.CSELECT_OUT if events & selectors.EVENT_WRITE else 0
    )


def _checked_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https":
        raise BadPushAddress("WALLETPASS_APNS_URL must begin with https://: APNs knows us by our certificate")
    if (parts.hostname or "").endswith("sandbox.push.apple.com"):
        # It calls every pass token a BadDeviceToken, and we would drop every registration.
        raise BadPushAddress(
            "WALLETPASS_APNS_URL is Apple's sandbox, which does not know passes; use https://api.push.apple.com"
        )
    return url.rstrip("/")


def _request_options(topic: str) -> dict[int, object]:
    headers = {
        "apns-topic": topic,
        "apns-push-type": PUSH_TYPE,
        "apns-priority": PRIORITY,
        "content-type": "application/json",
    }
    return {
        pycurl.POSTFIELDS: BODY,
        pycurl.HTTPHEADER: [f"{name}: {value}" for name, value in headers.items()],
        pycurl.USERAGENT: f"walletpass/{__version__}",
    }


def _tls_options(identity: Identity, ca_file: Path | None) -> dict[int, object]:
    # The system's roots are named too: curl's wheels carry a path from the machine that built them. None unsets it.
    system = ssl.get_default_verify_paths()
    return {
        pycurl.SSLVERSION: pycurl.SSLVERSION_TLSv1_2,
        pycurl.SSLCERTTYPE: "PEM",
        pycurl.SSLCERT_BLOB: identity.chain_pem,
        pycurl.SSLKEY_BLOB: identity.key_pem,
        pycurl.CAINFO: str(ca_file) if ca_file else system.cafile,
        pycurl.CAPATH: None if ca_file else system.capath,
    }


def _network_options(url: str) -> dict[int, object]:
    options: dict[int, object] = {
        pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_2TLS,
        pycurl.PIPEWAIT: 1,  # share the connection being made rather than make one more for every push
        pycurl.MAXAGE_CONN: round(LONGEST_IDLE.total_seconds()),
        pycurl.DNS_CACHE_TIMEOUT: 0,  # Apple asks to resolve its name afresh for every connection
        pycurl.TCP_KEEPALIVE: 1,  # notices during idle hours that a firewall has forgotten the connection
        pycurl.NOSIGNAL: 1,
    }
    if is_loopback(urlsplit(url).hostname or ""):
        options[pycurl.PROXY] = ""  # a proxy set in the environment leads out of this machine
    return options
