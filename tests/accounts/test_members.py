"""Members of a merchant's team."""

import pytest
from sqlalchemy import Engine, select

from tests.builders import Shop, open_shop
from tests.conftest import NOON
from walletpass.accounts import tables
from walletpass.accounts.errors import EmailTaken
from walletpass.accounts.members import Member, create_member
from walletpass.database import reading, transaction
from walletpass.loyalty.errors import Unfit

PASSWORD = "correct horse battery"


def hire(shop: Shop, email: str, **details: str) -> Member:
    """A new manager of the shop."""
    with transaction(shop.engine) as connection:
        return create_member(
            connection,
            shop.merchant.id,
            **{"email": email, "password": PASSWORD, **details},
            role="manager",
            now=NOON,
        )


def test_a_member_belongs_to_one_merchant(engine: Engine) -> None:
    shop = open_shop(engine, now=NOON)
    alice = hire(shop, "alice@bean.example", name="Alice")
    assert (alice.merchant_id, alice.name, alice.role) == (shop.merchant.id, "Alice", "manager")


def test_an_address_is_kept_without_capitals_and_blanks(shop: Shop) -> None:
    assert hire(shop, "  Alice@Bean.Example ").email == "alice@bean.example"


def test_a_member_without_a_name_goes_by_the_address(shop: Shop) -> None:
    assert hire(shop, "alice@bean.example").name == "alice@bean.example"


def test_an_address_is_one_account_in_the_whole_installation(engine: Engine) -> None:
    hire(open_shop(engine, now=NOON, slug="bean"), "alice@bean.example")
    other = open_shop(engine, now=NOON, slug="tea")
    with pytest.raises(EmailTaken, match=r"already an account for alice@bean\.example"):
        hire(other, "ALICE@bean.example")


@pytest.mark.parametrize(
    "email", ["", " ", "alice", "alice@", "@bean.example", "a@b@c", "a b@c.example", "a\n@c.example"]
)
def test_what_is_no_address_is_refused(shop: Shop, email: str) -> None:
    with pytest.raises(Unfit) as refused:
        hire(shop, email)
    assert refused.value.field == "email"


def test_a_poor_password_is_refused(shop: Shop) -> None:
    with pytest.raises(Unfit, match="10 to 1000 characters"):
        hire(shop, "alice@bean.example", password="short")


def test_the_password_itself_is_not_kept(shop: Shop) -> None:
    hire(shop, "alice@bean.example")
    with reading(shop.engine) as connection:
        row = connection.execute(select(tables.member)).one()
    assert PASSWORD not in repr(row)
    assert row.password_hash.startswith("$argon2id$")
