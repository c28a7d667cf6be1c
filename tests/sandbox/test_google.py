"""The pretend Google: what it takes and refuses, in whose name, and what it does of its own accord."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import urllib3
from jwt import PyJWS

from tests.apple_service import Clock
from tests.sandbox.wallet_service import CARD, CLASS, Shop, done, localized
from walletpass.google.answers import Outcome
from walletpass.google.identity import load_issuer
from walletpass.google.save_link import SaveLinks
from walletpass.sandbox.google import ISSUER_ID, Behaviour, PretendGoogle, html_error, refusal
from walletpass.sandbox.google_store import DAY

ALICE, BOB = "alice@gmail.example", "bob@gmail.example"


@pytest.fixture
def google(clock: Clock) -> Iterator[PretendGoogle]:
    with PretendGoogle(clock, retries=(0.01, 0.02)) as pretend:
        yield pretend


@pytest.fixture
def shop(google: PretendGoogle, tmp_path: Path, clock: Clock) -> Iterator[Shop]:
    with Shop(google, tmp_path, clock).open() as opened:
        yield opened


def ask(url: str, method: str = "GET", **given: Any) -> urllib3.BaseHTTPResponse:
    with urllib3.PoolManager(retries=False) as http:
        return http.request(method, url, redirect=False, **given)


def press_save(link: str, account: str = ALICE) -> urllib3.BaseHTTPResponse:
    """Send the form of the save page."""
    return ask(link, "POST", fields={"account": account}, encode_multipart=False)


# Who asks


def test_a_service_account_gets_a_token_and_may_ask(shop: Shop) -> None:
    answer = done(shop.client.get_issuer())
    assert answer.body["issuerId"] == ISSUER_ID


def test_the_key_file_is_for_its_owner_only(shop: Shop) -> None:
    assert shop.key_file.stat().st_mode & 0o077 == 0


def test_without_a_token_nothing_is_answered(google: PretendGoogle) -> None:
    answer = ask(f"{google.url}/walletobjects/v1/issuer", headers={"Authorization": "Bearer made-up"})
    assert answer.status == 401


def test_a_key_that_was_deleted_gets_no_token(shop: Shop, google: PretendGoogle) -> None:
    google.forget_service_account(shop.issuer.email)
    answer = shop.client.get_issuer()
    assert (answer.outcome, answer.reason) == (Outcome.MISCONFIGURED, "badKey")


def test_an_assertion_that_another_key_signed_gets_no_token(google: PretendGoogle, shop: Shop, tmp_path: Path) -> None:
    """The account has a new key since."""
    google.write_service_account(tmp_path / "new.json", shop.issuer.email)
    assert shop.client.get_issuer().reason == "badKey"


def test_a_forgotten_token_is_fetched_anew(shop: Shop, google: PretendGoogle) -> None:
    done(shop.client.get_issuer())
    google.forget_tokens()
    done(shop.client.get_issuer())


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [(Behaviour(api_enabled=False), "accessNotConfigured"), (Behaviour(invited=False), "permissionDenied")],
)
def test_a_set_up_that_is_not_complete_is_refused(
    shop: Shop, google: PretendGoogle, behaviour: Behaviour, reason: str
) -> None:
    google.behaviour = behaviour
    answer = shop.client.insert_class(shop.a_class())
    assert (answer.status, answer.reason) == (403, reason)


def test_the_issuer_of_somebody_else_is_closed(shop: Shop) -> None:
    answer = shop.client.insert_class(shop.a_class(id="3388000000000000002.coffee"))
    assert (answer.status, answer.reason) == (403, "permissionDenied")


# Classes and objects


def test_a_class_is_approved_at_once(shop: Shop) -> None:
    assert done(shop.client.insert_class(shop.a_class())).body["reviewStatus"] == "APPROVED"


def test_an_object_comes_with_its_class_and_without_users(shop: Shop) -> None:
    shop.publish()
    card = done(shop.client.get_object(CARD)).body
    assert card["hasUsers"] is False and card["classReference"]["programName"] == "Coffee Card"


def test_what_is_there_already_is_not_inserted_again(shop: Shop) -> None:
    shop.publish()
    assert shop.client.insert_class(shop.a_class()).outcome is Outcome.EXISTS
    assert shop.client.insert_object(shop.a_card("9/10")).outcome is Outcome.EXISTS


def test_an_object_needs_its_class(shop: Shop) -> None:
    assert shop.client.insert_object(shop.a_card()).outcome is Outcome.MISSING


def test_a_draft_carries_no_objects(shop: Shop) -> None:
    done(shop.client.insert_class(shop.a_class(reviewStatus="DRAFT")))
    assert shop.client.insert_object(shop.a_card()).status == 400


def test_what_is_not_there_cannot_be_patched(shop: Shop) -> None:
    assert shop.stamp("5/10").outcome is Outcome.MISSING


@pytest.mark.parametrize("status", ["APPROVED", "REJECTED", "underReview", 1, []])
def test_the_review_is_not_for_the_shop_to_decide(shop: Shop, status: object) -> None:
    assert shop.client.insert_class(shop.a_class(reviewStatus=status)).status == 400


def test_an_approved_class_is_changed_under_review(shop: Shop) -> None:
    done(shop.client.insert_class(shop.a_class()))
    assert shop.client.patch_class(CLASS, {"programName": "Tea"}).status == 400
    done(shop.client.patch_class(CLASS, {"programName": "Tea", "reviewStatus": "UNDER_REVIEW"}))


@pytest.mark.parametrize(
    "change",
    [
        {"programLogo": None},
        {"programName": ""},
        {"issuerName": 7},
        {"colour": "#fff"},
        {"hexBackgroundColor": "brown"},
        {"programLogo": {"sourceUri": {"uri": "logo.png"}}},
        {"programLogo": {"sourceUri": {}, "privateImageId": "1"}},
        {"programLogo": "https://cards.example/logo.png"},
        {"programLogo": {"sourceUri": None}},
        {"merchantLocations": [{"latitude": 91, "longitude": 0}]},
        {"merchantLocations": [{}]},
        {"merchantLocations": [{"latitude": 1, "longitude": 1}] * 11},
        {"textModulesData": [{"id": "next.reward", "header": "a", "body": "b"}]},
        {"textModulesData": {"id": "a"}},
        {"localizedProgramName": {"defaultValue": {"lang": "en", "value": "Card"}}},
        {"callbackOptions": {"url": "http://cards.example/callback"}},
        {"id": f"{ISSUER_ID}.a/b"},
        {"id": "coffee"},
        {"id": None},
    ],
    ids=str,
)
def test_a_class_that_is_wrong_is_refused(shop: Shop, change: dict[str, Any]) -> None:
    assert shop.client.insert_class(shop.a_class(**change)).outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    "change",
    [
        {"state": "active"},
        {"state": None},
        {"loyaltyPoints": {"label": "Stamps"}},
        {"loyaltyPoints": {"balance": {"string": "4/10", "int": 4}}},
        {"loyaltyPoints": {"balance": {"int": "4"}}},
        {"loyaltyPoints": {"balance": {"int": 2**31}}},
        {"loyaltyPoints": {"balance": {"money": {"currencyCode": "PLN", "micros": 1}}}},
        {"barcode": {"type": "QR", "value": "X"}},
        {"barcode": {"type": "QR_CODE"}},
        {"hexBackgroundColor": "#ffffff"},
        {"hasUsers": True},
        {"linksModuleData": {"uris": [{"uri": "cards.example"}]}},
    ],
    ids=str,
)
def test_an_object_that_is_wrong_is_refused(shop: Shop, change: dict[str, Any]) -> None:
    done(shop.client.insert_class(shop.a_class()))
    assert shop.client.insert_object(shop.a_card(**change)).outcome is Outcome.REFUSED


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 90_000])
def test_a_body_that_is_no_json_is_refused(shop: Shop, google: PretendGoogle, body: bytes) -> None:
    done(shop.client.get_issuer())
    [token] = google._tokens
    headers = {"Authorization": f"Bearer {token}"}
    assert ask(f"{google.url}/walletobjects/v1/loyaltyClass", "POST", body=body, headers=headers).status == 400


def test_a_patch_merges_objects_replaces_lists_and_clears_with_null(shop: Shop) -> None:
    texts = [{"id": "a", "header": "A", "body": "1"}, {"id": "b", "header": "B", "body": "2"}]
    shop.publish(textModulesData=texts, accountName="Alice")
    change = {"barcode": {"alternateText": "NEW"}, "textModulesData": texts[:1], "accountName": None}
    card = done(shop.client.patch_object(CARD, change)).body
    assert card["barcode"] == {"type": "QR_CODE", "value": "X1", "alternateText": "NEW"}
    assert card["textModulesData"] == texts[:1] and "accountName" not in card


def test_a_refused_patch_changes_nothing(shop: Shop) -> None:
    shop.publish()
    assert shop.stamp("5/10", heroImage={"sourceUri": {"uri": f"{shop.url}/nothing.png"}}).status == 400
    assert shop.client.get_object(CARD).body["loyaltyPoints"]["balance"] == {"string": "4/10"}


def test_some_issuers_may_not_send_their_places(shop: Shop, google: PretendGoogle) -> None:
    google.behaviour = Behaviour(takes_places=False)
    places = [{"latitude": 52.2, "longitude": 21.0}]
    refused = shop.client.insert_class(shop.a_class(merchantLocations=places))
    assert refused.outcome is Outcome.REFUSED and "allowlisted" in refused.message
    done(shop.client.insert_class(shop.a_class()))


# Pictures


def test_a_picture_is_loaded_once_and_shown_as_a_copy(shop: Shop, google: PretendGoogle) -> None:
    shop.publish()
    done(shop.stamp("5/10"))
    assert sorted(shop.asked) == ["/hero.png", "/logo.png"]


@pytest.mark.parametrize("path", ["/nothing.png", "/page"])
def test_a_picture_that_cannot_be_loaded_voids_the_request(shop: Shop, path: str) -> None:
    shop.pages["/page"] = replace_type(shop, "text/html")
    refused = shop.client.insert_class(shop.a_class(programLogo={"sourceUri": {"uri": f"{shop.url}{path}"}}))
    assert refused.outcome is Outcome.REFUSED and "Image cannot be loaded" in refused.message


def replace_type(shop: Shop, media_type: str) -> Any:
    page = shop.pages["/logo.png"]
    return type(page)(page.get_data(), content_type=media_type)


# Notifications


def notices(google: PretendGoogle) -> list[str]:
    """What has made phones ring."""
    return [each.message["header"] if each.message else "change" for each in google.notices]


@pytest.fixture
def held(shop: Shop, google: PretendGoogle) -> Shop:
    """The card is in Alice's Google Wallet."""
    shop.publish()
    google.save([{"id": CARD}], [], ALICE)
    return shop


