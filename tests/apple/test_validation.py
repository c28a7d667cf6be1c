"""Everything for which Wallet would refuse a pass, each fault in words that say what to do."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.apple.builders import a_png
from walletpass.apple.schema import is_date
from walletpass.apple.strings import write_strings
from walletpass.apple.validation import faults, findings

FILES = {
    "icon.png": a_png(38, 38),
    "icon@2x.png": a_png(76, 76),
    "icon@3x.png": a_png(114, 114),
    "en.lproj/pass.strings": write_strings({"news.message": "New: %@"}),
    "pl.lproj/pass.strings": write_strings({"news.message": "Nowe: %@"}),
}
Pass = dict[str, Any]


def a_pass(**changes: Any) -> Pass:
    """Apple's minimal stamp card, with changes; None takes a key away."""
    given = {
        "formatVersion": 1,
        "passTypeIdentifier": "pass.com.example.stamps",
        "teamIdentifier": "ABCDE12345",
        "serialNumber": "c-7f3a91",
        "organizationName": "Example Cafe",
        "description": "Stamp card, Example Cafe",
        "logoText": "Example Cafe",
        "backgroundColor": "rgb(60,36,20)",
        "webServiceURL": "https://cards.example.com/apple",
        "authenticationToken": "a-random-token-of-32-chars-or-more",
        "barcodes": [a_barcode()],
        "storeCard": {
            "headerFields": [a_field("stamps", value="4 / 10", changeMessage="You now have %@ stamps")],
            "secondaryFields": [a_field("reward")],
            "backFields": [a_field("terms")],
        },
        **changes,
    }
    return {key: value for key, value in given.items() if value is not None}


def a_barcode(**changes: Any) -> Pass:
    given = {"format": "PKBarcodeFormatQR", "message": "c-7f3a91.4Kd2", "messageEncoding": "iso-8859-1", **changes}
    return {key: value for key, value in given.items() if value is not None}


def a_field(key: str = "x", **changes: Any) -> Pass:
    given = {"key": key, "label": "Label", "value": "value", **changes}
    return {key: value for key, value in given.items() if value is not None}


def with_field(group: str = "auxiliaryFields", **changes: Any) -> Pass:
    return a_pass(storeCard={group: [a_field(**changes)]})


def refused(given: Pass, files: dict[str, bytes] = FILES) -> list[str]:
    return [finding.words for finding in findings(given, files) if finding.refused]


def unwise(given: Pass, files: dict[str, bytes] = FILES) -> list[str]:
    return [finding.words for finding in findings(given, files) if not finding.refused]


def test_a_sound_pass_has_no_faults() -> None:
    assert faults(a_pass(), FILES) == []


