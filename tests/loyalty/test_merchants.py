"""Merchants and their shops."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from tests.builders import Shop
from tests.conftest import NOON
from walletpass.database import reading, transaction
from walletpass.loyalty import merchants
from walletpass.loyalty.errors import NameTaken, NotFound, Unfit

NAN = float("nan")


def test_a_merchant_is_found_by_name_and_by_id(shop: Shop) -> None:
    with reading(shop.engine) as connection:
        assert merchants.merchant_by_slug(connection, "bean") == shop.merchant
        assert merchants.merchant_by_id(connection, shop.merchant.id) == shop.merchant


@pytest.mark.parametrize("garbage", ["", "nobody", "\0", "\ud800"])
def test_garbage_is_nobody(engine: Engine, garbage: str) -> None:
    with reading(engine) as connection, pytest.raises(NotFound):
        merchants.merchant_by_slug(connection, garbage)


def test_all_merchants_are_listed_oldest_first(shop: Shop) -> None:
    with transaction(shop.engine) as connection:
        other = merchants.create_merchant(connection, slug="another", name="Another", now=NOON)
        assert merchants.all_merchants(connection) == [shop.merchant, other]


def test_no_two_merchants_have_the_same_name_in_addresses(engine: Engine) -> None:
    with transaction(engine) as connection:
        merchants.create_merchant(connection, slug="bean", name="Bean Bar", now=NOON)
    with pytest.raises(NameTaken), transaction(engine) as connection:
        merchants.create_merchant(connection, slug="bean", name="Bean Bar", now=NOON)


@pytest.mark.parametrize(
    ("field", "details"),
    [
        ("slug", {"slug": "Bean Bar"}),
        ("name", {"name": " "}),
        ("name", {"name": "NUL\0"}),
        ("language", {"language": "xx"}),
        ("email", {"email": "nobody"}),
        ("phone", {"phone": "1" * 201}),
        ("website", {"website": "two\nlines"}),
    ],
)
def test_a_merchant_that_does_not_hold_together_is_refused(
    sqlite_engine: Engine, field: str, details: dict[str, Any]
) -> None:
    given = {"slug": "bean", "name": "Bean Bar", "now": NOON, **details}
    with pytest.raises(Unfit) as refused, transaction(sqlite_engine) as connection:
        merchants.create_merchant(connection, **given)
    assert refused.value.field == field


def test_a_location_is_kept_as_it_was_made(engine: Engine) -> None:
    with transaction(engine) as connection:
        merchant = merchants.create_merchant(connection, slug="bean", name="Bean Bar", now=NOON)
        location = merchants.create_location(
            connection,
            merchant.id,
            name="High Street",
            now=NOON,
            time_zone="Europe/Budapest",
            address="1 High Street",
            latitude=47.4979,
            longitude=19.0402,
            relevant_text="Coffee is near",
        )
        assert merchants.locations_of(connection, merchant.id) == [location]
    assert location.zone == ZoneInfo("Europe/Budapest")


@pytest.mark.parametrize(
    ("field", "details"),
    [
        ("name", {"name": ""}),
        ("address", {"address": "a" * 201}),
        ("relevant_text", {"relevant_text": "two\nlines"}),
        ("latitude", {"latitude": 52.0}),
        ("latitude", {"longitude": 21.0}),
        ("latitude", {"latitude": 90.1, "longitude": 21.0}),
        ("latitude", {"latitude": NAN, "longitude": 21.0}),
        ("longitude", {"latitude": 52.0, "longitude": -180.1}),
        ("longitude", {"latitude": 52.0, "longitude": NAN}),
        ("time_zone", {"time_zone": "Europe/Atlantis"}),
        ("time_zone", {"time_zone": ""}),
        ("time_zone", {"time_zone": "../../etc/passwd"}),
        ("time_zone", {"time_zone": "NUL\0"}),
        ("time_zone", {"time_zone": "z" * 5000}),
    ],
)
def test_a_location_that_does_not_hold_together_is_refused(shop: Shop, field: str, details: dict[str, Any]) -> None:
    given = {"name": "High Street", "now": NOON, **details}
    with pytest.raises(Unfit) as refused, transaction(shop.engine) as connection:
        merchants.create_location(connection, shop.merchant.id, **given)
    assert refused.value.field == field


@pytest.mark.parametrize("language", ["en", "pl", "hu"])
def test_every_fault_has_words_in_every_language(shop: Shop, language: str) -> None:
    with pytest.raises(Unfit) as refused, transaction(shop.engine) as connection:
        merchants.create_location(connection, shop.merchant.id, name="", now=NOON)
    assert "60" in refused.value.in_words(language)
