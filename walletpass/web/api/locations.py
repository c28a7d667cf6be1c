"""Locations in the API."""

from typing import Annotated, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from walletpass.loyalty import merchants
from walletpass.loyalty.merchants import UTC_ZONE, create_location, locations_of
from walletpass.web.api.call import Call, Written
from walletpass.web.api.fields import STRICT, Line, Name


@with_config(STRICT)
class NewLocation(TypedDict):
    """A shop. Degrees north and east, both or none. `relevant_text` is what phones show nearby."""

    name: Name
    address: NotRequired[Line | None]
    latitude: NotRequired[Annotated[float, Field(ge=-90, le=90)] | None]
    longitude: NotRequired[Annotated[float, Field(ge=-180, le=180)] | None]
    time_zone: NotRequired[Annotated[str, Field(max_length=60, json_schema_extra={"default": UTC_ZONE})]]
    relevant_text: NotRequired[Line | None]


class Location(TypedDict):
    """A shop."""

    id: str
    name: str
    address: str | None
    latitude: float | None
    longitude: float | None
    time_zone: str
    relevant_text: str | None


class Locations(TypedDict):
    """The merchant's shops, oldest first."""

    locations: list[Location]


def list_locations(call: Call) -> Locations:
    """All of them."""
    return {"locations": [_location_body(place) for place in locations_of(call.connection, call.merchant_id)]}


def open_location(call: Call, body: NewLocation) -> Written:
    """Raises Unfit."""
    return Written(_location_body(create_location(call.connection, call.merchant_id, now=call.now, **body)))


def _location_body(place: merchants.Location) -> Location:
    return {
        "id": place.id,
        "name": place.name,
        "address": place.address,
        "latitude": place.latitude,
        "longitude": place.longitude,
        "time_zone": place.time_zone,
        "relevant_text": place.relevant_text,
    }
