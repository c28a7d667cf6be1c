"""Keys of the JSON API."""

import pytest
from sqlalchemy import Engine, select

from tests.builders import Shop, open_shop
from tests.conftest import NOON
from walletpass.accounts import tables
from walletpass.accounts.api_keys import PREFIX, ApiKey, api_keys_of, create_api_key, key_by_secret, revoke_api_key
from walletpass.accounts.errors import NoSuchKey
from walletpass.accounts.roles import Role
from walletpass.database import reading, transaction
from walletpass.loyalty.errors import Unfit


def new_key(shop: Shop, name: str = "Till", role: Role = "manager") -> str:
    with transaction(shop.engine) as connection:
        return create_api_key(connection, shop.merchant.id, name, role, NOON)


def find(shop: Shop, secret: str) -> ApiKey | None:
    with reading(shop.engine) as connection:
        return key_by_secret(connection, secret)


def test_a_secret_finds_its_key(engine: Engine) -> None:
    shop = open_shop(engine, now=NOON)
    key = find(shop, new_key(shop, "Till", "staff"))
    assert key and (key.merchant_id, key.name, key.role) == (shop.merchant.id, "Till", "staff")


def test_a_secret_says_what_it_is_and_has_256_random_bits(shop: Shop) -> None:
    secrets = {new_key(shop) for _ in range(20)}
    assert len(secrets) == 20
    assert all(secret.startswith("wp_live_") and len(secret) == len(PREFIX) + 43 for secret in secrets)


def test_only_a_hash_of_the_secret_is_kept(shop: Shop) -> None:
    secret = new_key(shop)
    with reading(shop.engine) as connection:
        kept = repr(connection.execute(select(tables.api_key)).all())
    assert secret not in kept and secret.removeprefix(PREFIX) not in kept


@pytest.mark.parametrize("secret", ["", "wp_live_", "nonsense", "\x00", "\udcff", "ż" * 1000])
def test_what_is_no_secret_finds_nothing(engine: Engine, secret: str) -> None:
    assert find(open_shop(engine, now=NOON), secret) is None


def test_a_revoked_key_opens_nothing_and_the_others_still_do(engine: Engine) -> None:
    shop = open_shop(engine, now=NOON)
    lost, kept = new_key(shop, "Lost"), new_key(shop, "Kept")
    key = find(shop, lost)
    assert key
    with transaction(engine) as connection:
        revoke_api_key(connection, shop.merchant.id, key.id, NOON)
        assert [key.name for key in api_keys_of(connection, shop.merchant.id)] == ["Kept"]
    assert find(shop, lost) is None
    assert find(shop, kept)


def test_nobody_revokes_another_merchants_key(engine: Engine) -> None:
    bean, tea = open_shop(engine, now=NOON, slug="bean"), open_shop(engine, now=NOON, slug="tea")
    secret = new_key(bean)
    key = find(bean, secret)
    assert key
    with pytest.raises(NoSuchKey), transaction(engine) as connection:
        revoke_api_key(connection, tea.merchant.id, key.id, NOON)
    assert find(bean, secret) == key


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "two\nlines"])
def test_a_key_needs_a_name_on_one_line(shop: Shop, name: str) -> None:
    with pytest.raises(Unfit) as refused:
        new_key(shop, name)
    assert refused.value.field == "name"
