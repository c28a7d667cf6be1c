"""The signature of a pass, with OpenSSL as the judge."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CalledProcessError

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.apple.builders import NOON, openssl, openssl_verify
from tests.apple.certificates import an_ec_identity
from walletpass.apple.certificates import CertificateExpired, CertificateNotYetValid, Identity
from walletpass.apple.signing import Signer
from walletpass.sandbox.chain import Chain

MANIFEST = b'{"pass.json":\n"da39a3ee5e6b4b0d3255bfef95601890afd80709"}\r\n'


@pytest.fixture(scope="module")
def signature(identity: Identity) -> bytes:
    return Signer(identity).sign(MANIFEST, NOON)


def printed(signature: bytes) -> str:
    return openssl("cms", "-cmsout", "-print", "-inform", "DER", "-noout", stdin=signature)


def test_openssl_verifies_it_knowing_nothing_but_the_root(signature: bytes, chain: Chain, tmp_path: Path) -> None:
    assert "successful" in openssl_verify(signature, MANIFEST, chain.root, tmp_path)


def test_it_signs_the_bytes_of_the_manifest_line_ends_included(signature: bytes, chain: Chain, tmp_path: Path) -> None:
    with pytest.raises(CalledProcessError):
        openssl_verify(signature, MANIFEST.replace(b"\r\n", b"\n"), chain.root, tmp_path)


def test_it_is_detached(signature: bytes) -> None:
    assert "eContent: <ABSENT>" in printed(signature)


def test_it_carries_the_pass_certificate_and_its_intermediate_and_no_other(
    signature: bytes, identity: Identity
) -> None:
    embedded = pkcs7.load_der_pkcs7_certificates(signature)
    assert set(embedded) == {identity.certificate, identity.intermediate}
    assert len(embedded) == 2


def test_the_embedded_certificates_are_in_the_order_of_der(signature: bytes) -> None:
    encoded = [each.public_bytes(Encoding.DER) for each in pkcs7.load_der_pkcs7_certificates(signature)]
    assert encoded == sorted(encoded)


def test_the_signed_attributes_are_content_type_signing_time_and_message_digest(signature: bytes) -> None:
    attributes = re.findall(
        r"object: (contentType|signingTime|messageDigest|\w+) \(1\.2\.840\.113549\.1\.9\.", printed(signature)
    )
    assert attributes == ["contentType", "signingTime", "messageDigest"]


def test_the_digest_is_sha_256(signature: bytes) -> None:
    assert "sha256" in printed(signature)
    assert "sha1 " not in printed(signature)


def test_the_signing_time_is_now_in_utc(signature: bytes) -> None:
    assert "UTCTIME:Nov 20 12:00:00 2026 GMT" in printed(signature)


def test_the_signing_time_of_a_clock_elsewhere_is_converted(identity: Identity) -> None:
    in_warsaw = datetime.fromisoformat("2026-11-20T13:00:00+01:00")
    assert Signer(identity).sign(MANIFEST, in_warsaw) == Signer(identity).sign(MANIFEST, NOON)


@pytest.mark.parametrize(
    ("now", "written"),
    [
        (datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), "UTCTIME:Dec 31 23:59:59 2049 GMT"),
        (datetime(2050, 1, 1, tzinfo=UTC), "GENERALIZEDTIME:Jan  1 00:00:00 2050 GMT"),
    ],
)
def test_years_from_2050_on_need_four_digits(now: datetime, written: str, tmp_path: Path) -> None:
    identity = an_ec_identity(tmp_path, not_after=datetime(2060, 1, 1, tzinfo=UTC))
    assert written in printed(Signer(identity).sign(MANIFEST, now))


def test_openssl_verifies_signatures_by_ec_keys_whatever_their_length(tmp_path: Path) -> None:
    signer = Signer(an_ec_identity(tmp_path))
    signatures = [signer.sign(MANIFEST + bytes([n]), NOON) for n in range(20)]
    for n, signature in enumerate(signatures):
        assert "successful" in openssl_verify(signature, MANIFEST + bytes([n]), tmp_path / "root.pem", tmp_path)


@given(manifest=st.binary(max_size=300), seconds=st.integers(0, 300 * 24 * 3600))
@settings(max_examples=15, deadline=None)
def test_openssl_verifies_whatever_is_signed_whenever(
    identity: Identity, chain: Chain, tmp_path_factory: pytest.TempPathFactory, manifest: bytes, seconds: int
) -> None:
    signature = Signer(identity).sign(manifest, NOON + timedelta(seconds=seconds))
    directory = tmp_path_factory.mktemp("judged")
    assert "successful" in openssl_verify(signature, manifest, chain.root, directory)


def test_one_signer_serves_many_threads(identity: Identity, chain: Chain, tmp_path: Path) -> None:
    signer = Signer(identity)
    manifests = [b"%d" % n for n in range(40)]
    with ThreadPoolExecutor(8) as threads:
        signatures = list(threads.map(lambda manifest: signer.sign(manifest, NOON), manifests))
    assert signatures == [Signer(identity).sign(manifest, NOON) for manifest in manifests]


def test_an_expired_certificate_signs_nothing(identity: Identity) -> None:
    signer = Signer(identity)
    signer.sign(MANIFEST, identity.not_after)
    with pytest.raises(CertificateExpired, match="make a new one for the same Pass Type ID"):
        signer.sign(MANIFEST, identity.not_after + timedelta(seconds=1))


def test_a_certificate_that_has_not_begun_signs_nothing(identity: Identity) -> None:
    with pytest.raises(CertificateNotYetValid, match="check the clock"):
        Signer(identity).sign(MANIFEST, identity.not_before - timedelta(seconds=1))


def test_two_identities_do_not_mix(identity: Identity, tmp_path: Path) -> None:
    other = an_ec_identity(tmp_path)
    Signer(other).sign(MANIFEST, NOON)
    embedded = pkcs7.load_der_pkcs7_certificates(Signer(identity).sign(MANIFEST, NOON))
    assert other.certificate not in embedded