def test_a_changed_balance_rings_when_asked_to(held: Shop, google: PretendGoogle) -> None:
    done(held.stamp("5/10"))
    assert notices(google) == ["change"]


def test_it_has_to_be_asked_for_each_time(held: Shop, google: PretendGoogle) -> None:
    done(held.stamp("5/10"))
    done(held.stamp("6/10", notify=False))
    assert notices(google) == ["change"]


def test_the_same_balance_again_does_not_ring(held: Shop, google: PretendGoogle) -> None:
    done(held.stamp("4/10"))
    done(held.stamp("4/10", accountName="Alice"))
    assert notices(google) == []


def test_nobody_is_rung_for_a_card_that_nobody_holds(shop: Shop, google: PretendGoogle) -> None:
    shop.publish()
    done(shop.stamp("5/10"))
    assert notices(google) == []


def test_the_fourth_change_of_a_day_is_silent(held: Shop, google: PretendGoogle, clock: Clock) -> None:
    for stamps in range(5, 9):
        done(held.stamp(f"{stamps}/10"))
    assert notices(google) == ["change"] * 3
    clock.now += DAY
    done(held.stamp("9/10"))
    assert notices(google) == ["change"] * 4


def test_the_fourth_message_of_a_day_is_refused(held: Shop, google: PretendGoogle, clock: Clock) -> None:
    for number in range(3):
        done(held.say("News", "Cake", f"m{number}"))
    refused = held.say("News", "Cake", "m3")
    assert (refused.outcome, refused.status) == (Outcome.QUOTA, 403)
    done(held.say("News", "Cake", "m4", "TEXT"))
    clock.now += DAY
    done(held.say("News", "Cake", "m5"))
    assert notices(google) == ["News"] * 4


