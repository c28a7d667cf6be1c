"""The sandbox chain: Apple's shape, plainly not Apple's, and kept as long as it is good."""

import ssl
import stat
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from tests.apple.builders import openssl
from walletpass.apple.certificates import load_identity
from walletpass.apple.checks import checks
from walletpass.sandbox.chain import Chain, make_chain

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return make_chain(tmp_path_factory.mktemp("chain"), now=NOON)


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def contents(chain: Chain) -> list[bytes]:
    paths: tuple[Path, ...] = astuple(chain)
    return [path.read_bytes() for path in paths]


def test_openssl_finds_the_way_from_the_pass_certificate_to_the_root(chain: Chain) -> None:
    said = openssl(
        *("verify", "-x509_strict", "-attime", str(int(NOON.timestamp()))),
        *("-CAfile", chain.root, "-untrusted", chain.intermediate, chain.pass_certificate),
    )
    assert said.endswith("OK\n")


def test_openssl_takes_the_server_certificate_for_this_machine(chain: Chain) -> None:
    for name in (("-verify_ip", "127.0.0.1"), ("-verify_ip", "::1"), ("-verify_hostname", "localhost")):
        said = openssl(
            *("verify", "-x509_strict", "-attime", str(int(NOON.timestamp())), "-purpose", "sslserver", *name),
            *("-CAfile", chain.root, chain.server_certificate),
        )
        assert said.endswith("OK\n")


def test_the_pass_certificate_may_be_the_client_of_a_tls_connection(chain: Chain) -> None:
    said = openssl(
        *("verify", "-x509_strict", "-attime", str(int(NOON.timestamp())), "-purpose", "sslclient"),
        *("-CAfile", chain.root, "-untrusted", chain.intermediate, chain.pass_certificate),
    )
    assert said.endswith("OK\n")


def test_python_takes_certificates_and_keys(chain: Chain) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain.server_certificate, chain.server_key)
    context.load_verify_locations(chain.root)


def test_the_pass_certificate_has_the_names_of_one_by_apple(chain: Chain) -> None:
    subject = certificate(chain.pass_certificate).subject
    assert [attribute.value for oid in (NameOID.USER_ID, NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME)
            for attribute in subject.get_attributes_for_oid(oid)] == [
        "pass.sandbox.walletpass",
        "Pass Type ID: pass.sandbox.walletpass",
        "SANDBOX123",
    ]  # fmt: skip


def test_nobody_can_take_it_for_apples(chain: Chain) -> None:
    for path in (chain.root, chain.intermediate):
        name = certificate(path).subject.rfc4514_string()
        assert "Sandbox" in name
        assert "Apple" not in name


def test_it_is_valid_for_about_a_year(chain: Chain) -> None:
    assert certificate(chain.pass_certificate).not_valid_after_utc - NOON == timedelta(days=364)


def test_doctor_finds_nothing_worse_than_its_issuer(chain: Chain) -> None:
    identity = load_identity(chain.pass_certificate, chain.pass_key, wwdr=chain.intermediate)
    assert [check.name for check in checks(identity, NOON) if check.state != "ok"] == ["intermediate"]


def test_all_keys_are_for_their_owner_only(chain: Chain) -> None:
    modes = {stat.S_IMODE(path.stat().st_mode) for path in chain.root.parent.glob("*.key")}
    assert modes == {0o600}


def test_names_can_be_chosen(tmp_path: Path) -> None:
    chain = make_chain(tmp_path, now=NOON, pass_type_identifier="pass.test.other", team_identifier="OTHERTEAM1")
    identity = load_identity(chain.pass_certificate, chain.pass_key, wwdr=chain.intermediate)
    assert (identity.pass_type_identifier, identity.team_identifier) == ("pass.test.other", "OTHERTEAM1")


def test_what_is_good_is_kept(tmp_path: Path) -> None:
    before = contents(make_chain(tmp_path, now=NOON))
    assert contents(make_chain(tmp_path, now=NOON + timedelta(days=300))) == before


def changed(chain: Chain, now: datetime = NOON, **names: str) -> set[str]:
    """The files that differ after the chain is made again."""
    directory = chain.root.parent
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    make_chain(directory, now=now, **names)
    after = {path.name: path.read_bytes() for path in directory.iterdir()}
    return {name for name in after if after[name] != before.get(name)}


LEAVES = {"pass.pem", "pass.key", "server.pem", "server.key"}
AUTHORITIES = {"root.pem", "root.key", "wwdr.pem", "wwdr.key"}


def test_what_is_about_to_expire_is_made_anew(tmp_path: Path) -> None:
    assert changed(make_chain(tmp_path, now=NOON), now=NOON + timedelta(days=363, hours=1)) == LEAVES


def test_a_pass_certificate_for_another_name_is_made_anew(tmp_path: Path) -> None:
    chain = make_chain(tmp_path, now=NOON)
    assert changed(chain, pass_type_identifier="pass.test.other") == {"pass.pem", "pass.key"}


@pytest.mark.parametrize("damaged", ["pass.pem", "pass.key"])
def test_what_is_damaged_is_made_anew(tmp_path: Path, damaged: str) -> None:
    chain = make_chain(tmp_path, now=NOON)
    (tmp_path / damaged).write_text("damaged")
    assert changed(chain) == {"pass.pem", "pass.key"}


def test_a_key_that_belongs_elsewhere_is_replaced(tmp_path: Path) -> None:
    chain = make_chain(tmp_path, now=NOON)
    chain.pass_key.write_bytes(chain.server_key.read_bytes())
    assert changed(chain) == {"pass.pem", "pass.key"}


def test_with_a_new_root_everything_is_new(tmp_path: Path) -> None:
    chain = make_chain(tmp_path, now=NOON)
    chain.root.unlink()
    assert changed(chain) == LEAVES | AUTHORITIES
