"""The pretend Android phone: it saves over real HTTP, and shows what Google has."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from werkzeug import Response

from tests.apple_service import Clock
from tests.sandbox.pass_service import html
from tests.sandbox.wallet_service import CARD, CLASS, Shop, done, localized
from walletpass.sandbox.android import AndroidPhone, AndroidState
from walletpass.sandbox.android_view import android_view
from walletpass.sandbox.chrome import NO_PASS
from walletpass.sandbox.google import Behaviour, PretendGoogle

SECONDS = 20


@pytest.fixture
def google(clock: Clock) -> Iterator[PretendGoogle]:
    with PretendGoogle(clock, retries=(0.01,)) as pretend:
        yield pretend


@pytest.fixture
def shop(google: PretendGoogle, tmp_path: Path, clock: Clock) -> Iterator[Shop]:
    with Shop(google, tmp_path, clock).open() as opened:
        opened.publish()
        yield opened


@pytest.fixture
def phone(google: PretendGoogle, clock: Clock) -> Iterator[AndroidPhone]:
    """Ola's phone: English, in London, and impatient."""
    with AndroidPhone("Ola", "en", google=google, clock=clock, retries=(0.01, 0.02)) as android:
        yield android


@pytest.fixture
def jans(google: PretendGoogle, clock: Clock) -> Iterator[AndroidPhone]:
    with AndroidPhone("Jan", "pl", google=google, clock=clock) as android:
        yield android


def save(phone: AndroidPhone, shop: Shop) -> str:
    """Put the card onto the phone; returns its id there."""
    phone.open(shop.link()).result(SECONDS)
    assert phone.state.alert is None
    return phone.state.passes[0].id


def shows(balance: str) -> Callable[[AndroidState], bool]:
    return lambda state: state.passes[0].object["loyaltyPoints"]["balance"] == {"string": balance}


def lines(phone: AndroidPhone) -> list[str]:
    return [each.text for each in phone.state.notifications]


# Saving


def test_a_save_link_puts_the_card_into_google_wallet(phone: AndroidPhone, shop: Shop) -> None:
    save(phone, shop)
    assert phone.state.passes[0].object["id"] == CARD
    assert shop.client.get_object(CARD).body["hasUsers"] is True


def test_the_join_page_is_asked_for_as_an_android_phone_and_its_button_pressed(phone: AndroidPhone, shop: Shop) -> None:
    shop.pages["/join"] = html(
        "<form method=post action=/joined><button name=wallet value=google>Add</button>"
        "<button name=wallet value=web>Use</button></form>"
    )
    shop.pages["/joined"] = Response(status=303, headers={"Location": "/c/1"})
    shop.pages["/c/1"] = html(
        "<a class=button href=/elsewhere>Elsewhere</a><a href=/c/1/google>Add to Google Wallet</a>"
    )
    shop.pages["/c/1/google"] = Response(status=302, headers={"Location": shop.link()})
    phone.open(f"{shop.url}/join").result(SECONDS)
    assert len(phone.state.passes) == 1


def test_owners_may_have_any_name(google: PretendGoogle, clock: Clock, shop: Shop) -> None:
    with AndroidPhone("Zoë", "en", google=google, clock=clock) as zoes:
        save(zoes, shop)
        zoes.delete(zoes.state.passes[0].id).result(SECONDS)
    assert zoes.state.alert is None and zoes.state.passes == []


def test_saving_twice_leaves_one_card(phone: AndroidPhone, shop: Shop) -> None:
    assert save(phone, shop) == save(phone, shop)
    assert len(phone.state.passes) == 1


def test_the_card_of_somebody_else_cannot_be_saved(phone: AndroidPhone, jans: AndroidPhone, shop: Shop) -> None:
    save(phone, shop)
    jans.open(shop.link()).result(SECONDS)
    assert jans.state.passes == [] and jans.state.alert is not None
    assert jans.state.alert.words == NO_PASS and "another account" in jans.state.alert.reasons[0]


