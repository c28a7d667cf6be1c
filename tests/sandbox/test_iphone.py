"""The pretend iPhone against a web service on a real socket, pushed to over real HTTP/2 (apple-wallet 3.6)."""

import json

import pytest
from werkzeug.wrappers import Response

from tests.apple_service import Clock
from tests.sandbox.pass_service import TOKEN, PassService, json_response
from tests.sandbox.steps import SECONDS, add, change, complained, exchanged, lines, shows, stamps_on, tampered, update
from walletpass.sandbox.apns import PretendAPNs
from walletpass.sandbox.chain import PASS_TYPE_IDENTIFIER
from walletpass.sandbox.iphone import IPhone
from walletpass.sandbox.safari import NO_PAGE, NO_PASS


def test_a_pass_behind_a_link_is_added(phone: IPhone, service: PassService) -> None:
    add(phone, service)
    assert [each.file.serial_number for each in phone.state.passes] == ["card-1"]


def test_a_web_address_that_is_none_is_refused(phone: IPhone) -> None:
    phone.open("javascript:alert(1)").result(SECONDS)
    assert phone.state.alert is not None and phone.state.alert.words == NO_PAGE


def test_nobody_at_the_address_is_an_alert(phone: IPhone) -> None:
    phone.open("http://127.0.0.1:1/card.pkpass").result(SECONDS)
    assert phone.state.alert is not None and phone.state.alert.words == NO_PAGE


def test_a_pass_of_another_media_type_is_not_taken(phone: IPhone, service: PassService) -> None:
    service.pages["/card"] = Response(service.make_pass(), content_type="application/zip")
    phone.open(f"{service.url}/card").result(SECONDS)
    assert phone.state.alert is not None and phone.state.alert.words == NO_PASS
    assert "application/zip" in phone.state.alert.reasons[0]
    assert phone.state.passes == []


def test_an_error_page_is_no_pass(phone: IPhone, service: PassService) -> None:
    phone.open(f"{service.url}/nothing").result(SECONDS)
    assert phone.state.alert is not None and "404" in phone.state.alert.reasons[0]


def test_a_pass_that_was_changed_after_signing_is_refused_with_the_reason(phone: IPhone, service: PassService) -> None:
    service.issue_file("card-1", tampered(service.make_pass()))
    phone.open(f"{service.url}/card-1.pkpass").result(SECONDS)
    assert phone.state.alert is not None
    assert phone.state.alert.reasons == (
        "pass.json is not the file that the manifest describes; it was changed after signing",
    )
    assert phone.state.passes == []


def test_every_fault_of_a_pass_is_listed(phone: IPhone, service: PassService) -> None:
    phone.open(service.issue(formatVersion=2, authenticationToken="short")).result(SECONDS)
    assert phone.state.alert is not None
    assert len(phone.state.alert.reasons) == 2


def test_a_pass_that_no_trusted_root_vouches_for_is_refused(
    apns: PretendAPNs, service: PassService, clock: Clock
) -> None:
    with IPhone("Emma", "en", apns=apns, roots=[], clock=clock) as distrustful:
        distrustful.open(service.issue()).result(SECONDS)
        assert distrustful.state.passes == []
        assert distrustful.state.alert is not None and "root" in distrustful.state.alert.reasons[0]


def test_adding_a_pass_again_makes_no_second_one(phone: IPhone, service: PassService) -> None:
    add(phone, service, value="4 / 10")
    add(phone, service, value="5 / 10")
    assert [stamps_on(phone.state)] == ["5 / 10"]
    assert len(phone.state.passes) == 1


def test_a_pass_without_web_service_is_added_and_left_alone(phone: IPhone, service: PassService) -> None:
    service.issue_file("card-1", service.make_pass(webServiceURL=None, authenticationToken=None))
    phone.open(f"{service.url}/card-1.pkpass").result(SECONDS)
    assert len(phone.state.passes) == 1
    assert service.asked("register") == []


def test_a_new_pass_registers_with_the_push_token_and_asks_what_it_has_missed(
    phone: IPhone, service: PassService
) -> None:
    add(phone, service)
    [registered], [listed], [fetched] = (service.asked(what) for what in ("register", "list", "pass"))
    assert registered.headers["Authorization"] == f"ApplePass {TOKEN}"
    assert list(service.passes["card-1"].push_tokens.values()) == [json.loads(registered.body)["pushToken"]]
    assert "passesUpdatedSince" not in listed.path
    assert "If-Modified-Since" not in fetched.headers