def test_a_message_with_an_old_id_changes_its_text_and_rings_nowhere(held: Shop, google: PretendGoogle) -> None:
    done(held.say("News", "Cake", "m1"))
    card = done(held.say("News", "Pie", "m1")).body["resource"]
    assert [each["body"] for each in card["messages"]] == ["Pie"] and notices(google) == ["News"]


def test_the_eleventh_message_is_refused(held: Shop) -> None:
    for number in range(10):
        done(held.say("News", "Cake", f"m{number}", "TEXT"))
    assert held.say("News", "Cake", "m10", "TEXT").outcome is Outcome.REFUSED


# Saving


def test_the_save_page_asks_for_an_account(shop: Shop) -> None:
    shop.publish()
    page = ask(shop.link())
    assert page.status == 200 and 'autocomplete="email"' in page.data.decode()


def test_a_saved_card_has_users_until_it_is_removed(shop: Shop, google: PretendGoogle) -> None:
    shop.publish()
    saved = press_save(shop.link())
    assert (saved.status, saved.headers["Location"]) == (303, f"/gp/v/object/{CARD}")
    assert shop.client.get_object(CARD).body["hasUsers"] is True
    google.remove(CARD, ALICE)
    assert shop.client.get_object(CARD).body["hasUsers"] is False


