"""Staff at work: one card of one shop, and a clock that moves only when told."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from tests.builders import STAFF, Shop, open_shop
from tests.conftest import NOON
from walletpass.database import reading, transaction
from walletpass.loyalty import cards, ledger, operations, programs
from walletpass.loyalty.cards import Card
from walletpass.loyalty.change import Outcome
from walletpass.loyalty.ledger import By, Entry


@dataclass
class Counter:
    """What staff do with a card; each act is a transaction of its own."""

    shop: Shop
    card_id: str
    now: datetime
    by: By = STAFF

    def later(self, **span: int) -> None:
        """The clock moves on."""
        self.now += timedelta(**span)

    def stamp(self, count: int = 1, **options: Any) -> Outcome:
        given = {"by": self.by, "now": self.now, "count": count, **options}
        with transaction(self.shop.engine) as connection:
            return operations.stamp(connection, self.shop.merchant.id, self.card_id, **given)

    def redeem(self, **options: Any) -> Outcome:
        given = {"by": self.by, "now": self.now, **options}
        with transaction(self.shop.engine) as connection:
            return operations.redeem(connection, self.shop.merchant.id, self.card_id, **given)

    def undo(self, done: Outcome | Entry, **options: Any) -> Outcome:
        entry = done.entry if isinstance(done, Outcome) else done
        given = {"by": self.by, "now": self.now, **options}
        with transaction(self.shop.engine) as connection:
            return operations.reverse(connection, self.shop.merchant.id, entry.id, **given)

    def close(self, **options: Any) -> Outcome:
        given = {"by": self.by, "now": self.now, **options}
        with transaction(self.shop.engine) as connection:
            return operations.close(connection, self.shop.merchant.id, self.card_id, **given)

    def sweep(self, limit: int = 500) -> int:
        """What the worker does now and then: write down which rewards have expired."""
        with transaction(self.shop.engine) as connection:
            return operations.expire_rewards(connection, self.now, limit)

    def change_terms(self, **changes: Any) -> None:
        """The merchant changes the rules of the program."""
        program = self.program
        with transaction(self.shop.engine) as connection:
            programs.update_program(connection, replace(program, terms=replace(program.terms, **changes)), self.now)

    @property
    def program(self) -> programs.Program:
        with reading(self.shop.engine) as connection:
            return programs.program_by_id(connection, self.shop.program.id)

    @property
    def card(self) -> Card:
        """The card as the database has it."""
        with reading(self.shop.engine) as connection:
            return cards.card_by_id(connection, self.shop.merchant.id, self.card_id)

    @property
    def entries(self) -> list[Entry]:
        with reading(self.shop.engine) as connection:
            return ledger.entries_of(connection, self.card_id)

    @property
    def ready(self) -> list[str]:
        """The names of the rewards that can be redeemed now."""
        return [reward.name for reward in self.card.ready(self.now)]


def open_counter(engine: Engine, *, slug: str = "bean", **terms: Any) -> Counter:
    """A new shop where a customer has just joined; `terms` are those of its program."""
    shop = open_shop(engine, now=NOON, slug=slug, **terms)
    return Counter(shop, shop.join().id, NOON)
