"""Signing in, staying signed in, signing out; and how often a password may be tried."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from sqlalchemy import Engine, select, update

from tests.builders import Shop, open_shop
from tests.conftest import NOON
from walletpass.accounts import sign_ins, tables
from walletpass.accounts.attempts import EMAIL_LIMIT, PLACE_LIMIT, count_attempt
from walletpass.accounts.errors import TooManyAttempts, WrongSignIn
from walletpass.accounts.members import Member, create_member
from walletpass.accounts.sign_ins import SignIn
from walletpass.database import reading, transaction

EMAIL, PASSWORD = "alice@bean.example", "correct horse battery"
SHOP_ADDRESS = "203.0.113.7"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Door:
    """A shop with Alice on its team, and ways through its door."""

    shop: Shop
    alice: Member

    def sign_in(
        self, email: str = EMAIL, password: str = PASSWORD, *, place: str = SHOP_ADDRESS, now: datetime = NOON
    ) -> str:
        return sign_ins.sign_in(self.shop.engine, email, password, place=place, now=now)

    def look(self, token: str, now: datetime = NOON) -> SignIn | None:
        with reading(self.shop.engine) as connection:
            return sign_ins.sign_in_by_token(connection, token, now)

    def use(self, token: str, now: datetime) -> None:
        """What a page does on every request."""
        found = self.look(token, now)
        assert found
        if found.is_to_be_renewed(now):
            with transaction(self.shop.engine) as connection:
                sign_ins.renew(connection, found, now)

    def attempt(self, email: str, place: str = SHOP_ADDRESS, now: datetime = NOON) -> None:
        """An attempt that fails, without the work on the password."""
        with transaction(self.shop.engine) as connection:
            count_attempt(connection, email, place, now)


def door_of(shop: Shop) -> Door:
    with transaction(shop.engine) as connection:
        alice = create_member(connection, shop.merchant.id, email=EMAIL, password=PASSWORD, role="staff", now=NOON)
    return Door(shop, alice)


@pytest.fixture
def door(shop: Shop) -> Door:
    return door_of(shop)


@pytest.fixture
def any_door(engine: Engine) -> Door:
    """The same on both databases."""
    return door_of(open_shop(engine, now=NOON))


def test_address_and_password_open_the_door(any_door: Door) -> None:
    found = any_door.look(any_door.sign_in())
    assert found and found.member == any_door.alice


def test_capitals_in_the_address_do_not_matter(door: Door) -> None:
    assert door.look(door.sign_in(" Alice@BEAN.example "))


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (EMAIL, "wrong horse battery"),
        ("bob@bean.example", PASSWORD),
        ("", ""),
        ("\x00", "\x00"),
        ("\udcff", "\udcff"),
        ("a" * 5000, "x" * 5000),
    ],
)
def test_a_wrong_password_and_an_unknown_address_look_the_same(any_door: Door, email: str, password: str) -> None:
    with pytest.raises(WrongSignIn, match=r"^The e-mail address or the password is not right\.$"):
        any_door.sign_in(email, password)


def test_every_sign_in_has_a_token_of_256_bits_of_which_only_a_hash_is_kept(door: Door) -> None:
    tokens = {door.sign_in(), door.sign_in()}
    assert len(tokens) == 2 and all(len(token) == 43 for token in tokens)
    with reading(door.shop.engine) as connection:
        kept = repr(connection.execute(select(tables.sign_in)).all())
    assert not any(token in kept for token in tokens)


@pytest.mark.parametrize("token", ["", "nonsense", "\x00", "\udcff", "x" * 100_000])
def test_a_token_that_was_never_given_opens_nothing(any_door: Door, token: str) -> None:
    assert any_door.look(token) is None


def test_a_sign_in_that_is_not_used_ends_after_30_days(door: Door) -> None:
    token = door.sign_in()
    assert door.look(token, NOON + 30 * DAY - timedelta(seconds=1))
    assert door.look(token, NOON + 30 * DAY) is None


def test_using_it_lets_a_sign_in_last(any_door: Door) -> None:
    token = any_door.sign_in()
    any_door.use(token, NOON + 20 * DAY)
    assert any_door.look(token, NOON + 49 * DAY)


def test_a_use_within_a_day_is_not_written_down(door: Door) -> None:
    found = door.look(door.sign_in())
    assert found
    assert not found.is_to_be_renewed(NOON + DAY - timedelta(seconds=1))
    assert found.is_to_be_renewed(NOON + DAY)


def test_a_sign_in_ends_after_180_days_however_often_it_is_used(door: Door) -> None:
    token = door.sign_in()
    for days in range(20, 180, 20):
        door.use(token, NOON + days * DAY)
    assert door.look(token, NOON + 180 * DAY - timedelta(seconds=1))
    assert door.look(token, NOON + 180 * DAY) is None


def test_a_sign_in_at_its_last_end_is_not_renewed_over_and_over(door: Door) -> None:
    token = door.sign_in()
    for days in range(20, 180, 20):
        door.use(token, NOON + days * DAY)
    found = door.look(token, NOON + 179 * DAY)
    assert found and not found.is_to_be_renewed(NOON + 179 * DAY)


def test_signing_out_ends_one_sign_in(any_door: Door) -> None:
    till, tablet = any_door.sign_in(), any_door.sign_in()
    with transaction(any_door.shop.engine) as connection:
        sign_ins.sign_out(connection, till)
    assert any_door.look(till) is None
    assert any_door.look(tablet)


def test_signing_out_everywhere_ends_all_of_one_member_only(any_door: Door) -> None:
    with transaction(any_door.shop.engine) as connection:
        bob = create_member(
            connection,
            any_door.shop.merchant.id,
            email="bob@bean.example",
            password=PASSWORD,
            role="staff",
            now=NOON,
        )
        bobs = sign_ins.open_sign_in(connection, bob, NOON)
    till, tablet = any_door.sign_in(), any_door.sign_in()
    with transaction(any_door.shop.engine) as connection:
        assert sign_ins.sign_out_everywhere(connection, any_door.alice) == 2
    assert (any_door.look(till), any_door.look(tablet)) == (None, None)
    assert any_door.look(bobs)


def test_sign_ins_that_have_ended_are_forgotten(door: Door) -> None:
    door.sign_in()
    door.sign_in(now=NOON + 31 * DAY)
    with reading(door.shop.engine) as connection:
        assert len(connection.execute(select(tables.sign_in)).all()) == 1


def test_a_hash_with_old_parameters_is_made_anew_at_the_next_sign_in(any_door: Door) -> None:
    cheap = PasswordHasher.from_parameters(CHEAPEST).hash(PASSWORD)
    with transaction(any_door.shop.engine) as connection:
        connection.execute(update(tables.member).values(password_hash=cheap))
    any_door.sign_in()
    with reading(any_door.shop.engine) as connection:
        kept = connection.execute(select(tables.member.c.password_hash)).scalar_one()
    assert kept != cheap and kept.startswith("$argon2id$v=19$m=65536")
    assert any_door.look(any_door.sign_in())


def test_ten_attempts_at_one_address_are_looked_at_then_the_right_password_waits_too(any_door: Door) -> None:
    for number in range(EMAIL_LIMIT.at_once):
        any_door.attempt(EMAIL, f"203.0.113.{number}")
    with pytest.raises(TooManyAttempts, match=r"Wait 2 min, then try again\.") as refused:
        any_door.sign_in()
    assert refused.value.retry_at == NOON + timedelta(minutes=2)


def test_when_the_time_to_wait_is_over_one_attempt_is_looked_at(any_door: Door) -> None:
    for _ in range(EMAIL_LIMIT.at_once):
        any_door.attempt(EMAIL)
    with pytest.raises(WrongSignIn):
        any_door.sign_in(password="wrong horse battery", now=NOON + timedelta(minutes=2))
    with pytest.raises(TooManyAttempts):
        any_door.sign_in(now=NOON + timedelta(minutes=2))


def test_attempts_that_are_refused_do_not_make_the_wait_longer(any_door: Door) -> None:
    for _ in range(EMAIL_LIMIT.at_once):
        any_door.attempt(EMAIL)
    for _ in range(30):
        with pytest.raises(TooManyAttempts):
            any_door.attempt(EMAIL)
    assert any_door.look(any_door.sign_in(now=NOON + timedelta(minutes=2)))


def test_an_address_that_is_nobodys_is_locked_just_the_same(door: Door) -> None:
    for _ in range(EMAIL_LIMIT.at_once):
        door.attempt("nobody@bean.example")
    with pytest.raises(TooManyAttempts, match="Wait 2 min"):
        door.sign_in("nobody@bean.example")


def test_capitals_do_not_give_new_attempts(door: Door) -> None:
    for _ in range(EMAIL_LIMIT.at_once):
        door.attempt(EMAIL)
    with pytest.raises(TooManyAttempts):
        door.sign_in(EMAIL.upper())


def test_a_lock_on_one_address_leaves_the_others_open(door: Door) -> None:
    for _ in range(EMAIL_LIMIT.at_once):
        door.attempt("bob@bean.example")
    assert door.look(door.sign_in())


def test_the_right_password_forgets_the_attempts_before_it(any_door: Door) -> None:
    for _ in range(EMAIL_LIMIT.at_once - 1):
        any_door.attempt(EMAIL)
    any_door.sign_in()
    for _ in range(EMAIL_LIMIT.at_once):
        any_door.attempt(EMAIL)


def test_trying_many_addresses_from_one_place_is_refused_after_sixty(door: Door) -> None:
    for number in range(PLACE_LIMIT.at_once):
        door.attempt(f"member{number}@bean.example")
    with pytest.raises(TooManyAttempts, match="Wait 15 s"):
        door.sign_in()
    assert door.look(door.sign_in(place="198.51.100.1"))


def test_ones_own_account_does_not_buy_more_attempts_at_others(door: Door) -> None:
    for number in range(PLACE_LIMIT.at_once - 1):
        door.attempt(f"member{number}@bean.example")
    door.sign_in()
    door.attempt("member99@bean.example")
    with pytest.raises(TooManyAttempts):
        door.sign_in()


def test_all_addresses_of_an_ipv6_network_are_one_place(door: Door) -> None:
    for number in range(PLACE_LIMIT.at_once):
        door.attempt(f"member{number}@bean.example", f"2001:db8:0:1::{number:x}")
    with pytest.raises(TooManyAttempts):
        door.attempt(EMAIL, "2001:db8:0:1:ffff::1")
    door.attempt(EMAIL, "2001:db8:0:2::1")


def test_an_ipv4_address_in_ipv6_clothes_is_the_same_place(door: Door) -> None:
    for number in range(PLACE_LIMIT.at_once):
        door.attempt(f"member{number}@bean.example", SHOP_ADDRESS)
    with pytest.raises(TooManyAttempts):
        door.attempt(EMAIL, f"::ffff:{SHOP_ADDRESS}")


def test_attempts_at_the_same_moment_all_count(any_door: Door) -> None:
    def attempt(_: int) -> bool:
        try:
            any_door.attempt(EMAIL)
        except TooManyAttempts:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        looked_at = list(pool.map(attempt, range(3 * EMAIL_LIMIT.at_once)))
    assert sum(looked_at) == EMAIL_LIMIT.at_once


def test_attempts_are_forgotten_in_time_and_name_nobody(any_door: Door) -> None:
    any_door.attempt(EMAIL)
    with reading(any_door.shop.engine) as connection:
        assert "alice" not in repr(connection.execute(select(tables.attempt)).all())
    any_door.attempt("bob@bean.example", "198.51.100.1", NOON + DAY)
    with reading(any_door.shop.engine) as connection:
        assert len(connection.execute(select(tables.attempt)).all()) == 2
