"""A card from the first scan to the last, on the real server, over real HTTP, HTTP/2 and signatures."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from sqlalchemy import select

from tests.installation import Installation, Key, kill
from walletpass.database import open_database, reading
from walletpass.loyalty import tables
from walletpass.sandbox.apns import PretendAPNs
from walletpass.sandbox.iphone import IPhone
from walletpass.sandbox.phone_state import PhoneState

WORKERS_ELSEWHERE = "redis://127.0.0.1:1"
"""Anything but the embedded queue leaves delivery to workers."""


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


@pytest.fixture
def apns(here: Installation) -> Iterator[PretendAPNs]:
    with PretendAPNs(here.chain.server_certificate, here.chain.server_key, here.chain.root) as server:
        here.settings["apns_url"] = server.url
        yield server


@pytest.fixture
def phone(here: Installation, apns: PretendAPNs) -> Iterator[IPhone]:
    roots = x509.load_pem_x509_certificates(here.chain.root.read_bytes())
    with IPhone("Emma", "en", apns=apns, roots=roots, clock=lambda: datetime.now(UTC)) as iphone:
        yield iphone


def shown(phone: IPhone) -> dict[str, str]:
    """What the one pass on the phone says, by field key."""
    document = phone.state.passes[0].file.pass_json["storeCard"]
    return {field["key"]: field["value"] for fields in document.values() for field in fields}


def lock_screen(phone: IPhone) -> list[str]:
    return [notification.text for notification in phone.state.notifications]


def says(text: str) -> Callable[[PhoneState], bool]:
    def happened(state: PhoneState) -> bool:
        return any(notification.text == text for notification in state.notifications)

    return happened


def shows(stamps: str, phone: IPhone) -> Callable[[PhoneState], bool]:
    return lambda _: shown(phone)["stamps"] == stamps


def stamp(key: Key, card: str, count: int = 1) -> dict[str, object]:
    answer = key.post(f"/cards/{card}/stamps", {"count": count})
    assert answer.status == 201, answer.body
    body: dict[str, object] = answer.body
    return body


def test_the_whole_life_of_a_card(here: Installation, apns: PretendAPNs, phone: IPhone) -> None:
    here.run("init")
    with here.running("serve"):
        key = here.open_shop()
        card = key.post("/cards", {"program": "coffee", "customer": {"name": "Emma"}}).body

        phone.open(card["links"]["apple"]).result(20)
        assert phone.state.alert is None
        assert shown(phone)["stamps"] == "0 / 10"

        for count in range(1, 10):
            stamp(key, card["id"])
            phone.wait_for(shows(f"{count} / 10", phone))
        assert lock_screen(phone)[0] == "You now have 9 / 10 stamps"

        stamp(key, card["id"])
        phone.wait_for(says("Ready for you: Free coffee"))
        assert shown(phone)["stamps"] == "0 / 10" and shown(phone)["ready"] == "Free coffee"

        redeemed = key.post(f"/cards/{card['id']}/redemptions", {})
        assert redeemed.status == 201
        phone.wait_for(says("Reward redeemed. Enjoy!"))
        assert key.post(f"/cards/{card['id']}/redemptions", {}).status == 409

        old_token = apns.pushes[-1].token
        phone.renew_push_token().result(20)
        stamp(key, card["id"])
        phone.wait_for(shows("1 / 10", phone))
        assert apns.pushes[-1].token != old_token

        phone.delete(phone.state.passes[0].id).result(20)
        assert phone.state.passes == []
        before = len(apns.pushes)
        stamp(key, card["id"])
        assert here.request("GET", "/readyz").status == 200
    assert len(apns.pushes) == before
    assert destinations(here) == []


def test_ten_stamps_in_a_burst_are_one_push(here: Installation, apns: PretendAPNs, phone: IPhone) -> None:
    here.run("init")
    here.settings["queue_url"] = WORKERS_ELSEWHERE
    with here.running("serve"):
        key = here.open_shop(stamps_required=30)
        card = key.post("/cards", {"program": "coffee"}).body
        phone.open(card["links"]["apple"]).result(20)
        for _ in range(10):
            stamp(key, card["id"])
        with here.running("worker", until=None):
            phone.wait_for(shows("10 / 30", phone), 30)
    assert len(apns.pushes) == 1


def test_a_stamp_answered_before_kill_9_reaches_the_phone(here: Installation, apns: PretendAPNs, phone: IPhone) -> None:
    here.run("init")
    with here.running("serve") as server:
        key = here.open_shop()
        card = key.post("/cards", {"program": "coffee"}).body
        phone.open(card["links"]["apple"]).result(20)
        stamp(key, card["id"], 3)
        kill(server)
    with here.running("serve"):
        phone.wait_for(shows("3 / 10", phone))
        assert key.get(f"/cards/{card['id']}").body["stamps"] == 3


def test_a_worker_of_its_own_delivers_what_the_server_accepted(
    here: Installation, apns: PretendAPNs, phone: IPhone
) -> None:
    here.run("init")
    here.settings["queue_url"] = WORKERS_ELSEWHERE
    with here.running("serve"):
        key = here.open_shop()
        card = key.post("/cards", {"program": "coffee"}).body
        phone.open(card["links"]["apple"]).result(20)
        stamp(key, card["id"])
        assert apns.pushes == []
        with here.running("worker", until=None):
            phone.wait_for(shows("1 / 10", phone), 30)


def test_secrets_stay_out_of_the_log(here: Installation, apns: PretendAPNs, phone: IPhone) -> None:
    here.run("init")
    with here.running("serve"):
        key = here.open_shop()
        card = key.post("/cards", {"program": "coffee"}).body
        phone.open(card["links"]["apple"]).result(20)
        token = phone.state.passes[0].file.authentication_token
        stamp(key, card["id"])
        phone.wait_for(shows("1 / 10", phone))
        push_token = apns.pushes[-1].token
        apns.forget(push_token, since=datetime.now(UTC))
        stamp(key, card["id"])
        key.post("/cards", {"program": "nothing"})
    log = "".join(path.read_text() for path in here.folder.glob("*.log"))
    link_token = card["links"]["web"].rsplit("/", 1)[1]
    for secret in (token, push_token, key.secret, link_token, here.settings["secret_key"]):
        assert str(secret) not in log


def destinations(here: Installation) -> list[str]:
    engine = open_database(f"sqlite:///{here.folder / 'instance' / 'walletpass.db'}")
    with reading(engine) as connection:
        found = list(connection.execute(select(tables.destination.c.id)).scalars())
    engine.dispose()
    return found
