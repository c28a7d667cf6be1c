"""What the tests of Google Wallet share."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.builders import open_shop
from tests.conftest import NOON
from tests.google.counter import SECRET, Counter, service_account
from tests.google.pretend import ISSUER_ID, PretendGoogle
from walletpass.settings import Settings, read_settings


@pytest.fixture
def google() -> Iterator[PretendGoogle]:
    with PretendGoogle() as pretend:
        yield pretend


@pytest.fixture
def key_file(tmp_path: Path, google: PretendGoogle) -> Path:
    """A service account's key file that leads to the pretend Google."""
    file = tmp_path / "service-account.json"
    file.write_text(json.dumps(service_account(google.url)))
    return file


@pytest.fixture
def settings(google: PretendGoogle, key_file: Path) -> Settings:
    """An installation on https whose Google is the pretend one."""
    return read_settings(
        secret_key=SECRET,
        base_url="https://cards.bean.example",
        google_issuer_id=ISSUER_ID,
        google_service_account_file=key_file,
        google_api_url=google.url,
        google_callback_keys_url=f"{google.url}/keys",
        google_save_url=f"{google.url}/gp/v/save/",
        _env_file=None,
    )


@pytest.fixture
def counter(sqlite_engine: Engine, google: PretendGoogle, settings: Settings) -> Counter:
    """The café."""
    return Counter(sqlite_engine, google, settings, open_shop(sqlite_engine, now=NOON))
