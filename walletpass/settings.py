"""All that may differ between two installations: one typed object, read once, at start."""

from ipaddress import ip_address
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SHORTEST_SECRET = 32


class BadSettings(Exception):
    """The environment or the `.env` file holds something that cannot be used; str(error) says what to do."""


class Settings(BaseSettings):
    """The settings of one installation, `WALLETPASS_*` in the environment or in a `.env` file.

    Paths are taken relative to the working directory. Nothing here is read again after the start.
    """

    model_config = SettingsConfigDict(
        env_prefix="WALLETPASS_", env_file=".env", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    instance_dir: Path = Path("instance")
    database_url: str = ""
    queue_url: str = ""
    base_url: str = "http://127.0.0.1:8000"
    secret_key: SecretStr
    trusted_proxies: int = Field(default=0, ge=0, le=10)

    apple_certificate: Path | None = None
    apple_key: Path | None = None
    apple_key_password: SecretStr | None = None
    apple_wwdr_certificate: Path | None = None
    apns_url: str = "https://api.push.apple.com"
    apns_ca_file: Path | None = None

    google_issuer_id: str | None = None
    google_service_account_file: Path | None = None
    google_api_url: str = "https://walletobjects.googleapis.com"
    google_callback_keys_url: str = "https://pay.google.com/gp/m/issuer/keys"
    google_save_url: str = "https://pay.google.com/gp/v/save/"

    @field_validator("base_url", "apns_url", "google_api_url", "google_callback_keys_url", "google_save_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        address = value.strip().rstrip("/")
        parts = urlsplit(address)
        if parts.scheme not in {"https", "http"} or not parts.hostname:
            raise ValueError("give a full address such as https://cards.example.com")
        if parts.query or parts.fragment or parts.username:
            raise ValueError("leave out the query, the fragment and any user name")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError("use https: phones refuse plain http (only 127.0.0.1 and localhost may do without)")
        return address

    @field_validator("google_issuer_id")
    @classmethod
    def _is_an_issuer_id(cls, value: str | None) -> str | None:
        issuer_id = value and value.strip()
        if issuer_id and not (issuer_id.isascii() and issuer_id.isdecimal()):
            raise ValueError("give the number that the Google Pay & Wallet Console calls issuer id, digits only")
        return issuer_id or None

    @field_validator("secret_key")
    @classmethod
    def _is_secret_enough(cls, value: SecretStr) -> SecretStr:
        keys = split_keys(value.get_secret_value())
        if not keys or any(len(key) < SHORTEST_SECRET for key in keys):
            raise ValueError(
                f"every key needs at least {SHORTEST_SECRET} characters; make one with: openssl rand -hex 32"
            )
        return value

    @model_validator(mode="after")
    def _apple_is_whole(self) -> Self:
        if self.apple_key and not self.apple_certificate:
            raise ValueError("WALLETPASS_APPLE_KEY is set but WALLETPASS_APPLE_CERTIFICATE is not")
        return self

    @model_validator(mode="after")
    def _google_is_whole(self) -> Self:
        if bool(self.google_issuer_id) != bool(self.google_service_account_file):
            raise ValueError(
                "Google Wallet needs both WALLETPASS_GOOGLE_ISSUER_ID and WALLETPASS_GOOGLE_SERVICE_ACCOUNT_FILE"
            )
        return self

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """The secret keys, newest first; the first signs, all are accepted."""
        return split_keys(self.secret_key.get_secret_value())

    @property
    def database(self) -> str:
        """The SQLAlchemy address of the database; an SQLite file in the instance folder unless set."""
        return self.database_url or f"sqlite:///{(self.instance_dir / 'walletpass.db').absolute()}"


def is_loopback(host: str) -> bool:
    """Whether the host name means this very machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def split_keys(text: str) -> tuple[str, ...]:
    """The parts of a comma-separated list of keys, without blanks."""
    return tuple(part for part in (raw.strip() for raw in text.split(",")) if part)


def read_settings(**given: object) -> Settings:
    """The settings from the environment, with `given` taking precedence. Raises BadSettings."""
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        raise BadSettings("; ".join(_in_words(fault["loc"], fault["msg"]) for fault in error.errors())) from None


def _in_words(where: tuple[int | str, ...], message: str) -> str:
    name = f"WALLETPASS_{str(where[0]).upper()}" if where else "settings"
    if message == "Field required":
        return (
            f"{name} is not set; make one with: openssl rand -hex 32" if name.endswith("SECRET_KEY") else f"set {name}"
        )
    return f"{name}: {message.removeprefix('Value error, ')}"
