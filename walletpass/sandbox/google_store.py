"""What a pretend Google keeps: classes, objects, who holds them, and which phones it has let ring.

Source: google-wallet 2 to 4.
"""

import uuid
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import RLock
from typing import Any, Literal

from walletpass.sandbox.google_rules import (
    MOST_MESSAGES,
    Json,
    Refused,
    check_id,
    check_message,
    check_sent,
    check_whole,
    invalid,
)

Kind = Literal["loyaltyClass", "loyaltyObject"]

CLASSES: Kind = "loyaltyClass"
OBJECTS: Kind = "loyaltyObject"

QUOTA = 3
"""Notifications for one resource in a day, counted apart for changes and for messages."""

DAY = timedelta(hours=24)
_FOR_HOLDERS = ("loyaltyPoints", "secondaryLoyaltyPoints")
_OF_GOOGLE = ("hasUsers", "hasLinkedDevice", "classReference")
_NAMES = {CLASSES: "Wallet Object Class", OBJECTS: "Wallet Object"}


@dataclass(frozen=True)
class Notice:
    """Something that makes the phones of an object's holders ring.

    message: None when a balance has changed.
    """

    id: str
    at: datetime
    object_id: str
    message: Json | None = None


@dataclass
class _Resource:
    body: Json
    holders: set[str] = field(default_factory=set)
    rang: dict[str, list[datetime]] = field(default_factory=dict)


