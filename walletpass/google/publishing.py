"""Bringing classes and objects to Google, and keeping them as the cards are.

A class is sent before an object of it, whenever it differs from what Google has: a change of a program marks all its
cards as behind, so no class is forgotten.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Engine

from walletpass.database import reading, transaction
from walletpass.google import objects, saved
from walletpass.google.answers import NO_TURN, Answer, Outcome
from walletpass.google.client import Client
from walletpass.google.limits import MOST_MESSAGES, check_class, check_object, check_places
from walletpass.google.notices import count_in, count_out
from walletpass.google.objects import Json, Names, Pictures
from walletpass.google.saved import KnownClass, KnownObject
from walletpass.i18n import Words
from walletpass.loyalty.cards import Card
from walletpass.loyalty.programs import Program, program_by_id
from walletpass.passes.art import Art
from walletpass.passes.cards import CardFaces
from walletpass.passes.face import Face

RINGS_NOWHERE = {Outcome.MISSING, Outcome.REFUSED, Outcome.MISCONFIGURED, Outcome.QUOTA}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prepared:
    """A card in Google's words, and what Google knows of it."""

    program_id: str
    face: Face
    names: Names
    pictures: Pictures
    class_body: Json
    object_body: Json
    known_class: KnownClass | None
    known: KnownObject | None

    @property
    def balance(self) -> str:
        return objects.balance_of(self.object_body)


@dataclass(frozen=True)
class Sent:
    """What became of a card's object or message. silent: it should have rung, but the day's quota was used up."""

    answer: Answer
    silent: bool = False


