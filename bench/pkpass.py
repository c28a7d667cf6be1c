"""How close making a .pkpass comes to what nobody can do without: one RSA-2048 signature.

    python bench/pkpass.py [--rounds 60]

Measures CPU time, not wall time, of four things in turn, in small batches, so that a change of clock speed or a busy
neighbour meets all of them alike. Of each, the median of its fastest quarter of batches counts: a neighbour who takes
the caches makes a batch slower, never faster.

    signature       one PKCS#1 v1.5 SHA-256 signature with the pass key: the floor
    bundle          ZIP, manifest and CMS around a pass.json, for a design seen before
    face to bytes   a card's whole pass, from its face
    card to bytes   the same, from the card's row

The passes go through our verifier and one of them through OpenSSL's. Exit status 1 when a share is missed.
"""

import argparse
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from walletpass.apple.archive import open_bundle
from walletpass.apple.bundle import Files, bundle
from walletpass.apple.certificates import Identity, load_identity
from walletpass.apple.renderer import PassRenderer
from walletpass.apple.signing import Signer
from walletpass.apple.verification import verify
from walletpass.keys import Keyring
from walletpass.loyalty.cards import Card, Customer
from walletpass.loyalty.ids import new_code, new_id, new_serial_number
from walletpass.loyalty.merchants import Location, Merchant
from walletpass.loyalty.programs import Program
from walletpass.loyalty.rules import Terms
from walletpass.passes.cards import CardFaces
from walletpass.passes.face import Face
from walletpass.sandbox.chain import Chain, make_chain

BASE_URL = "https://cards.example.com"
CARDS = 500
BATCH = 25
KEPT = 3 * BATCH  # as many passes as one round makes; keeping all would measure the kernel handing out memory
AT_LEAST = {"bundle": 0.90, "face to bytes": 0.75, "card to bytes": 0.75}

NOW = datetime.now(UTC)
KEYRING = Keyring(["only for this benchmark, and known to everybody"])
MERCHANT = Merchant("m", "bean", "Bean Bar", "en", "hello@bean.example", "+48 22 000 00 00", "https://bean.example")
SHOPS = [Location(str(n), "m", f"Street {n}", None, 52 + n / 100, 21.0, "Europe/Warsaw", None) for n in range(10)]
CONDITIONS = "One stamp for each coffee. The card is not exchangeable for money. " * 6
PROGRAM = Program("p", "m", "bean-card", "Coffee Card", Terms(10, "Free coffee"), CONDITIONS, {"template": "coffee"}, 1)


@dataclass
class Contest:
    """Ways to spend CPU time, and the seconds that each batch of them has taken."""

    ways: dict[str, Callable[[], object]]
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def run(self, rounds: int) -> None:
        self.seconds = {name: [] for name in self.ways}
        for _ in range(rounds):
            for name, way in self.ways.items():
                start = time.process_time()
                for _ in range(BATCH):
                    way()
                self.seconds[name].append(time.process_time() - start)

    def each(self, name: str) -> float:
        """Seconds that one takes."""
        fastest = sorted(self.seconds[name])[: max(1, len(self.seconds[name]) // 4)]
        return median(fastest) / BATCH


def main() -> int:
    parser = argparse.ArgumentParser(description="bundles per CPU second against raw RSA-2048 signing")
    parser.add_argument("--rounds", type=int, default=60, help=f"rounds of {BATCH} of each kind (default 60)")
    rounds = parser.parse_args().rounds
    with TemporaryDirectory() as directory:
        chain = make_chain(Path(directory), now=NOW)
        identity = load_identity(chain.pass_certificate, chain.pass_key, wwdr=chain.intermediate)
        made: deque[bytes] = deque(maxlen=KEPT)
        contest = Contest(ways(identity, made))
        contest.run(4)  # to warm up
        contest.run(rounds)
        check(made, chain)
    return report(contest)


def ways(identity: Identity, made: deque[bytes]) -> dict[str, Callable[[], object]]:
    """The contestants; the passes go into `made`."""
    key = identity.private_key
    assert isinstance(key, RSAPrivateKey)
    assert key.key_size == 2048
    pkcs1, digest = padding.PKCS1v15(), SHA256()
    signer, renderer, faces = Signer(identity), PassRenderer(identity, KEYRING, BASE_URL), CardFaces(BASE_URL, KEYRING)

    def face_of(card: Card) -> Face:
        return faces.face(card, PROGRAM, MERCHANT, SHOPS, NOW)

    def render(face: Face) -> bytes:
        return renderer.render(face, KEYRING.current_id, NOW)

    all_cards = [a_card(number) for number in range(CARDS)]
    all_faces = [face_of(card) for card in all_cards]
    contents = [open_bundle(render(face)).files for face in all_faces]
    fixed = {
        name: data for name, data in contents[0].items() if name not in ("pass.json", "manifest.json", "signature")
    }
    design, documents = Files().plus(fixed), cycle([content["pass.json"] for content in contents])
    cards, ready_faces = cycle(all_cards), cycle(all_faces)
    return {
        "signature": lambda: key.sign(bytes(107), pkcs1, digest),  # as many bytes as the signed attributes
        "bundle": lambda: made.append(bundle(design, next(documents), lambda manifest: signer.sign(manifest, NOW))),
        "face to bytes": lambda: made.append(render(next(ready_faces))),
        "card to bytes": lambda: made.append(render(face_of(next(cards)))),
    }


def a_card(number: int) -> Card:
    """One of many cards, each with its own name, serial number and stamps."""
    return Card(
        id=new_id(),
        merchant_id="m",
        program_id="p",
        customer=Customer(new_id(), "en", f"Customer {number}"),
        serial_number=new_serial_number(),
        code=new_code(),
        key_id=KEYRING.current_id,
        stamps=number % 10,
        round=0,
        entries=number % 10,
        rewards=(),
        news="stamped" if number % 10 else "welcome",
        revision=number % 10 + 1,
        last_modified=int(NOW.timestamp()),
        created_at=NOW,
        last_stamped_at=NOW,
        closed_at=None,
    )


def check(made: deque[bytes], chain: Chain) -> None:
    """The last passes of every kind by our verifier, one by OpenSSL. Ends the program when one is not sound."""
    roots = [x509.load_pem_x509_certificate(chain.root.read_bytes())]
    for pkpass in made:
        if not (verdict := verify(pkpass, roots=roots, now=NOW)).ok:
            sys.exit(f"not a sound pass: {'; '.join(verdict.faults)}")
    with TemporaryDirectory() as directory:
        for name in ("manifest.json", "signature"):
            Path(directory, name).write_bytes(open_bundle(made[-1]).files[name])
        judge = (
            "openssl cms -verify -binary -inform DER -in signature -content manifest.json -purpose any -out /dev/null"
        )
        subprocess.run(
            [*judge.split(), "-CAfile", str(chain.root.absolute())], cwd=directory, check=True, capture_output=True
        )
    weights = [len(pkpass) for pkpass in made]
    print(f"{len(made)} passes of {min(weights) / 1000:.0f} to {max(weights) / 1000:.0f} kB, verified")


def report(contest: Contest) -> int:
    floor, missed = contest.each("signature"), 0
    print(f"{'':15}{'us CPU':>8}{'per CPU second':>16}{'of signing':>12}{'at least':>10}")
    for name in contest.ways:
        each, least = contest.each(name), AT_LEAST.get(name)
        share = floor / each
        missed += least is not None and share < least
        wanted = f"{least:.0%}" if least else ""
        print(f"{name:15}{each * 1e6:8.1f}{1 / each:16.0f}{share:12.1%}{wanted:>10}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
