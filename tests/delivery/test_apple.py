"""Updates reach phones: from a stamp to the push, over real HTTP/2, to a pretend APNs."""

import logging

import pytest

from tests.apple_service import ALICES_PHONE, ALICES_TOKEN, BOBS_PHONE, BOBS_TOKEN
from tests.conftest import NOON
from tests.delivery.post import Post
from walletpass.apple.updates import updated_since
from walletpass.database import reading
from walletpass.delivery.apple import ANOTHER_PASS_TYPE
from walletpass.delivery.claims import LONGEST_WAIT, WAIT_FOR_REPAIR
from walletpass.loyalty.destinations import troubles
from walletpass.sandbox.apns import refusal
from walletpass.sandbox.chain import PASS_TYPE_IDENTIFIER
from walletpass.sandbox.http2 import Behaviour

EXPIRED = refusal(403, "BadCertificate")
BUSY = refusal(503, "ServiceUnavailable")


def words_of_trouble(post: Post) -> list[str]:
    with reading(post.engine) as connection:
        return list(troubles(connection))


def test_a_stamp_pushes_an_empty_object_for_the_pass_type_to_the_phone(post_anywhere: Post) -> None:
    post = post_anywhere
    post.stamp(post.join())
    assert post.deliver() == 1
    [push] = post.apns.pushes
    assert (push.token, push.topic, push.body) == (ALICES_TOKEN, PASS_TYPE_IDENTIFIER, b"{}")


def test_what_was_pushed_is_not_pushed_again(post: Post) -> None:
    post.stamp(post.join())
    post.deliver()
    assert post.deliver() == 0
    assert post.pushed() == [ALICES_TOKEN]


def test_ten_stamps_in_a_burst_cost_one_push(post: Post) -> None:
    card = post.join()
    post.stamp(*[card] * 10)
    post.deliver()
    post.deliver()
    assert post.pushed() == [ALICES_TOKEN]
    assert post.destination().delivered_revision == card.revision + 10


def test_every_phone_with_the_card_is_told(post: Post) -> None:
    card = post.join()
    post.register(card, BOBS_PHONE, BOBS_TOKEN)
    post.stamp(card)
    post.deliver()
    assert sorted(post.pushed()) == sorted([ALICES_TOKEN, BOBS_TOKEN])


def test_phones_without_the_card_are_left_in_peace(post: Post) -> None:
    card = post.join()
    post.join(BOBS_PHONE, BOBS_TOKEN)
    post.stamp(card)
    post.deliver()
    assert post.pushed() == [ALICES_TOKEN]


def test_two_cards_of_one_phone_cost_one_push(post_anywhere: Post) -> None:
    post = post_anywhere
    post.stamp(post.join(), post.join())
    assert post.deliver() == 2
    assert post.pushed() == [ALICES_TOKEN]
    assert [row.due_at for row in post.destinations()] == [None, None]


def test_two_devices_with_the_same_push_token_are_one_phone(post: Post) -> None:
    card = post.join()
    post.register(card, "the same phone under another name", ALICES_TOKEN)
    post.stamp(card)
    assert post.deliver() == 2
    assert post.pushed() == [ALICES_TOKEN]


def test_a_phone_that_registered_again_is_pushed_at_its_new_token_only(post: Post) -> None:
    card = post.join()
    post.register(card, push_token="beef")
    post.stamp(card)
    post.deliver()
    assert post.pushed() == ["beef"]


def test_a_phone_that_unregistered_is_not_pushed(post: Post) -> None:
    card = post.join()
    post.stamp(card)
    post.unregister(card)
    assert post.deliver() == 0


def test_a_dead_token_is_dropped_with_all_its_registrations(post_anywhere: Post) -> None:
    post = post_anywhere
    card, other, bobs = post.join(), post.join(), post.join(BOBS_PHONE, BOBS_TOKEN)
    post.apns.forget(ALICES_TOKEN, since=NOON)
    post.stamp(card, bobs)
    post.deliver()
    assert post.devices() == {BOBS_PHONE}
    assert [row.card_id for row in post.destinations()] == [bobs.id]
    assert other.id != bobs.id


def test_a_token_registered_after_it_was_dead_stays_and_is_tried_again(post_anywhere: Post) -> None:
    post = post_anywhere
    card = post.join()
    post.apns.forget(ALICES_TOKEN, since=NOON)
    post.clock.advance(milliseconds=1)
    post.register(card)
    post.stamp(card)
    post.deliver()
    assert post.devices() == {ALICES_PHONE}
    post.apns.register(ALICES_TOKEN, lambda *_: None)
    post.clock.advance(minutes=1)
    post.deliver()
    assert post.pushed() == [ALICES_TOKEN]