@pytest.mark.parametrize(
    "key", ["formatVersion", "passTypeIdentifier", "teamIdentifier", "serialNumber", "organizationName", "description"]
)
def test_a_required_key_may_not_be_missing(key: str) -> None:
    assert refused(a_pass(**{key: None})) == [f"{key} is missing; every pass needs it"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"formatVersion": 2}, "formatVersion must be 1"),
        ({"formatVersion": "1"}, "formatVersion must be a number without quotes"),
        ({"formatVersion": True}, "formatVersion must be a number without quotes"),
        ({"passTypeIdentifier": "com.example"}, "passTypeIdentifier must begin with pass."),
        ({"teamIdentifier": "ABCDE1234"}, "teamIdentifier must have 10 characters"),
        ({"serialNumber": ""}, "serialNumber is empty"),
        ({"serialNumber": 7}, "serialNumber must be a text in quotes"),
        ({"storeCard": None}, "the style is missing; add one of storeCard"),
        ({"coupon": {}}, "this one has storeCard and coupon; keep one"),
        ({"storeCard": []}, "storeCard must be an object in { }"),
        ({"voided": "true"}, "voided must be true or false without quotes"),
        ({"sharingProhibited": 1}, "sharingProhibited must be true or false without quotes"),
        ({"suppressStripShine": "yes"}, "suppressStripShine must be true or false without quotes"),
        ({"expirationDate": "2026-11-21"}, "expirationDate must be a date such as 2026-11-21T18:00:00+01:00"),
        ({"labelColor": "rgb(1-2-3)"}, "labelColor must be a colour such as rgb(60, 36, 20)"),
        ({"labelColor": "rgb(1,2,256)"}, "labelColor must be a colour"),
        ({"labelColor": "rgba(1,2,3,0.5)"}, "labelColor must be a colour"),
        ({"labelColor": "#3c2414"}, "labelColor must be a colour"),
        ({"labelColor": "brown"}, "labelColor must be a colour"),
        ({"associatedStoreIdentifiers": ["1"]}, "associatedStoreIdentifiers must be a list of numbers"),
        ({"maxDistance": 0}, "maxDistance must be more than 0"),
        ({"maxDistance": float("nan")}, "maxDistance must be a number"),
    ],
)
def test_the_top_of_a_pass(changes: Pass, words: str) -> None:
    (fault,) = refused(a_pass(**changes))
    assert words in fault


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"webServiceURL": None}, "webServiceURL is missing; webServiceURL and authenticationToken go together"),
        ({"authenticationToken": None}, "authenticationToken is missing; webServiceURL"),
        ({"authenticationToken": "fifteen-letters"}, "authenticationToken must have at least 16 characters"),
        ({"webServiceURL": "http://cards.example.com/apple"}, "webServiceURL must begin with https://"),
        ({"webServiceURL": "https://cards example.com"}, "webServiceURL must be an address"),
        ({"webServiceURL": "https:///apple"}, "webServiceURL has no host name"),
        ({"webServiceURL": "https://[::1/apple"}, "webServiceURL must be an address"),
        ({"webServiceURL": 5}, "webServiceURL must be an address"),
    ],
)
def test_the_web_service(changes: Pass, words: str) -> None:
    (fault,) = refused(a_pass(**changes))
    assert words in fault


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000/apple", "http://localhost/apple", "http://[::1]:80/apple"])
def test_this_very_machine_may_do_without_https(address: str) -> None:
    assert faults(a_pass(webServiceURL=address), FILES) == []


def test_a_pass_without_a_web_service_is_taken() -> None:
    assert faults(a_pass(webServiceURL=None, authenticationToken=None), FILES) == []


@pytest.mark.parametrize(
    ("barcodes", "words"),
    [
        (a_barcode(), "barcodes must be a list of objects"),
        (["text"], "barcodes must be a list of objects"),
        ([a_barcode(format=None)], "barcodes[0].format is missing"),
        ([a_barcode(), a_barcode(message=None)], "barcodes[1].message is missing"),
        ([a_barcode(messageEncoding=None)], "barcodes[0].messageEncoding is missing"),
        ([a_barcode(format="QR")], "barcodes[0].format must be one of"),
        ([a_barcode(message="")], "barcodes[0].message is empty"),
        ([a_barcode(message=123)], "barcodes[0].message must be a text"),
        ([a_barcode(message="żółć")], "barcodes[0].message cannot be written in 'iso-8859-1'"),
        ([a_barcode(messageEncoding="no-such")], "barcodes[0].message cannot be written in 'no-such'"),
        ([a_barcode(altText=5)], "barcodes[0].altText must be a text"),
    ],
)
def test_barcodes(barcodes: Any, words: str) -> None:
    (fault,) = refused(a_pass(barcodes=barcodes))
    assert words in fault


def test_the_barcode_of_old_systems_is_examined_too() -> None:
    assert refused(a_pass(barcode=a_barcode(message=""))) == [
        "barcode.message is empty; a barcode needs something to say"
    ]