def test_a_link_that_carries_everything_makes_what_is_missing(google: PretendGoogle, shop: Shop, clock: Clock) -> None:
    link = shop.links.fat([shop.a_class()], shop.a_card("7/10"), clock())
    assert link is not None and press_save(link).status == 303
    assert shop.client.get_object(CARD).body["loyaltyPoints"]["balance"] == {"string": "7/10"}


def test_a_link_never_changes_what_is_there(shop: Shop, clock: Clock) -> None:
    shop.publish()
    link = shop.links.fat([shop.a_class(programName="Tea")], shop.a_card("9/10"), clock())
    assert link is not None and press_save(link).status == 303
    card = shop.client.get_object(CARD).body
    assert card["loyaltyPoints"]["balance"] == {"string": "4/10"}
    assert card["classReference"]["programName"] == "Coffee Card"


def test_a_short_link_to_nothing_fails(shop: Shop) -> None:
    answer = press_save(shop.link())
    assert answer.status == 400 and "not found" in answer.data.decode()


def test_a_card_belongs_to_one_account(shop: Shop) -> None:
    shop.publish()
    assert [press_save(shop.link(), each).status for each in (ALICE, ALICE, BOB)] == [303, 303, 400]


def test_in_demo_mode_only_testers_may_save(shop: Shop, google: PretendGoogle) -> None:
    shop.publish()
    google.behaviour = Behaviour(demo_mode=True, testers=frozenset({BOB}))
    assert "demo mode" in press_save(shop.link(), ALICE).data.decode()
    assert press_save(shop.link(), BOB).status == 303


def token(shop: Shop, **changes: Any) -> str:
    """A save link with other claims."""
    claims = {"iss": shop.issuer.email, "aud": "google", "typ": "savetowallet", "iat": 1, "origins": []}
    claims |= {"payload": {"loyaltyObjects": [{"id": CARD}]}, **changes}
    signed = PyJWS().encode(json.dumps(claims).encode(), shop.issuer.key, algorithm="RS256")
    return f"{shop.google.save_url}{signed}"


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "https://google.com"},
        {"typ": "savetoandroidpay"},
        {"iss": "nobody@example.com"},
        {"payload": None},
        {"payload": {"loyaltyObjects": [{"id": CARD, "accountName": "x" * 2000}]}},
    ],
    ids=["audience", "type", "issuer", "payload", "length"],
)
def test_a_token_that_is_wrong_leads_nowhere(shop: Shop, change: dict[str, Any]) -> None:
    shop.publish()
    assert ask(token(shop)).status == 200
    assert ask(token(shop, **change)).status == 400