def test_the_list_is_asked_for_without_authorization(phone: IPhone, service: PassService) -> None:
    add(phone, service)
    [listed] = service.asked("list")
    assert "Authorization" not in listed.headers


def test_two_passes_of_one_service_share_a_device(phone: IPhone, service: PassService) -> None:
    add(phone, service, "card-1")
    add(phone, service, "card-2")
    assert len({device for each in service.passes.values() for device in each.push_tokens}) == 1


def test_a_pass_added_later_is_fetched_by_itself_too(phone: IPhone, service: PassService) -> None:
    """The list may have been answered before the registration counted."""
    add(phone, service, "card-1")
    service.answers["list"].append(Response(status=204))
    add(phone, service, "card-2")
    assert service.asked("pass")[-1].path.startswith(f"/apple/v1/passes/{PASS_TYPE_IDENTIFIER}/card-2")


def test_when_all_passes_are_gone_the_next_one_comes_to_another_device(phone: IPhone, service: PassService) -> None:
    phone.delete(add(phone, service)).result(SECONDS)
    add(phone, service)
    first, second = (each.path.split("/")[4] for each in service.asked("register"))
    assert first != second


@pytest.mark.parametrize("status", [204, 301, 401, 404, 500])
def test_a_registration_answered_otherwise_is_reported_and_tried_again(
    phone: IPhone, service: PassService, status: int
) -> None:
    service.answers["register"].append(Response(status=status))
    add(phone, service)
    exchanged(phone, "GET /apple/v1/passes", 1)
    assert service.passes["card-1"].push_tokens
    assert f"register: unexpected response code {status}" in complained(phone, service)


def test_the_phone_gives_up_after_its_last_try(phone: IPhone, service: PassService) -> None:
    service.answers["register"].extend(Response(status=500) for _ in range(4))
    add(phone, service)
    exchanged(phone, "POST /apple/v1/log", 4)
    assert (len(service.asked("register")), service.passes["card-1"].push_tokens) == (4, {})


def test_a_push_brings_the_new_pass_and_a_line_on_the_lock_screen(phone: IPhone, service: PassService) -> None:
    add(phone, service)
    update(service, "5 / 10")
    phone.wait_for(shows("5 / 10"))
    [notification] = phone.state.notifications
    assert (notification.organization, notification.text) == ("Bean Bar", "You now have 5 / 10 stamps")


def test_the_tag_and_the_date_go_back_letter_by_letter(phone: IPhone, service: PassService) -> None:
    service.answers["list"].append(json_response({"serialNumbers": ["card-1"], "lastUpdated": "tag+9=a"}))
    service.answers["list"].append(Response(status=204))
    add(phone, service)
    old = service.passes["card-1"].last_modified
    service.passes["card-1"].last_modified = odd = "yesterday, about noon"
    phone.pull_to_refresh(phone.state.passes[0].id).result(SECONDS)
    phone.pull_to_refresh(phone.state.passes[0].id).result(SECONDS)
    phone.reboot().result(SECONDS)
    assert [each.headers.get("If-Modified-Since") for each in service.asked("pass")] == [None, old, odd]
    assert service.asked("list")[-1].path.endswith("?passesUpdatedSince=tag+9=a")


def test_one_of_two_passes_changes(phone: IPhone, service: PassService) -> None:
    add(phone, service, "card-1")
    add(phone, service, "card-2")
    update(service, "5 / 10", "card-1")
    phone.wait_for(shows("5 / 10", place=1))
    assert stamps_on(phone.state, place=0) == "4 / 10"


def test_both_passes_of_a_list_are_fetched(phone: IPhone, service: PassService) -> None:
    add(phone, service, "card-1")
    add(phone, service, "card-2")
    change(service, "5 / 10", "card-1")
    update(service, "6 / 10", "card-2")
    phone.wait_for(lambda state: shows("6 / 10")(state) and shows("5 / 10", place=1)(state))
    assert sorted(lines(phone)) == ["You now have 5 / 10 stamps", "You now have 6 / 10 stamps"]


def test_pull_to_refresh_fetches_without_asking_for_the_list(phone: IPhone, service: PassService) -> None:
    pass_id = add(phone, service)
    change(service, "5 / 10")
    phone.pull_to_refresh(pass_id).result(SECONDS)
    assert stamps_on(phone.state) == "5 / 10"
    assert len(service.asked("list")) == 1


