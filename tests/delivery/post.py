"""A shop whose cards live on phones, and what it takes to bring them up to date."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from random import Random
from threading import Event
from time import monotonic
from typing import Any, Self

from sqlalchemy import Engine, Row, select

from tests.apple_service import ALICES_PHONE, ALICES_TOKEN, Clock, identity_of
from tests.builders import STAFF, open_shop
from tests.conftest import NOON
from walletpass.apple import registrations
from walletpass.apple import tables as apple_tables
from walletpass.apple.push import PushClient
from walletpass.database import reading, transaction
from walletpass.delivery.apple import AppleChannel
from walletpass.delivery.claims import LEASE
from walletpass.delivery.loop import DeliveryLoop
from walletpass.loyalty import operations, tables
from walletpass.loyalty.cards import Card
from walletpass.loyalty.destinations import behind
from walletpass.sandbox.apns import PretendAPNs
from walletpass.sandbox.chain import PASS_TYPE_IDENTIFIER, Chain

PATIENCE = 60  # seconds until a test gives up


def until(condition: Callable[[], bool]) -> None:
    """Wait until it is so."""
    pause, deadline = Event(), monotonic() + PATIENCE
    while not condition():
        assert monotonic() < deadline, "it never came to be"
        pause.wait(0.02)


class Post:
    """The shop at NOON, with a clock that moves when it is told to."""

    def __init__(self, engine: Engine, chain: Chain, apns: PretendAPNs) -> None:
        self.engine, self.apns, self.clock, self.rng = engine, apns, Clock(NOON), Random(7)
        self.shop = open_shop(engine, now=NOON)
        self._chain = chain
        self._clients = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._clients.close()

    def join(self, phone: str = ALICES_PHONE, push_token: str = ALICES_TOKEN) -> Card:
        """A customer whose card is on a phone."""
        card = self.shop.join(now=self.clock())
        self.register(card, phone, push_token)
        return card

    def register(
        self,
        card: Card,
        phone: str = ALICES_PHONE,
        push_token: str = ALICES_TOKEN,
        pass_type_identifier: str = PASS_TYPE_IDENTIFIER,
    ) -> None:
        with transaction(self.engine) as connection:
            registrations.register(connection, phone, pass_type_identifier, card.id, push_token, self.clock())

    def unregister(self, card: Card, phone: str = ALICES_PHONE) -> None:
        with transaction(self.engine) as connection:
            registrations.unregister(connection, phone, PASS_TYPE_IDENTIFIER, card.id)

    def stamp(self, *cards: Card) -> None:
        for card in cards:
            with transaction(self.engine) as connection:
                operations.stamp(connection, card.merchant_id, card.id, by=STAFF, now=self.clock())

    def channel(self) -> AppleChannel:
        client = PushClient(self.apns.url, identity_of(self._chain), ca_file=self._chain.root, timeout=20)
        return AppleChannel(self.engine, self._clients.enter_context(client), PASS_TYPE_IDENTIFIER)

    def loop(self, *, lease: timedelta = LEASE, **options: Any) -> DeliveryLoop:
        given = {"clock": self.clock, "rng": self.rng, "chores": (), **options}
        return DeliveryLoop(self.engine, {"apple": self.channel()}, lease=lease, **given)

    def deliver(self) -> int:
        """One batch, a little later; how much was claimed."""
        self.clock.advance(seconds=2)
        return self.loop().run_once()

    def pushed(self) -> list[str]:
        """The tokens that were pushed to, in that order."""
        return [push.token for push in self.apns.pushes]

    def destinations(self) -> list[Row[Any]]:
        """Where cards live, oldest first."""
        with reading(self.engine) as connection:
            return list(connection.execute(select(tables.destination).order_by(tables.destination.c.id)))

    def destination(self) -> Row[Any]:
        [only] = self.destinations()
        return only

    def is_all_settled(self) -> bool:
        """Whether nothing is behind, or claimed."""
        with reading(self.engine) as connection:
            return behind(connection)[0] == 0

    def devices(self) -> set[str]:
        """The devices that have registrations."""
        with reading(self.engine) as connection:
            return set(connection.execute(select(apple_tables.device.c.library_identifier)).scalars())
