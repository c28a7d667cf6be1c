"""What is derived from the secret keys."""

import pytest

from walletpass.keys import Keyring, RetiredKey

OLD, NEW = "old " * 8, "new " * 8


def test_the_same_card_gets_the_same_token_for_ever() -> None:
    assert Keyring([NEW]).derive("token", "card") == Keyring([NEW]).derive("token", "card")


def test_a_rotated_key_still_derives_what_it_derived_before() -> None:
    before = Keyring([OLD])
    after = Keyring([NEW, OLD])
    assert after.derive("token", "card", key_id=before.current_id) == before.derive("token", "card")


def test_new_tokens_come_from_the_newest_key() -> None:
    assert Keyring([NEW, OLD]).derive("token", "card") == Keyring([NEW]).derive("token", "card")
    assert Keyring([NEW, OLD]).ids == (Keyring([NEW]).current_id, Keyring([OLD]).current_id)


def test_a_key_that_was_taken_out_is_named_by_its_id_and_not_by_its_secret() -> None:
    retired = Keyring([OLD]).current_id
    with pytest.raises(RetiredKey, match=retired) as refused:
        Keyring([NEW]).derive("token", "card", key_id=retired)
    assert OLD not in str(refused.value)


def test_purposes_and_parts_are_kept_apart() -> None:
    ring = Keyring([NEW])
    tokens = {ring.derive("a", "bc"), ring.derive("ab", "c"), ring.derive("a", "b", "c"), ring.derive("abc")}
    assert len(tokens) == 4


def test_a_keyring_without_keys_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Keyring([])