def test_a_token_that_another_key_signed_leads_nowhere(shop: Shop, google: PretendGoogle, tmp_path: Path) -> None:
    shop.publish()
    other = PretendGoogle(shop.clock)
    forged = load_issuer(ISSUER_ID, other.write_service_account(tmp_path / "other.json", shop.issuer.email))
    other.stop()
    assert ask(SaveLinks(forged, google.save_url).skinny(CARD, shop.clock())).status == 400


# Callbacks


def test_saving_and_removing_is_told_with_signatures(shop: Shop, google: PretendGoogle) -> None:
    shop.publish()
    press_save(shop.link())
    google.remove(CARD, ALICE)
    shop.wait_for_calls(2)
    assert [(each.content["eventType"], each.content["objectId"]) for each in shop.heard()] == [
        ("save", CARD),
        ("del", CARD),
    ]


def test_a_callback_that_fails_is_sent_again_with_the_same_nonce(shop: Shop) -> None:
    shop.publish()
    shop.statuses = [500, 503]
    press_save(shop.link())
    shop.wait_for_calls(3)
    assert len({each.content["nonce"] for each in shop.heard()}) == 1


def test_a_callback_that_is_refused_is_not_sent_again(shop: Shop, google: PretendGoogle) -> None:
    shop.publish()
    shop.statuses = [400]
    press_save(shop.link())
    google.remove(CARD, ALICE)
    shop.wait_for_calls(2)
    assert [each.content["eventType"] for each in shop.heard()] == ["save", "del"]


def test_classes_without_an_address_use_that_of_the_issuer(shop: Shop, google: PretendGoogle) -> None:
    done(shop.client.insert_class(shop.a_class(callbackOptions=None)))
    done(shop.client.insert_object(shop.a_card()))
    google.callback_url = f"{shop.url}/callback"
    press_save(shop.link())
    shop.wait_for_calls(1)


def test_the_root_keys_are_published(google: PretendGoogle) -> None:
    answer = ask(google.keys_url)
    assert json.loads(answer.data) == google.signer.keys_document()
    assert answer.headers["Cache-Control"] == "public, max-age=3600"


# Bad days


def test_replies_are_given_in_their_order_and_then_the_truth(shop: Shop, google: PretendGoogle) -> None:
    done(shop.client.get_issuer())
    replies = [refusal(429, "rateLimitExceeded", "Slow down.", retry_after="7"), refusal(500), html_error(503)]
    google.behaviour = Behaviour(replies=replies)
    answers = [shop.client.get_issuer() for _ in range(4)]
    assert [each.status for each in answers] == [429, 500, 503, 200]
    assert answers[0].retry_after == timedelta(seconds=7)


def test_a_slow_google_is_waited_for_only_so_long(shop: Shop, google: PretendGoogle) -> None:
    done(shop.client.get_issuer())
    google.behaviour = Behaviour(delay=30)
    impatient = replace(shop.issuer)
    client = type(shop.client)(impatient, google.url, turns=lambda: timedelta(0), clock=shop.clock, seconds=0.2)
    assert client.get_issuer().outcome is Outcome.LATER
    client.close()


def test_a_class_that_google_has_lost_is_missing(shop: Shop, google: PretendGoogle) -> None:
    shop.publish()
    google.store.lose("loyaltyObject", CARD)
    assert shop.client.get_object(CARD).outcome is Outcome.MISSING


@pytest.mark.parametrize("path", ["/", "/walletobjects/v1/genericClass", "/gp/v/save/", "/images/x", "/wallet"])
def test_nothing_else_is_served(google: PretendGoogle, path: str) -> None:
    assert ask(f"{google.url}{path}").status in {401, 404}


# What is written down


def test_the_log_has_every_call_and_no_secret(shop: Shop, google: PretendGoogle) -> None:
    shop.publish()
    press_save(shop.link())
    written = "\n".join(f"{each.what} {each.sent} {each.received}" for each in google.exchanges)
    assert "POST /walletobjects/v1/loyaltyObject" in written and "POST /token" in written
    [secret] = google._tokens
    assert secret not in written and shop.link().rpartition("/")[2] not in written
    assert not re.search(r"eyJ[\w-]{30}", written)


def test_texts_in_several_languages_are_taken(shop: Shop) -> None:
    done(shop.client.insert_class(shop.a_class(localizedProgramName=localized(en="Coffee Card", pl="Karta kawowa"))))
