"""What the lock screen says after an update, rule by rule (apple-wallet 2.7)."""

import json
from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.conftest import NOON
from tests.sandbox.pass_service import a_pass_json, files_of, stamps
from walletpass.sandbox.lock_screen import announcement, has_expired
from walletpass.sandbox.pass_file import PassFile, Region, ShownPass

Fields = Mapping[str, list[dict[str, Any]]]
Texts = Mapping[str, Mapping[str, str]]

TEXTS: Texts = {
    "en": {"stamps.message": "You now have %@ stamps", "news.value": "Thank you"},
    "pl": {"stamps.message": "Masz teraz %@ pieczątek", "news.value": "Dziękujemy"},
}
NEWS = {"key": "news", "label": "Latest", "value": "Welcome", "changeMessage": "%@"}


def a_pass(fields: Fields, texts: Texts | None = None, region: Region | None = None, **changes: Any) -> ShownPass:
    document = a_pass_json(fields=fields, **changes)
    files = {"pass.json": json.dumps(document).encode(), **files_of(texts or {}, {})}
    return ShownPass(PassFile(document, files, {}), region or Region("en"))


def header(*fields: dict[str, Any]) -> Fields:
    return {"headerFields": list(fields)}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        pytest.param(
            header(stamps("4 / 10")),
            header(stamps("5 / 10")),
            "You now have 5 / 10 stamps",
            id="a changed value is put in place of %@",
        ),
        pytest.param(header(stamps("4 / 10")), header(stamps("4 / 10")), None, id="an unchanged value is silent"),
        pytest.param(
            header(stamps("4 / 10")),
            header(stamps("4 / 10", "Now %@!")),
            None,
            id="a changed message alone is silent",
        ),
        pytest.param(
            header(stamps("4 / 10")),
            header(stamps("5 / 10", None)),
            None,
            id="without a message in the new version it is silent",
        ),
        pytest.param(
            header(stamps("4 / 10", None)),
            header(stamps("5 / 10")),
            "You now have 5 / 10 stamps",
            id="the message of the new version counts",
        ),
        pytest.param(
            header(stamps("4 / 10")),
            header(stamps("5 / 10", "You have a new stamp")),
            "Store card changed",
            id="without %@ there is a generic line",
        ),
        pytest.param(
            {**header(stamps("4 / 10")), "backFields": [NEWS]},
            {**header(stamps("5 / 10")), "backFields": [{**NEWS, "value": "Thank you"}]},
            "Store card changed",
            id="two fields that speak give a generic line",
        ),
        pytest.param(
            {**header(stamps("4 / 10")), "backFields": [NEWS]},
            {**header(stamps("4 / 10")), "backFields": [{**NEWS, "value": "Thank you"}]},
            "Thank you",
            id="back fields speak too",
        ),
        pytest.param(
            header(stamps("4 / 10")),
            {"secondaryFields": [stamps("5 / 10")]},
            "You now have 5 / 10 stamps",
            id="fields are matched by key, wherever they stand",
        ),
        pytest.param(
            header(stamps("4 / 10")),
            {**header(stamps("4 / 10")), "backFields": [NEWS]},
            None,
            id="a field that was not there before has not changed",
        ),
        pytest.param(
            header(stamps("4 / 10")),
            header(stamps("5 / 10", "%@ of %@")),
            "5 / 10 of %@",
            id="only the first %@ is replaced",
        ),
        pytest.param(
            header({**stamps("4 / 10"), "attributedValue": "<a href='https://bean.example'>four</a>"}),
            header({**stamps("4 / 10"), "attributedValue": "<a href='https://bean.example'>five &amp; a half</a>"}),
            "You now have five & a half stamps",
            id="an attributed value counts instead of the value, read without its tags",
        ),
    ],
)
def test_the_line_on_the_lock_screen(old: Fields, new: Fields, says: str | None) -> None:
    assert announcement(a_pass(old), a_pass(new)) == says


def test_colours_images_and_barcodes_change_silently() -> None:
    fields = header(stamps("4 / 10"))
    barcode = {"format": "PKBarcodeFormatQR", "message": "new", "messageEncoding": "iso-8859-1"}
    new = a_pass(fields, backgroundColor="rgb(1, 2, 3)", barcodes=[barcode], voided=True)
    assert announcement(a_pass(fields), new) is None