class Publisher:
    """Sends classes and objects. Any thread may use it."""

    def __init__(
        self,
        engine: Engine,
        client: Client,
        faces: CardFaces,
        *,
        issuer_id: str,
        base_url: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._engine, self._client, self._faces = engine, client, faces
        self._issuer_id, self._base_url, self._clock = issuer_id, base_url, clock
        self._sending_class = Lock()
        # Google calls back over https only, and refuses a class with any other address.
        self._callback_url = f"{base_url}/google/callback" if urlsplit(base_url).scheme == "https" else None

    def prepare(self, connection: Connection, card: Card) -> Prepared:
        """The card as it is now. Raises RetiredKey, UnknownDesign and BadDesign."""
        now, program = self._clock(), program_by_id(connection, card.program_id)
        face = self._faces.load(connection, card, now)
        names = objects.names(self._issuer_id, program.id, card.serial_number)
        pictures = self._pictures(program, face)
        return Prepared(
            program_id=program.id,
            face=face,
            names=names,
            pictures=pictures,
            class_body=objects.loyalty_class(face, names.class_id, pictures, self._callback_url),
            object_body=objects.loyalty_object(face, names, pictures, now),
            known_class=saved.class_known(connection, names.class_id),
            known=saved.object_of(connection, card.id),
        )

    def insert(self, prepared: Prepared) -> Answer:
        """Make the object unless there is one: never overwritten, it may be newer. Raises UnfitForGoogle."""
        check_object(prepared.object_body)
        if obstacle := self._keep_class(prepared):
            return obstacle
        answer = self._client.insert_object(prepared.object_body)
        if answer.outcome is Outcome.MISSING:  # the class: Google has lost it
            return self._send_class(prepared, None) or self._client.insert_object(prepared.object_body)
        return answer

    def update(self, destination_id: str) -> Sent:
        """Bring the object at a destination up to date. Raises UnfitForGoogle and what `prepare` raises."""
        with reading(self._engine) as connection:
            prepared = self.prepare(connection, saved.card_at(connection, destination_id))
        check_object(prepared.object_body)
        assert prepared.known is not None
        if obstacle := self._keep_class(prepared):
            return Sent(obstacle)
        sent = self._patch(prepared, prepared.known)
        if sent.answer.outcome is Outcome.MISSING:
            sent = Sent(self.insert(prepared))
        if sent.answer.outcome is Outcome.EXISTS:  # made by a click at this very moment
            sent = Sent(self._client.patch_object(prepared.names.object_id, objects.as_patch(prepared.object_body)))
        if sent.answer.outcome is Outcome.DONE:
            with transaction(self._engine) as connection:
                saved.note_sent(connection, prepared.known, prepared.balance, _has_users(sent.answer))
        return sent

    def send_message(self, card: Card, message_id: str, header: Words, body: Words) -> Sent:
        """Put a message on the card's object, with a notification if the day's quota allows.

        message_id: a fresh one. The card must have an object. When the answer is lost, sending it again may ring twice.
        """
        with reading(self._engine) as connection:
            known = saved.object_of(connection, card.id)
        assert known is not None
        language, object_id = card.customer.language, known.object_id

        def add(notify: bool) -> Answer:
            return self._client.add_message(
                object_id, objects.message(message_id, header, body, language, notify=notify)
            )

        sent = self._ring_if_allowed(known, add)
        if sent.answer.outcome is Outcome.DONE:
            self._make_room(object_id, sent.answer.body.get("resource", {}))
        return sent

    def _patch(self, prepared: Prepared, known: KnownObject) -> Sent:
        body, object_id = objects.as_patch(prepared.object_body), prepared.names.object_id
        if known.balance in (None, prepared.balance):
            return Sent(self._client.patch_object(object_id, body))

        def patch(notify: bool) -> Answer:
            return self._client.patch_object(object_id, {**body, **objects.NOTIFY} if notify else body)

        # Numbers that Google has already ring no second time.
        return self._ring_if_allowed(known, patch, once=f"{known.delivered_revision} {prepared.balance}")

    def _ring_if_allowed(self, known: KnownObject, call: Callable[[bool], Answer], *, once: str | None = None) -> Sent:
        """Make a call that notifies; one that does not, where the day's quota is used up.

        once: the same for calls of which only one can ring.
        """
        with transaction(self._engine) as connection:
            notice = count_in(connection, known.destination_id, self._clock(), call=once)
        if notice is None:
            log.info("Google: three notifications in a day are the most; sent silently to object %s", known.object_id)
            return Sent(call(False), silent=True)
        answer = call(True)
        if _rang_nowhere(answer):
            with transaction(self._engine) as connection:
                count_out(connection, notice)
        if answer.outcome is Outcome.QUOTA:
            log.info("Google counts more notifications than we do; sent silently to object %s", known.object_id)
            return Sent(call(False), silent=True)
        return Sent(answer)

    def _make_room(self, object_id: str, resource: Json) -> None:
        """Google holds ten messages on an object and takes no more: the oldest go before the eleventh comes."""
        messages = resource.get("messages", [])
        if len(messages) >= MOST_MESSAGES:
            self._client.patch_object(object_id, {"messages": messages[-(MOST_MESSAGES - 1) :]})

    def _keep_class(self, prepared: Prepared) -> Answer | None:
        """None when Google has the class as it should be; otherwise what it said instead. Raises UnfitForGoogle."""
        if _is_current(prepared, prepared.known_class):
            return None
        # A changed program makes all its cards come at once: the first one sends the class, the others wait for it.
        with self._sending_class:
            with reading(self._engine) as connection:
                known = saved.class_known(connection, prepared.names.class_id)
            return None if _is_current(prepared, known) else self._send_class(prepared, known)

    def _send_class(self, prepared: Prepared, known: KnownClass | None) -> Answer | None:
        """Like `_keep_class`, whatever Google has. known: None where it is likely to have no class yet."""
        check_class(prepared.class_body)
        answer = self._insert_or_patch(prepared.class_body, known)
        if answer.outcome is not Outcome.DONE:
            return answer
        digest = _digest(prepared.class_body)
        known = replace(known, digest=digest) if known else KnownClass(digest, None, None)
        self._save_class(prepared, known)
        self._keep_places(prepared, known)
        return None

    def _insert_or_patch(self, body: Json, known: KnownClass | None) -> Answer:
        insert, patch = self._client.insert_class, self._client.patch_class
        if known is None:
            answer = insert(body)
            return patch(body["id"], body) if answer.outcome is Outcome.EXISTS else answer
        answer = patch(body["id"], body)
        return insert(body) if answer.outcome is Outcome.MISSING else answer

    def _keep_places(self, prepared: Prepared, known: KnownClass) -> None:
        """Send the locations, apart: some issuers may not send any, and cards work without (google-wallet 4.7)."""
        if _has_places(prepared, known):
            return
        body = objects.places(prepared.face)
        check_places(body)
        answer = self._client.patch_class(prepared.names.class_id, body)
        if answer.outcome is Outcome.REFUSED:
            log.warning("Google does not take the locations of class %s: %s", prepared.names.class_id, answer.message)
        if answer.outcome in (Outcome.DONE, Outcome.REFUSED):
            refused = answer.message if answer.outcome is Outcome.REFUSED else None
            self._save_class(prepared, replace(known, places_digest=_digest(body), places_refused=refused))

    def _save_class(self, prepared: Prepared, known: KnownClass) -> None:
        with transaction(self._engine) as connection:
            saved.keep_class(connection, prepared.names.class_id, prepared.program_id, known, self._clock())

    def _pictures(self, program: Program, face: Face) -> Pictures:
        art, stamps = Art(program), min(face.stamps, face.stamps_required)
        hero = art.hero(stamps, ready=face.rewards_ready > 0)
        return Pictures(logo=self._base_url + art.round_logo, hero=self._base_url + hero)


def _is_current(prepared: Prepared, known: KnownClass | None) -> bool:
    """Whether Google has all of the class."""
    return known is not None and known.digest == _digest(prepared.class_body) and _has_places(prepared, known)


def _has_places(prepared: Prepared, known: KnownClass) -> bool:
    if known.places_digest is None:
        return not prepared.face.places
    return known.places_digest == _digest(objects.places(prepared.face))


def _rang_nowhere(answer: Answer) -> bool:
    """Whether no phone can have rung: Google took nothing, or nobody holds the object."""
    unsent = answer.reason == NO_TURN or answer.status == 429
    return unsent or answer.outcome in RINGS_NOWHERE or (answer.outcome is Outcome.DONE and _nobody(answer))


def _nobody(answer: Answer) -> bool:
    return _has_users(answer) is False


def _has_users(answer: Answer) -> bool | None:
    """Whether anybody holds the object, where the answer says so."""
    resource: Any = answer.body.get("resource", answer.body)
    held = resource.get("hasUsers")
    return held if isinstance(held, bool) else None


def _digest(body: Json) -> str:
    return sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
