"""The issuer: whose classes and objects they are, and the service account that acts for it.

Source: https://developers.google.com/wallet/generic/getting-started/auth/rest
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from walletpass.settings import Settings

NEEDED = ("client_email", "private_key", "private_key_id", "token_uri")
"""Fields of a key file without which nothing can be signed or asked."""

_WHERE = "make a JSON key in the Google Cloud console: IAM & Admin, Service Accounts, Keys, Add key"


class IdentityError(Exception):
    """The service account file cannot be used; str(error) says what to do."""


@dataclass(frozen=True)
class Issuer:
    """An issuer account and the service account that was invited to it.

    info: the service account file, for google-auth. key: signs save links.
    """

    issuer_id: str
    email: str
    key_id: str
    key: RSAPrivateKey = field(repr=False)
    info: Mapping[str, str] = field(repr=False)


def configured_issuer(settings: Settings) -> Issuer | None:
    """Who issues the objects; None where Google Wallet is not set up. Raises IdentityError."""
    if settings.google_issuer_id is None or settings.google_service_account_file is None:
        return None
    return load_issuer(settings.google_issuer_id, settings.google_service_account_file)


def load_issuer(issuer_id: str, file: Path) -> Issuer:
    """The issuer with the service account of a key file. Raises IdentityError."""
    info = _read(file)
    return Issuer(issuer_id, info["client_email"], info["private_key_id"], _private_key(file, info), info)


def _read(file: Path) -> dict[str, str]:
    try:
        info: Any = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise IdentityError(f"cannot read the service account file {file}: {error.strerror}; {_WHERE}") from None
    except ValueError:
        raise IdentityError(f"{file} is not JSON; {_WHERE}") from None
    if not isinstance(info, dict) or info.get("type") != "service_account":
        raise IdentityError(f"{file} is not the key of a service account; {_WHERE}")
    if missing := [name for name in NEEDED if not isinstance(info.get(name), str) or not info[name]]:
        raise IdentityError(f"{file} lacks {', '.join(missing)}; {_WHERE}")
    return info


def _private_key(file: Path, info: Mapping[str, str]) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(info["private_key"].encode(), None)
    except (ValueError, TypeError):
        raise IdentityError(f"the private key in {file} cannot be read; {_WHERE}") from None
    if not isinstance(key, RSAPrivateKey):
        raise IdentityError(f"the private key in {file} is not an RSA key; {_WHERE}")
    return key
