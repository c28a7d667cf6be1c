"""The pass certificate with its key: read from the files that Apple or a keychain hands out.

Source: Apple's "Create Wallet identifiers and certificates" and "Building a pass" (Wallet Passes).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID

APPLE_CERTIFICATES = "https://www.apple.com/certificateauthority/"
APPLE_INTERMEDIATES = frozenset(
    {"ea4757885538dd8cb59ff4556f676087d83c85e70902c122e42c0808b5bce14c"}  # WWDR G4, until 2030-12-10
)
"""SHA-256 of the certificates of Apple's that issue pass certificates."""
APPLE_ROOTS = frozenset({"b0b1730ecbc7ff4505142c49f1295e6eda6bcaed7e2c68c5be91b5a11001f024"})  # Apple Root CA
"""SHA-256 of the root certificates that Apple's intermediates lead to."""

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey

_PEM_KEY = re.compile(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.+?-----END \1-----", re.DOTALL)


class CertificateError(Exception):
    """A certificate or key that cannot be used; str(error) says what to do."""


class UnreadableFile(CertificateError):
    """A file that is missing, or that holds no certificate and no key."""

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path


class WrongPassword(CertificateError):
    """A key or .p12 that the given password does not open."""

    def __init__(self, path: Path | str, given: bool) -> None:
        problem = "the password does not open it" if given else "it is encrypted and no password was given"
        super().__init__(
            f"{path}: {problem}; give the one chosen at export, in WALLETPASS_APPLE_KEY_PASSWORD "
            "or to `walletpass certs import --password-stdin`"
        )
        self.path = path


class MissingKey(CertificateError):
    """Certificates without the private key that belongs to one of them."""


class KeyMismatch(CertificateError):
    """A private key that belongs to none of the certificates."""


class NotAPassCertificate(CertificateError):
    """A certificate without the names that Apple puts into a Pass Type ID certificate."""


class MissingIntermediate(CertificateError):
    """The certificate that issued the pass certificate is not there, or another one is."""

    def __init__(self, certificate: x509.Certificate, others: Iterable[x509.Certificate]) -> None:
        generation = first_value(certificate.issuer, NameOID.ORGANIZATIONAL_UNIT_NAME) or "G4"
        found = ", ".join(other.subject.rfc4514_string() for other in others)
        super().__init__(
            f"the pass certificate was issued by {certificate.issuer.rfc4514_string()}, whose certificate is missing"
            + (f" (found instead: {found})" if found else "")
            + f"; download AppleWWDRCA{generation}.cer from {APPLE_CERTIFICATES} and name it in "
            "WALLETPASS_APPLE_WWDR_CERTIFICATE"
        )


class CertificateExpired(CertificateError):
    """The pass certificate has ended; signatures made now would not be accepted."""

    def __init__(self, not_after: datetime) -> None:
        super().__init__(
            f"the pass certificate expired on {not_after:%Y-%m-%d}; make a new one for the same Pass Type ID in "
            "Apple's developer portal: issued cards keep working and updates resume with it"
        )


class CertificateNotYetValid(CertificateError):
    """The pass certificate has not begun, or the clock of this machine is behind."""

    def __init__(self, not_before: datetime) -> None:
        super().__init__(
            f"the pass certificate is valid from {not_before:%Y-%m-%d %H:%M} UTC only; "
            "check the clock of this machine (run NTP)"
        )


@dataclass(frozen=True)
class Identity:
    """Who signs: the pass certificate, its key, and the certificate that issued it.

    pass_type_identifier, team_identifier, organization: what the subject says under UID, OU and O.
    root: the issuer of the intermediate, when the files held it; passes never carry it.
    """

    certificate: x509.Certificate
    private_key: PrivateKey = field(repr=False)
    intermediate: x509.Certificate
    pass_type_identifier: str
    team_identifier: str
    organization: str
    root: x509.Certificate | None = None

    @property
    def not_before(self) -> datetime:
        return self.certificate.not_valid_before_utc

    @property
    def not_after(self) -> datetime:
        return self.certificate.not_valid_after_utc

    def check_validity(self, now: datetime) -> None:
        """Raises CertificateExpired or CertificateNotYetValid."""
        if now > self.not_after:
            raise CertificateExpired(self.not_after)
        if now < self.not_before:
            raise CertificateNotYetValid(self.not_before)

    @property
    def chain_pem(self) -> bytes:
        """The certificate followed by its issuer, as the client side of a TLS connection to APNs shows them."""
        return b"".join(each.public_bytes(Encoding.PEM) for each in (self.certificate, self.intermediate))

    @property
    def key_pem(self) -> bytes:
        """The private key, not encrypted: for memory, never for a log or a file that others can read."""
        return _key_pem(self.private_key)


def load_identity(
    certificate: Path, key: Path | None = None, key_password: str | None = None, wwdr: Path | None = None
) -> Identity:
    """The identity in the files; each may be PEM, DER or .p12, and one file may hold several parts.

    key_password: opens an encrypted key or .p12; ignored by files that are not encrypted.
    Raises UnreadableFile, WrongPassword, MissingKey, KeyMismatch, NotAPassCertificate, MissingIntermediate.
    """
    material = _Material()
    for path in (certificate, key, wwdr):
        if path is not None:
            material.add(_read(path), path, key_password)
    return material.identity()


@dataclass(frozen=True)
class Imported:
    """The files written from a .p12; `intermediate` is None when it held none."""

    certificate: Path
    key: Path
    intermediate: Path | None


def import_p12(data: bytes, password: str | None, directory: Path) -> Imported:
    """Write the pass certificate, key and intermediate in a .p12 as PEM files into the directory.

    The key is written without encryption, readable by its owner only. Nothing is overwritten.
    Raises UnreadableFile, WrongPassword, MissingKey, KeyMismatch, NotAPassCertificate.
    """
    if not _is_p12(data):
        raise UnreadableFile("the file", "this is no .p12; export the certificate row of Keychain Access as .p12")
    material = _Material()
    material.add(data, "the .p12", password)
    certificate = material.pass_certificate()
    subject_names(certificate)
    issuer = find_issuer(certificate, material.certificates)
    written = Imported(
        directory / "pass.pem", directory / "pass.key", directory / "wwdr.pem" if issuer is not None else None
    )
    _refuse_to_overwrite(written)
    directory.mkdir(parents=True, exist_ok=True)
    write_private(written.key, _key_pem(material.private_key()))
    written.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
    if issuer is not None and written.intermediate is not None:
        written.intermediate.write_bytes(issuer.public_bytes(Encoding.PEM))
    return written


def write_private(path: Path, data: bytes) -> None:
    """Write a file that nobody but its owner could read at any moment."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(data)


def find_issuer(certificate: x509.Certificate, candidates: Iterable[x509.Certificate]) -> x509.Certificate | None:
    """The candidate whose key signed the certificate, and whose name the certificate gives as its issuer."""
    return next((other for other in candidates if other != certificate and is_issued_by(certificate, other)), None)


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the names fit and the issuer's key made the certificate's signature."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def is_apples(intermediate: x509.Certificate, root: x509.Certificate | None = None) -> bool:
    """Whether an intermediate is pinned as Apple's, or was issued by a root (if given) that is.

    Fingerprints are pinned, not names: a name can be given to any certificate.
    """
    if intermediate.fingerprint(SHA256()).hex() in APPLE_INTERMEDIATES:
        return True
    if root is None or root.fingerprint(SHA256()).hex() not in APPLE_ROOTS:
        return False
    return is_issued_by(intermediate, root)


def first_value(name: x509.Name, oid: x509.ObjectIdentifier) -> str | None:
    """The first value of a kind in a distinguished name."""
    return next((str(attribute.value) for attribute in name.get_attributes_for_oid(oid)), None)


def subject_names(certificate: x509.Certificate) -> tuple[str, str, str]:
    """Pass type identifier, team identifier, organization. Raises NotAPassCertificate."""
    pass_type = first_value(certificate.subject, NameOID.USER_ID)
    team = first_value(certificate.subject, NameOID.ORGANIZATIONAL_UNIT_NAME)
    if not pass_type or not team:
        raise NotAPassCertificate(
            f"{certificate.subject.rfc4514_string()} is not a pass certificate: its subject lacks "
            f"{'UID' if not pass_type else 'OU'}; in Apple's developer portal make a Pass Type ID Certificate"
        )
    return pass_type, team, first_value(certificate.subject, NameOID.ORGANIZATION_NAME) or ""


def same_key(certificate: x509.Certificate, key: PrivateKey) -> bool:
    """Whether the certificate is for this private key."""
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == spki


class _Material:
    """All certificates and keys found in the files of one installation."""

    def __init__(self) -> None:
        self.certificates: list[x509.Certificate] = []
        self.keys: list[PrivateKey] = []

    def add(self, data: bytes, path: Path | str, password: str | None) -> None:
        if b"-----BEGIN" in data:
            self._add_pem(data, path, password)
        elif _is_p12(data):
            self._add_p12(data, path, password)
        else:
            self._add_der(data, path, password)

    def _add_pem(self, data: bytes, path: Path | str, password: str | None) -> None:
        keys = [match.group() for match in _PEM_KEY.finditer(data)]
        if b"-----BEGIN CERTIFICATE-----" in data:
            try:
                self.certificates += x509.load_pem_x509_certificates(data)
            except ValueError:
                raise UnreadableFile(path, "the certificate in it is damaged; download it again") from None
        elif not keys:
            raise UnreadableFile(path, "there is no certificate and no private key in it")
        for key in keys:
            self._add_key(key, path, password)

    def _add_p12(self, data: bytes, path: Path | str, password: str | None) -> None:
        try:
            store = pkcs12.load_pkcs12(data, password.encode() if password else None)
        except (ValueError, UnsupportedAlgorithm):
            raise WrongPassword(path, given=bool(password)) from None
        found = [store.cert, *store.additional_certs]
        self.certificates += [each.certificate for each in found if each is not None]
        if store.key is not None:
            self.keys.append(_supported(store.key, path))

    def _add_der(self, data: bytes, path: Path | str, password: str | None) -> None:
        try:
            self.certificates.append(x509.load_der_x509_certificate(data))
        except ValueError:
            self._add_key(data, path, password)

    def _add_key(self, data: bytes, path: Path | str, password: str | None) -> None:
        self.keys.append(_supported(_load_key(data, path, password), path))

    def private_key(self) -> PrivateKey:
        if not self.keys:
            raise MissingKey(
                "there is no private key for the pass certificate: name its file in WALLETPASS_APPLE_KEY, or export "
                "the certificate together with its key from the keychain as .p12"
            )
        return self.keys[0]

    def pass_certificate(self) -> x509.Certificate:
        """The certificate that the key belongs to. Raises MissingKey, KeyMismatch."""
        key = self.private_key()
        match = next((each for each in self.certificates if same_key(each, key)), None)
        if match is None:
            raise KeyMismatch(
                "the private key belongs to another certificate: use the key that the certificate's signing request "
                "was made with, or make a new certificate"
            )
        return match

    def identity(self) -> Identity:
        certificate = self.pass_certificate()
        pass_type, team, organization = subject_names(certificate)
        others = [each for each in self.certificates if each != certificate]
        intermediate = find_issuer(certificate, others)
        if intermediate is None:
            raise MissingIntermediate(certificate, others)
        root = find_issuer(intermediate, others)
        return Identity(certificate, self.private_key(), intermediate, pass_type, team, organization, root)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreadableFile(path, f"cannot be read ({error.strerror})") from None


def _is_p12(data: bytes) -> bool:
    # A PFX begins with SEQUENCE { INTEGER 3 ...; a certificate or key with a SEQUENCE or another number (RFC 7292).
    return data[:1] == b"\x30" and b"\x02\x01\x03\x30" in data[2:10]


def _load_key(data: bytes, path: Path | str, password: str | None) -> object:
    load = load_pem_private_key if data.startswith(b"-----BEGIN") else load_der_private_key
    try:
        return load(data, None)
    except TypeError:  # it is encrypted
        if not password:
            raise WrongPassword(path, given=False) from None
    except (ValueError, UnsupportedAlgorithm):
        raise UnreadableFile(path, "this is no certificate, private key or .p12") from None
    try:
        return load(data, password.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise WrongPassword(path, given=True) from None


def _supported(key: object, path: Path | str) -> PrivateKey:
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        raise UnreadableFile(path, "the key is neither RSA nor EC; make one with: openssl genrsa 2048")
    return key


def _key_pem(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _refuse_to_overwrite(files: Imported) -> None:
    for path in (files.certificate, files.key, files.intermediate):
        if path is not None and path.exists():
            raise UnreadableFile(path, "is already there; move it away first, or import into another folder")
