"""Certificates for trying everything out without Apple: the same names and the same shape, and plainly not Apple's.

root -> intermediate like Apple's WWDR -> pass certificate with its key; and a server certificate for the pretend APNs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from walletpass.apple.certificates import is_issued_by, same_key, write_private

PASS_TYPE_IDENTIFIER = "pass.sandbox.walletpass"
TEAM_IDENTIFIER = "SANDBOX123"

_ORGANIZATION = "walletpass sandbox"
_CA_LIFE = timedelta(days=3650)
_LEAF_LIFE = timedelta(days=365)  # as long as Apple's
_BEFORE_NOW = timedelta(days=1)  # clocks differ
_LEAST_LEFT = timedelta(days=1)  # anything closer to its end is made anew


@dataclass(frozen=True)
class Chain:
    """The PEM files of a sandbox chain; keys are readable by their owner only."""

    root: Path
    intermediate: Path
    pass_certificate: Path
    pass_key: Path
    server_certificate: Path
    server_key: Path


@dataclass(frozen=True)
class _Pair:
    certificate: x509.Certificate
    key: rsa.RSAPrivateKey


@dataclass(frozen=True)
class _Role:
    """What one certificate of the chain is to be."""

    file: str
    subject: x509.Name
    life: timedelta
    extensions: Sequence[tuple[x509.ExtensionType, bool]]


def make_chain(
    directory: Path,
    *,
    now: datetime,
    pass_type_identifier: str = PASS_TYPE_IDENTIFIER,
    team_identifier: str = TEAM_IDENTIFIER,
) -> Chain:
    """A sandbox chain in the directory. What is there and still good stays; the rest is made anew.

    Certificates that another issuer signed, that are about to end, damaged or for another name count as not good.
    """
    directory.mkdir(parents=True, exist_ok=True)
    root = _keep_or_make(directory, _ROOT, None, now)
    intermediate = _keep_or_make(directory, _INTERMEDIATE, root, now)
    _keep_or_make(directory, _pass_role(pass_type_identifier, team_identifier), intermediate, now)
    _keep_or_make(directory, _SERVER, root, now)
    return Chain(
        root=directory / "root.pem",
        intermediate=directory / "wwdr.pem",
        pass_certificate=directory / "pass.pem",
        pass_key=directory / "pass.key",
        server_certificate=directory / "server.pem",
        server_key=directory / "server.key",
    )


def _name(*parts: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def _usage(**granted: bool) -> x509.KeyUsage:
    every = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
        "key_cert_sign crl_sign encipher_only decipher_only"
    )
    return x509.KeyUsage(**{use: granted.get(use, False) for use in every.split()})


def _authority(path_length: int) -> Sequence[tuple[x509.ExtensionType, bool]]:
    return (
        (x509.BasicConstraints(ca=True, path_length=path_length), True),
        (_usage(key_cert_sign=True, crl_sign=True), True),
    )


def _leaf(purpose: x509.ObjectIdentifier) -> Sequence[tuple[x509.ExtensionType, bool]]:
    return (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(digital_signature=True, key_encipherment=True), True),
        (x509.ExtendedKeyUsage([purpose]), False),
    )


def _pass_role(pass_type_identifier: str, team_identifier: str) -> _Role:
    subject = _name(
        (NameOID.USER_ID, pass_type_identifier),
        (NameOID.COMMON_NAME, f"Pass Type ID: {pass_type_identifier}"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, team_identifier),
        (NameOID.ORGANIZATION_NAME, _ORGANIZATION),
        (NameOID.COUNTRY_NAME, "PL"),
    )
    # The same certificate signs passes and is the TLS client of APNs.
    return _Role("pass", subject, _LEAF_LIFE, _leaf(ExtendedKeyUsageOID.CLIENT_AUTH))


_ROOT = _Role(
    "root",
    _name((NameOID.ORGANIZATION_NAME, _ORGANIZATION), (NameOID.COMMON_NAME, "Sandbox Root CA")),
    _CA_LIFE,
    _authority(path_length=1),
)
_INTERMEDIATE = _Role(
    "wwdr",
    _name(
        (NameOID.COUNTRY_NAME, "PL"),
        (NameOID.ORGANIZATION_NAME, _ORGANIZATION),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "Sandbox G4"),
        (NameOID.COMMON_NAME, "Sandbox Worldwide Developer Relations Certification Authority"),
    ),
    _CA_LIFE,
    _authority(path_length=0),
)
_LOCALHOST = x509.SubjectAlternativeName(
    [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1")), x509.IPAddress(ip_address("::1"))]
)
_SERVER = _Role(
    "server",
    _name((NameOID.ORGANIZATION_NAME, _ORGANIZATION), (NameOID.COMMON_NAME, "localhost")),
    _LEAF_LIFE,
    (*_leaf(ExtendedKeyUsageOID.SERVER_AUTH), (_LOCALHOST, False)),
)


def _keep_or_make(directory: Path, role: _Role, issuer: _Pair | None, now: datetime) -> _Pair:
    pair = _read(directory, role)
    if pair is not None and _is_good(pair, role, issuer or pair, now):
        return pair
    pair = _make(role, issuer, now)
    key = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(directory / f"{role.file}.key", key)
    (directory / f"{role.file}.pem").write_bytes(pair.certificate.public_bytes(Encoding.PEM))
    return pair


def _read(directory: Path, role: _Role) -> _Pair | None:
    try:
        certificate = x509.load_pem_x509_certificate((directory / f"{role.file}.pem").read_bytes())
        key = load_pem_private_key((directory / f"{role.file}.key").read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return _Pair(certificate, key) if isinstance(key, rsa.RSAPrivateKey) else None


def _is_good(pair: _Pair, role: _Role, issuer: _Pair, now: datetime) -> bool:
    certificate = pair.certificate
    return (
        certificate.subject == role.subject
        and certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - _LEAST_LEFT
        and same_key(certificate, pair.key)
        and is_issued_by(certificate, issuer.certificate)
    )


def _make(role: _Role, issuer: _Pair | None, now: datetime) -> _Pair:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    issuer_key = issuer.key if issuer else key
    identifier_of = x509.SubjectKeyIdentifier.from_public_key
    builder = (
        x509.CertificateBuilder()
        .subject_name(role.subject)
        .issuer_name(issuer.certificate.subject if issuer else role.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEFORE_NOW)
        .not_valid_after(now - _BEFORE_NOW + role.life)
        .add_extension(identifier_of(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )
    for extension, critical in role.extensions:
        builder = builder.add_extension(extension, critical)
    return _Pair(builder.sign(issuer_key, SHA256()), key)
