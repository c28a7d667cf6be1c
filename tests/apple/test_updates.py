"""Registrations and update tags, asked for by phones over HTTP, on both databases."""

from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from threading import Barrier, Thread

import pytest
from sqlalchemy import Engine, func, select

from tests.apple.builders import pass_json_of
from tests.apple_service import BOBS_PHONE, BOBS_TOKEN, AppleService, Clock, Phone
from tests.conftest import NOON
from walletpass.apple import tables
from walletpass.database import reading
from walletpass.loyalty import tables as loyalty_tables
from walletpass.sandbox.chain import PASS_TYPE_IDENTIFIER, Chain


@pytest.fixture
def service(engine: Engine, chain: Chain) -> Iterator[AppleService]:
    with AppleService(engine, chain, Clock(NOON)) as service:
        yield service


@pytest.fixture
def alice(service: AppleService) -> Phone:
    return Phone(service)


@pytest.fixture
def bob(service: AppleService) -> Phone:
    return Phone(service, BOBS_PHONE, BOBS_TOKEN)


def push_tokens(service: AppleService) -> list[str]:
    """Where pushes would go: one line for each registration."""
    query = select(tables.device.c.push_token).join(tables.registration)
    with reading(service.engine) as connection:
        return sorted(connection.execute(query).scalars())


def destinations(service: AppleService) -> int:
    with reading(service.engine) as connection:
        return connection.execute(select(func.count()).select_from(loyalty_tables.destination)).scalar_one()


# A phone's whole life


def test_the_life_of_a_card_on_a_phone(service: AppleService, alice: Phone) -> None:
    card = service.join()
    wrong = {"Authorization": "ApplePass " + "0" * 64}
    path = f"/apple/v1/devices/{alice.identifier}/registrations/{PASS_TYPE_IDENTIFIER}/{card.serial_number}"
    assert alice.register(card).status == 201
    assert alice.register(card).status == 200
    assert service.ask("POST", path, body=b'{"pushToken":"aa"}', headers=wrong).status == 401

    first = alice.list()
    assert (first.status, first.serial_numbers) == (200, {card.serial_number})
    assert alice.list(first.tag).status == 204

    service.stamp(card)
    second = alice.list(first.tag)
    assert (second.status, second.serial_numbers) == (200, {card.serial_number})
    assert int(second.tag) > int(first.tag)

    fetched = service.get_pass(card)
    assert fetched.status == 200
    assert service.get_pass(card, If_Modified_Since=fetched.headers["Last-Modified"]).status == 304

    service.stamp(card)
    third = alice.list(second.tag)
    assert third.serial_numbers == {card.serial_number}
    fresh = service.get_pass(card, If_Modified_Since=fetched.headers["Last-Modified"])
    assert pass_json_of(fresh.body)["storeCard"]["headerFields"][0]["value"] == "2 / 10"

    assert service.ask("POST", "/apple/v1/log", body=b'{"logs":["all is well"]}').status == 200
    assert alice.unregister(card).status == 200
    assert alice.unregister(card).status == 200
    assert alice.list(third.tag).status == 204


def test_a_new_push_token_replaces_the_old_one_for_all_cards_of_the_device(service: AppleService, alice: Phone) -> None:
    first, second = service.join(), service.join()
    alice.register(first)
    alice.register(second)
    assert alice.register(first, push_token="beef").status == 200
    assert push_tokens(service) == ["beef", "beef"]


def test_unregistering_one_card_leaves_the_others_of_the_device(service: AppleService, alice: Phone) -> None:
    first, second = service.join(), service.join()
    alice.register(first)
    alice.register(second)
    alice.unregister(first)
    assert alice.list().serial_numbers == {second.serial_number}


def test_unregistering_one_device_leaves_the_others_of_the_card(
    service: AppleService, alice: Phone, bob: Phone
) -> None:
    card = service.join()
    alice.register(card)
    bob.register(card)
    alice.unregister(card)
    assert push_tokens(service) == [BOBS_TOKEN]


def test_a_device_is_forgotten_with_its_last_registration(service: AppleService, alice: Phone) -> None:
    card = service.join()
    alice.register(card)
    alice.unregister(card)
    with reading(service.engine) as connection:
        assert connection.execute(select(tables.device)).all() == []
    assert destinations(service) == 0


