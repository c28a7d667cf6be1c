"""Passwords: what may be chosen, what is kept, what counts as the same."""

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from walletpass.accounts.passwords import check_password, hash_password, is_outdated, is_password, new_password
from walletpass.loyalty.errors import Unfit

PASSWORD = "correct horse battery"


def test_what_is_kept_is_argon2id_with_the_parameters_of_rfc_9106() -> None:
    kept = hash_password(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert PASSWORD not in kept


def test_a_password_opens_its_own_hash_and_no_other() -> None:
    kept = hash_password(PASSWORD)
    assert is_password(PASSWORD, kept)
    assert not is_password(PASSWORD + " ", kept)


def test_the_same_password_is_never_kept_the_same_way_twice() -> None:
    assert hash_password(PASSWORD) != hash_password(PASSWORD)


def test_no_password_opens_an_account_that_does_not_exist() -> None:
    assert not is_password(PASSWORD, None)


def test_no_password_opens_a_hash_that_is_none() -> None:
    assert not is_password(PASSWORD, "!")


def test_accented_letters_count_the_same_from_every_keyboard() -> None:
    assert is_password("hosszu\u0301 jelszo\u0301", hash_password("hosszú jelszó"))


def test_what_is_no_text_can_be_typed_without_harm() -> None:
    assert not is_password("\udcff" * 12, hash_password(PASSWORD))


@pytest.mark.parametrize("password", ["", "123456789", "ő" * 9, "x" * 1001])
def test_too_short_or_too_long_a_password_is_refused_in_words(password: str) -> None:
    with pytest.raises(Unfit, match="10 to 1000 characters") as refused:
        check_password(password)
    assert refused.value.field == "password"


@pytest.mark.parametrize("password", ["1234567890", "          ", "ő" * 10, "x" * 1000])
def test_length_is_the_only_rule(password: str) -> None:
    assert check_password(password) == password


def test_a_hash_made_with_other_parameters_is_outdated() -> None:
    assert is_outdated(PasswordHasher.from_parameters(CHEAPEST).hash(PASSWORD))
    assert not is_outdated(hash_password(PASSWORD))


def test_a_generated_password_is_long_readable_and_new_each_time() -> None:
    made = {new_password() for _ in range(100)}
    assert len(made) == 100
    for password in made:
        assert check_password(password) == password
        assert len(password) == 23
        assert not set(password) & set("01ilo")
