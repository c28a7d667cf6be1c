"""What pass.json and pass.strings say about a face, to the letter."""

import json
from datetime import UTC, datetime
from typing import Any

import openstep_plist
import pytest

from tests.apple.builders import BASE_URL, KEYRING, LINK, NOON, a_face, in_three, pass_json_of, unzipped
from walletpass.apple.pass_json import authentication_token
from walletpass.apple.renderer import PassRenderer
from walletpass.i18n import LANGUAGES, same
from walletpass.keys import Keyring, RetiredKey
from walletpass.passes.face import Barcode, Face, Field, Place

TOKEN = authentication_token(KEYRING, None, "pass.sandbox.walletpass", "7f3a91c04d")


def rendered(renderer: PassRenderer, face: Face) -> bytes:
    return renderer.render(face, None, NOON)


def document(renderer: PassRenderer, **changes: Any) -> Any:
    return pass_json_of(rendered(renderer, a_face(**changes)))


def strings_of(pkpass: bytes, language: str) -> dict[str, str]:
    """The texts of one language, by a reader that we did not write."""
    texts: dict[str, str] = openstep_plist.loads(unzipped(pkpass)[f"{language}.lproj/pass.strings"].decode())
    return texts


def shown(renderer: PassRenderer, field: Field, language: str = "en", group: str = "back") -> dict[str, Any]:
    """One field as a phone in the language shows it."""
    pkpass = rendered(renderer, a_face(**{group: (field,)}))
    name = {"back": "backFields", "header": "headerFields"}[group]
    found: dict[str, Any] = pass_json_of(pkpass)["storeCard"][name][0]
    texts = strings_of(pkpass, language)
    return {key: texts.get(value, value) if isinstance(value, str) else value for key, value in found.items()}


