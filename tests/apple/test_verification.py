"""Whether a phone would take a file: the verdict on good passes, on tampered ones, and on garbage."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.apple.builders import BASE_URL, KEYRING, NOON, a_face, openssl, pass_json_of, unzipped
from tests.apple.certificates import APPLE_WWDR, PASS_NAMES, Pair, a_pair, an_ec_identity, identity_of
from walletpass.apple.certificates import Identity
from walletpass.apple.cms import read_signature
from walletpass.apple.der import BadDer
from walletpass.apple.renderer import PassRenderer
from walletpass.apple.signing import Signer
from walletpass.apple.verification import Report, verify
from walletpass.sandbox.chain import Chain

Verify = Callable[[bytes], Report]
Sign = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def pkpass(identity: Identity) -> bytes:
    return PassRenderer(identity, KEYRING, BASE_URL).render(a_face(), None, NOON)


@pytest.fixture(scope="module")
def judged(root: x509.Certificate) -> Verify:
    return lambda data: verify(data, roots=[root], now=NOON)


@pytest.fixture(scope="module")
def sign(identity: Identity) -> Sign:
    return lambda manifest: Signer(identity).sign(manifest, NOON)


def zipped(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def resigned(files: dict[str, bytes], sign: Sign) -> bytes:
    """The files with a manifest and a signature that fit them."""
    rest = {name: content for name, content in files.items() if name not in ("manifest.json", "signature")}
    manifest = json.dumps({name: hashlib.sha1(content).hexdigest() for name, content in rest.items()}).encode()
    return zipped({**rest, "manifest.json": manifest, "signature": sign(manifest)})


def with_document(pkpass: bytes, sign: Sign, **changes: Any) -> bytes:
    document = json.dumps({**pass_json_of(pkpass), **changes}).encode()
    return resigned({**unzipped(pkpass), "pass.json": document}, sign)


# What is taken


def test_a_pass_of_ours_is_taken(pkpass: bytes, judged: Verify, identity: Identity) -> None:
    report = judged(pkpass)
    assert report.ok
    assert report.signed_at == NOON
    assert report.certificate == identity.certificate
    assert report.pass_json == pass_json_of(pkpass)
    assert report.files == unzipped(pkpass)


def test_a_pass_zipped_and_signed_by_other_tools_is_taken(
    pkpass: bytes, chain: Chain, judged: Verify, tmp_path: Path
) -> None:
    (tmp_path / "manifest.json").write_bytes(unzipped(pkpass)["manifest.json"])
    openssl(
        *("smime", "-sign", "-binary", "-signer", chain.pass_certificate, "-inkey", chain.pass_key),
        *("-certfile", chain.intermediate, "-in", tmp_path / "manifest.json"),
        *("-out", tmp_path / "signature", "-outform", "DER", "-md", "sha256"),
    )
    files = {**unzipped(pkpass), "signature": (tmp_path / "signature").read_bytes()}
    report = verify(zipped(files), roots=[x509.load_pem_x509_certificate(chain.root.read_bytes())], now=NOON)
    # OpenSSL signs by its own clock; whether that lies in the validity of the tests' certificates is another matter.
    assert [fault for fault in report.faults if "valid" not in fault] == []


def test_a_pass_signed_with_an_ec_key_is_taken(tmp_path: Path) -> None:
    identity = an_ec_identity(tmp_path)
    pkpass = PassRenderer(identity, KEYRING, BASE_URL).render(a_face(), None, NOON)
    root = x509.load_pem_x509_certificate((tmp_path / "root.pem").read_bytes())
    assert verify(pkpass, roots=[root], now=NOON).faults == ()


def test_folders_in_the_zip_are_no_files(pkpass: bytes, judged: Verify) -> None:
    file = io.BytesIO(pkpass)
    with zipfile.ZipFile(file, "a") as archive:
        archive.mkdir("en.lproj")
    assert judged(file.getvalue()).ok


def test_without_roots_a_chain_that_is_not_apples_is_worth_a_warning(pkpass: bytes) -> None:
    report = verify(pkpass, now=NOON)
    assert report.ok
    assert ["real phones take passes from Apple's chain only" in warning for warning in report.warnings] == [True]


def test_an_expired_certificate_leaves_passes_signed_before_in_order(
    pkpass: bytes, identity: Identity, root: x509.Certificate
) -> None:
    report = verify(pkpass, roots=[root], now=identity.not_after + timedelta(days=1))
    assert report.ok
    assert "has expired since" in report.warnings[0]


def test_what_wallet_puts_up_with_is_a_warning(pkpass: bytes, judged: Verify, sign: Sign) -> None:
    files = {name: content for name, content in unzipped(pkpass).items() if name != "icon@3x.png"}
    report = judged(resigned(files, sign))
    assert report.ok
    assert report.warnings == ("icon@3x.png is missing; give every image in all three sizes",)


# Manifest and container


@pytest.mark.parametrize("name", ["pass.json", "icon.png", "pl.lproj/pass.strings"])
def test_a_file_changed_after_signing_is_found(pkpass: bytes, judged: Verify, name: str) -> None:
    files = unzipped(pkpass)
    report = judged(zipped({**files, name: files[name] + b" "}))
    assert f"{name} is not the file that the manifest describes; it was changed after signing" in report.faults


@pytest.mark.parametrize("name", [".DS_Store", "__MACOSX/._icon.png", "en.lproj/logo.png", "notes.txt"])
def test_a_stray_file_is_found(pkpass: bytes, judged: Verify, name: str) -> None:
    report = judged(zipped({**unzipped(pkpass), name: b"stray"}))
    assert f"{name} is not in the manifest; leave it out of the ZIP or list it" in report.faults


def test_a_file_that_only_the_manifest_knows_is_found(pkpass: bytes, judged: Verify) -> None:
    files = {name: content for name, content in unzipped(pkpass).items() if name != "logo.png"}
    assert "the manifest lists logo.png, but the ZIP has no such file" in judged(zipped(files)).faults


@pytest.mark.parametrize("name", ["pass.json", "manifest.json", "signature"])
def test_the_three_files_of_every_pass_may_not_be_missing(pkpass: bytes, judged: Verify, name: str) -> None:
    files = {other: content for other, content in unzipped(pkpass).items() if other != name}
    assert f"{name} is missing at the top of the ZIP" in judged(zipped(files)).faults


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (b"[]", "manifest.json must be an object"),
        (b"{}", "manifest.json must be an object"),
        (b'{"a": 1,}', "manifest.json is not JSON"),
        (b'\xef\xbb\xbf{"a": "b"}', "manifest.json is not JSON"),
        (b'{"pass.json": 5}', "pass.json is not a SHA-1 digest"),
        (b'{"pass.json": "ABCDEF"}', "pass.json is not a SHA-1 digest"),
        (b'{"signature": "da39a3ee5e6b4b0d3255bfef95601890afd80709"}', "the manifest lists signature; it must not"),
    ],
)
def test_a_manifest_of_another_form_is_found(
    pkpass: bytes, judged: Verify, sign: Sign, manifest: bytes, words: str
) -> None:
    files = {**unzipped(pkpass), "manifest.json": manifest, "signature": sign(manifest)}
    assert any(words in fault for fault in judged(zipped(files)).faults)


def test_a_folder_around_the_files_is_found(pkpass: bytes, judged: Verify) -> None:
    files = {f"card/{name}": content for name, content in unzipped(pkpass).items()}
    report = judged(zipped(files))
    assert "the files lie in a folder 'card'; put the folder's content into the ZIP, not the folder" in report.faults


@pytest.mark.parametrize("name", ["../evil.png", "/etc/evil.png", "a\\b.png"])
def test_a_path_that_leads_out_of_the_pass_is_found(pkpass: bytes, judged: Verify, name: str) -> None:
    report = judged(zipped({**unzipped(pkpass), name: b""}))
    assert any("is no path inside a pass" in fault for fault in report.faults)


def test_a_file_that_is_there_twice_is_found(pkpass: bytes, judged: Verify) -> None:
    file = io.BytesIO(pkpass)
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("pass.json", b"{}")
    assert judged(file.getvalue()).faults == ("pass.json is in the ZIP 2 times; keep one",)


def test_an_encrypted_file_is_found(pkpass: bytes, judged: Verify) -> None:
    marked = bytearray(pkpass)
    at = pkpass.index(b"PK\x01\x02")
    marked[at + 8] |= 1
    assert judged(bytes(marked)).faults == ("icon.png is encrypted; make the ZIP without a password",)


def test_a_rare_compression_is_found(pkpass: bytes, judged: Verify) -> None:
    report = judged(zipped(unzipped(pkpass), zipfile.ZIP_LZMA))
    assert "icon.png is compressed in a rare way; make the ZIP with ordinary deflate" in report.faults


def test_a_zip_bomb_is_not_unpacked(judged: Verify) -> None:
    (fault,) = judged(zipped({"pass.json": bytes(31_000_000)})).faults
    assert "unpacks to more than" in fault


def test_a_zip_bomb_that_lies_about_its_size_is_not_unpacked(judged: Verify) -> None:
    data = bytearray(zipped({"pass.json": bytes(31_000_000)}))
    for header, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = data.index(header) + at
        data[place : place + 4] = (1000).to_bytes(4, "little")
    (fault,) = judged(bytes(data)).faults
    assert "damaged" in fault


def test_a_zip_of_too_many_files_is_not_unpacked(judged: Verify) -> None:
    (fault,) = judged(zipped({f"{n}.png": b"" for n in range(1001)})).faults
    assert "more than 1000 files" in fault


def test_a_file_too_large_for_a_pass_is_not_even_opened(judged: Verify) -> None:
    (fault,) = judged(b"PK\x03\x04" + bytes(10_000_000)).faults
    assert "larger than 10 MB" in fault


@pytest.mark.parametrize("name", ["pass.json", "manifest.json", "signature"])
def test_a_part_too_large_to_be_real_is_not_read(pkpass: bytes, judged: Verify, name: str) -> None:
    report = judged(zipped({**unzipped(pkpass), name: b" " * 1_000_001}))
    assert any(fault.startswith(f"{name} is larger than") for fault in report.faults)


# pass.json


@pytest.mark.parametrize("key", ["passTypeIdentifier", "teamIdentifier"])
def test_a_name_other_than_the_certificates_is_found(pkpass: bytes, judged: Verify, sign: Sign, key: str) -> None:
    other = {"passTypeIdentifier": "pass.com.example.other", "teamIdentifier": "OTHERTEAM1"}[key]
    (fault,) = judged(with_document(pkpass, sign, **{key: other})).faults
    assert fault.startswith(f"{key} in pass.json is {other!r}, but the pass certificate says")


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"a": 1,}',
        b'{"a": NaN}',
        b'{"a": 1, "a": 2}',
        b"\xef\xbb\xbf{}",
        b"\xff",
        b"[" * 9999,
    ],
)
def test_a_document_that_is_no_json_is_found(pkpass: bytes, judged: Verify, sign: Sign, document: bytes) -> None:
    report = judged(resigned({**unzipped(pkpass), "pass.json": document}, sign))
    assert any(fault.startswith("pass.json ") for fault in report.faults)


def test_the_rules_for_pass_json_are_applied(pkpass: bytes, judged: Verify, sign: Sign) -> None:
    report = judged(with_document(pkpass, sign, voided="yes", formatVersion=2))
    assert report.faults == ("voided must be true or false without quotes", "formatVersion must be 1")


def test_control_signs_of_a_stranger_do_not_reach_the_terminal(pkpass: bytes, judged: Verify, sign: Sign) -> None:
    report = judged(resigned({**unzipped(pkpass), "\x1b[31mred.png": b"", "n\new": b""}, sign))
    assert not any(not sign.isprintable() for word in (*report.faults, *report.warnings) for sign in word)


# The signature


def faults_of(pkpass: bytes, signature: bytes, judged: Verify) -> tuple[str, ...]:
    return judged(zipped({**unzipped(pkpass), "signature": signature})).faults


@pytest.mark.parametrize("signature", [b"", b"0", b"-----BEGIN CMS-----", b"\x30\x80\x06\x09", b"\x30\x03\x02\x01\x01"])
def test_a_signature_that_is_not_cms_is_found(pkpass: bytes, judged: Verify, signature: bytes) -> None:
    (fault,) = faults_of(pkpass, signature, judged)
    assert fault.startswith("signature is not a CMS signature in DER")


def test_a_signature_over_another_manifest_is_found(pkpass: bytes, judged: Verify, sign: Sign) -> None:
    (fault,) = faults_of(pkpass, sign(b"{}"), judged)
    assert fault.startswith("signature was made over another manifest.json")


def test_a_signature_with_a_changed_value_is_found(pkpass: bytes, judged: Verify) -> None:
    signature = unzipped(pkpass)["signature"]
    (fault,) = faults_of(pkpass, signature[:-1] + bytes([signature[-1] ^ 1]), judged)
    assert fault.startswith("the signature was not made with the key of the pass certificate")


def test_a_signing_time_changed_afterwards_is_found(pkpass: bytes, judged: Verify) -> None:
    signature = unzipped(pkpass)["signature"]
    (fault,) = faults_of(pkpass, signature.replace(b"261120120000Z", b"261120120001Z"), judged)
    assert fault.startswith("the signature was not made with the key of the pass certificate")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["-nodetach"], "signature contains the manifest; sign detached"),
        (["-noattr"], "signature has no signed attributes"),
        (["-nocerts"], "signature does not contain the pass certificate that made it; embed it"),
    ],
)
def test_what_openssl_leaves_out_when_asked_is_found(
    pkpass: bytes, chain: Chain, judged: Verify, tmp_path: Path, options: list[str], words: str
) -> None:
    (tmp_path / "manifest.json").write_bytes(unzipped(pkpass)["manifest.json"])
    openssl(
        *("cms", "-sign", "-binary", "-signer", chain.pass_certificate, "-inkey", chain.pass_key),
        *("-certfile", chain.intermediate, "-in", tmp_path / "manifest.json"),
        *("-out", tmp_path / "signature", "-outform", "DER"),
        *options,
    )
    assert any(words in fault for fault in faults_of(pkpass, (tmp_path / "signature").read_bytes(), judged))


def test_a_signature_without_the_intermediate_is_found(
    pkpass: bytes, chain: Chain, judged: Verify, tmp_path: Path
) -> None:
    (tmp_path / "manifest.json").write_bytes(unzipped(pkpass)["manifest.json"])
    openssl(
        *("cms", "-sign", "-binary", "-signer", chain.pass_certificate, "-inkey", chain.pass_key),
        *("-in", tmp_path / "manifest.json", "-out", tmp_path / "signature", "-outform", "DER"),
    )
    faults = faults_of(pkpass, (tmp_path / "signature").read_bytes(), judged)
    assert any("lacks the certificate that issued the pass certificate" in fault for fault in faults)


def builder_signature(
    identity: Identity, manifest: bytes, digest: SHA1 | SHA256, *options: pkcs7.PKCS7Options
) -> bytes:
    """A signature by the builder of `cryptography`, at the time of the machine."""
    builder = (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(manifest)
        .add_signer(
            identity.certificate,
            identity.private_key,
            digest,  # type: ignore[arg-type]
        )
    )
    return builder.add_certificate(identity.intermediate).sign(
        Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature, *options]
    )


def test_a_signature_by_the_builder_of_cryptography_is_sound(pkpass: bytes, identity: Identity, judged: Verify) -> None:
    signature = builder_signature(
        identity,
        unzipped(pkpass)["manifest.json"],
        SHA256(),
        pkcs7.PKCS7Options.Binary,
        pkcs7.PKCS7Options.NoCapabilities,
    )
    assert [fault for fault in faults_of(pkpass, signature, judged) if "valid" not in fault] == []


def test_a_signature_by_another_key_of_the_same_names_is_found(pkpass: bytes, judged: Verify) -> None:
    root = a_pair({NameOID.COMMON_NAME: "Sandbox Root CA", NameOID.ORGANIZATION_NAME: "walletpass sandbox"})
    wwdr = a_pair(APPLE_WWDR, root)
    signer = Signer(identity_of(a_pair(PASS_NAMES, wwdr), wwdr))
    report = judged(with_document(pkpass, lambda manifest: signer.sign(manifest, NOON), **named(PASS_NAMES)))
    assert report.faults == (
        f"{wwdr.certificate.subject.rfc4514_string()} leads to none of the trusted root certificates",
    )


def named(names: dict[x509.ObjectIdentifier, str]) -> dict[str, str]:
    return {
        "passTypeIdentifier": names[NameOID.USER_ID],
        "teamIdentifier": names[NameOID.ORGANIZATIONAL_UNIT_NAME],
    }


def judged_chain(pkpass: bytes, leaf: Pair, wwdr: Pair, root: Pair) -> Report:
    signer = Signer(identity_of(leaf, wwdr))
    document = with_document(pkpass, lambda manifest: signer.sign(manifest, NOON), **named(PASS_NAMES))
    return verify(document, roots=[root.certificate], now=NOON)


def test_a_chain_to_a_trusted_root_is_taken(pkpass: bytes) -> None:
    root = a_pair({NameOID.COMMON_NAME: "Root"})
    wwdr = a_pair(APPLE_WWDR, root)
    assert judged_chain(pkpass, a_pair(PASS_NAMES, wwdr), wwdr, root).faults == ()


def test_an_intermediate_that_had_ended_is_found(pkpass: bytes) -> None:
    root = a_pair({NameOID.COMMON_NAME: "Root"})
    wwdr = a_pair(APPLE_WWDR, root, not_after=NOON - timedelta(days=1))
    (fault,) = judged_chain(pkpass, a_pair(PASS_NAMES, wwdr), wwdr, root).faults
    assert "was not valid when the pass was signed" in fault


def test_a_pass_certificate_may_not_issue_others(pkpass: bytes) -> None:
    root = a_pair({NameOID.COMMON_NAME: "Root"})
    wwdr = a_pair({**APPLE_WWDR, NameOID.USER_ID: "pass.com.example.rogue"}, root)
    (fault,) = judged_chain(pkpass, a_pair(PASS_NAMES, wwdr), wwdr, root).faults
    assert "may not issue others" in fault


class Careless(Identity):
    """Signs at any time."""

    def check_validity(self, now: datetime) -> None:
        pass


@pytest.mark.parametrize("shift", [timedelta(days=-31), timedelta(days=301)])
def test_a_signing_time_outside_the_certificates_validity_is_found(pkpass: bytes, shift: timedelta) -> None:
    root = a_pair({NameOID.COMMON_NAME: "Root"}, not_before=NOON - timedelta(900), not_after=NOON + timedelta(900))
    wwdr = a_pair(APPLE_WWDR, root, not_before=NOON - timedelta(900), not_after=NOON + timedelta(900))
    identity = identity_of(a_pair(PASS_NAMES, wwdr), wwdr)
    careless = Careless(**{each.name: getattr(identity, each.name) for each in fields(Identity)})
    signer = Signer(careless)
    data = with_document(pkpass, lambda manifest: signer.sign(manifest, NOON + shift), **named(PASS_NAMES))
    (fault,) = verify(data, roots=[root.certificate], now=NOON + shift).faults
    assert "but the pass certificate is valid from" in fault


def test_a_pass_from_the_future_points_at_the_signing_clock(pkpass: bytes, root: x509.Certificate) -> None:
    report = verify(pkpass, roots=[root], now=NOON - timedelta(hours=2))
    assert report.ok
    assert "check the signing machine's clock" in report.warnings[0]


# Garbage


@given(data=st.binary(max_size=300))
@settings(deadline=None)
def test_garbage_is_a_fault(judged: Verify, data: bytes) -> None:
    assert not judged(data).ok
    assert not judged(b"PK\x03\x04" + data).ok


@given(at=st.integers(0, 2**32), what=st.binary(min_size=1, max_size=8), drop=st.integers(0, 60))
@settings(deadline=None, max_examples=300)
def test_a_damaged_pass_never_raises(pkpass: bytes, judged: Verify, at: int, what: bytes, drop: int) -> None:
    place = at % len(pkpass)
    report = judged(pkpass[:place] + what + pkpass[place + drop :])
    assert report.ok == (not report.faults)


@given(at=st.integers(0, 2**32), what=st.binary(min_size=1, max_size=4))
@settings(deadline=None, max_examples=300)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_damaged_signature_never_raises(pkpass: bytes, at: int, what: bytes) -> None:
    signature = unzipped(pkpass)["signature"]
    place = at % len(signature)
    try:
        read_signature(signature[:place] + what + signature[place + len(what) :])
    except BadDer as error:
        assert str(error)


@given(st.data())
@settings(deadline=None)
def test_a_damaged_manifest_or_document_never_raises(
    pkpass: bytes, judged: Verify, sign: Sign, data: st.DataObject
) -> None:
    files = unzipped(pkpass)
    name = data.draw(st.sampled_from(["pass.json", "manifest.json", "pl.lproj/pass.strings", "icon@2x.png"]))
    place = data.draw(st.integers(0, len(files[name])))
    files[name] = files[name][:place] + data.draw(st.binary(min_size=1, max_size=5)) + files[name][place:]
    report = judged(zipped(files) if name == "manifest.json" else resigned(files, sign))
    assert report.ok == (not report.faults)
