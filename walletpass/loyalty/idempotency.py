"""Answering the same request once: a scan sent twice, by an impatient thumb or a retrying network, counts once."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, delete, select, update

from walletpass.database import insert_if_new, transaction
from walletpass.i18n import N_
from walletpass.loyalty import tables
from walletpass.loyalty.errors import KeyReused, Unfit

LONGEST_KEY = 200

Body = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What was answered. replayed: it is the answer that the first request with this key got."""

    body: Body
    replayed: bool


def answer_once(
    engine: Engine,
    merchant_id: str,
    key: str | None,
    request: Mapping[str, object],
    now: datetime,
    act: Callable[[Connection], Body],
) -> Answer:
    """Do `act` in a transaction and remember its JSON answer in the same transaction; or give the first answer again.

    key: chosen by the caller, once for each act, at most 200 signs; None acts without remembering.
    request: what was asked; the same key with something else asked raises KeyReused.
    Errors of `act` are not remembered.
    """
    if key is not None and not (0 < len(key) <= LONGEST_KEY and key.isprintable()):
        raise Unfit("Idempotency-Key", N_("An idempotency key has 1 to 200 characters."))
    with transaction(engine) as connection:
        if key is None:
            return Answer(act(connection), replayed=False)
        asked = _fingerprint(request)
        # The row comes before the act: the same request, sent twice at once, waits here until the first is committed.
        # After it, the shield would refuse the second one's stamp before anybody saw that it is a repetition.
        if not insert_if_new(
            connection, tables.answer, merchant_id=merchant_id, key=key, request=asked, body={}, at=now
        ):
            return _recall(connection, merchant_id, key, asked)
        body = act(connection)
        connection.execute(update(tables.answer).where(*_named(merchant_id, key)).values(body=body))
        return Answer(body, replayed=False)


def _recall(connection: Connection, merchant_id: str, key: str, asked: str) -> Answer:
    query = select(tables.answer.c.request, tables.answer.c.body).where(*_named(merchant_id, key))
    row = connection.execute(query).one()
    if row.request != asked:
        raise KeyReused
    return Answer(row.body, replayed=True)


def _named(merchant_id: str, key: str) -> tuple[ColumnElement[bool], ...]:
    return tables.answer.c.merchant_id == merchant_id, tables.answer.c.key == key


def forget_answers(connection: Connection, before: datetime) -> int:
    """Forget the answers given before that moment. Returns how many."""
    return connection.execute(delete(tables.answer).where(tables.answer.c.at < before)).rowcount


def _fingerprint(request: Mapping[str, object]) -> str:
    text = json.dumps(request, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
