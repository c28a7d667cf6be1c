"""Setting a merchant up from the shell."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Engine

from walletpass.accounts.api_keys import create_api_key
from walletpass.accounts.members import Member, create_member
from walletpass.accounts.passwords import new_password
from walletpass.database import transaction
from walletpass.i18n import DEFAULT_LANGUAGE, N_
from walletpass.loyalty.errors import LoyaltyError, NotFound
from walletpass.loyalty.ids import new_id
from walletpass.loyalty.merchants import (
    LONGEST_SLUG,
    UTC_ZONE,
    Merchant,
    all_merchants,
    create_location,
    create_merchant,
    merchant_by_slug,
)

_NO_DECOMPOSITION = str.maketrans({"ł": "l", "Ł": "L", "ß": "ss", "ø": "o", "Ø": "O", "đ": "d", "æ": "ae"})


class WhichMerchant(LoyaltyError):
    """There is not exactly one merchant, and none was named."""

    message = N_("Say whose: --merchant with one of %(slugs)s.")


class NoMerchant(LoyaltyError):
    message = N_("There is no merchant yet; run: walletpass init --merchant NAME --owner EMAIL")


class NoSuchMerchant(NotFound):
    message = N_("There is no merchant “%(slug)s”; there are: %(slugs)s.")


@dataclass(frozen=True)
class NewMerchant:
    """A merchant just set up, and the password that its owner signs in with."""

    merchant: Merchant
    owner: Member
    password: str = field(repr=False)


def set_up(
    engine: Engine,
    *,
    merchant: str,
    owner: str,
    now: datetime,
    password: str | None = None,
    language: str = DEFAULT_LANGUAGE,
    time_zone: str = UTC_ZONE,
) -> NewMerchant:
    """A merchant with one location of the same name, and its owner; all of it or nothing.

    password: the owner's; one is made up when None. Raises Unfit, NameTaken and EmailTaken.
    """
    chosen = password if password is not None else new_password()
    with transaction(engine) as connection:
        made = create_merchant(
            connection, slug=slug_of(merchant) or new_id(), name=merchant, language=language, now=now
        )
        create_location(connection, made.id, name=made.name, time_zone=time_zone, now=now)
        person = create_member(connection, made.id, email=owner, password=chosen, role="owner", now=now)
    return NewMerchant(made, person, chosen)


def make_api_key(engine: Engine, *, name: str, merchant: str | None, now: datetime) -> str:
    """A new manager's key, its only copy.

    merchant: a slug; None where there is just one. Raises NoMerchant, WhichMerchant, NoSuchMerchant and Unfit.
    """
    with transaction(engine) as connection:
        return create_api_key(connection, _merchant(connection, merchant).id, name, "manager", now)


def slug_of(name: str) -> str:
    """What a name looks like in an address: "Łódzka Kawa & Co." becomes "lodzka-kawa-co"."""
    plain = unicodedata.normalize("NFKD", name.translate(_NO_DECOMPOSITION)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:LONGEST_SLUG].strip("-")


def _merchant(connection: Connection, slug: str | None) -> Merchant:
    known = all_merchants(connection)
    if not known:
        raise NoMerchant
    slugs = ", ".join(merchant.slug for merchant in known)
    if slug is None:
        if len(known) > 1:
            raise WhichMerchant(slugs=slugs)
        return known[0]
    try:
        return merchant_by_slug(connection, slug)
    except NotFound:
        raise NoSuchMerchant(slug=slug, slugs=slugs) from None
