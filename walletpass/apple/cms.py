"""Reading a `signature` file: CMS SignedData in DER, by whomever it was written (RFC 5652)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from walletpass.apple import der
from walletpass.apple.der import BadDer, Element

_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    UserWarning,  # where warnings are errors
)
"""All that `cryptography` raises about certificates that it cannot read."""


def _oid(hexadecimal: str) -> bytes:
    return bytes.fromhex(hexadecimal)


DATA = _oid("2a864886f70d010701")
SIGNED_DATA = _oid("2a864886f70d010702")
CONTENT_TYPE = _oid("2a864886f70d010903")
MESSAGE_DIGEST = _oid("2a864886f70d010904")
SIGNING_TIME = _oid("2a864886f70d010905")


@dataclass(frozen=True)
class CmsSignature:
    """What a signature file says; nothing in it has been checked against anything.

    certificates: all that are embedded, in their order. detached: whether the signed content is left out.
    signer: the DER of the signer's issuer and serial number, or of its subject key identifier.
    digest_algorithm, signature_algorithm: object identifiers, encoded.
    attributes: the values of the signed attributes by object identifier. signed: the bytes that the value signs.
    """

    certificates: tuple[x509.Certificate, ...]
    detached: bool
    signer: Element
    digest_algorithm: bytes
    attributes: Mapping[bytes, Element]
    signed: bytes
    signature_algorithm: bytes
    value: bytes

    def signing_certificate(self) -> x509.Certificate | None:
        """The embedded certificate that the signer names."""
        return next((each for each in self.certificates if _is_named_by(each, self.signer)), None)

    def attribute(self, oid: bytes, tag: int) -> bytes | None:
        """The value of a signed attribute, or None when it is absent or of another type."""
        value = self.attributes.get(oid)
        return value.content if value is not None and value.tag == tag else None

    def signing_time(self) -> datetime | None:
        """The signed time, or None when there is none that can be read."""
        value = self.attributes.get(SIGNING_TIME)
        return None if value is None else _time(value)


def read_signature(data: bytes) -> CmsSignature:
    """The signature in the bytes. Raises BadDer for anything that is not CMS SignedData by one signer."""
    kind, wrapped, *_ = _members(der.read(data).expect(der.SEQUENCE), 2)
    if kind.expect(der.OBJECT_IDENTIFIER).content != SIGNED_DATA:
        raise BadDer("it is CMS, but not SignedData")
    (signed_data,) = _members(wrapped.expect(der.CONTEXT_0), 1)[:1]
    _version, _digests, content, *rest = _members(signed_data.expect(der.SEQUENCE), 4)
    *optional, signer_infos = rest  # certificates, then revocation lists, each only if there are any
    embedded = [each for part in optional if part.tag == der.CONTEXT_0 for each in part.children()]
    signers = signer_infos.expect(der.SET).children()
    if len(signers) != 1:
        raise BadDer(f"it has {len(signers)} signers instead of one")
    return _signer_info(signers[0], tuple(map(_certificate, embedded)), len(content.children()) == 1)


def _signer_info(signer_info: Element, certificates: tuple[x509.Certificate, ...], detached: bool) -> CmsSignature:
    _version, signer, digest, *rest = _members(signer_info.expect(der.SEQUENCE), 5)
    attributes: dict[bytes, Element] = {}
    signed = b""
    if rest[0].tag == der.CONTEXT_0:
        given = rest.pop(0)
        attributes = dict(map(_attribute, given.children()))
        signed = bytes((der.SET,)) + given.raw[1:]  # signed as the SET that it is, tagged [0] in the file
    algorithm, value, *_ = [*rest, None, None]
    if algorithm is None or value is None:
        raise BadDer("the signature value is missing")
    return CmsSignature(
        certificates=certificates,
        detached=detached,
        signer=signer,
        digest_algorithm=_algorithm(digest),
        attributes=attributes,
        signed=signed,
        signature_algorithm=_algorithm(algorithm),
        value=value.expect(der.OCTET_STRING).content,
    )


def _members(element: Element, least: int) -> list[Element]:
    members = element.children()
    if len(members) < least:
        raise BadDer(f"{least - len(members)} parts are missing")
    return members


def _algorithm(element: Element) -> bytes:
    return _members(element.expect(der.SEQUENCE), 1)[0].expect(der.OBJECT_IDENTIFIER).content


def _attribute(element: Element) -> tuple[bytes, Element]:
    oid, values, *_ = _members(element.expect(der.SEQUENCE), 2)
    return oid.expect(der.OBJECT_IDENTIFIER).content, _members(values.expect(der.SET), 1)[0]


def _certificate(element: Element) -> x509.Certificate:
    try:
        certificate = x509.load_der_x509_certificate(element.raw)
        # Some parts are only read when they are asked for: ask now, while there is somebody to catch it.
        certificate.public_key(), certificate.extensions, certificate.not_valid_before_utc
        certificate.not_valid_after_utc, certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
    except _UNREADABLE as error:
        raise BadDer("an embedded certificate is damaged") from error
    return certificate


def _is_named_by(certificate: x509.Certificate, signer: Element) -> bool:
    if signer.tag == der.CONTEXT_0_PRIMITIVE:
        return _key_identifier(certificate) == signer.content
    parts = der.read(certificate.tbs_certificate_bytes).children()
    serial_number, _algorithm, issuer, *_ = parts[1:] if parts[0].tag == der.CONTEXT_0 else parts
    return signer.content == issuer.raw + serial_number.raw


def _key_identifier(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None


def _time(value: Element) -> datetime | None:
    text = value.content.decode("ascii", "replace")
    if value.tag == der.UTC_TIME:
        text = ("20" if text[:2] < "50" else "19") + text  # RFC 5280, 4.1.2.5.1
    elif value.tag != der.GENERALIZED_TIME:
        return None
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
