"""What an operator may put into the environment, and the words for what may not be there."""

from pathlib import Path

import pytest

from walletpass.settings import BadSettings, Settings, read_settings

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No WALLETPASS_* variable and no .env file of the machine reaches these tests."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"WALLETPASS_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_a_secret_key_is_all_that_must_be_set() -> None:
    settings = read_settings(secret_key=SECRET)
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.apns_url == "https://api.push.apple.com"
    assert settings.database.startswith("sqlite:////") and settings.database.endswith("instance/walletpass.db")


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WALLETPASS_SECRET_KEY", SECRET)
    monkeypatch.setenv("WALLETPASS_BASE_URL", "https://cards.example.com/")
    assert read_settings().base_url == "https://cards.example.com"


def test_settings_come_from_a_dot_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"WALLETPASS_SECRET_KEY={SECRET}\nOTHER_THING=1\n")
    assert read_settings().secret_keys == (SECRET,)


def test_an_empty_setting_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WALLETPASS_SECRET_KEY", SECRET)
    monkeypatch.setenv("WALLETPASS_APPLE_CERTIFICATE", "")
    assert read_settings().apple_certificate is None


def test_several_secret_keys_are_read_newest_first() -> None:
    assert read_settings(secret_key=f"{SECRET}1, {SECRET}2").secret_keys == (f"{SECRET}1", f"{SECRET}2")


def test_a_missing_secret_key_is_explained() -> None:
    with pytest.raises(BadSettings, match="WALLETPASS_SECRET_KEY is not set; make one with: openssl rand -hex 32"):
        read_settings()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("secret_key", "short", "WALLETPASS_SECRET_KEY: every key needs at least 32 characters"),
        ("secret_key", f"{SECRET},short", "WALLETPASS_SECRET_KEY: every key needs at least 32 characters"),
        ("base_url", "http://cards.example.com", "WALLETPASS_BASE_URL: use https"),
        ("base_url", "cards.example.com", "WALLETPASS_BASE_URL: give a full address"),
        ("base_url", "https://cards.example.com/?x=1", "WALLETPASS_BASE_URL: leave out the query"),
        ("apns_url", "http://push.example.com", "WALLETPASS_APNS_URL: use https"),
        ("trusted_proxies", "many", "WALLETPASS_TRUSTED_PROXIES"),
        ("apple_key", "pass.key", "WALLETPASS_APPLE_KEY is set but WALLETPASS_APPLE_CERTIFICATE is not"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(name: str, value: str, words: str) -> None:
    with pytest.raises(BadSettings) as refused:
        read_settings(**{"secret_key": SECRET, name: value})
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_plain_http_is_fine_on_this_very_machine() -> None:
    for address in ("http://127.0.0.1:8000", "http://localhost:9000", "http://[::1]:8000"):
        assert read_settings(secret_key=SECRET, base_url=address).base_url == address


def test_secrets_hide_themselves_when_printed() -> None:
    assert SECRET not in repr(read_settings(secret_key=SECRET, apple_key_password=SECRET))
