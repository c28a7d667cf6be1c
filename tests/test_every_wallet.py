"""One card in Apple Wallet, in Google Wallet and in the browser: the same numbers in all three, after every change."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.apple.builders import pass_json_of
from tests.builders import open_shop
from tests.cafe import sandbox_identity
from tests.conftest import NOON
from tests.google.counter import SECRET, Counter, service_account
from tests.google.pretend import ISSUER_ID, PretendGoogle
from tests.web.page import read
from walletpass.app import site
from walletpass.deps import Deps
from walletpass.loyalty.cards import Card
from walletpass.loyalty.rules import Extra
from walletpass.passes.links import link_token
from walletpass.settings import read_settings


@dataclass(frozen=True)
class Shown:
    """What a holder of the card reads."""

    stamps: int
    stamps_required: int
    rewards_ready: int
    next_reward: str
    name: str | None = None


class Customer:
    """Somebody who has the card in every wallet there is."""

    def __init__(self, counter: Counter, folder: Path) -> None:
        self.counter = counter
        deps = Deps(counter.settings, counter.engine, counter.keyring, lambda: counter.now, wake=lambda: None)
        self._browser = site(deps, sandbox_identity(folder), counter.wallet).test_client()
        self.card: Card = counter.saved(name="Alice")
        self._path = f"/c/{link_token(counter.keyring, self.card)}"

    def change_terms(self, stamps_required: int, gift: str) -> None:
        """The merchant makes the card longer, and gives something else on the way."""
        terms = replace(self.counter.shop.program.terms, stamps_required=stamps_required, extras=(Extra(5, gift),))
        self.counter.change_program(terms=terms)

    def in_the_browser(self) -> Shown:
        text = read(self._browser.get(self._path)).text
        stamps, required = re.findall(r"Stamps (\d+) / (\d+)", text)[0]
        ready = re.findall(r"(?:A reward is|(\d+) rewards are) ready for you", text)
        count = int(ready[0] or 1) if ready else 0
        next_reward = re.findall(r"Next reward (.+?) ?Ready for you", text)[0]
        return Shown(int(stamps), int(required), count, next_reward, _name(re.findall(r"Name (Alice|Bob)\b", text)))

    def in_apple_wallet(self) -> Shown:
        card = pass_json_of(self._browser.get(f"{self._path}/apple.pkpass").data)["storeCard"]
        front = {field["key"]: field["value"] for field in (*card["headerFields"], *card["secondaryFields"])}
        stamps, required = front["stamps"].split(" / ")
        return Shown(int(stamps), int(required), _counted(front["ready"]), front["reward"], front.get("name"))

    def in_google_wallet(self) -> Shown:
        shown = self.counter.object(self.card)
        stamps, required = shown["loyaltyPoints"]["balance"]["string"].split("/")
        texts = {text["id"]: text["body"] for text in shown["textModulesData"]}
        rewards = shown["secondaryLoyaltyPoints"]["balance"]["int"]
        return Shown(int(stamps), int(required), rewards, texts["reward"], shown.get("accountName"))


def _counted(names: str) -> int:
    """How many rewards a line such as "Free coffee × 2, Pastry" names."""
    if names == "–":
        return 0
    return sum(int(name.partition(" × ")[2] or 1) for name in names.split(", "))


def _name(found: list[str]) -> str | None:
    return found[0] if found else None


@pytest.fixture
def customer(sqlite_engine: Engine, tmp_path: Path) -> Iterator[Customer]:
    with PretendGoogle() as google:
        file = tmp_path / "service-account.json"
        file.write_text(json.dumps(service_account(google.url)))
        settings = read_settings(
            secret_key=SECRET,
            base_url="https://cards.bean.example",
            google_issuer_id=ISSUER_ID,
            google_service_account_file=file,
            google_api_url=google.url,
            google_callback_keys_url=f"{google.url}/keys",
            _env_file=None,
        )
        shop = open_shop(sqlite_engine, now=NOON, extras=(Extra(5, "Pastry"),))
        yield Customer(Counter(sqlite_engine, google, settings, shop), tmp_path / "certs")


CHANGES: list[tuple[str, Callable[[Customer], object], Shown]] = [
    ("joined", lambda _: None, Shown(0, 10, 0, "Pastry", "Alice")),
    ("a stamp", lambda one: one.counter.stamp(one.card), Shown(1, 10, 0, "Pastry", "Alice")),
    ("taken back", lambda one: one.counter.undo(one.card), Shown(0, 10, 0, "Pastry", "Alice")),
    ("a gift on the way", lambda one: one.counter.stamp(one.card, 5), Shown(5, 10, 1, "Free coffee", "Alice")),
    ("a full card and one more", lambda one: one.counter.stamp(one.card, 6), Shown(1, 10, 2, "Pastry", "Alice")),
    ("a reward used", lambda one: one.counter.redeem(one.card), Shown(1, 10, 1, "Pastry", "Alice")),
    ("another name", lambda one: one.counter.rename(one.card, "Bob"), Shown(1, 10, 1, "Pastry", "Bob")),
    ("no name", lambda one: one.counter.rename(one.card, ""), Shown(1, 10, 1, "Pastry", None)),
    ("the last reward used", lambda one: one.counter.redeem(one.card), Shown(1, 10, 0, "Pastry", None)),
    ("a longer program with another gift", lambda one: one.change_terms(12, "Cake"), Shown(1, 12, 0, "Cake", None)),
    ("the card closed", lambda one: one.counter.close(one.card), Shown(1, 12, 0, "Cake", None)),
]


def test_all_wallets_show_the_same_after_every_change(customer: Customer) -> None:
    for change, make, expected in CHANGES:
        make(customer)
        customer.counter.deliver()
        shown = customer.in_the_browser(), customer.in_apple_wallet(), customer.in_google_wallet()
        assert shown == (expected, expected, expected), change
