"""Reading the pass certificate from whatever Apple, a keychain or OpenSSL wrote it into."""

import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from tests.apple.builders import openssl
from tests.apple.certificates import APPLE_WWDR, PASS_NAMES, Pair, a_pair
from walletpass.apple.certificates import (
    CertificateExpired,
    CertificateNotYetValid,
    Identity,
    KeyMismatch,
    MissingIntermediate,
    MissingKey,
    NotAPassCertificate,
    UnreadableFile,
    WrongPassword,
    import_p12,
    is_apples,
    load_identity,
)

PLAIN = NoEncryption()
SECRET = "correct horse"
Write = Callable[[str, bytes], Path]


@pytest.fixture(scope="module")
def root() -> Pair:
    return a_pair({NameOID.COMMON_NAME: "Root"})


@pytest.fixture(scope="module")
def wwdr(root: Pair) -> Pair:
    return a_pair(APPLE_WWDR, root)


@pytest.fixture(scope="module")
def leaf(wwdr: Pair) -> Pair:
    return a_pair(PASS_NAMES, wwdr)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(name: str, data: bytes) -> Path:
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    return written


def key_of(pair: Pair, encoding: Encoding = Encoding.PEM, how: KeySerializationEncryption = PLAIN) -> bytes:
    return pair.key.private_bytes(encoding, PrivateFormat.PKCS8, how)


def p12_of(leaf: Pair, *others: Pair, password: str | None = SECRET) -> bytes:
    encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    rest = [each.certificate for each in others]
    return pkcs12.serialize_key_and_certificates(b"stamps", leaf.key, leaf.certificate, rest, encryption)


def sees_the_pass(identity: Identity) -> bool:
    return (identity.pass_type_identifier, identity.team_identifier, identity.organization) == (
        "pass.com.example.stamps",
        "ABCDE12345",
        "Example Ltd",
    )


def test_the_names_in_a_pass_are_those_of_the_certificate(leaf: Pair, wwdr: Pair, write: Write) -> None:
    identity = load_identity(write("c.pem", leaf.pem), write("k.pem", key_of(leaf)), None, write("w.pem", wwdr.pem))
    assert sees_the_pass(identity)
    assert identity.intermediate == wwdr.certificate
    assert identity.not_after == leaf.certificate.not_valid_after_utc


def test_der_as_apple_hands_it_out_is_read_too(leaf: Pair, wwdr: Pair, write: Write) -> None:
    key = write("pass.key", key_of(leaf, Encoding.DER))
    assert sees_the_pass(load_identity(write("pass.cer", leaf.der), key, None, write("AppleWWDRCAG4.cer", wwdr.der)))


def test_one_pem_file_may_hold_everything(leaf: Pair, wwdr: Pair, root: Pair, write: Write) -> None:
    identity = load_identity(write("all.pem", root.pem + key_of(leaf) + wwdr.pem + leaf.pem))
    assert sees_the_pass(identity)
    assert identity.root == root.certificate


def test_an_encrypted_key_is_opened_with_its_password(leaf: Pair, wwdr: Pair, write: Write) -> None:
    key = write("k.pem", key_of(leaf, how=BestAvailableEncryption(SECRET.encode())))
    assert sees_the_pass(load_identity(write("c.pem", leaf.pem), key, SECRET, write("w.pem", wwdr.pem)))


def test_a_password_that_nothing_needs_does_no_harm(leaf: Pair, wwdr: Pair, write: Write) -> None:
    assert sees_the_pass(load_identity(write("all.pem", leaf.pem + key_of(leaf) + wwdr.pem), None, SECRET))


@pytest.mark.parametrize(("given", "words"), [("wrong", "does not open it"), (None, "no password was given")])
def test_a_key_that_stays_locked_is_named(leaf: Pair, write: Write, given: str | None, words: str) -> None:
    key = write("locked.pem", key_of(leaf, how=BestAvailableEncryption(SECRET.encode())))
    with pytest.raises(WrongPassword, match=f"locked.pem: .*{words}.*WALLETPASS_APPLE_KEY_PASSWORD"):
        load_identity(write("c.pem", leaf.pem), key, given)