def test_the_whole_of_it(renderer: PassRenderer) -> None:
    assert document(renderer) == {
        "formatVersion": 1,
        "passTypeIdentifier": "pass.sandbox.walletpass",
        "teamIdentifier": "SANDBOX123",
        "serialNumber": "7f3a91c04d",
        "organizationName": "Bean Bar",
        "description": "description",
        "logoText": "Bean Bar",
        "backgroundColor": "rgb(60, 36, 20)",
        "foregroundColor": "rgb(255, 255, 255)",
        "labelColor": "rgb(230, 210, 190)",
        "suppressStripShine": True,
        "sharingProhibited": True,
        "webServiceURL": f"{BASE_URL}/apple",
        "authenticationToken": TOKEN,
        "locations": [{"latitude": 52.2297, "longitude": 21.0122, "relevantText": "places.0"}],
        "barcodes": [
            {
                "format": "PKBarcodeFormatQR",
                "message": "ABCDEFGHJ",
                "messageEncoding": "iso-8859-1",
                "altText": "ABC DEF GHJ",
            }
        ],
        "storeCard": {
            "headerFields": [
                {"key": "stamps", "label": "stamps.label", "value": "4 / 10", "changeMessage": "stamps.message"}
            ],
            "secondaryFields": [{"key": "reward", "label": "reward.label", "value": "Free coffee"}],
            "backFields": [
                {"key": "news", "label": "news.label", "value": "news.value.3625d39f"},
                {
                    "key": "card",
                    "label": "card.label",
                    "value": LINK,
                    "attributedValue": f"<a href='{LINK}'>{LINK}</a>",
                },
                {"key": "terms", "label": "terms.label", "value": "One stamp a coffee.\nNo cash value."},
                {"key": "contact", "label": "contact.label", "value": "hello@bean.example"},
            ],
        },
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_finds_every_text(renderer: PassRenderer, language: str) -> None:
    assert strings_of(rendered(renderer, a_face()), language) == {
        "description": in_three("Stamp card")[language],
        "places.0": in_three("High Street is near")[language],
        "terms.label": in_three("Terms")[language],
        "contact.label": in_three("Contact")[language],
        "stamps.label": in_three("Stamps")[language],
        "stamps.message": in_three("You now have %@ stamps")[language],
        "reward.label": in_three("Next reward")[language],
        "news.label": in_three("Latest")[language],
        "news.value.3625d39f": in_three("Thank you for your visit")[language],
        "card.label": in_three("This card on the web")[language],
    }


def test_another_value_has_another_key_so_that_every_phone_sees_the_change(renderer: PassRenderer) -> None:
    news = [Field("news", in_three("Latest"), in_three(text)) for text in ("Welcome!", "Enjoy!", "Welcome!")]
    first, second, third = (
        pass_json_of(rendered(renderer, a_face(back=(field,))))["storeCard"]["backFields"][0]["value"] for field in news
    )
    assert first != second and first == third


def test_texts_that_are_the_same_everywhere_need_no_key(renderer: PassRenderer) -> None:
    field = Field("news", same("Latest"), same("Open on Sunday"))
    pkpass = rendered(renderer, a_face(back=(field,)))
    assert pass_json_of(pkpass)["storeCard"]["backFields"][0] == {
        "key": "news",
        "label": "Latest",
        "value": "Open on Sunday",
    }
    assert not [key for key in strings_of(pkpass, "en") if key.startswith("news.value")]


def test_a_face_that_is_the_same_everywhere_has_no_strings_files(renderer: PassRenderer) -> None:
    face = a_face(
        description=same("Stamp card"),
        places=(),
        back_static=(),
        header=(Field("stamps", same("Stamps"), "4 / 10"),),
        secondary=(),
        back=(),
    )
    assert not [name for name in unzipped(rendered(renderer, face)) if "lproj" in name]


def test_a_text_that_one_language_lacks_is_shown_in_english(renderer: PassRenderer) -> None:
    field = Field("news", {"en": "Latest", "pl": "Nowości"}, {"en": "Open", "pl": "Otwarte", "hu": ""})
    assert shown(renderer, field, "hu") == {"key": "news", "label": "Latest", "value": "Open"}


AWKWARD = 'Say "hi" \\ <b>&amp;</b> 100 % %@ \n\ttwo; = lines ☕️ żółć'


def test_awkward_texts_arrive_unharmed(renderer: PassRenderer) -> None:
    field = Field("news", same(AWKWARD), {"en": AWKWARD, "pl": f"{AWKWARD}!", "hu": AWKWARD})
    assert shown(renderer, field, "pl") == {"key": "news", "label": AWKWARD, "value": f"{AWKWARD}!"}
    assert document(renderer, static_key="awkward", organization=AWKWARD)["organizationName"] == AWKWARD


def test_numbers_are_numbers_and_written_as_the_phone_writes_them(renderer: PassRenderer) -> None:
    field = shown(renderer, Field("stamps", same("Stamps"), 4), group="header")
    assert field == {"key": "stamps", "label": "Stamps", "value": 4, "numberStyle": "PKNumberStyleDecimal"}


def test_moments_are_dates_that_the_phone_writes_in_its_language(renderer: PassRenderer) -> None:
    moment = datetime.fromisoformat("2026-12-24T18:00:00.5+01:00")
    assert shown(renderer, Field("rewards", same("Until"), moment)) == {
        "key": "rewards",
        "label": "Until",
        "value": "2026-12-24T17:00:00+00:00",
        "dateStyle": "PKDateStyleMedium",
        "timeStyle": "PKDateStyleNone",
    }


def test_a_link_is_given_as_one_and_in_plain_too(renderer: PassRenderer) -> None:
    field = Field("contact", same("Shop"), in_three("Our <best> shop"), link="https://bean.example/?a=1&b='2'")
    face = a_face(back_static=(), back=(field,))
    pkpass = rendered(renderer, face)
    back, texts = pass_json_of(pkpass)["storeCard"]["backFields"][0], strings_of(pkpass, "en")
    assert texts[back["value"]] == "Our <best> shop"
    assert texts[back["attributedValue"]] == (
        "<a href='https://bean.example/?a=1&amp;b=&#x27;2&#x27;'>Our &lt;best&gt; shop</a>"
    )


def test_a_card_that_expires_says_when(renderer: PassRenderer) -> None:
    found = document(renderer, expires_at=datetime(2027, 1, 31, 22, 59, tzinfo=UTC))
    assert found["expirationDate"] == "2027-01-31T22:59:00+00:00"
    assert "voided" not in found


def test_a_closed_card_is_void(renderer: PassRenderer) -> None:
    assert document(renderer, voided=True)["voided"] is True


def test_a_program_without_places_names_none(renderer: PassRenderer) -> None:
    assert "locations" not in document(renderer, places=())


def test_ten_places_are_named_each_with_its_line(renderer: PassRenderer) -> None:
    places = tuple(Place(50 + n, -20 - n, in_three(f"Shop {n}")) for n in range(10))
    pkpass = rendered(renderer, a_face(places=places))
    locations, texts = pass_json_of(pkpass)["locations"], strings_of(pkpass, "hu")
    assert [place["latitude"] for place in locations] == [50 + n for n in range(10)]
    assert [texts[place["relevantText"]] for place in locations] == [in_three(f"Shop {n}")["hu"] for n in range(10)]


def test_no_radius_is_given_so_that_the_phone_chooses(renderer: PassRenderer) -> None:
    assert "maxDistance" not in document(renderer)


def test_nothing_is_drawn_over_the_strip(renderer: PassRenderer) -> None:
    assert "primaryFields" not in document(renderer)["storeCard"]


@pytest.mark.parametrize("count", [0, 1, 7, 40])
def test_no_back_field_is_lost(renderer: PassRenderer, count: int) -> None:
    own = tuple(Field(f"own{n}", same(f"Label {n}"), in_three(f"Value {n}")) for n in range(count))  # type: ignore[arg-type]
    back = document(renderer, back=own)["storeCard"]["backFields"]
    assert [field["key"] for field in back] == [*(f"own{n}" for n in range(count)), "terms", "contact"]


def test_a_card_without_back_fields_has_none(renderer: PassRenderer) -> None:
    assert document(renderer, back=(), back_static=())["storeCard"]["backFields"] == []


def test_pass_json_is_the_same_for_the_same_face(renderer: PassRenderer) -> None:
    assert unzipped(rendered(renderer, a_face()))["pass.json"] == unzipped(rendered(renderer, a_face()))["pass.json"]


def test_pass_json_has_no_byte_order_mark_and_no_needless_blanks(renderer: PassRenderer) -> None:
    data = unzipped(rendered(renderer, a_face()))["pass.json"]
    assert data.startswith(b'{"formatVersion":1,"passTypeIdentifier":')
    assert json.dumps(json.loads(data), ensure_ascii=False, separators=(",", ":")).encode() == data


def test_the_barcode_opens_nothing_by_itself(renderer: PassRenderer) -> None:
    found = document(renderer, barcode=Barcode("K7QW2M4ZP", "K7Q W2M 4ZP"))
    assert found["barcodes"][0]["message"] == "K7QW2M4ZP"
    assert TOKEN not in json.dumps(found["barcodes"])


def test_a_token_is_the_same_for_ever_and_another_for_each_card() -> None:
    def token(keyring: Keyring = KEYRING, pass_type: str = "pass.a", serial: str = "1") -> str:
        return authentication_token(keyring, None, pass_type, serial)

    assert token() == token()
    assert len({token(), token(serial="2"), token(pass_type="pass.b"), token(Keyring(["another secret"]))}) == 4


def test_a_token_is_long_and_fit_for_a_header() -> None:
    assert len(TOKEN) == 64
    assert set(TOKEN) <= set("0123456789abcdef")


def test_a_card_keeps_its_token_when_a_newer_secret_comes() -> None:
    rotated = Keyring(["a newer secret", "the first secret of the tests, long enough"])
    assert authentication_token(rotated, KEYRING.current_id, "pass.a", "1") == authentication_token(
        KEYRING, KEYRING.current_id, "pass.a", "1"
    )


def test_without_its_secret_a_card_has_no_token() -> None:
    with pytest.raises(RetiredKey):
        authentication_token(Keyring(["a newer secret"]), KEYRING.current_id, "pass.a", "1")
