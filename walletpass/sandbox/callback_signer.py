"""Signs callbacks as Google does: a root key for an intermediate key, that one for messages. For demo and tests.

Source: google-wallet 5.2 to 5.7. Deliberately not made of the parts of `walletpass.google.ecv2`, which it tries.
"""

import base64
import json
import struct
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SENDER, PROTOCOL = "GooglePayPasses", "ECv2SigningOnly"
LIFE_OF_ROOT, LIFE_OF_KEY, LIFE_OF_MESSAGE = timedelta(days=3650), timedelta(days=8), timedelta(hours=6)

Packing = Callable[..., bytes]


def packed(*texts: str) -> bytes:
    """The texts as they are signed."""
    return b"".join(struct.pack("<I", len(raw)) + raw for raw in (text.encode() for text in texts))


class Signer:
    """Google's keys: a root and an intermediate one. clock: says from when they and their messages are good."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.root, self.key = _new_key(), _new_key()

    def keys_document(self) -> dict[str, Any]:
        """What is published of the root key."""
        key = {"keyValue": _written(self.root), "protocolVersion": PROTOCOL}
        return {"keys": [{**key, "keyExpiration": str(self._after(LIFE_OF_ROOT))}]}

    def message(self, event_type: str, object_id: str, class_id: str = "", **changes: Any) -> str:
        """A signedMessage that says what happened to an object."""
        content = {
            "classId": class_id,
            "objectId": object_id,
            "eventType": event_type,
            "expTimeMillis": self._after(LIFE_OF_MESSAGE),
            "count": 1,
            "nonce": str(uuid.uuid4()),
            **changes,
        }
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"))

    def signed_key(self, **changes: Any) -> str:
        """The signedKey; Google's text has an escape in place of every "="."""
        content = {"keyValue": _written(self.key), "keyExpiration": str(self._after(LIFE_OF_KEY)), **changes}
        return json.dumps(content, separators=(",", ":")).replace("=", "\\u003d")

    def envelope(
        self,
        message: str,
        recipient: str,
        *,
        sender: str = SENDER,
        protocol: str = PROTOCOL,
        signed_key: str | None = None,
        packing: Packing = packed,
    ) -> dict[str, Any]:
        """The whole callback. With something else than Google's own words it is signed soundly, but for other ears."""
        given = self.signed_key() if signed_key is None else signed_key
        return {
            "signature": _signature(self.key, packing(sender, recipient, protocol, message)),
            "intermediateSigningKey": {
                "signedKey": given,
                "signatures": [_signature(self.root, packing(sender, protocol, given))],
            },
            "protocolVersion": protocol,
            "signedMessage": message,
        }

    def _after(self, life: timedelta) -> int:
        return int((self._clock() + life).timestamp() * 1000)


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _written(key: ec.EllipticCurvePrivateKey) -> str:
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def _signature(key: ec.EllipticCurvePrivateKey, data: bytes) -> str:
    return base64.b64encode(key.sign(data, ec.ECDSA(SHA256()))).decode()
