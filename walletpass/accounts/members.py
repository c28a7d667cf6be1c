"""Members: the people of a merchant's team."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert
from sqlalchemy.exc import IntegrityError

from walletpass.accounts import tables
from walletpass.accounts.errors import EmailTaken
from walletpass.accounts.passwords import check_password, hash_password
from walletpass.accounts.roles import Role
from walletpass.i18n import N_
from walletpass.loyalty.errors import Unfit
from walletpass.loyalty.ids import new_id
from walletpass.loyalty.texts import LONGEST_NAME, email_or_none, line


@dataclass(frozen=True)
class Member:
    """A person of a merchant's team. An e-mail address belongs to one member of one merchant."""

    id: str
    merchant_id: str
    email: str
    name: str
    role: Role


def create_member(
    connection: Connection, merchant_id: str, *, email: str, password: str, role: Role, now: datetime, name: str = ""
) -> Member:
    """A new member of the team. Raises Unfit, and EmailTaken when the address is in use anywhere.

    name: what colleagues see; the address when there is none.
    """
    address = email_or_none("email", email)
    if address is None:
        raise Unfit("email", N_("Give an e-mail address; it is the name to sign in with."))
    address = normalise_email(address)
    called = line("name", name, LONGEST_NAME) if name.strip() else address
    member = Member(new_id(), merchant_id, address, called, role)
    values = {**member.__dict__, "password_hash": hash_password(check_password(password)), "created_at": now}
    try:
        connection.execute(insert(tables.member).values(values))
    except IntegrityError:
        raise EmailTaken(address) from None
    return member


def normalise_email(text: str) -> str:
    """The spelling of an e-mail address that is kept and looked for: capitals and blanks around it do not matter."""
    return text.strip().lower()


def member_of_row(row: Row[Any]) -> Member:
    """The member in a row that has the columns of the table."""
    return Member(row.id, row.merchant_id, row.email, row.name, row.role)