@pytest.mark.parametrize("name", ["QR", "PDF417", "Aztec", "Code128", "Code39", "Codabar", "EAN13", "I2of5"])
def test_every_format_of_apples_is_known(name: str) -> None:
    assert faults(a_pass(barcodes=[a_barcode(format=f"PKBarcodeFormat{name}")]), FILES) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"locations": [{"latitude": 52.2}]}, "locations[0].longitude is missing"),
        ({"locations": [{"latitude": "52", "longitude": 21}]}, "locations[0].latitude must be a number"),
        ({"locations": [{"latitude": 91, "longitude": 21}]}, "locations[0].latitude must lie between -90 and 90"),
        ({"locations": [{"latitude": 0, "longitude": -181}]}, "locations[0].longitude must lie between -180 and 180"),
        (
            {"locations": [{"latitude": 0, "longitude": 0, "relevantText": 1}]},
            "locations[0].relevantText must be a text",
        ),
        ({"locations": [{"latitude": 0, "longitude": 0}] * 11}, "locations has 11 entries; Wallet takes 10"),
        ({"locations": {}}, "locations must be a list of objects"),
        ({"beacons": [{}]}, "beacons[0].proximityUUID is missing"),
        ({"beacons": [{"proximityUUID": "abc"}]}, "beacons[0].proximityUUID must be a UUID"),
        ({"relevantDates": [{"date": "tomorrow"}]}, "relevantDates[0].date must be a date"),
    ],
)
def test_places_and_times(changes: Pass, words: str) -> None:
    (fault,) = refused(a_pass(**changes))
    assert words in fault


@pytest.mark.parametrize(("major", "fits"), [(0, True), (65535, True), (65536, False), (-1, False), (1.5, False)])
def test_a_beacon_counts_to_65535(major: float, fits: bool) -> None:
    beacon = {"proximityUUID": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "major": major}
    assert (refused(a_pass(beacons=[beacon])) == []) == fits


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"key": None}, "auxiliaryFields[0].key is missing"),
        ({"key": ""}, "auxiliaryFields[0].key is empty"),
        ({"value": None}, "auxiliaryFields[0].value is missing"),
        ({"value": True}, "auxiliaryFields[0].value must be a text or a number"),
        ({"value": ["a"]}, "auxiliaryFields[0].value must be a text or a number"),
        ({"label": 5}, "auxiliaryFields[0].label must be a text"),
        ({"changeMessage": 5}, "auxiliaryFields[0].changeMessage must be a text"),
        ({"textAlignment": "left"}, "textAlignment must be one of PKTextAlignmentCenter"),
        ({"dateStyle": "PKDateStyleShort", "value": "2026-11-21T18:00Z"}, "has dateStyle alone"),
        ({"timeStyle": "PKDateStyleShort", "value": "2026-11-21T18:00Z"}, "has timeStyle alone"),
        ({"dateStyle": "PKDateStyleShort", "timeStyle": "PKDateStyleNone"}, "value must be a date"),
        (
            {"dateStyle": "short", "timeStyle": "PKDateStyleNone", "value": "2026-11-21T18:00Z"},
            "dateStyle must be one of",
        ),
        ({"numberStyle": "PKNumberStyleDecimal", "value": "4"}, "value must be a number without quotes"),
        ({"numberStyle": "Decimal", "value": 4}, "numberStyle must be one of"),
        ({"currencyCode": "PLN", "value": "4"}, "value must be a number without quotes"),
        ({"currencyCode": "zł", "value": 4}, "currencyCode must be three letters"),
        ({"isRelative": "true"}, "isRelative must be true or false"),
        ({"row": 2}, "row must be 0 or 1"),
        ({"semantics": []}, "semantics must be an object"),
    ],
)
def test_fields(field: Pass, words: str) -> None:
    (fault,) = refused(with_field(**field))
    assert words in fault


