"""The verification of ECv2SigningOnly: a vector made elsewhere, a signer of our own, and everything that must fail."""

import base64
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.conftest import NOON
from walletpass.google import ecv2
from walletpass.google.ecv2 import (
    PROTOCOL,
    SENDER,
    BadSignature,
    KeyExpired,
    Malformed,
    Message,
    MessageExpired,
    NotFromGoogle,
    OtherProtocol,
    UntrustedKey,
    read_roots,
    signed_bytes,
)
from walletpass.sandbox.callback_signer import LIFE_OF_KEY, LIFE_OF_MESSAGE, LIFE_OF_ROOT, Signer

ISSUER = "3388000000000000001"
OBJECT = f"{ISSUER}.card-e-1"

# The vector of google-wallet 5.6, which another program made and checked.
VECTOR_ROOT = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEIj4Hasyay3mLFXbKZD7PWZeczseO6ls3f+"
    "xeW2DjFUSovMttbtdr6BIKqiPtRt59mWeb+kkBI1A5XkGdoN7pTQ=="
)
VECTOR = {
    "signature": "MEQCIGQzrXZYsszpycvddU7aoHh+tWYZHVu0VAXOm0iUlO2VAiAL1lGKKN2Q/z8Zv68iw7oKQx6lSc0cu4Pgn0bErTqZRA==",
    "intermediateSigningKey": {
        "signedKey": (
            '{"keyValue":"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEW6d7wi8663Zt3IMXpBqX8fPLKAf+jnkanvruE8NsVMm2Oi32VI1J7j3S'
            'lGCDS5+wPKygbXbf0Rp962rIOyENPA\\u003d\\u003d","keyExpiration":"4102444800000"}'
        ),
        "signatures": [
            "MEYCIQDicWAzERYVi5+ipEIjUaQXPavfjSE5lkRQ/EK1MtMjqAIhAIxZ4TsHjQk2MkiNzE10Iy9eFCfmprofMQdVDu15UXB4"
        ],
    },
    "protocolVersion": "ECv2SigningOnly",
    "signedMessage": (
        '{"classId":"3388000000000000001.stamp-demo","objectId":"3388000000000000001.card-e-1","eventType":"save",'
        '"expTimeMillis":4102444800000,"count":1,"nonce":"7d7f5b1c-0d3e-4f6e-9a6e-2f7b8d1c9e55"}'
    ),
}


class Google:
    """A signer, and a verifier that trusts it."""

    def __init__(self) -> None:
        self.signer = Signer(lambda: NOON)
        self.document = self.signer.keys_document()

    def envelope(self, message: str | None = None, **changes: Any) -> dict[str, Any]:
        return self.signer.envelope(message or self.signer.message("save", OBJECT), ISSUER, **changes)

    def verify(self, envelope: object, *, now: datetime = NOON, recipient: str = ISSUER) -> Message:
        body = envelope if isinstance(envelope, bytes) else json.dumps(envelope).encode()
        roots = read_roots(json.dumps(self.document).encode())
        return ecv2.verify(body, recipient=recipient, roots=roots, now=now)


@pytest.fixture
def google() -> Google:
    return Google()


def test_the_vector_of_another_program_is_genuine() -> None:
    document = {"keys": [{"keyValue": VECTOR_ROOT, "protocolVersion": PROTOCOL, "keyExpiration": "4102444800000"}]}
    roots = read_roots(json.dumps(document).encode())
    message = ecv2.verify(json.dumps(VECTOR).encode(), recipient=ISSUER, roots=roots, now=NOON)
    assert message.content["eventType"] == "save" and message.content["objectId"] == OBJECT
    assert message.expires == 4102444800000


def test_what_is_signed_has_the_documented_digests() -> None:
    key = signed_bytes(SENDER, PROTOCOL, str(VECTOR["intermediateSigningKey"]["signedKey"]))  # type: ignore[index]
    assert sha256(key).hexdigest() == "799b3c87f8e70d9489708bac0d956a4a160d6462a0a0fc15b1ccbf26f267a902"
    message = signed_bytes(SENDER, ISSUER, PROTOCOL, str(VECTOR["signedMessage"]))
    assert sha256(message).hexdigest() == "8182b24637b1e05a809d529e8867d65c7fd50f0f99f6807704a123a8ab868ca4"


