"""What customers may say about themselves; nothing of it is ever demanded."""

from datetime import datetime

from sqlalchemy import Connection, update

from walletpass.i18n import LANGUAGES, N_
from walletpass.loyalty import tables
from walletpass.loyalty.cards import Card, card_by_id, lock_card
from walletpass.loyalty.destinations import mark_behind
from walletpass.loyalty.errors import Unfit
from walletpass.loyalty.texts import LONGEST_NAME, line_or_none


def change_customer(
    connection: Connection, merchant_id: str, card_id: str, *, name: str, language: str, now: datetime
) -> Card:
    """Note down the name and language that the holder of a card wishes, and tell the card's destinations.

    Raises Unfit and UnknownCard.
    """
    if language not in LANGUAGES:
        raise Unfit("language", N_("Choose one of the languages en, pl and hu."))
    card = lock_card(connection, merchant_id, card_id)
    wished = {"name": line_or_none("name", name, LONGEST_NAME), "language": language}
    if wished == {"name": card.customer.name, "language": card.customer.language}:
        return card
    connection.execute(update(tables.customer).where(tables.customer.c.id == card.customer.id).values(**wished))
    connection.execute(
        update(tables.card)
        .where(tables.card.c.id == card_id)
        .values(revision=card.revision + 1, last_modified=max(card.last_modified + 1, int(now.timestamp())))
    )
    mark_behind(connection, card_id, card.revision + 1, now)
    return card_by_id(connection, merchant_id, card_id)