@pytest.mark.parametrize(
    ("style", "says"),
    [
        ("storeCard", "Store card changed"),
        ("coupon", "Coupon changed"),
        ("eventTicket", "Event ticket changed"),
        ("generic", "Pass changed"),
        ("boardingPass", "Boarding pass changed"),
    ],
)
def test_the_generic_line_names_the_style(style: str, says: str) -> None:
    changes: list[dict[str, Any]] = [{"storeCard": None, style: header(stamps(value, "new"))} for value in ("4", "5")]
    old, new = (a_pass({}, **change) for change in changes)
    assert announcement(old, new) == says


@pytest.mark.parametrize(
    ("language", "says"),
    [
        pytest.param("pl", "Masz teraz 5 / 10 pieczątek", id="the phone's language"),
        pytest.param("pl-PL", "Masz teraz 5 / 10 pieczątek", id="a region of it"),
        pytest.param("hu", "You now have 5 / 10 stamps", id="English for want of it"),
    ],
)
def test_the_message_is_in_the_language_of_the_phone(language: str, says: str) -> None:
    old, new = (
        a_pass(header(stamps(value, "stamps.message")), TEXTS, Region(language)) for value in ("4 / 10", "5 / 10")
    )
    assert announcement(old, new) == says


def test_with_spanish_alone_everybody_sees_spanish() -> None:
    spanish = {"es": {"stamps.message": "Ahora tienes %@ sellos"}}
    old, new = (a_pass(header(stamps(value, "stamps.message")), spanish, Region("pl")) for value in ("4", "5"))
    assert announcement(old, new) == "Ahora tienes 5 sellos"


def test_a_value_that_only_the_strings_change_has_changed() -> None:
    field = {**NEWS, "value": "news.value"}
    old = a_pass({"backFields": [field]}, {"pl": {"news.value": "Witamy"}}, Region("pl"))
    new = a_pass({"backFields": [field]}, {"pl": {"news.value": "Dziękujemy"}}, Region("pl"))
    assert announcement(old, new) == "Dziękujemy"


def test_a_text_that_is_no_key_is_shown_as_it_is() -> None:
    old, new = (a_pass(header(stamps(value)), TEXTS, Region("pl")) for value in ("4", "5"))
    assert announcement(old, new) == "You now have 5 stamps"


WARSAW = ZoneInfo("Europe/Warsaw")


@pytest.mark.parametrize(
    ("region", "field", "says"),
    [
        pytest.param(
            Region("en", WARSAW),
            {"value": "2026-12-24T18:30:00Z", "dateStyle": "PKDateStyleLong", "timeStyle": "PKDateStyleNone"},
            "December 24, 2026",
            id="an English date",
        ),
        pytest.param(
            Region("hu", WARSAW),
            {"value": "2026-12-24T18:30:00Z", "dateStyle": "PKDateStyleLong", "timeStyle": "PKDateStyleNone"},
            "2026. december 24.",
            id="a Hungarian date",
        ),
        pytest.param(
            Region("pl", WARSAW),
            {"value": "2026-12-24T23:30:00Z", "dateStyle": "PKDateStyleShort", "timeStyle": "PKDateStyleShort"},
            "25.12.2026, 00:30",
            id="the phone's time zone",
        ),
        pytest.param(
            Region("pl", WARSAW),
            {
                "value": "2026-12-24T23:30:00Z",
                "dateStyle": "PKDateStyleNone",
                "timeStyle": "PKDateStyleShort",
                "ignoresTimeZone": True,
            },
            "23:30",
            id="the time zone of the date itself",
        ),
        pytest.param(Region("pl"), {"value": 12.5, "currencyCode": "PLN"}, "12,50\u00a0zł", id="money"),
        pytest.param(Region("hu"), {"value": 0.25, "numberStyle": "PKNumberStylePercent"}, "25%", id="percent"),
        pytest.param(Region("pl"), {"value": 12000, "numberStyle": "PKNumberStyleDecimal"}, "12\u00a0000", id="number"),
    ],
)
def test_the_new_value_is_written_as_the_field_would_show_it(region: Region, field: dict[str, Any], says: str) -> None:
    before = {**field, "value": 1 if isinstance(field["value"], int | float) else "2020-01-01T00:00:00Z"}
    old, new = (a_pass(header({"key": "k", "changeMessage": "%@", **each}), region=region) for each in (before, field))
    assert announcement(old, new) == says


def test_a_pass_expires_at_the_very_moment_that_it_names() -> None:
    shown = a_pass(header(stamps("4")), expirationDate=NOON.astimezone(UTC).isoformat())
    assert has_expired(shown, NOON)
    assert not has_expired(shown, NOON - timedelta(seconds=1))


def test_a_pass_without_a_date_does_not_expire() -> None:
    assert not has_expired(a_pass(header(stamps("4"))), NOON)
