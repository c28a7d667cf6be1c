"""ECv2SigningOnly: who says a message is from Google, and how that is checked.

A root key, which Google publishes, signs a short-lived intermediate key, and that one signs messages to one recipient.
What is signed are texts with their lengths in front, so the texts must stay exactly as they came.
Source: https://developers.google.com/wallet/generic/use-cases/use-callbacks-for-saves-and-deletions and the code of
Tink's paymentmethodtoken; google-wallet 5.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from walletpass.database import to_milliseconds

SENDER = "GooglePayPasses"
PROTOCOL = "ECv2SigningOnly"

LATE = timedelta(minutes=2)
"""How long after its expiry a message is still taken: clocks differ."""

_ENVELOPE = {"protocolVersion", "signature", "intermediateSigningKey", "signedMessage"}
_INTERMEDIATE = {"signedKey", "signatures"}
_NOT_JSON = (ValueError, RecursionError)


class NotFromGoogle(Exception):
    """The message is not to be believed; str(error) says why."""


class Malformed(NotFromGoogle):
    """It is not even built like a message."""


class OtherProtocol(NotFromGoogle):
    """It claims to be signed in a way that is not accepted here."""


class UntrustedKey(NotFromGoogle):
    """No root key of today has signed the intermediate key."""


class KeyExpired(NotFromGoogle):
    """The intermediate key was good once."""


class BadSignature(NotFromGoogle):
    """The intermediate key has not signed this message, or not for this recipient."""


class MessageExpired(NotFromGoogle):
    """The message was good once."""


@dataclass(frozen=True)
class RootKey:
    """A key that signs intermediate keys. expires: milliseconds since 1970."""

    key: EllipticCurvePublicKey
    expires: int


@dataclass(frozen=True)
class Message:
    """A message that Google has signed. expires: milliseconds since 1970."""

    content: dict[str, Any]
    expires: int


@dataclass(frozen=True)
class _Envelope:
    signature: str
    signed_key: str
    key_signatures: Sequence[str]
    signed_message: str


def verify(body: bytes, *, recipient: str, roots: Sequence[RootKey], now: datetime) -> Message:
    """The message in an envelope that was sent to us. Raises NotFromGoogle.

    recipient: the bare issuer id. roots: those that have expired do not count.
    """
    envelope, moment = _envelope(body), to_milliseconds(now)
    _check_intermediate(envelope, [root for root in roots if root.expires > moment])
    key = _intermediate(envelope.signed_key, moment)
    signed = signed_bytes(SENDER, recipient, PROTOCOL, envelope.signed_message)
    if not _has_signed(key, envelope.signature, signed):
        raise BadSignature("the message is not signed by the key that came with it, or is meant for another issuer")
    return _message(envelope.signed_message, moment)


def read_roots(document: bytes) -> list[RootKey]:
    """The keys of a published document that are for this protocol and say how long they are good. Raises Malformed."""
    given = _object(document, "the keys document")
    keys = given.get("keys")
    if not isinstance(keys, list):
        raise Malformed("the keys document has no list of keys")
    ours = (each for each in keys if isinstance(each, dict) and each.get("protocolVersion") == PROTOCOL)
    return [RootKey(_public_key(each.get("keyValue")), _expiry(each)) for each in ours if "keyExpiration" in each]


def signed_bytes(*texts: str) -> bytes:
    """What a signature is over: every text in UTF-8, after its length in bytes as four bytes, the smallest first.

    Raises Malformed for a text that UTF-8 cannot hold.
    """
    try:
        parts = [text.encode() for text in texts]
    except UnicodeEncodeError:
        raise Malformed("a text is no proper Unicode") from None
    return b"".join(len(part).to_bytes(4, "little") + part for part in parts)


def _envelope(body: bytes) -> _Envelope:
    given = _object(body, "the body")
    if "protocolVersion" in given and given["protocolVersion"] != PROTOCOL:
        raise OtherProtocol(f"the protocol is not {PROTOCOL}")
    intermediate = given.get("intermediateSigningKey")
    if set(given) != _ENVELOPE or not isinstance(intermediate, dict) or set(intermediate) != _INTERMEDIATE:
        raise Malformed(f"the keys are not {', '.join(sorted(_ENVELOPE))} with {', '.join(sorted(_INTERMEDIATE))}")
    signatures = intermediate["signatures"]
    texts = (given["signature"], intermediate["signedKey"], given["signedMessage"])
    if not isinstance(signatures, list) or not all(isinstance(each, str) for each in (*texts, *signatures)):
        raise Malformed("a value is of another type than documented")
    return _Envelope(given["signature"], intermediate["signedKey"], signatures, given["signedMessage"])


def _check_intermediate(envelope: _Envelope, roots: Sequence[RootKey]) -> None:
    signed = signed_bytes(SENDER, PROTOCOL, envelope.signed_key)
    if not any(_has_signed(root.key, each, signed) for root in roots for each in envelope.key_signatures):
        raise UntrustedKey("none of Google's root keys has signed the key that came with the message")


def _intermediate(signed_key: str, moment: int) -> EllipticCurvePublicKey:
    given = _object(signed_key, "signedKey")
    if _expiry(given) <= moment:
        raise KeyExpired("the key that came with the message has expired")
    return _public_key(given.get("keyValue"))


def _message(signed_message: str, moment: int) -> Message:
    content = _object(signed_message, "signedMessage")
    expires = _milliseconds(content.get("expTimeMillis"), "expTimeMillis")
    if expires + LATE // timedelta(milliseconds=1) < moment:
        raise MessageExpired("the message has expired; check this machine's clock when all are")
    return Message(content, expires)


def _has_signed(key: EllipticCurvePublicKey, signature: str, data: bytes) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), data, ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def _public_key(written: object) -> EllipticCurvePublicKey:
    """A key as Google writes it: base64 of SubjectPublicKeyInfo, on P-256. Raises Malformed."""
    try:
        key = load_der_public_key(base64.b64decode(str(written), validate=True))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise Malformed("keyValue is not a public key on P-256")
    return key


def _expiry(key: dict[str, Any]) -> int:
    return _milliseconds(key.get("keyExpiration"), "keyExpiration")


def _milliseconds(written: object, name: str) -> int:
    """Google writes keyExpiration as a text and expTimeMillis as a number; both are read from both."""
    if isinstance(written, int) and not isinstance(written, bool):
        return written
    if isinstance(written, str) and written.isascii() and written.isdecimal() and len(written) < 20:
        return int(written)
    raise Malformed(f"{name} is not a number of milliseconds")


def _object(text: bytes | str, name: str) -> dict[str, Any]:
    try:
        given = json.loads(text)
    except _NOT_JSON:
        raise Malformed(f"{name} is not JSON") from None
    if not isinstance(given, dict):
        raise Malformed(f"{name} is not a JSON object")
    return given