def test_after_a_restart_the_phone_asks_what_it_has_missed(phone: IPhone, service: PassService) -> None:
    add(phone, service)
    change(service, "5 / 10")
    phone.reboot().result(SECONDS)
    assert stamps_on(phone.state) == "5 / 10"


def test_with_automatic_updates_off_the_phone_unregisters(phone: IPhone, service: PassService) -> None:
    pass_id = add(phone, service)
    phone.set_automatic_updates(pass_id, False).result(SECONDS)
    assert service.passes["card-1"].push_tokens == {}


def test_with_automatic_updates_off_a_refresh_is_silent(phone: IPhone, service: PassService) -> None:
    pass_id = add(phone, service)
    phone.set_automatic_updates(pass_id, False).result(SECONDS)
    change(service, "5 / 10")
    phone.pull_to_refresh(pass_id).result(SECONDS)
    assert (stamps_on(phone.state), lines(phone)) == ("5 / 10", [])


def test_with_automatic_updates_on_again_the_phone_catches_up(phone: IPhone, service: PassService) -> None:
    pass_id = add(phone, service)
    phone.set_automatic_updates(pass_id, False).result(SECONDS)
    change(service, "5 / 10")
    phone.set_automatic_updates(pass_id, True).result(SECONDS)
    assert stamps_on(phone.state) == "5 / 10"
    update(service, "6 / 10")
    phone.wait_for(shows("6 / 10"))


def test_a_deleted_pass_unregisters(phone: IPhone, service: PassService) -> None:
    phone.delete(add(phone, service)).result(SECONDS)
    assert phone.state.passes == []
    assert service.passes["card-1"].push_tokens == {}


def test_a_deleted_pass_takes_its_lines_from_the_lock_screen(phone: IPhone, service: PassService) -> None:
    pass_id = add(phone, service)
    update(service, "5 / 10")
    phone.wait_for(lambda state: state.notifications)
    phone.delete(pass_id).result(SECONDS)
    assert lines(phone) == []


def test_a_new_push_token_is_registered_and_the_old_one_is_dead(
    phone: IPhone, service: PassService, apns: PretendAPNs
) -> None:
    add(phone, service)
    [old] = service.passes["card-1"].push_tokens.values()
    phone.renew_push_token().result(SECONDS)
    [new] = service.passes["card-1"].push_tokens.values()
    assert new != old
    update(service, "5 / 10")
    phone.wait_for(shows("5 / 10"))
    assert apns.pushes[-1].token == new


def test_a_push_for_another_pass_type_changes_nothing(phone: IPhone, service: PassService) -> None:
    pass_id = add(phone, service)
    phone.take_push("token", "pass.of.somebody.else")
    phone.pull_to_refresh(pass_id).result(SECONDS)
    assert len(service.asked("list")) == 1


def test_pushes_wait_until_the_phone_is_back(phone: IPhone, service: PassService) -> None:
    add(phone, service)
    phone.set_airplane_mode(True)
    update(service, "5 / 10")
    update(service, "6 / 10")
    phone.set_airplane_mode(False)
    phone.wait_for(shows("6 / 10"))
    assert lines(phone) == ["You now have 6 / 10 stamps"]


def test_nothing_is_sent_in_it(phone: IPhone, service: PassService) -> None:
    pass_id = add(phone, service)
    phone.set_airplane_mode(True)
    phone.pull_to_refresh(pass_id).result(SECONDS)
    phone.open(service.issue("card-2")).result(SECONDS)
    assert phone.state.alert is not None and phone.state.alert.reasons == ("airplane mode",)
    assert (len(service.asked("pass")), len(service.asked("page"))) == (1, 1)


def test_a_pass_deleted_in_it_unregisters_afterwards(phone: IPhone, service: PassService) -> None:
    pass_id = add(phone, service)
    phone.set_airplane_mode(True)
    phone.delete(pass_id).result(SECONDS)
    assert len(service.passes["card-1"].push_tokens) == 1
    phone.set_airplane_mode(False)
    exchanged(phone, "DELETE /apple/v1/devices", 2)
    phone.wait_for(lambda _: service.passes["card-1"].push_tokens == {})


def test_a_phone_that_is_switched_off_does_nothing_more(phone: IPhone, service: PassService) -> None:
    phone.stop()
    assert phone.open(service.issue()).cancelled()
    assert service.asked("page") == []


def test_waiting_for_what_does_not_happen_ends(phone: IPhone) -> None:
    with pytest.raises(TimeoutError, match="Emma"):
        phone.wait_for(lambda state: state.passes, timeout=0.01)