@pytest.mark.parametrize("group", ["primaryFields", "backFields"])
def test_some_groups_take_no_alignment(group: str) -> None:
    (fault,) = refused(with_field(group, textAlignment="PKTextAlignmentLeft"))
    assert f"textAlignment is not allowed in {group}" in fault


def test_data_detectors_are_of_apples_kinds() -> None:
    (fault,) = refused(with_field("backFields", dataDetectorTypes=["Link"]))
    assert "dataDetectorTypes may hold PKDataDetectorType" in fault


def test_no_data_detectors_at_all_is_a_choice() -> None:
    assert faults(with_field("backFields", dataDetectorTypes=[]), FILES) == []


def test_a_field_key_is_used_once_in_the_whole_pass() -> None:
    given = a_pass(storeCard={"headerFields": [a_field("stamps")], "backFields": [a_field("stamps"), a_field("terms")]})
    assert refused(given) == ["the field key 'stamps' is used 2 times; give every field of the pass its own key"]


@pytest.mark.parametrize("fields", [{}, "text", [5], [["a"]]])
def test_fields_come_in_lists_of_objects(fields: Any) -> None:
    assert len(refused(a_pass(storeCard={"headerFields": fields}))) == 1


def test_a_boarding_pass_says_by_what() -> None:
    (fault,) = refused(a_pass(storeCard=None, boardingPass={"transitType": ["air"]}))
    assert "transitType must be one of PKTransitTypeAir" in fault


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"headerFields": 4}, "headerFields has 4 fields; Wallet shows 3"),
        ({"primaryFields": 2}, "primaryFields has 2 fields; Wallet shows 1"),
        ({"secondaryFields": 3, "auxiliaryFields": 2}, "5 secondary and auxiliary fields; Wallet shows 4"),
    ],
)
def test_what_a_store_card_has_no_room_for(counts: dict[str, int], words: str) -> None:
    groups = {group: [a_field(f"{group}{n}") for n in range(count)] for group, count in counts.items()}
    (fault,) = unwise(a_pass(storeCard=groups))
    assert words in fault


@pytest.mark.parametrize(
    ("message", "words"),
    [("Changed", "changeMessage lacks %@"), ("half.message", "changeMessage (pl) lacks %@")],
)
def test_a_change_message_has_a_place_for_the_value_in_every_language(message: str, words: str) -> None:
    files = {
        **FILES,
        "en.lproj/pass.strings": write_strings({"half.message": "New: %@"}),
        "pl.lproj/pass.strings": write_strings({"half.message": "Nowe"}),
    }
    (fault,) = unwise(with_field("headerFields", changeMessage=message), files)
    assert words in fault


def test_a_translated_change_message_is_looked_up() -> None:
    assert faults(with_field("headerFields", changeMessage="news.message"), FILES) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"serialNumber": "a/b"}, "serialNumber becomes part of web addresses"),
        ({"organizationName": " "}, "organizationName is empty"),
        ({"webServiceURL": "https://cards.example.com/apple?x=1"}, "must have no ? and no #"),
        ({"groupingIdentifier": "g"}, "groupingIdentifier works on boarding passes"),
        ({"appLaunchURL": "app://x"}, "appLaunchURL works only together with"),
        ({"nfc": {"message": "x" * 65, "encryptionPublicKey": "k"}}, "nfc.message is longer than 64 bytes"),
        ({"featuredActions": [{"identifier": "a", "type": "order", "url": "https://x.pl"}] * 3}, "Wallet shows 2"),
    ],
)
def test_what_wallet_takes_and_shows_badly(changes: Pass, words: str) -> None:
    given = a_pass(**changes)
    assert refused(given) == []
    (fault,) = unwise(given)
    assert words in fault


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"en.lproj/pass.strings": b'"a" = "say "hello"";'}, "en.lproj/pass.strings: entry 1 is not of the form"),
        ({"hu.lproj/pass.strings": b""}, "hu.lproj/pass.strings lacks news.message"),
        ({"english/pass.strings": b""}, "english/pass.strings: files lie at the top or in folders such as en.lproj"),
        ({"images/logo.png": a_png(50, 50)}, "images/logo.png: files lie at the top"),
    ],
)
def test_translations(files: dict[str, bytes], words: str) -> None:
    assert any(words in fault for fault in refused(a_pass(), {**FILES, **files}))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_strings_that_other_readers_lose_are_told(encoding: str) -> None:
    files = {**FILES, "en.lproj/pass.strings": '"news.message" = "New: %@";'.encode(encoding)}
    (fault,) = unwise(a_pass(), files)
    assert "save it as UTF-8 without a byte order mark" in fault


