"""Certificates that the sandbox chain does not have: other keys, other names, other times."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.apple.builders import NOON
from walletpass.apple.certificates import Identity, PrivateKey

APPLE_WWDR = {
    NameOID.COMMON_NAME: "Apple Worldwide Developer Relations Certification Authority",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "G4",
    NameOID.ORGANIZATION_NAME: "Apple Inc.",
    NameOID.COUNTRY_NAME: "US",
}
PASS_NAMES = {
    NameOID.USER_ID: "pass.com.example.stamps",
    NameOID.COMMON_NAME: "Pass Type ID: pass.com.example.stamps",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "ABCDE12345",
    NameOID.ORGANIZATION_NAME: "Example Ltd",
}


@dataclass(frozen=True)
class Pair:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


def a_pair(
    names: dict[x509.ObjectIdentifier, str],
    issuer: Pair | None = None,
    *,
    key: PrivateKey | None = None,
    not_before: datetime = NOON - timedelta(days=30),
    not_after: datetime = NOON + timedelta(days=300),
) -> Pair:
    """A certificate with these names; an authority exactly if it names no pass type."""
    key = key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in names.items()])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.BasicConstraints(ca=NameOID.USER_ID not in names, path_length=None), critical=True)
        .sign(issuer.key if issuer else key, SHA256())
    )
    return Pair(certificate, key)


def an_ec_identity(directory: Path, not_after: datetime = NOON + timedelta(days=300)) -> Identity:
    """An identity with EC keys throughout; its root is written to root.pem in the directory."""

    def new_key() -> PrivateKey:
        return ec.generate_private_key(ec.SECP256R1())

    root = a_pair({NameOID.COMMON_NAME: "Root"}, key=new_key(), not_after=not_after)
    intermediate = a_pair(APPLE_WWDR, root, key=new_key(), not_after=not_after)
    leaf = a_pair(PASS_NAMES, intermediate, key=new_key(), not_after=not_after)
    (directory / "root.pem").write_bytes(root.pem)
    return identity_of(leaf, intermediate)


def identity_of(leaf: Pair, intermediate: Pair, root: Pair | None = None) -> Identity:
    return Identity(
        certificate=leaf.certificate,
        private_key=leaf.key,
        intermediate=intermediate.certificate,
        pass_type_identifier=PASS_NAMES[NameOID.USER_ID],
        team_identifier=PASS_NAMES[NameOID.ORGANIZATIONAL_UNIT_NAME],
        organization=PASS_NAMES[NameOID.ORGANIZATION_NAME],
        root=root.certificate if root else None,
    )