@pytest.mark.parametrize("password", [SECRET, None])
def test_a_p12_may_hold_everything(leaf: Pair, wwdr: Pair, write: Write, password: str | None) -> None:
    assert sees_the_pass(load_identity(write("pass.p12", p12_of(leaf, wwdr, password=password)), None, password))


def test_a_p12_by_keychain_access_with_its_old_cipher_is_read(leaf: Pair, wwdr: Pair, write: Write) -> None:
    certificate, key = write("c.pem", leaf.pem), write("k.pem", key_of(leaf))
    p12 = certificate.with_name("old.p12")
    openssl(
        *("pkcs12", "-export", "-legacy", "-certpbe", "PBE-SHA1-RC2-40", "-keypbe", "PBE-SHA1-3DES"),
        *("-in", certificate, "-inkey", key, "-out", p12, "-passout", f"pass:{SECRET}"),
    )
    assert sees_the_pass(load_identity(p12, None, SECRET, write("w.pem", wwdr.pem)))


@pytest.mark.parametrize("given", ["wrong", None])
def test_a_p12_that_stays_locked_is_named(leaf: Pair, write: Write, given: str | None) -> None:
    with pytest.raises(WrongPassword, match=r"pass\.p12"):
        load_identity(write("pass.p12", p12_of(leaf)), None, given)


def test_the_key_belongs_to_one_of_the_certificates_or_to_none(
    leaf: Pair, wwdr: Pair, root: Pair, write: Write
) -> None:
    with pytest.raises(KeyMismatch, match="belongs to another certificate"):
        load_identity(write("c.pem", leaf.pem + wwdr.pem), write("k.pem", key_of(a_pair(PASS_NAMES, root))))


def test_a_certificate_without_its_key_is_not_enough(leaf: Pair, wwdr: Pair, write: Write) -> None:
    with pytest.raises(MissingKey, match=r"WALLETPASS_APPLE_KEY.*as \.p12"):
        load_identity(write("c.pem", leaf.pem), None, None, write("w.pem", wwdr.pem))


def test_without_the_intermediate_it_says_which_one_to_get_and_where(leaf: Pair, write: Write) -> None:
    with pytest.raises(MissingIntermediate, match=r"AppleWWDRCAG4\.cer from https://www\.apple\.com/certificateauth"):
        load_identity(write("all.pem", leaf.pem + key_of(leaf)))


def test_an_intermediate_of_the_same_name_with_another_key_is_not_taken(leaf: Pair, root: Pair, write: Write) -> None:
    impostor = a_pair(APPLE_WWDR, root)
    with pytest.raises(MissingIntermediate, match="found instead"):
        load_identity(write("all.pem", leaf.pem + key_of(leaf)), None, None, write("w.pem", impostor.pem))


@pytest.mark.parametrize("lacking", [NameOID.USER_ID, NameOID.ORGANIZATIONAL_UNIT_NAME])
def test_a_certificate_of_another_kind_is_not_taken(lacking: x509.ObjectIdentifier, wwdr: Pair, write: Write) -> None:
    other = a_pair({oid: value for oid, value in PASS_NAMES.items() if oid != lacking}, wwdr)
    with pytest.raises(NotAPassCertificate, match="make a Pass Type ID Certificate"):
        load_identity(write("all.pem", other.pem + key_of(other) + wwdr.pem))


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\x00",
        b"0",
        b"<!DOCTYPE html>",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        b"-----BEGIN %b-----\nAAAA\n-----END %b-----" % (b"PRIVATE KEY", b"PRIVATE KEY"),
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        b"\x30\x82\x01\x00\x02\x01\x03\x30",
        bytes(1000),
    ],
)
def test_a_file_that_is_none_of_these_is_named(garbage: bytes, write: Write) -> None:
    with pytest.raises((UnreadableFile, WrongPassword), match=r"odd\.file"):
        load_identity(write("odd.file", garbage))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"absent\.pem: cannot be read \(No such file"):
        load_identity(tmp_path / "absent.pem")


