"""What a pretend iPhone writes into the service's log, and what it does then (apple-wallet 3.6)."""

import pytest
from werkzeug.wrappers import Response

from tests.apple_service import Clock
from tests.sandbox.pass_service import PassService, html, json_response, stamps
from tests.sandbox.steps import SECONDS, add, change, complained, exchanged, lines, shows, stamps_on, tampered, update
from walletpass.sandbox.chain import PASS_TYPE_IDENTIFIER
from walletpass.sandbox.iphone import IPhone


def test_a_line_says_when_and_about_which_service(phone: IPhone, service: PassService, clock: Clock) -> None:
    service.answers["list"].append(json_response([]))
    add(phone, service)
    about = f"] Web service error for {PASS_TYPE_IDENTIFIER} ({service.url}/apple): list: malformed response"
    line = complained(phone, service)
    assert line.startswith(f"[{clock.now:%Y-%m-%d %H:%M:%S %z}") and about in line


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        pytest.param(html("<p>Hello"), "it is not JSON", id="a page"),
        pytest.param(json_response(["card-1"]), "it is not a JSON object", id="a bare list"),
        pytest.param(
            json_response({"serialNumbers": "card-1", "lastUpdated": "1"}), "serialNumbers must be", id="no list"
        ),
        pytest.param(json_response({"serialNumbers": [1], "lastUpdated": "1"}), "serialNumbers must be", id="numbers"),
        pytest.param(
            json_response({"serialNumbers": ["card-1"], "lastUpdated": 1}), "lastUpdated must be", id="a number"
        ),
        pytest.param(json_response({"serialNumbers": ["card-1"]}), "lastUpdated must be", id="no tag"),
    ],
)
def test_a_malformed_list_is_reported_and_brings_nothing(
    phone: IPhone, service: PassService, answer: Response, says: str
) -> None:
    service.answers["list"].append(answer)
    add(phone, service)
    assert says in complained(phone, service)
    assert service.asked("pass") == []


@pytest.mark.parametrize("status", [401, 403, 404, 500, 503])
def test_a_list_answered_otherwise_is_reported_and_tried_again(
    phone: IPhone, service: PassService, status: int
) -> None:
    add(phone, service)
    service.answers["list"].append(html("sorry", status=status))
    update(service, "5 / 10")
    phone.wait_for(shows("5 / 10"))
    assert f"list: unexpected response code {status}" in complained(phone, service)


def test_serial_numbers_under_the_old_tag_are_reported(phone: IPhone, service: PassService) -> None:
    add(phone, service)
    tag = service.passes["card-1"].revision
    change(service, "5 / 10")
    service.answers["list"].append(json_response({"serialNumbers": ["card-1"], "lastUpdated": str(tag)}))
    service.push()
    phone.wait_for(shows("5 / 10"))
    assert f"list: serial numbers came with the tag that was sent ({tag})" in complained(phone, service)


def test_a_serial_number_that_the_phone_does_not_have_is_reported(phone: IPhone, service: PassService) -> None:
    service.answers["list"].append(json_response({"serialNumbers": ["card-9"], "lastUpdated": "9"}))
    add(phone, service)
    assert "update requested for unregistered serial number card-9" in complained(phone, service)


def test_another_pass_than_the_requested_one_is_discarded_and_reported(phone: IPhone, service: PassService) -> None:
    pass_id = add(phone, service)
    service.issue_file("card-1", service.make_pass("card-2"))
    phone.pull_to_refresh(pass_id).result(SECONDS)
    assert phone.state.passes[0].file.serial_number == "card-1"
    assert f"requested {PASS_TYPE_IDENTIFIER} card-1, received {PASS_TYPE_IDENTIFIER} card-2" in complained(
        phone, service
    )


def test_a_broken_pass_is_reported_and_the_old_one_stays(phone: IPhone, service: PassService) -> None:
    add(phone, service)
    service.issue_file("card-1", tampered(service.make_pass(fields={"headerFields": [stamps("5 / 10")]})))
    service.push()
    assert "card-1: received invalid pass data: pass.json is not the file" in complained(phone, service)
    assert stamps_on(phone.state) == "4 / 10"


def test_a_page_in_place_of_a_pass_is_reported_and_the_old_one_stays(phone: IPhone, service: PassService) -> None:
    add(phone, service)
    service.answers["pass"].append(html("Please sign in"))
    update(service, "5 / 10")
    assert "received invalid pass data: the file is not a ZIP" in complained(phone, service)
    assert stamps_on(phone.state) == "4 / 10"


def test_a_listed_pass_that_has_not_changed_is_reported(phone: IPhone, service: PassService) -> None:
    add(phone, service)
    service.answers["list"].append(json_response({"serialNumbers": ["card-1"], "lastUpdated": "9999"}))
    service.push()
    assert "card-1: requested update but unchanged" in complained(phone, service)


def test_a_listed_pass_with_the_same_content_is_reported(phone: IPhone, service: PassService) -> None:
    add(phone, service)
    update(service, "4 / 10")
    assert "card-1: requested update but unchanged" in complained(phone, service)
    assert lines(phone) == []


def test_a_refresh_that_finds_nothing_new_is_nobodys_mistake(phone: IPhone, service: PassService) -> None:
    pass_id = add(phone, service)
    phone.pull_to_refresh(pass_id).result(SECONDS)
    assert service.log == []


def test_a_wrong_token_is_reported_and_not_tried_again(phone: IPhone, service: PassService) -> None:
    add(phone, service)
    service.answers["pass"].append(Response(status=401))
    update(service, "5 / 10")
    assert "get pass card-1: authentication failure" in complained(phone, service)
    phone.reboot().result(SECONDS)
    assert stamps_on(phone.state) == "4 / 10"


def test_a_pass_answered_with_500_is_reported_and_tried_again(phone: IPhone, service: PassService) -> None:
    add(phone, service)
    service.answers["pass"].append(Response(status=500))
    update(service, "5 / 10")
    phone.wait_for(shows("5 / 10"))
    assert "get pass card-1: unexpected response code 500" in complained(phone, service)


def test_an_unregistration_answered_with_204_is_reported(phone: IPhone, service: PassService) -> None:
    service.answers["unregister"].append(Response(status=204))
    phone.delete(add(phone, service)).result(SECONDS)
    assert "unregister: unexpected response code 204" in complained(phone, service)


def test_a_push_that_brings_nothing_is_reported_when_the_last_update_is_long_ago(
    phone: IPhone, service: PassService, clock: Clock
) -> None:
    add(phone, service)
    clock.advance(minutes=6)
    service.push()
    assert "received a spurious push notification" in complained(phone, service)


def test_a_push_that_was_overtaken_is_not_reported(phone: IPhone, service: PassService) -> None:
    add(phone, service)
    service.push()
    exchanged(phone, "GET /apple/v1/devices", 2)
    phone.reboot().result(SECONDS)
    assert service.log == []


def test_a_log_that_cannot_be_written_stops_nothing(phone: IPhone, service: PassService) -> None:
    service.answers["list"].append(Response(status=500))
    service.answers["log"].append(Response(status=500))
    add(phone, service)
    exchanged(phone, "GET /apple/v1/passes", 1)
