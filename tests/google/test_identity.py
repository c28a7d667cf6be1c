"""The service account file: what is wrong with it is told in words."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.google.counter import EMAIL, SECRET, service_account
from tests.google.pretend import ISSUER_ID
from walletpass.google.identity import NEEDED, IdentityError, load_issuer
from walletpass.settings import BadSettings, read_settings

EC_KEY = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def load(tmp_path: Path, text: str) -> str:
    """What is said of a file with that text."""
    file = tmp_path / "key.json"
    file.write_text(text)
    with pytest.raises(IdentityError) as raised:
        load_issuer(ISSUER_ID, file)
    return str(raised.value)


def test_a_key_file_of_a_service_account_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps(service_account("http://127.0.0.1:1")))
    assert load_issuer(ISSUER_ID, file).email == EMAIL


def test_neither_key_nor_token_address_shows_in_what_is_printed(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps(service_account("http://127.0.0.1:1")))
    assert "PRIVATE" not in repr(load_issuer(ISSUER_ID, file))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(IdentityError, match="cannot read the service account file"):
        load_issuer(ISSUER_ID, tmp_path / "nothing.json")


@pytest.mark.parametrize("text", ["", "{", "key", "\ufeff{}"])
def test_a_file_that_is_not_json_is_told(tmp_path: Path, text: str) -> None:
    assert "is not JSON" in load(tmp_path, text)


@pytest.mark.parametrize("text", ["[]", "{}", '{"type": "authorized_user"}', '{"installed": {}}'])
def test_a_key_of_another_kind_is_told(tmp_path: Path, text: str) -> None:
    assert "is not the key of a service account" in load(tmp_path, text)


@pytest.mark.parametrize("name", NEEDED)
def test_what_is_missing_is_named(tmp_path: Path, name: str) -> None:
    assert f"lacks {name}" in load(tmp_path, json.dumps(service_account("http://127.0.0.1:1", **{name: None})))


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("-----BEGIN EC PARAMETERS-----\\nMIIE\\n-----END EC PARAMETERS-----", "cannot be read"),
        (EC_KEY.decode(), "is not an RSA key"),
    ],
)
def test_a_key_that_cannot_sign_is_told(tmp_path: Path, key: str, words: str) -> None:
    assert words in load(tmp_path, json.dumps(service_account("http://127.0.0.1:1", private_key=key)))


@pytest.mark.parametrize("given", ["google_issuer_id", "google_service_account_file"])
def test_half_a_set_up_is_refused(given: str) -> None:
    value = "1" if given == "google_issuer_id" else "key.json"
    with pytest.raises(BadSettings, match="needs both"):
        read_settings(secret_key=SECRET, _env_file=None, **{given: value})


@pytest.mark.parametrize("issuer_id", ["BCR2DN4T", "3388 0000", "3388.1", "٣٣"])
def test_an_issuer_id_has_digits_only(issuer_id: str) -> None:
    with pytest.raises(BadSettings, match="digits only"):
        read_settings(
            secret_key=SECRET, _env_file=None, google_issuer_id=issuer_id, google_service_account_file="key.json"
        )


@pytest.mark.parametrize("name", ["google_api_url", "google_callback_keys_url", "google_save_url"])
def test_google_is_asked_over_https_unless_it_is_pretended_on_this_machine(name: str) -> None:
    assert getattr(read_settings(secret_key=SECRET, _env_file=None, **{name: "http://127.0.0.1:9"}), name)
    with pytest.raises(BadSettings, match="use https"):
        read_settings(secret_key=SECRET, _env_file=None, **{name: "http://wallet.example"})
