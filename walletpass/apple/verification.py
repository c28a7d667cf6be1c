"""Whether a phone would take a finished .pkpass, judged from the file alone.

Shares nothing with the code that makes passes but the reading of DER and the rules for pass.json.
Source: Apple, "Building a pass"; RFC 5652, section 5.6 (message digest and signature verification).
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NoReturn

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from walletpass.apple import cms, der
from walletpass.apple.archive import open_bundle
from walletpass.apple.certificates import (
    CertificateError,
    find_issuer,
    is_apples,
    is_issued_by,
    subject_names,
)
from walletpass.apple.cms import CmsSignature, read_signature
from walletpass.apple.der import BadDer
from walletpass.apple.findings import Finding, refused, unwise
from walletpass.apple.validation import findings as validation_findings

SIGNED_AHEAD = timedelta(minutes=5)
"""Clocks differ a little: only a signing time further in the future is worth a word."""

LARGEST_TEXT = 1_000_000
LARGEST_SIGNATURE = 100_000

_LONGEST_CHAIN = 4
_SHA1 = bytes.fromhex("2b0e03021a")
_DIGESTS: Mapping[bytes, hashes.HashAlgorithm] = {
    _SHA1: hashes.SHA1(),
    bytes.fromhex("608648016503040201"): hashes.SHA256(),
    bytes.fromhex("608648016503040202"): hashes.SHA384(),
    bytes.fromhex("608648016503040203"): hashes.SHA512(),
}
_PKCS1 = bytes.fromhex("2a864886f70d0101")  # rsaEncryption, sha256WithRSAEncryption, ...
_ECDSA = bytes.fromhex("2a8648ce3d04")  # ecdsa-with-SHA256, ...
_DIGEST = re.compile(r"[0-9a-f]{40}")
_SIGNING_FILES = {"manifest.json", "signature"}


@dataclass(frozen=True)
class Report:
    """What was found out about a file.

    faults: why a phone would refuse it. warnings: what it would put up with, and the user would not.
    files, pass_json: the content, as far as it could be read. signed_at, certificate: who signed it and when.
    """

    faults: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    pass_json: Mapping[str, Any] = field(default_factory=dict, repr=False)
    signed_at: datetime | None = None
    certificate: x509.Certificate | None = None

    @property
    def ok(self) -> bool:
        """Whether a phone would take it."""
        return not self.faults


def verify(pkpass: bytes, *, roots: Sequence[x509.Certificate] | None = None, now: datetime) -> Report:
    """Everything that a phone checks about the file. Never raises: what cannot be read is a fault.

    roots: the certificates that the chain must end in; None leaves out that last step, and says so when the
    intermediate is not known to be Apple's.
    """
    files, found = open_bundle(pkpass)
    if not files:
        return _report(found)
    document = _read_json(files, "pass.json", found)
    found += _manifest_findings(files, _read_json(files, "manifest.json", found))
    signature = _read_signature(files, found)
    if document:
        content = {name: data for name, data in files.items() if name not in _SIGNING_FILES}
        found += validation_findings(document, content)
    if signature is None:
        return _report(found, files=files, pass_json=document)
    found += signature_findings(signature, files.get("manifest.json", b""), roots, now)
    certificate = signature.signing_certificate()
    if certificate is not None and document:
        found += _name_findings(certificate, document)
    return _report(found, files=files, pass_json=document, signed_at=signature.signing_time(), certificate=certificate)


def _report(found: Sequence[Finding], **content: Any) -> Report:
    faults = tuple(_printable(finding.words) for finding in found if finding.refused)
    warnings = tuple(_printable(finding.words) for finding in found if not finding.refused)
    return Report(faults, warnings, **content)


def _printable(words: str) -> str:
    """Without the control signs that a stranger's file may bring to our terminals and logs."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in words)