def test_keys_of_other_kinds_cannot_sign_passes(leaf: Pair, write: Write) -> None:
    key = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, PLAIN)
    with pytest.raises(UnreadableFile, match="neither RSA nor EC"):
        load_identity(write("c.pem", leaf.pem), write("k.pem", key))


def test_an_identity_never_prints_its_key(leaf: Pair, wwdr: Pair, write: Write) -> None:
    identity = load_identity(write("all.pem", leaf.pem + key_of(leaf) + wwdr.pem))
    assert "key" not in repr(identity).lower()


def test_for_tls_it_shows_the_certificate_and_then_its_issuer(leaf: Pair, wwdr: Pair, write: Write) -> None:
    identity = load_identity(write("all.pem", leaf.pem + key_of(leaf) + wwdr.pem))
    assert identity.chain_pem == leaf.pem + wwdr.pem
    assert load_pem_private_key(identity.key_pem, None).public_key() == leaf.key.public_key()


def test_validity_includes_its_first_and_its_last_second(leaf: Pair, wwdr: Pair, write: Write) -> None:
    identity = load_identity(write("all.pem", leaf.pem + key_of(leaf) + wwdr.pem))
    identity.check_validity(identity.not_before)
    identity.check_validity(identity.not_after)
    with pytest.raises(CertificateNotYetValid):
        identity.check_validity(identity.not_before - timedelta(seconds=1))
    with pytest.raises(CertificateExpired):
        identity.check_validity(identity.not_after + timedelta(seconds=1))


def test_a_name_alone_makes_no_certificate_apples(wwdr: Pair) -> None:
    namesake = a_pair(
        {
            NameOID.COMMON_NAME: "Apple Root CA",
            NameOID.ORGANIZATIONAL_UNIT_NAME: "Apple Certification Authority",
            NameOID.ORGANIZATION_NAME: "Apple Inc.",
            NameOID.COUNTRY_NAME: "US",
        }
    )
    assert not is_apples(wwdr.certificate)
    assert not is_apples(a_pair(APPLE_WWDR, namesake).certificate, namesake.certificate)


def test_importing_a_p12_leaves_files_that_can_be_loaded(leaf: Pair, wwdr: Pair, tmp_path: Path) -> None:
    imported = import_p12(p12_of(leaf, wwdr), SECRET, tmp_path / "certs")
    assert sees_the_pass(load_identity(imported.certificate, imported.key, None, imported.intermediate))


def test_an_imported_key_is_for_its_owner_only(leaf: Pair, wwdr: Pair, tmp_path: Path) -> None:
    imported = import_p12(p12_of(leaf, wwdr), SECRET, tmp_path)
    assert stat.S_IMODE(imported.key.stat().st_mode) == 0o600


def test_a_p12_without_the_intermediate_is_imported_without_it(leaf: Pair, tmp_path: Path) -> None:
    assert import_p12(p12_of(leaf), SECRET, tmp_path).intermediate is None


def test_importing_overwrites_nothing(leaf: Pair, wwdr: Pair, tmp_path: Path) -> None:
    import_p12(p12_of(leaf, wwdr), SECRET, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(UnreadableFile, match="already there; move it away"):
        import_p12(p12_of(a_pair(PASS_NAMES, wwdr), wwdr), SECRET, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_p12_of_another_kind_of_certificate_writes_nothing(tmp_path: Path) -> None:
    other = a_pair({NameOID.COMMON_NAME: "Apple Development"})
    with pytest.raises(NotAPassCertificate):
        import_p12(p12_of(other), SECRET, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_p12_is_what_import_wants(leaf: Pair, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"no \.p12"):
        import_p12(leaf.pem, SECRET, tmp_path)


def test_a_certificate_for_a_longer_key_is_just_as_good(wwdr: Pair, write: Write) -> None:
    long = a_pair(PASS_NAMES, wwdr, key=rsa.generate_private_key(public_exponent=65537, key_size=3072))
    assert sees_the_pass(load_identity(write("all.pem", long.pem + key_of(long) + wwdr.pem)))