def test_what_the_signer_signs_is_genuine(google: Google) -> None:
    assert google.verify(google.envelope()).content["objectId"] == OBJECT


# Lengths


def test_lengths_count_bytes_and_not_letters(google: Google) -> None:
    message = google.signer.message("save", OBJECT, note="Zażółć 🎉 gęślą")
    assert google.verify(google.envelope(message)).content["note"] == "Zażółć 🎉 gęślą"


def letters(*texts: str) -> bytes:
    return b"".join(len(text).to_bytes(4, "little") + text.encode() for text in texts)


def sixteen_bits(*texts: str) -> bytes:
    return b"".join((len(text.encode("utf-16-le")) // 2).to_bytes(4, "little") + text.encode() for text in texts)


def biggest_first(*texts: str) -> bytes:
    return b"".join(len(text.encode()).to_bytes(4, "big") + text.encode() for text in texts)


def eight_bytes(*texts: str) -> bytes:
    return b"".join(len(text.encode()).to_bytes(8, "little") + text.encode() for text in texts)


def no_lengths(*texts: str) -> bytes:
    return "".join(texts).encode()


def number_of_texts_first(*texts: str) -> bytes:
    return len(texts).to_bytes(4, "little") + signed_bytes(*texts)


@pytest.mark.parametrize("packing", [letters, sixteen_bits])
def test_a_message_whose_lengths_count_letters_is_refused(google: Google, packing: Callable[..., bytes]) -> None:
    message = google.signer.message("save", OBJECT, note="Zażółć 🎉 gęślą")
    with pytest.raises(BadSignature):
        google.verify(google.envelope(message, packing=packing))


@pytest.mark.parametrize("packing", [biggest_first, eight_bytes, no_lengths, number_of_texts_first])
def test_lengths_of_another_shape_are_refused(google: Google, packing: Callable[..., bytes]) -> None:
    with pytest.raises(UntrustedKey):
        google.verify(google.envelope(packing=packing))


def test_a_letter_cannot_move_from_one_text_into_the_next(google: Google) -> None:
    """Without lengths, an issuer whose id ends in the other's first letter would be the same."""
    assert signed_bytes("ab", "c") != signed_bytes("a", "bc")


# Who, to whom, how


@pytest.mark.parametrize("sender", ["GoogleWalletPasses", "googlepaypasses", "Google", ""])
def test_another_sender_is_refused(google: Google, sender: str) -> None:
    with pytest.raises(UntrustedKey):
        google.verify(google.envelope(sender=sender))


@pytest.mark.parametrize("recipient", ["3388000000000000002", f"merchant:{ISSUER}", f"{ISSUER} ", ISSUER[:-1], ""])
def test_a_message_to_another_issuer_is_refused(google: Google, recipient: str) -> None:
    message = google.signer.message("save", OBJECT)
    with pytest.raises(BadSignature):
        google.verify(google.signer.envelope(message, recipient))


@pytest.mark.parametrize("protocol", ["ECv2", "ECv1", "ecv2signingonly", "ECv2SigningOnly ", ""])
def test_another_protocol_is_refused_even_when_it_is_signed(google: Google, protocol: str) -> None:
    with pytest.raises(OtherProtocol):
        google.verify(google.envelope(protocol=protocol))


def test_the_protocol_cannot_be_claimed_afterwards(google: Google) -> None:
    with pytest.raises(UntrustedKey):
        google.verify({**google.envelope(protocol="ECv2"), "protocolVersion": PROTOCOL})


# Keys


def test_a_key_that_another_root_has_signed_is_refused(google: Google) -> None:
    with pytest.raises(UntrustedKey):
        google.verify(Google().envelope())


def test_any_root_key_and_any_signature_may_be_the_good_one(google: Google) -> None:
    google.document["keys"].insert(0, Signer(lambda: NOON).keys_document()["keys"][0])
    envelope = google.envelope()
    envelope["intermediateSigningKey"]["signatures"].insert(0, Google().envelope()["signature"])
    assert google.verify(envelope).content["objectId"] == OBJECT


def test_a_key_without_any_signature_is_refused(google: Google) -> None:
    envelope = google.envelope()
    envelope["intermediateSigningKey"]["signatures"] = []
    with pytest.raises(UntrustedKey):
        google.verify(envelope)


def test_an_expired_root_key_signs_nothing(google: Google) -> None:
    with pytest.raises(UntrustedKey):
        google.verify(google.envelope(), now=NOON + LIFE_OF_ROOT)


@pytest.mark.parametrize("change", [{"protocolVersion": "ECv2"}, {"protocolVersion": None}])
def test_root_keys_for_other_protocols_do_not_count(google: Google, change: dict[str, Any]) -> None:
    google.document["keys"][0] |= change
    with pytest.raises(UntrustedKey):
        google.verify(google.envelope())


def test_a_root_key_that_does_not_say_when_it_expires_does_not_count(google: Google) -> None:
    del google.document["keys"][0]["keyExpiration"]
    with pytest.raises(UntrustedKey):
        google.verify(google.envelope())


def test_an_expired_intermediate_key_is_refused_however_fresh_the_message(google: Google) -> None:
    message = google.signer.message("save", OBJECT, expTimeMillis=int(NOON.timestamp() * 1000) * 2)
    envelope = google.envelope(message)
    assert google.verify(envelope, now=NOON + LIFE_OF_KEY - timedelta(milliseconds=1))
    with pytest.raises(KeyExpired):
        google.verify(envelope, now=NOON + LIFE_OF_KEY)


def test_another_intermediate_key_cannot_be_slipped_in(google: Google) -> None:
    envelope, other = google.envelope(), Google().envelope()
    envelope["intermediateSigningKey"]["signedKey"] = other["intermediateSigningKey"]["signedKey"]
    with pytest.raises(UntrustedKey):
        google.verify(envelope)


def test_a_message_that_another_intermediate_key_has_signed_is_refused(google: Google) -> None:
    """Each of the two is genuine."""
    sibling = Google()
    sibling.signer.root = google.signer.root
    envelope = google.envelope()
    other = sibling.envelope(envelope["signedMessage"])
    assert google.verify(other)
    with pytest.raises(BadSignature):
        google.verify({**envelope, "intermediateSigningKey": other["intermediateSigningKey"]})


def test_a_root_key_cannot_sign_messages_itself(google: Google) -> None:
    google.signer.key = google.signer.root
    signed_key = Signer(lambda: NOON).signed_key()
    with pytest.raises(BadSignature):
        google.verify(google.envelope(signed_key=signed_key))


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 2048).public_key(),
        ec.generate_private_key(ec.SECP384R1()).public_key(),
    ],
    ids=["RSA", "P-384"],
)
def test_a_key_of_another_kind_is_refused(google: Google, key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> None:
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(Malformed):
        google.verify(google.envelope(signed_key=google.signer.signed_key(keyValue=base64.b64encode(der).decode())))


# Signatures and messages


def test_the_two_signatures_cannot_be_swapped(google: Google) -> None:
    envelope = google.envelope()
    inner = envelope["intermediateSigningKey"]
    envelope["signature"], inner["signatures"] = inner["signatures"][0], [envelope["signature"]]
    with pytest.raises(UntrustedKey):
        google.verify(envelope)


def test_the_signature_of_another_message_is_refused(google: Google) -> None:
    envelope = {**google.envelope(), "signature": google.envelope()["signature"]}
    with pytest.raises(BadSignature):
        google.verify(envelope)


@pytest.mark.parametrize("signature", ["", "AAAA", "not base64!", "MEQCIGQ", "MAYCAQACAQA=", "é"])
def test_a_signature_that_is_none_is_refused(google: Google, signature: str) -> None:
    with pytest.raises(BadSignature):
        google.verify({**google.envelope(), "signature": signature})


def test_a_changed_message_is_refused(google: Google) -> None:
    envelope = google.envelope()
    envelope["signedMessage"] = envelope["signedMessage"].replace('"save"', '"del"')
    with pytest.raises(BadSignature):
        google.verify(envelope)


def test_the_same_message_written_another_way_is_refused(google: Google) -> None:
    envelope = google.envelope()
    envelope["signedMessage"] = json.dumps(json.loads(envelope["signedMessage"]))
    with pytest.raises(BadSignature):
        google.verify(envelope)


def test_the_same_key_written_another_way_is_refused(google: Google) -> None:
    envelope = google.envelope()
    inner = envelope["intermediateSigningKey"]
    inner["signedKey"] = inner["signedKey"].replace("\\u003d", "=")
    with pytest.raises(UntrustedKey):
        google.verify(envelope)


def test_a_message_is_taken_until_shortly_after_it_has_expired(google: Google) -> None:
    envelope, expiry = google.envelope(), NOON + LIFE_OF_MESSAGE
    assert google.verify(envelope, now=expiry + ecv2.LATE)
    with pytest.raises(MessageExpired):
        google.verify(envelope, now=expiry + ecv2.LATE + timedelta(milliseconds=1))


@pytest.mark.parametrize("expiry", [None, True, "soon", "", 1.5, "١٢٣", [], "9" * 30])
def test_a_message_must_say_when_it_expires(google: Google, expiry: object) -> None:
    with pytest.raises(Malformed):
        google.verify(google.envelope(google.signer.message("save", OBJECT, expTimeMillis=expiry)))


@pytest.mark.parametrize("message", ["", "null", "[]", "{", '"text"', "[" * 5000])
def test_a_signed_text_that_is_no_json_object_is_refused(google: Google, message: str) -> None:
    with pytest.raises(Malformed):
        google.verify(google.signer.envelope(message, ISSUER))


# Envelopes


@pytest.mark.parametrize("name", ["signature", "intermediateSigningKey", "protocolVersion", "signedMessage"])
def test_a_missing_key_is_refused(google: Google, name: str) -> None:
    envelope = google.envelope()
    del envelope[name]
    with pytest.raises(Malformed):
        google.verify(envelope)


def test_a_key_too_many_is_refused(google: Google) -> None:
    envelope = google.envelope()
    with pytest.raises(Malformed):
        google.verify({**envelope, "more": 1})
    envelope["intermediateSigningKey"]["more"] = 1
    with pytest.raises(Malformed):
        google.verify(envelope)


@pytest.mark.parametrize("name", ["signature", "intermediateSigningKey", "signedMessage"])
@pytest.mark.parametrize("value", [None, 1, [], {}, True, ["a"]])
def test_a_value_of_another_type_is_refused(google: Google, name: str, value: object) -> None:
    with pytest.raises(Malformed):
        google.verify({**google.envelope(), name: value})


@pytest.mark.parametrize("signatures", [None, "MEQ", [1], [None], {"0": "MEQ"}])
def test_signatures_of_another_type_are_refused(google: Google, signatures: object) -> None:
    envelope = google.envelope()
    envelope["intermediateSigningKey"]["signatures"] = signatures
    with pytest.raises(Malformed):
        google.verify(envelope)


def test_a_text_that_is_no_unicode_is_refused(google: Google) -> None:
    body = json.dumps({**google.envelope(), "signedMessage": "\ud800"}).encode()
    with pytest.raises(Malformed):
        google.verify(body)


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{}", b"\xff\xfe\x00", b"{" * 20_000, b"[" * 20_000, b"9" * 9_000, b'{"a": NaN}']
)
def test_garbage_is_refused(google: Google, body: bytes) -> None:
    with pytest.raises(NotFromGoogle):
        google.verify(body)


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"keys": 1}', b"<html>"])
def test_a_keys_document_that_is_none_is_refused(document: bytes) -> None:
    with pytest.raises(Malformed):
        read_roots(document)