def test_a_page_that_leads_nowhere_is_named(phone: AndroidPhone, shop: Shop) -> None:
    shop.pages["/about"] = html("<p>About us</p>")
    phone.open(f"{shop.url}/about").result(SECONDS)
    assert phone.state.alert is not None and "“Bean Bar”" in phone.state.alert.reasons[0]


# Updates


def test_a_change_arrives_and_rings(phone: AndroidPhone, shop: Shop) -> None:
    save(phone, shop)
    done(shop.stamp("5/10"))
    phone.wait_for(shows("5/10"))
    phone.wait_for(lambda state: state.notifications)
    assert [each.organization for each in phone.state.notifications] == ["Bean Bar"]


def test_a_silent_change_arrives_too(phone: AndroidPhone, shop: Shop) -> None:
    save(phone, shop)
    done(shop.stamp("5/10", notify=False))
    phone.wait_for(shows("5/10"))
    assert lines(phone) == []


def test_a_class_change_reaches_the_cards(phone: AndroidPhone, shop: Shop) -> None:
    save(phone, shop)
    done(shop.client.patch_class(CLASS, {"programName": "Tea", "reviewStatus": "UNDER_REVIEW"}))
    phone.wait_for(lambda state: state.passes[0].loyalty_class["programName"] == "Tea")


def test_a_message_rings_in_googles_words_and_is_read_in_the_pass(phone: AndroidPhone, shop: Shop) -> None:
    save(phone, shop)
    done(shop.say("Cake today", "With every coffee", "m1"))
    phone.wait_for(lambda state: state.notifications)
    assert "Cake" not in lines(phone)[0]
    [card] = android_view(1, phone).passes
    assert ("Cake today", "With every coffee") in [(each.label, each.text) for each in card.messages]


def test_each_notice_rings_once(phone: AndroidPhone, shop: Shop) -> None:
    save(phone, shop)
    done(shop.stamp("5/10"))
    phone.wait_for(lambda state: state.notifications)
    phone.refresh().result(SECONDS)
    phone.state.clear_notifications()
    phone.refresh().result(SECONDS)
    assert lines(phone) == []


def test_in_airplane_mode_nothing_arrives_until_it_ends(phone: AndroidPhone, shop: Shop) -> None:
    save(phone, shop)
    phone.set_airplane_mode(True)
    done(shop.stamp("5/10"))
    assert shows("4/10")(phone.state)
    phone.set_airplane_mode(False)
    phone.wait_for(shows("5/10"))
    phone.wait_for(lambda state: state.notifications)


# Removing


def test_a_removed_card_is_gone_and_google_tells_the_shop(phone: AndroidPhone, shop: Shop) -> None:
    phone.delete(save(phone, shop)).result(SECONDS)
    assert phone.state.passes == []
    shop.wait_for_calls(2)
    assert [each.content["eventType"] for each in shop.heard()] == ["save", "del"]


def test_offline_a_card_cannot_be_removed(phone: AndroidPhone, shop: Shop) -> None:
    pass_id = save(phone, shop)
    phone.set_airplane_mode(True)
    phone.delete(pass_id).result(SECONDS)
    assert len(phone.state.passes) == 1 and phone.state.alert is not None


def test_a_removed_card_can_be_saved_again(phone: AndroidPhone, shop: Shop) -> None:
    phone.delete(save(phone, shop)).result(SECONDS)
    done(shop.stamp("9/10"))
    save(phone, shop)
    assert shows("9/10")(phone.state) and lines(phone) == []


# What is shown


def test_the_card_shows_names_balances_code_and_picture(phone: AndroidPhone, shop: Shop) -> None:
    save(phone, shop)
    [card] = android_view(1, phone).passes
    assert (card.issuer, card.program) == ("Bean Bar", "Coffee Card")
    assert [(each.label, each.value) for row in card.rows for each in row] == [("Stamps", "4/10"), ("Rewards", "0")]
    assert card.barcode is not None and card.barcode.text == "GZJ Y72"
    assert card.hero is not None and phone.pictures[card.hero.digest].startswith(b"\x89PNG")
    assert card.colours.startswith("3c2414-ffffff")


