"""The signature of a pass: CMS SignedData, detached, in DER, written around one use of the private key.

Only the digest, the time and the signature value differ from pass to pass: everything else is encoded once per
identity. Written by hand because the PKCS#7 builder of `cryptography` encodes all of it anew for each pass.
Source: RFC 5652 (CMS), RFC 3370 and RFC 5754 (algorithms); Apple, "Building a pass" (signing-time is required).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from walletpass.apple import der
from walletpass.apple.certificates import Identity, PrivateKey

_NULL = b"\x05\x00"
_VERSION_1 = b"\x02\x01\x01"


def _encode(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + content


def _oid(hexadecimal: str) -> bytes:
    return _encode(der.OBJECT_IDENTIFIER, bytes.fromhex(hexadecimal))


_DATA = _oid("2a864886f70d010701")
_SIGNED_DATA = _oid("2a864886f70d010702")
_CONTENT_TYPE = _oid("2a864886f70d010903")
_MESSAGE_DIGEST = _oid("2a864886f70d010904")
_SIGNING_TIME = _oid("2a864886f70d010905")
_SHA256 = _encode(der.SEQUENCE, _oid("608648016503040201"), _NULL)
_RSA = _encode(der.SEQUENCE, _oid("2a864886f70d010101"), _NULL)
_ECDSA_WITH_SHA256 = _encode(der.SEQUENCE, _oid("2a8648ce3d040302"))  # parameters must be absent (RFC 5754)

_NO_DIGEST = bytes(32)  # keeps the place until the digest is known
_CONTENT_TYPE_ATTRIBUTE = _encode(der.SEQUENCE, _CONTENT_TYPE, _encode(der.SET, _DATA))


class Signer:
    """Signs manifests in the name of one identity. Threads may share it."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._sign, self._algorithm = _signing(identity.private_key)
        certificates = (identity.certificate, identity.intermediate)
        self._before_signer_infos = (
            _VERSION_1
            + _encode(der.SET, _SHA256)
            + _encode(der.SEQUENCE, _DATA)
            + _encode(der.CONTEXT_0, *sorted(each.public_bytes(Encoding.DER) for each in certificates))
        )
        self._before_attributes = _VERSION_1 + _issuer_and_serial_number(identity.certificate) + _SHA256
        self._attributes = lru_cache(maxsize=4)(self._encode_attributes)
        self._frame = lru_cache(maxsize=16)(self._encode_frame)

    def sign(self, manifest: bytes, now: datetime) -> bytes:
        """The `signature` file for the bytes of a manifest.json.

        now: becomes the signing time, to the second; phones compare it with the certificate's validity.
        Raises CertificateExpired, CertificateNotYetValid.
        """
        second = int(now.timestamp())
        digest = sha256(manifest).digest()
        signature = self._sign(self._attributes(second) + digest)
        before_digest, before_signature = self._frame(second, len(signature))
        return b"".join((before_digest, digest, before_signature, signature))

    def _encode_attributes(self, second: int) -> bytes:
        """The signed attributes as they are signed, except for the digest, which is their end."""
        now = datetime.fromtimestamp(second, UTC)
        self._identity.check_validity(now)
        return _encode(der.SET, _signed_attributes(_NO_DIGEST, now)).removesuffix(_NO_DIGEST)

    def _encode_frame(self, second: int, signature_length: int) -> tuple[bytes, bytes]:
        """All of the file but the digest and the signature: what precedes the one and the other.

        The signature's length belongs to it because each surrounding element says how long it is: that of an RSA
        key never varies, that of an EC key by a few bytes.
        """
        # Signed is the SET, but inside the file the attributes are tagged [0] instead (RFC 5652, 5.4).
        attributes = _encode(der.CONTEXT_0, _signed_attributes(_NO_DIGEST, datetime.fromtimestamp(second, UTC)))
        signature = bytes(signature_length)
        signer_info = _encode(
            der.SEQUENCE,
            self._before_attributes,
            attributes,
            self._algorithm,
            _encode(der.OCTET_STRING, signature),
        )
        signed_data = _encode(der.SEQUENCE, self._before_signer_infos, _encode(der.SET, signer_info))
        whole = _encode(der.SEQUENCE, _SIGNED_DATA, _encode(der.CONTEXT_0, signed_data))
        before_digest, before_signature = whole.removesuffix(signature).rsplit(_NO_DIGEST, 1)
        return before_digest, before_signature


def _signing(key: PrivateKey) -> tuple[Callable[[bytes], bytes], bytes]:
    """How the key signs, and the algorithm's name in DER."""
    digest = SHA256()
    if isinstance(key, RSAPrivateKey):
        pkcs1 = padding.PKCS1v15()
        return lambda data: key.sign(data, pkcs1, digest), _RSA
    ecdsa = ec.ECDSA(digest)
    return lambda data: key.sign(data, ecdsa), _ECDSA_WITH_SHA256


def _signed_attributes(digest: bytes, now: datetime) -> bytes:
    # DER wants the members of a SET in the order of their encodings; the digest, the longest, always comes last.
    return b"".join(
        sorted(
            (
                _CONTENT_TYPE_ATTRIBUTE,
                _encode(der.SEQUENCE, _SIGNING_TIME, _encode(der.SET, _time(now))),
                _encode(der.SEQUENCE, _MESSAGE_DIGEST, _encode(der.SET, _encode(der.OCTET_STRING, digest))),
            )
        )
    )


def _time(now: datetime) -> bytes:
    """UTCTime until 2049, GeneralizedTime from 2050 on (RFC 5652, 11.3)."""
    utc = now.astimezone(UTC)
    if utc.year < 2050:
        return _encode(der.UTC_TIME, f"{utc:%y%m%d%H%M%SZ}".encode())
    return _encode(der.GENERALIZED_TIME, f"{utc:%Y%m%d%H%M%SZ}".encode())


def _issuer_and_serial_number(certificate: x509.Certificate) -> bytes:
    """Copied byte for byte from the certificate: readers compare names as bytes."""
    fields = der.read(certificate.tbs_certificate_bytes).children()
    if fields[0].tag == der.CONTEXT_0:  # the version, which certificates before X.509 v2 leave out
        fields = fields[1:]
    serial_number, _algorithm, issuer = fields[:3]
    return _encode(der.SEQUENCE, issuer.raw, serial_number.raw)