def _read_json(files: Mapping[str, bytes], name: str, found: list[Finding]) -> dict[str, Any]:
    """The object in a JSON file; an empty one, and a finding, when there is none."""
    if name not in files:
        found.append(refused(f"{name} is missing at the top of the ZIP"))
        return {}
    if len(files[name]) > LARGEST_TEXT:
        found.append(refused(f"{name} is larger than {LARGEST_TEXT // 1_000_000} MB"))
        return {}
    try:
        value = json.loads(files[name].decode(), parse_constant=_refuse_constant, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        found.append(refused(f"{name} is not JSON: {error}"))
        return {}
    if not isinstance(value, dict) or not value:
        found.append(refused(f"{name} must be an object in {{ }} with something in it"))
        return {}
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key occurs twice in one object")
    return members


def _manifest_findings(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Iterator[Finding]:
    if not manifest:
        return
    for name in sorted(set(files) - set(manifest) - _SIGNING_FILES):
        yield refused(f"{name} is not in the manifest; leave it out of the ZIP or list it")
    for name, digest in manifest.items():
        if name in _SIGNING_FILES:
            yield refused(f"the manifest lists {name}; it must not")
        elif name not in files:
            yield refused(f"the manifest lists {name}, but the ZIP has no such file")
        elif not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            yield refused(f"the manifest's entry for {name} is not a SHA-1 digest in 40 small hexadecimal digits")
        elif hashlib.sha1(files[name], usedforsecurity=False).hexdigest() != digest:
            yield refused(f"{name} is not the file that the manifest describes; it was changed after signing")


def _read_signature(files: Mapping[str, bytes], found: list[Finding]) -> CmsSignature | None:
    if "signature" not in files:
        found.append(refused("signature is missing at the top of the ZIP"))
        return None
    if len(files["signature"]) > LARGEST_SIGNATURE:
        found.append(refused(f"signature is larger than {LARGEST_SIGNATURE // 1000} kB"))
        return None
    try:
        return read_signature(files["signature"])
    except BadDer as error:
        found.append(refused(f"signature is not a CMS signature in DER: {error}"))
        return None


def signature_findings(
    signature: CmsSignature, manifest: bytes, roots: Sequence[x509.Certificate] | None, now: datetime
) -> Iterator[Finding]:
    """What is wrong with a signature of the manifest. roots, now: see `verify`."""
    if not signature.detached:
        yield refused("signature contains the manifest; sign detached")
    yield from _digest_findings(signature, manifest)
    yield from _time_findings(signature, now)
    certificate = signature.signing_certificate()
    if certificate is None:
        yield refused("signature does not contain the pass certificate that made it; embed it")
        return
    if not _is_signed_by(signature, certificate):
        yield refused("the signature was not made with the key of the pass certificate in it, or it was changed")
    yield from _chain_findings(signature, certificate, roots)
    yield from _validity_findings(certificate, signature.signing_time(), now)


def _digest_findings(signature: CmsSignature, manifest: bytes) -> Iterator[Finding]:
    if not signature.attributes:
        yield refused("signature has no signed attributes; contentType, messageDigest and signingTime belong into it")
        return
    if signature.attribute(cms.CONTENT_TYPE, der.OBJECT_IDENTIFIER) != cms.DATA:
        yield refused("the signed attribute contentType is missing or does not say data")
    algorithm = _DIGESTS.get(signature.digest_algorithm)
    if algorithm is None:
        yield refused("signature uses a digest that phones do not know; use SHA-256")
        return
    if signature.digest_algorithm == _SHA1:
        yield unwise("signature uses SHA-1; use SHA-256")
    digest = hashes.Hash(algorithm)
    digest.update(manifest)
    if signature.attribute(cms.MESSAGE_DIGEST, der.OCTET_STRING) != digest.finalize():
        yield refused(
            "signature was made over another manifest.json, or over one with other line ends (sign as binary)"
        )


def _time_findings(signature: CmsSignature, now: datetime) -> Iterator[Finding]:
    signed_at = signature.signing_time()
    if cms.SIGNING_TIME not in signature.attributes:
        yield refused("the signed attribute signingTime is missing; Apple demands it")
    elif signed_at is None:
        yield refused("the signed attribute signingTime cannot be read")
    elif signed_at > now + SIGNED_AHEAD:
        yield unwise(
            f"it was signed in the future, at {signed_at:%Y-%m-%d %H:%M} UTC; check the signing machine's clock"
        )


def _is_signed_by(signature: CmsSignature, certificate: x509.Certificate) -> bool:
    key, algorithm = certificate.public_key(), _DIGESTS.get(signature.digest_algorithm)
    if algorithm is None:
        return False
    try:
        if isinstance(key, rsa.RSAPublicKey) and signature.signature_algorithm.startswith(_PKCS1):
            key.verify(signature.value, signature.signed, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and signature.signature_algorithm.startswith(_ECDSA):
            key.verify(signature.value, signature.signed, ec.ECDSA(algorithm))
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _chain_findings(
    signature: CmsSignature, certificate: x509.Certificate, roots: Sequence[x509.Certificate] | None
) -> Iterator[Finding]:
    chain = [certificate]
    while len(chain) < _LONGEST_CHAIN and (issuer := find_issuer(chain[-1], signature.certificates)) is not None:
        chain.append(issuer)
    if len(chain) == 1:
        yield refused(
            f"signature lacks the certificate that issued the pass certificate, "
            f"{certificate.issuer.rfc4514_string()}; embed that WWDR intermediate"
        )
        return
    if not all(map(_is_authority, chain[1:])):
        yield refused("a certificate in the chain may not issue others; embed Apple's WWDR intermediate")
    for issuer in chain[1:]:
        yield from _validity_findings_of_issuer(issuer, signature.signing_time())
    if roots is not None and not any(
        each in roots or any(is_issued_by(each, root) for root in roots) for each in chain
    ):
        yield refused(f"{chain[-1].subject.rfc4514_string()} leads to none of the trusted root certificates")
    if roots is None and not is_apples(chain[1]):
        yield unwise(
            f"it was signed in a chain that is not known to be Apple's, {chain[1].subject.rfc4514_string()}; "
            "real phones take passes from Apple's chain only"
        )


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _validity_findings(certificate: x509.Certificate, signed_at: datetime | None, now: datetime) -> Iterator[Finding]:
    if signed_at is not None and not _was_valid(certificate, signed_at):
        yield refused(
            f"it was signed at {signed_at:%Y-%m-%d %H:%M} UTC, but the pass certificate is valid from "
            f"{certificate.not_valid_before_utc:%Y-%m-%d} to {certificate.not_valid_after_utc:%Y-%m-%d}"
        )
    if now > certificate.not_valid_after_utc:
        yield unwise("the pass certificate has expired since; the pass works on, but cannot be updated with it")


def _validity_findings_of_issuer(issuer: x509.Certificate, signed_at: datetime | None) -> Iterator[Finding]:
    if signed_at is not None and not _was_valid(issuer, signed_at):
        yield refused(
            f"{issuer.subject.rfc4514_string()} was not valid when the pass was signed; embed the present one"
        )


def _was_valid(certificate: x509.Certificate, moment: datetime) -> bool:
    return certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc


def _name_findings(certificate: x509.Certificate, document: Mapping[str, Any]) -> Iterator[Finding]:
    try:
        pass_type, team, _organization = subject_names(certificate)
    except CertificateError as error:
        yield refused(str(error))
        return
    for key, name in (("passTypeIdentifier", pass_type), ("teamIdentifier", team)):
        if document.get(key) != name:
            yield refused(f"{key} in pass.json is {document.get(key)!r}, but the pass certificate says {name!r}")