def test_a_phone_that_was_never_registered_can_unregister(service: AppleService, alice: Phone) -> None:
    assert alice.unregister(service.join()).status == 200


def test_a_device_that_registers_many_times_at_once_is_registered_once(service: AppleService, alice: Phone) -> None:
    card, together, statuses = service.join(), Barrier(8), []

    def register() -> None:
        together.wait()
        statuses.append(alice.register(card).status)

    threads = [Thread(target=register) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 7 + [201]
    assert destinations(service) == 1


def test_registering_and_unregistering_at_once_ends_in_one_of_the_two(service: AppleService, alice: Phone) -> None:
    card, together, statuses = service.join(), Barrier(8), []

    def run(number: int) -> None:
        together.wait()
        for _ in range(5):
            statuses.append((alice.register if number % 2 else alice.unregister)(card).status)

    threads = [Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {200, 201}
    assert len(push_tokens(service)) == destinations(service) <= 1


# The list


def test_a_device_nobody_knows_has_nothing_to_fetch(alice: Phone) -> None:
    answer = alice.list()
    assert (answer.status, answer.body) == (204, b"")


def test_the_list_of_another_pass_type_is_empty(service: AppleService, alice: Phone) -> None:
    alice.register(service.join())
    assert alice.list(pass_type="pass.com.example.other").status == 204


def test_cards_that_others_registered_are_not_listed(service: AppleService, alice: Phone, bob: Phone) -> None:
    mine, yours = service.join(), service.join()
    alice.register(mine)
    bob.register(yours)
    assert alice.list().serial_numbers == {mine.serial_number}


def test_all_cards_that_changed_are_listed_not_only_the_newest(service: AppleService, alice: Phone) -> None:
    first, _, third = cards = [service.join() for _ in range(3)]
    for card in cards:
        alice.register(card)
    tag = alice.list().tag
    service.stamp(first)
    service.clock.advance(hours=1)
    service.stamp(third)
    assert alice.list(tag).serial_numbers == {first.serial_number, third.serial_number}


def test_a_device_with_two_cards_settles(service: AppleService, alice: Phone) -> None:
    first, second = service.join(), service.join()
    alice.register(first)
    alice.register(second)
    service.stamp(first)
    service.stamp(second)
    assert alice.list(alice.list().tag).status == 204


def test_two_changes_in_the_same_second_are_both_delivered(service: AppleService, alice: Phone) -> None:
    card = service.join()
    alice.register(card)
    service.stamp(card)
    tag, first = alice.list().tag, service.get_pass(card)
    service.stamp(card)
    assert alice.list(tag).serial_numbers == {card.serial_number}
    second = service.get_pass(card, If_Modified_Since=first.headers["Last-Modified"])
    assert second.status == 200
    assert parsedate_to_datetime(second.headers["Last-Modified"]) > parsedate_to_datetime(
        first.headers["Last-Modified"]
    )


def test_a_change_made_since_the_pass_was_downloaded_is_listed_although_the_phone_has_a_tag(
    service: AppleService, alice: Phone
) -> None:
    old, new = service.join(), service.join()
    alice.register(old)
    tag = alice.list().tag
    service.stamp(new)
    alice.register(new)
    assert alice.list(tag).serial_numbers == {new.serial_number}


def test_a_phone_that_comes_back_with_its_old_tag_is_shown_what_it_missed(service: AppleService, alice: Phone) -> None:
    card = service.join()
    alice.register(card)
    tag = alice.list().tag
    alice.unregister(card)
    service.clock.advance(seconds=1)
    service.stamp(card)
    alice.register(card)
    assert alice.list(tag).serial_numbers == {card.serial_number}


def test_a_tag_from_before_a_backup_was_restored_asks_for_everything(service: AppleService, alice: Phone) -> None:
    cards = [service.join() for _ in range(3)]
    for card in cards:
        alice.register(card)
    tag = alice.list().tag
    for card in cards:
        service.stamp(card)
    later = str(int(tag) + 2)  # a number that the database, as it is now, has never given
    assert alice.list(later).serial_numbers == {card.serial_number for card in cards}