def test_a_token_that_was_never_good_is_dropped(post: Post) -> None:
    post.apns.behaviour = Behaviour(replies=[refusal(400, "BadDeviceToken")])
    post.stamp(post.join())
    post.deliver()
    assert post.devices() == set()


def test_a_phone_that_comes_back_after_its_token_died_gets_what_it_missed(post: Post) -> None:
    card = post.join()
    tag = updated_since(post.engine, ALICES_PHONE, PASS_TYPE_IDENTIFIER, None)
    assert tag
    post.apns.forget(ALICES_TOKEN, since=NOON)
    post.stamp(card)
    post.deliver()
    post.register(card, push_token="beef")
    missed = updated_since(post.engine, ALICES_PHONE, PASS_TYPE_IDENTIFIER, tag.last_updated)
    assert missed and missed.serial_numbers == (card.serial_number,)


@pytest.mark.parametrize("reply", [BUSY, refusal(500, "InternalServerError"), refusal(429, "TooManyRequests"), EXPIRED])
def test_no_other_refusal_drops_anything(post: Post, reply: object) -> None:
    post.apns.behaviour = Behaviour(replies=[reply])  # type: ignore[list-item]
    post.stamp(post.join())
    post.deliver()
    assert post.devices() == {ALICES_PHONE}
    assert post.destination().due_at > post.clock()


def test_a_push_that_failed_is_sent_later(post: Post) -> None:
    post.apns.behaviour = Behaviour(replies=[BUSY, BUSY])
    post.stamp(post.join())
    for _ in range(3):
        post.clock.advance(minutes=1)
        post.deliver()
    assert post.pushed() == [ALICES_TOKEN]
    assert words_of_trouble(post) == []


def test_apns_is_not_asked_before_the_time_that_it_gave(post: Post) -> None:
    post.apns.behaviour = Behaviour(replies=[refusal(429, "TooManyRequests", retry_after="600")])
    post.stamp(post.join())
    post.deliver()
    post.clock.advance(minutes=9)
    assert post.deliver() == 0
    post.clock.advance(minutes=2)
    assert post.deliver() == 1


def test_a_refused_certificate_stops_the_batch_and_is_shown(post: Post) -> None:
    post.apns.behaviour = Behaviour(replies=[EXPIRED] * 300)
    post.stamp(post.join(), post.join(BOBS_PHONE, BOBS_TOKEN))
    post.deliver()
    [words] = words_of_trouble(post)
    assert "Apple refuses the pass certificate" in words
    assert {row.due_at - post.clock() for row in post.destinations()} == {WAIT_FOR_REPAIR}
    assert post.devices() == {ALICES_PHONE, BOBS_PHONE}


def test_after_a_repair_everything_is_delivered(post: Post) -> None:
    post.apns.behaviour = Behaviour(replies=[EXPIRED])
    post.stamp(post.join())
    post.deliver()
    post.clock.advance(minutes=15)
    post.deliver()
    assert post.pushed() == [ALICES_TOKEN]
    assert words_of_trouble(post) == []


def test_apns_out_of_reach_costs_time_only(post: Post) -> None:
    post.apns.behaviour = Behaviour(refuse_tls=True)
    post.stamp(post.join())
    post.deliver()
    [words] = words_of_trouble(post)
    assert "APNs" in words
    post.apns.behaviour = Behaviour()
    post.clock.advance(seconds=LONGEST_WAIT.total_seconds())
    post.deliver()
    assert post.pushed() == [ALICES_TOKEN]


def test_a_card_of_another_pass_type_is_not_pushed_with_this_certificate(post: Post) -> None:
    card = post.shop.join(now=NOON)
    post.register(card, pass_type_identifier="pass.com.example.before")
    post.stamp(card)
    post.deliver()
    assert post.pushed() == []
    assert words_of_trouble(post) == [ANOTHER_PASS_TYPE]


def test_many_phones_are_told_in_several_batches(post_on_postgres: Post) -> None:
    post = post_on_postgres
    tokens = [f"{number:064x}" for number in range(1, 301)]
    card = post.join("phone-0", tokens[0])
    for token in tokens[1:]:
        post.register(card, f"phone-{token}", token)
    post.stamp(card)
    loop = post.loop()
    post.clock.advance(seconds=2)
    assert [loop.run_once() for _ in range(3)] == [250, 50, 0]
    assert sorted(post.pushed()) == tokens


def test_push_tokens_stay_out_of_the_log(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="walletpass")
    post.apns.behaviour = Behaviour(replies=[BUSY, refusal(400, "DeviceTokenNotForTopic")])
    post.stamp(post.join(), post.join(BOBS_PHONE, BOBS_TOKEN))
    post.deliver()
    assert "ServiceUnavailable" in caplog.text
    assert ALICES_TOKEN not in caplog.text
    assert BOBS_TOKEN not in caplog.text
