"""A chain, a pretend APNs, a web service in small and phones for all tests of the sandbox."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from cryptography import x509

from tests.apple_service import Clock
from tests.sandbox.pass_service import PassService
from walletpass.apple.certificates import Identity, load_identity
from walletpass.sandbox.apns import PretendAPNs
from walletpass.sandbox.chain import Chain, make_chain
from walletpass.sandbox.iphone import IPhone


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    # Not NOON: TLS looks at the real clock.
    return make_chain(tmp_path_factory.mktemp("chain"), now=datetime.now(UTC))


@pytest.fixture(scope="session")
def identity(chain: Chain) -> Identity:
    return load_identity(chain.pass_certificate, chain.pass_key, wwdr=chain.intermediate)


@pytest.fixture(scope="session")
def roots(chain: Chain) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(chain.root.read_bytes())


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime.now(UTC))


@pytest.fixture
def apns(chain: Chain) -> Iterator[PretendAPNs]:
    with PretendAPNs(chain.server_certificate, chain.server_key, chain.root) as server:
        yield server


@pytest.fixture
def service(identity: Identity, chain: Chain, apns: PretendAPNs, clock: Clock) -> Iterator[PassService]:
    with PassService(identity, chain, apns, clock) as server:
        yield server


@pytest.fixture
def phone(apns: PretendAPNs, roots: list[x509.Certificate], clock: Clock) -> Iterator[IPhone]:
    """Emma's phone: English, in London, and impatient."""
    with IPhone("Emma", "en", apns=apns, roots=roots, clock=clock, retries=(0.01, 0.02, 0.04)) as iphone:
        yield iphone
