"""A café with its pages, in three settings."""

import pytest
from sqlalchemy import Engine

from tests.cafe import Cafe, sandbox_identity
from walletpass.apple.certificates import Identity


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    """Who signs the passes."""
    return sandbox_identity(tmp_path_factory.mktemp("chain"))


@pytest.fixture
def cafe(sqlite_engine: Engine, identity: Identity) -> Cafe:
    """A café that offers Apple Wallet, on plain http as on a developer's machine."""
    return Cafe(sqlite_engine, identity, "http://127.0.0.1:8000")


@pytest.fixture
def cafe_without_wallet(sqlite_engine: Engine) -> Cafe:
    """A café that has no certificate for Apple Wallet."""
    return Cafe(sqlite_engine, None, "http://127.0.0.1:8000")


@pytest.fixture
def cafe_on_https(sqlite_engine: Engine, identity: Identity) -> Cafe:
    """A café as the public sees it."""
    return Cafe(sqlite_engine, identity, "https://cards.bean.example")
