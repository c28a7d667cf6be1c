"""A shop with phones, a pretend APNs, and delivery loops between them."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from tests.delivery.post import Post
from walletpass.sandbox.apns import PretendAPNs
from walletpass.sandbox.chain import Chain, make_chain


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return make_chain(tmp_path_factory.mktemp("chain"), now=datetime.now(UTC))


@pytest.fixture
def apns(chain: Chain) -> Iterator[PretendAPNs]:
    with PretendAPNs(chain.server_certificate, chain.server_key, chain.root) as apns:
        yield apns


@pytest.fixture
def post(sqlite_engine: Engine, chain: Chain, apns: PretendAPNs) -> Iterator[Post]:
    with Post(sqlite_engine, chain, apns) as post:
        yield post


@pytest.fixture
def post_anywhere(engine: Engine, chain: Chain, apns: PretendAPNs) -> Iterator[Post]:
    """For what depends on the database: on both."""
    with Post(engine, chain, apns) as post:
        yield post


@pytest.fixture
def post_on_postgres(postgres_engine: Engine, chain: Chain, apns: PretendAPNs) -> Iterator[Post]:
    """For what SQLite, with its one writer at a time, cannot get wrong."""
    with Post(postgres_engine, chain, apns) as post:
        yield post