class GoogleStore:
    """Classes and objects. Any thread may use it. issuers: whose ids are taken."""

    def __init__(self, issuers: tuple[str, ...], clock: Callable[[], datetime]) -> None:
        self.issuers = issuers
        self.notices: list[Notice] = []
        self._clock = clock
        self._lock = RLock()
        self._kept: dict[Kind, dict[str, _Resource]] = {CLASSES: {}, OBJECTS: {}}

    def insert(self, kind: Kind, body: Json) -> Json:
        """Raises Refused."""
        check_sent(kind, body)
        body = _merged({}, body)
        check_id(body.get("id"), self.issuers)
        check_whole(kind, body)
        with self._lock:
            if body["id"] in self._kept[kind]:
                raise Refused(409, "alreadyExists", f"{_NAMES[kind]} {body['id']} already exists.")
            if kind == OBJECTS:
                self._check_class(body)
            self._kept[kind][body["id"]] = _Resource(_stored(body))
            return self.get(kind, body["id"])

    def get(self, kind: Kind, resource_id: str) -> Json:
        """The resource as Google answers with it. Raises Refused."""
        with self._lock:
            resource = self._find(kind, resource_id)
            body = deepcopy(resource.body)
            if kind == OBJECTS:
                body |= {"hasUsers": bool(resource.holders), "classReference": self.get(CLASSES, body["classId"])}
            return body

    def all(self, kind: Kind, belongs: Callable[[Json], bool]) -> list[Json]:
        """The resources that belong to what is asked for."""
        with self._lock:
            return [self.get(kind, each) for each, resource in self._kept[kind].items() if belongs(resource.body)]

    def patch(self, kind: Kind, resource_id: str, change: Json) -> Json:
        """Objects are merged, lists replaced, null clears. Raises Refused."""
        check_sent(kind, change)
        with self._lock:
            return self._change(kind, resource_id, _merged(self._find(kind, resource_id).body, change), change)

    def update(self, kind: Kind, resource_id: str, body: Json) -> Json:
        """All of the resource is replaced. Raises Refused."""
        body = _merged({}, {name: value for name, value in body.items() if name not in _OF_GOOGLE})
        check_sent(kind, body)
        with self._lock:
            return self._change(kind, resource_id, body, body)

    def add_message(self, kind: Kind, resource_id: str, message: object) -> Json:
        """Raises Refused, in Google's words for the quota too."""
        found = check_message(message)
        with self._lock:
            resource = self._find(kind, resource_id)
            messages = resource.body.get("messages", [])
            known = any(each.get("id") == found.get("id") for each in messages if "id" in each)
            left = [each for each in messages if "id" not in each or each["id"] != found.get("id")]
            if len(left) >= MOST_MESSAGES:
                raise invalid(f"{_NAMES[kind]} {resource_id} has {MOST_MESSAGES} messages already.")
            # The same id again changes the text and rings nowhere.
            if found.get("messageType") == "TEXT_AND_NOTIFY" and not known:
                self._ring_for_message(kind, resource_id, found)
            resource.body["messages"] = [*left, deepcopy(found)]
            return self.get(kind, resource_id)

    def hold(self, object_id: str, account: str) -> bool:
        """The account has the object from now on. False when it had it before. Raises Refused."""
        with self._lock:
            resource = self._find(OBJECTS, object_id)
            only_one = self.get(CLASSES, resource.body["classId"]).get("multipleDevicesAndHoldersAllowedStatus")
            if resource.holders - {account} and only_one != "MULTIPLE_HOLDERS":
                raise Refused(403, "permissionDenied", "The pass is in another account already.")
            if account in resource.holders:
                return False
            resource.holders.add(account)
            return True

    def drop(self, object_id: str, account: str) -> bool:
        """The account has the object no longer. False when it did not have it."""
        with self._lock:
            resource = self._kept[OBJECTS].get(object_id)
            if resource is None or account not in resource.holders:
                return False
            resource.holders.remove(account)
            return True

    def held_by(self, account: str) -> list[Json]:
        """The objects of the account, each with its class."""
        with self._lock:
            found = [each for each, resource in self._kept[OBJECTS].items() if account in resource.holders]
            return [self.get(OBJECTS, each) for each in found]

    def holders(self, kind: Kind, resource_id: str) -> set[str]:
        """The accounts that have the object, or any object of the class."""
        with self._lock:
            return {account for each in self._objects(kind, resource_id) for account in each.holders}

    def lose(self, kind: Kind, resource_id: str) -> None:
        """Forget a resource, as if it had never been sent."""
        with self._lock:
            self._kept[kind].pop(resource_id, None)

    def _find(self, kind: Kind, resource_id: str) -> _Resource:
        check_id(resource_id, self.issuers)
        if (resource := self._kept[kind].get(resource_id)) is None:
            raise Refused(404, "notFound", f"{_NAMES[kind]} {resource_id} not found.")
        return resource

    def _check_class(self, body: Json) -> None:
        found = self._find(CLASSES, body["classId"]).body
        if found["reviewStatus"] != "APPROVED":
            raise invalid(f"Wallet Object Class {body['classId']} is not approved.")

    def _change(self, kind: Kind, resource_id: str, body: Json, sent: Json) -> Json:
        resource = self._find(kind, resource_id)
        if body.get("id", resource_id) != resource_id:
            raise invalid("Invalid resource ID: it cannot be changed", "invalidResource")
        rings = body.pop("notifyPreference", None) == "NOTIFY_ON_UPDATE"
        if kind == CLASSES and resource.body["reviewStatus"] == "APPROVED" and "reviewStatus" not in sent:
            raise invalid("reviewStatus must be UNDER_REVIEW in an update of an approved class")
        check_whole(kind, {**body, "id": resource_id})
        if kind == OBJECTS:
            self._check_class(body)
        before, resource.body = resource.body, _stored({**body, "id": resource_id})
        if rings and kind == OBJECTS and any(before.get(name) != body.get(name) for name in _FOR_HOLDERS):
            self._ring_for_change(resource_id)
        return self.get(kind, resource_id)

    def _ring_for_change(self, object_id: str) -> None:
        """Beyond the quota nothing rings, and nobody is told."""
        resource = self._find(OBJECTS, object_id)
        if resource.holders and self._within_quota(resource, "change"):
            self.notices.append(Notice(uuid.uuid4().hex, self._clock(), object_id))

    def _ring_for_message(self, kind: Kind, resource_id: str, message: Json) -> None:
        if not self._within_quota(self._find(kind, resource_id), "message"):
            issuer = resource_id.partition(".")[0]
            raise Refused(
                403,
                "quotaExceeded",
                f"Quota exceeded for issuer {issuer} when adding TEXT_AND_NOTIFY message to {resource_id}.",
            )
        for each in self._objects(kind, resource_id):
            if each.holders:
                self.notices.append(Notice(uuid.uuid4().hex, self._clock(), each.body["id"], deepcopy(message)))

    def _within_quota(self, resource: _Resource, what: str) -> bool:
        now = self._clock()
        rang = [at for at in resource.rang.get(what, ()) if at > now - DAY]
        within = len(rang) < QUOTA
        resource.rang[what] = [*rang, now] if within else rang
        return within

    def _objects(self, kind: Kind, resource_id: str) -> Iterable[_Resource]:
        if kind == OBJECTS:
            return [self._kept[OBJECTS][resource_id]] if resource_id in self._kept[OBJECTS] else []
        return [each for each in self._kept[OBJECTS].values() if each.body["classId"] == resource_id]


def _stored(body: Json) -> Json:
    """What is kept of a body: without what is for this one request; Google reviews a class at once."""
    kept = {name: deepcopy(value) for name, value in body.items() if value is not None and name != "notifyPreference"}
    return kept | ({"reviewStatus": "APPROVED"} if kept.get("reviewStatus") == "UNDER_REVIEW" else {})


def _merged(old: Any, change: Any) -> Any:
    if isinstance(change, list):
        return [_merged({}, each) for each in change]
    if not isinstance(change, dict):
        return change
    before = old if isinstance(old, dict) else {}
    merged = {**before, **{name: _merged(before.get(name), value) for name, value in change.items()}}
    return {name: value for name, value in merged.items() if value is not None}
