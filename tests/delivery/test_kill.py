"""kill -9 at any moment between the stamp and the push costs time and never an update: processes, really killed."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.apple_service import ALICES_TOKEN
from tests.delivery.post import PATIENCE, Post, until
from walletpass.delivery.claims import LEASE
from walletpass.sandbox.chain import Chain
from walletpass.sandbox.http2 import Behaviour

COUNTER = """
import sys
from datetime import UTC, datetime
from tests.builders import STAFF
from walletpass.database import open_database, transaction
from walletpass.loyalty import operations

address, merchant_id, card_id = sys.argv[1:]
with transaction(open_database(address)) as connection:
    operations.stamp(connection, merchant_id, card_id, by=STAFF, now=datetime.now(UTC))
print("stamped", flush=True)
sys.stdin.read()
"""

WORKER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from walletpass.apple.certificates import load_identity
from walletpass.apple.push import PushClient
from walletpass.database import open_database
from walletpass.delivery.apple import AppleChannel
from walletpass.delivery.loop import DeliveryLoop

address, apns_url, certificate, key, wwdr, root = sys.argv[1:]
engine = open_database(address)
identity = load_identity(Path(certificate), Path(key), wwdr=Path(wwdr))
client = PushClient(apns_url, identity, ca_file=Path(root), connections=1, streams=1)  # one push after the other
channel = AppleChannel(engine, client, identity.pass_type_identifier)
loop = DeliveryLoop(engine, {"apple": channel}, clock=lambda: datetime.now(UTC), rng=Random(7), chores=())
loop.start()
print("working", flush=True)
sys.stdin.read()
"""


HOUSE = Path(__file__).parents[2]


@pytest.fixture
def post(post_anywhere: Post) -> Post:
    return post_anywhere


@contextmanager
def process(program: str, *arguments: str | Path) -> Iterator[None]:
    """A process of ours that has said its first word, for the length of the block; then it is killed."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=HOUSE) as running:
        try:
            assert running.stdout
            assert running.stdout.readline()
            yield
        finally:
            running.kill()  # SIGKILL: no handler, no finalizer, no goodbye


@contextmanager
def worker(post: Post, chain: Chain) -> Iterator[None]:
    files = (chain.pass_certificate, chain.pass_key, chain.intermediate, chain.root)
    with process(WORKER, address(post), post.apns.url, *files):
        yield


def address(post: Post) -> str:
    return post.engine.url.render_as_string(hide_password=False)


def test_killed_after_the_stamp_and_before_the_push(post: Post) -> None:
    card = post.join()
    with process(COUNTER, address(post), card.merchant_id, card.id):
        pass
    assert post.pushed() == []
    post.clock.now = datetime.now(UTC)
    post.deliver()
    assert post.pushed() == [ALICES_TOKEN]


def test_killed_while_the_push_is_on_its_way(post: Post, chain: Chain) -> None:
    post.apns.behaviour = Behaviour(delay=PATIENCE)
    post.stamp(post.join())
    with worker(post, chain):
        until(lambda: post.apns.statistics.open_streams == 1)
    post.apns.behaviour = Behaviour()
    post.clock.now = datetime.now(UTC)
    assert post.deliver() == 0  # still leased to the dead
    post.clock.now += LEASE
    assert post.deliver() == 1
    assert ALICES_TOKEN in post.pushed()
    assert post.is_all_settled()


def test_killed_in_the_middle_of_a_batch(post: Post, chain: Chain) -> None:
    tokens = [f"{number:064x}" for number in range(1, 41)]
    post.stamp(*[post.join(f"phone-{token}", token) for token in tokens])
    post.apns.behaviour = Behaviour(delay=0.2)
    with worker(post, chain):
        until(lambda: len(post.apns.pushes) >= 5)
    assert len(post.apns.pushes) < len(tokens)
    post.apns.behaviour = Behaviour()
    post.clock.now = datetime.now(UTC) + LEASE
    post.deliver()
    assert set(post.pushed()) == set(tokens)
    assert post.is_all_settled()
