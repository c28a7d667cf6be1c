"""Merchants and their locations."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, Row, bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from walletpass.i18n import DEFAULT_LANGUAGE, LANGUAGES, N_
from walletpass.loyalty import tables
from walletpass.loyalty.errors import NameTaken, NotFound, Unfit, UnknownLocation
from walletpass.loyalty.ids import new_id
from walletpass.loyalty.texts import LONGEST_NAME, email_or_none, is_name, line, line_or_none

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
LONGEST_SLUG = 60
UTC_ZONE = "UTC"


@dataclass(frozen=True)
class Merchant:
    """The business: the tenant."""

    id: str
    slug: str
    name: str
    language: str
    email: str | None = None
    phone: str | None = None
    website: str | None = None


@dataclass(frozen=True)
class Location:
    """One shop of a merchant. Latitude and longitude in degrees north and east; both or none."""

    id: str
    merchant_id: str
    name: str
    address: str | None
    latitude: float | None
    longitude: float | None
    time_zone: str
    relevant_text: str | None

    @property
    def zone(self) -> ZoneInfo:
        """The shop's clock."""
        return ZoneInfo(self.time_zone)


def check_slug(slug: str) -> str:
    """The slug. Raises Unfit when it cannot stand in an address."""
    if not SLUG.fullmatch(slug) or len(slug) > LONGEST_SLUG:
        raise Unfit("slug", N_("Use small letters a to z, digits and single hyphens, at most 60 characters."))
    return slug


def create_merchant(
    connection: Connection,
    *,
    slug: str,
    name: str,
    now: datetime,
    language: str = DEFAULT_LANGUAGE,
    email: str | None = None,
    phone: str | None = None,
    website: str | None = None,
) -> Merchant:
    """A new merchant. Raises Unfit, and NameTaken when the slug is in use."""
    if language not in LANGUAGES:
        raise Unfit("language", N_("Choose one of the languages en, pl and hu."))
    merchant = Merchant(
        new_id(),
        check_slug(slug),
        line("name", name, LONGEST_NAME),
        language,
        email_or_none("email", email),
        line_or_none("phone", phone),
        line_or_none("website", website),
    )
    try:
        connection.execute(insert(tables.merchant).values(**merchant.__dict__, created_at=now))
    except IntegrityError:
        raise NameTaken(slug) from None
    return merchant


def merchant_by_slug(connection: Connection, slug: str) -> Merchant:
    """Raises NotFound."""
    query = select(tables.merchant).where(tables.merchant.c.slug == slug)
    return _merchant(connection.execute(query).one_or_none() if is_name(slug) else None)


def merchant_by_id(connection: Connection, merchant_id: str) -> Merchant:
    """Raises NotFound."""
    return _merchant(
        connection.execute(select(tables.merchant).where(tables.merchant.c.id == merchant_id)).one_or_none()
    )


def all_merchants(connection: Connection) -> list[Merchant]:
    """Every merchant of the installation, oldest first."""
    return [_merchant(row) for row in connection.execute(select(tables.merchant).order_by(tables.merchant.c.id))]


def create_location(
    connection: Connection,
    merchant_id: str,
    *,
    name: str,
    now: datetime,
    time_zone: str = UTC_ZONE,
    address: str | None = None,
    latitude: float | None = None,
    longitude: float | None = None,
    relevant_text: str | None = None,
) -> Location:
    """A new shop of the merchant. Raises Unfit."""
    if (latitude is None) != (longitude is None):
        raise Unfit("latitude", N_("Give both latitude and longitude, or neither."))
    if latitude is not None and not -90 <= latitude <= 90:
        raise Unfit("latitude", N_("Latitude lies between -90 and 90 degrees."))
    if longitude is not None and not -180 <= longitude <= 180:
        raise Unfit("longitude", N_("Longitude lies between -180 and 180 degrees."))
    place = Location(
        id=new_id(),
        merchant_id=merchant_id,
        name=line("name", name, LONGEST_NAME),
        address=line_or_none("address", address),
        latitude=latitude,
        longitude=longitude,
        time_zone=_check_zone(time_zone),
        relevant_text=line_or_none("relevant_text", relevant_text),
    )
    connection.execute(insert(tables.location).values(**place.__dict__, created_at=now))
    return place


def locations_of(connection: Connection, merchant_id: str) -> list[Location]:
    """The merchant's shops, oldest first."""
    query = select(tables.location).where(tables.location.c.merchant_id == merchant_id).order_by(tables.location.c.id)
    return [_location(row) for row in connection.execute(query)]


_ZONES = (
    select(tables.location.c.time_zone)
    .where(tables.location.c.merchant_id == bindparam("merchant_id"))
    .order_by(tables.location.c.id)
    .limit(1)
)
_ZONE = _ZONES.where(tables.location.c.id == bindparam("location_id"))


def shop_zone(connection: Connection, merchant_id: str, location_id: str | None) -> ZoneInfo:
    """The clock to go by: that location's, or that of the merchant's first. Raises UnknownLocation."""
    if location_id is None:
        return ZoneInfo(connection.execute(_ZONES, {"merchant_id": merchant_id}).scalar() or UTC_ZONE)
    if not is_name(location_id):
        raise UnknownLocation
    zone = connection.execute(_ZONE, {"merchant_id": merchant_id, "location_id": location_id}).scalar()
    if zone is None:
        raise UnknownLocation
    return ZoneInfo(zone)


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Unfit("time_zone", N_("Use a time zone such as Europe/Warsaw.")) from None
    return name


def _merchant(row: Row[Any] | None) -> Merchant:
    if row is None:
        raise NotFound
    return Merchant(row.id, row.slug, row.name, row.language, row.email, row.phone, row.website)


def _location(row: Row[Any]) -> Location:
    return Location(
        id=row.id,
        merchant_id=row.merchant_id,
        name=row.name,
        address=row.address,
        latitude=row.latitude,
        longitude=row.longitude,
        time_zone=row.time_zone,
        relevant_text=row.relevant_text,
    )
