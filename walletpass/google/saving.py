"""From a click to the save page: the object is made at Google, and the customer sent on with a short link to it."""

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine

from walletpass.database import reading, transaction
from walletpass.google import objects, saved
from walletpass.google.answers import Answer, Outcome
from walletpass.google.limits import UnfitForGoogle
from walletpass.google.publishing import Prepared, Publisher
from walletpass.google.save_link import SaveLinks
from walletpass.loyalty.cards import Card

log = logging.getLogger(__name__)


class CannotSave(Exception):
    """The card cannot be saved to Google Wallet at the moment; the log says why."""


class Saving:
    """Makes the way to the save page for a card."""

    def __init__(self, engine: Engine, publisher: Publisher, links: SaveLinks, clock: Callable[[], datetime]) -> None:
        self._engine, self._publisher, self._links, self._clock = engine, publisher, links, clock

    def link(self, card: Card) -> str:
        """Where to send the customer. The object is from now on kept up to date. Raises CannotSave.

        Where Google cannot be reached, the link carries the card in itself if it fits.
        """
        with reading(self._engine) as connection:
            prepared = self._publisher.prepare(connection, card)
        try:
            answer = self._publisher.insert(prepared)
        except UnfitForGoogle as error:
            log.error("no card for Google Wallet: %s", error)
            self._remember(card, prepared, is_new=False)
            raise CannotSave from None
        self._remember(card, prepared, is_new=answer.outcome is Outcome.DONE)
        if answer.outcome not in (Outcome.DONE, Outcome.EXISTS, Outcome.LATER):
            log.error("no card for Google Wallet: %s %s", answer.reason, answer.message)
            raise CannotSave
        return self._address(prepared, answer)

    def _remember(self, card: Card, prepared: Prepared, *, is_new: bool) -> None:
        # What was there before may be older than the card: then the delivery loop brings it up to date. What Google
        # refuses, the loop meets too: it tells the merchant, and tries again until it is put right.
        with transaction(self._engine) as connection:
            saved.remember_object(
                connection,
                card.id,
                prepared.names.object_id,
                revision=prepared.face.revision if is_new else 0,
                balance=prepared.balance if is_new else None,
                now=self._clock(),
            )

    def _address(self, prepared: Prepared, answer: Answer) -> str:
        now, known = self._clock(), prepared.known
        was_delivered = known is not None and known.delivered and known.object_id == prepared.names.object_id
        if answer.outcome is not Outcome.LATER or was_delivered:
            return self._links.skinny(prepared.names.object_id, now)
        log.warning("Google cannot be reached (%s %s); the link carries the card", answer.reason, answer.message)
        link = self._links.fat(self._lean_class(prepared), self._lean_object(prepared, now), now)
        if link is None:
            raise CannotSave
        return link

    def _lean_class(self, prepared: Prepared) -> list[objects.Json]:
        if prepared.known_class is not None:
            return []
        return [objects.lean_class(prepared.face, prepared.names.class_id, prepared.pictures)]

    def _lean_object(self, prepared: Prepared, now: datetime) -> objects.Json:
        return objects.lean_object(prepared.face, prepared.names, prepared.pictures, now)