def test_a_template_decides_about_the_rows(phone: AndroidPhone, shop: Shop) -> None:
    def item(path: str) -> dict[str, object]:
        return {"firstValue": {"fields": [{"fieldPath": path}]}}

    rows = [
        {"twoItems": {"startItem": item("object.loyaltyPoints.balance"), "endItem": item("object.nothing")}},
        {"oneItem": {"item": item("object.textModulesData['reward']")}},
        {"oneItem": {"item": item("object.textModulesData['missing']")}},
    ]
    template = {"cardTemplateOverride": {"cardRowTemplateInfos": rows}}
    change = {"classTemplateInfo": template, "reviewStatus": "UNDER_REVIEW"}
    done(shop.client.patch_class(CLASS, change))
    texts = [{"id": "reward", "header": "Next reward", "body": "Free coffee"}]
    done(shop.client.patch_object(CARD, {"textModulesData": texts}))
    save(phone, shop)
    [card] = android_view(1, phone).passes
    assert [[(each.label, each.value) for each in row] for row in card.rows] == [
        [("Stamps", "4/10")],
        [("Next reward", "Free coffee")],
    ]


def test_a_card_speaks_its_owners_language(jans: AndroidPhone, shop: Shop) -> None:
    points = {"localizedLabel": localized(en="Stamps", pl="Pieczątki")}
    texts = [{"id": "terms", "header": "Terms", "localizedHeader": localized(en="Terms", pl="Regulamin"), "body": "x"}]
    done(shop.client.patch_object(CARD, {"loyaltyPoints": points, "textModulesData": texts}))
    save(jans, shop)
    [card] = android_view(1, jans).passes
    assert card.rows[0][0].label == "Pieczątki" and [each.label for each in card.texts] == ["Regulamin"]


def test_the_default_is_for_those_whose_language_is_missing(phone: AndroidPhone, shop: Shop) -> None:
    header = {"defaultValue": {"language": "hu", "value": "Szabályok"}, "translatedValues": []}
    done(shop.client.patch_object(CARD, {"textModulesData": [{"id": "a", "localizedHeader": header, "body": "x"}]}))
    save(phone, shop)
    assert [each.label for each in android_view(1, phone).passes[0].texts] == ["Szabályok"]


@pytest.mark.parametrize("state", ["EXPIRED", "INACTIVE", "COMPLETED"])
def test_a_card_that_is_over_says_so(phone: AndroidPhone, shop: Shop, state: str) -> None:
    save(phone, shop)
    done(shop.client.patch_object(CARD, {"state": state}))
    phone.wait_for(lambda now: now.passes[0].object["state"] == state)
    assert android_view(1, phone).passes[0].is_over


def test_a_link_that_is_no_link_is_only_text(phone: AndroidPhone, shop: Shop) -> None:
    links = [{"id": "a", "uri": "geo:52,21", "description": "Here"}, {"id": "b", "uri": "https://cards.example/"}]
    done(shop.client.patch_object(CARD, {"linksModuleData": {"uris": links}}))
    save(phone, shop)
    assert [each.href for each in android_view(1, phone).passes[0].links] == ["https://cards.example/"]


def test_a_new_picture_needs_a_new_address(phone: AndroidPhone, shop: Shop) -> None:
    save(phone, shop)
    before = android_view(1, phone).passes[0].hero
    shop.pages["/hero.png"] = shop.pages["/logo.png"]
    done(shop.stamp("5/10"))
    phone.wait_for(shows("5/10"))
    assert android_view(1, phone).passes[0].hero == before
    done(shop.stamp("6/10", heroImage={"sourceUri": {"uri": f"{shop.url}/logo.png"}}))
    phone.wait_for(shows("6/10"))
    assert android_view(1, phone).passes[0].hero != before


def test_a_customer_whom_google_lets_in_later_can_save_then(
    phone: AndroidPhone, shop: Shop, google: PretendGoogle
) -> None:
    google.behaviour = Behaviour(demo_mode=True)
    phone.open(shop.link()).result(SECONDS)
    assert phone.state.passes == []
    google.behaviour = Behaviour()
    save(phone, shop)
    assert len(phone.state.passes) == 1
