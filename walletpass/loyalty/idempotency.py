"""Answering the same request once: a scan sent twice, by an impatient thumb or a retrying network, counts once."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select
from sqlalchemy.exc import IntegrityError

from walletpass.database import transaction
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
    if key is None:
        with transaction(engine) as connection:
            return Answer(act(connection), replayed=False)
    if not 0 < len(key) <= LONGEST_KEY:
        raise Unfit("Idempotency-Key", N_("An idempotency key has 1 to 200 signs."))
    asked = _fingerprint(request)
    try:
        return _answer(engine, merchant_id, key, asked, now, act)
    except IntegrityError:
        # The same request was under way elsewhere and has committed first; our own act was rolled back.
        with transaction(engine) as connection:
            first = _recall(connection, merchant_id, key, asked)
        if first is None:
            raise
        return first


def _answer(
    engine: Engine, merchant_id: str, key: str, asked: str, now: datetime, act: Callable[[Connection], Body]
) -> Answer:
    with transaction(engine) as connection:
        if first := _recall(connection, merchant_id, key, asked):
            return first
        body = act(connection)
        connection.execute(
            insert(tables.answer).values(merchant_id=merchant_id, key=key, request=asked, body=body, at=now)
        )
        return Answer(body, replayed=False)


def _recall(connection: Connection, merchant_id: str, key: str, asked: str) -> Answer | None:
    query = select(tables.answer.c.request, tables.answer.c.body).where(
        tables.answer.c.merchant_id == merchant_id, tables.answer.c.key == key
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    if row.request != asked:
        raise KeyReused
    return Answer(row.body, replayed=True)


def forget_answers(connection: Connection, before: datetime) -> int:
    """Forget the answers given before that moment. Returns how many."""
    return connection.execute(delete(tables.answer).where(tables.answer.c.at < before)).rowcount


def _fingerprint(request: Mapping[str, object]) -> str:
    text = json.dumps(request, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