def test_a_noisy_picture_breaks_the_weight_budget() -> None:
    noisy = {f"strip{s}.png": a_png(375 * n, 144 * n, noisy=True) for n, s in ((1, ""), (2, "@2x"), (3, "@3x"))}
    (fault,) = unwise(a_pass(), {**FILES, **noisy})
    assert "should stay under 300 kB" in fault


def test_all_faults_are_told_at_once() -> None:
    given = a_pass(formatVersion=2, teamIdentifier="x", barcodes={}, voided="no", storeCard={"headerFields": [{}]})
    assert len(faults(given, {})) == 7


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("2026-11-21T18:00:00Z", True),
        ("2026-11-21T18:00Z", True),
        ("2026-11-21T18:00+01:00", True),
        ("2026-11-21T18:00:00-07:30", True),
        ("2026-11-21T18:00:00", False),
        ("2026-11-21T18:00:00+0100", False),
        ("2026-11-21T18:00:00-7:00", False),
        ("2026-11-21 18:00:00Z", False),
        ("2026-11-21T18Z", False),
        ("2026-13-21T18:00Z", False),
        ("2026-02-29T18:00Z", False),
        ("2026-11-21T18:00:00z", False),
        ("２026-11-21T18:00:00Z", False),
        (20261121, False),
    ],
)
def test_dates_are_written_as_apples_own_parser_reads_them(text: object, valid: bool) -> None:
    assert is_date(text) == valid


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def anything_under(keys: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(keys), ANYTHING, max_size=6)


FIELD_KEYS = [*a_field(), "attributedValue", "changeMessage", "dataDetectorTypes", "textAlignment", "row", "semantics"]
FIELD_KEYS += ["dateStyle", "timeStyle", "currencyCode", "numberStyle", "isRelative"]


@given(
    anything_under([*a_pass(), "coupon", "boardingPass", "barcode", "locations", "beacons", "nfc", "featuredActions"])
)
@settings(deadline=None)
def test_nonsense_is_told_and_never_raises(nonsense: dict[str, Any]) -> None:
    assert all(isinstance(fault, str) for fault in faults({**a_pass(), **nonsense}, FILES))


@given(
    st.lists(anything_under(FIELD_KEYS), max_size=3), st.sampled_from(["headerFields", "backFields", "primaryFields"])
)
@settings(deadline=None)
def test_nonsense_in_fields_is_told_and_never_raises(fields: list[dict[str, Any]], group: str) -> None:
    assert all(isinstance(fault, str) for fault in faults(a_pass(storeCard={group: fields}), FILES))


@given(
    anything_under(list(a_barcode())),
    anything_under(["latitude", "longitude"]),
    anything_under(["proximityUUID", "major"]),
)
@settings(deadline=None)
def test_nonsense_in_lists_is_told_and_never_raises(barcode: Pass, place: Pass, beacon: Pass) -> None:
    given = a_pass(barcodes=[barcode], locations=[place], beacons=[beacon])
    assert all(isinstance(fault, str) for fault in faults(given, FILES))


@pytest.mark.parametrize("write", [json.dumps, repr])
def test_faults_can_be_written_down(write: Callable[[object], str]) -> None:
    assert write(faults(a_pass(teamIdentifier="\ud800"), FILES))
