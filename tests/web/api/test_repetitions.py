"""Idempotency keys: the same request sent twice counts once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from tests.builders import open_shop
from tests.conftest import NOON
from tests.web.api.conftest import Till
from walletpass.database import reading
from walletpass.loyalty import tables


def test_the_same_key_gets_the_first_answer_again(any_till: Till) -> None:
    card = any_till.join()
    path = f"/cards/{card['id']}/stamps"
    first = any_till.post(path, {"count": 2}, key="scan-1")
    again = any_till.post(path, {"count": 2}, key="scan-1")
    assert (again.status, again.body) == (first.status, first.body)
    assert any_till.card(card)["stamps"] == 2


def test_an_answer_given_again_says_so(till: Till) -> None:
    first, again = (till.post("/cards", {"program": "bean-card"}, key="join-1") for _ in range(2))
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"


def test_the_first_answer_comes_again_although_the_card_has_moved_on(till: Till) -> None:
    card = till.join()
    path = f"/cards/{card['id']}/stamps"
    first = till.post(path, key="scan-1")
    till.stamp(card, 5)
    assert till.post(path, key="scan-1").body == first.body
    assert till.card(card)["stamps"] == 6


def test_other_spacing_is_still_the_same_request(till: Till) -> None:
    path = f"/cards/{till.join()['id']}/stamps"
    first = till.call("POST", path, data='{"count":1,"note":"x"}', content_type="application/json", key="scan-1")
    again = till.call("POST", path, data='{ "note": "x", "count": 1 }', content_type="application/json", key="scan-1")
    assert again.body == first.body


def test_every_write_can_be_repeated(any_till: Till) -> None:
    card = any_till.join()
    entry = any_till.stamp(card, 10)["entry"]
    program = {"slug": "tea-card", "name": "Tea Card", "stamps_required": 8, "reward": "A pot of tea"}
    redemption = any_till.post(f"/cards/{card['id']}/redemptions", {}, key="redeem").body["entry"]
    writes = [
        ("POST", "/cards", {"program": "bean-card"}),
        ("POST", f"/entries/{redemption['id']}/reversal", {}),
        ("POST", f"/entries/{entry['id']}/reversal", {"note": "Wrong card"}),
        ("POST", f"/cards/{card['id']}/closing", {}),
        ("POST", "/programs", program),
        ("PATCH", "/programs/tea-card", {"name": "Tea"}),
        ("POST", "/locations", {"name": "Van"}),
    ]
    for number, (method, path, body) in enumerate(writes):
        first, again = (any_till.call(method, path, body, key=f"write-{number}") for _ in range(2))
        assert first.status in (200, 201)
        assert (again.status, again.body) == (first.status, first.body)
        assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("other", ["count", "card", "call"])
def test_a_key_used_for_another_request_is_refused(any_till: Till, other: str) -> None:
    card = any_till.join()
    any_till.post(f"/cards/{card['id']}/stamps", {"count": 1}, key="scan-1")
    path, body = {
        "count": (f"/cards/{card['id']}/stamps", {"count": 2}),
        "card": (f"/cards/{any_till.join()['id']}/stamps", {"count": 1}),
        "call": ("/cards", {"program": "bean-card"}),
    }[other]
    answer = any_till.post(path, body, key="scan-1")
    assert (answer.status, answer.body["title"]) == (422, "Key reused")
    assert any_till.card(card)["stamps"] == 1


def test_a_refusal_is_not_remembered(till: Till) -> None:
    card = till.join()
    assert till.post(f"/cards/{card['id']}/redemptions", key="redeem-1").status == 409
    till.stamp(card, 10)
    assert till.post(f"/cards/{card['id']}/redemptions", key="redeem-1").status == 201


@pytest.mark.parametrize("key", ["", "x" * 201, "a\tb"])
def test_what_is_no_key_is_refused(till: Till, key: str) -> None:
    answer = till.post("/cards", {"program": "bean-card"}, key=key)
    assert answer.status == 422
    assert [fault["header"] for fault in answer.body["errors"]] == ["Idempotency-Key"]


def test_the_keys_of_two_merchants_have_nothing_to_do_with_each_other(any_till: Till) -> None:
    other = any_till.service.till(open_shop(any_till.shop.engine, now=NOON, slug="tea"))
    ours = any_till.post("/cards", {"program": "bean-card"}, key="join-1")
    theirs = other.post("/cards", {"program": "tea-card"}, key="join-1")
    assert (ours.status, theirs.status) == (201, 201)
    assert ours.body["id"] != theirs.body["id"]


def test_the_same_stamp_sent_eight_times_at_once_counts_once(any_till: Till) -> None:
    card = any_till.join()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: any_till.post(f"/cards/{card['id']}/stamps", key="scan-1"), range(8)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["entry"]["id"] for answer in answers}) == 1
    assert any_till.card(card)["stamps"] == 1


def test_the_private_links_of_a_card_are_in_no_remembered_answer(till: Till) -> None:
    card = till.post("/cards", {"program": "bean-card"}, key="join-1").body
    with reading(till.shop.engine) as connection:
        remembered = repr(connection.execute(select(tables.answer)).all())
    assert card["id"] in remembered
    assert card["links"]["web"].rpartition("-")[2] not in remembered
