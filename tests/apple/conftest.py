"""One sandbox chain for all tests of passes."""

import pytest
from cryptography import x509

from tests.apple.builders import BASE_URL, KEYRING, NOON
from walletpass.apple.certificates import Identity, load_identity
from walletpass.apple.renderer import PassRenderer
from walletpass.sandbox.chain import Chain, make_chain


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return make_chain(tmp_path_factory.mktemp("chain"), now=NOON)


@pytest.fixture(scope="session")
def identity(chain: Chain) -> Identity:
    return load_identity(chain.pass_certificate, chain.pass_key, wwdr=chain.intermediate)


@pytest.fixture(scope="session")
def root(chain: Chain) -> x509.Certificate:
    return x509.load_pem_x509_certificate(chain.root.read_bytes())


@pytest.fixture
def renderer(identity: Identity) -> PassRenderer:
    return PassRenderer(identity, KEYRING, BASE_URL)
