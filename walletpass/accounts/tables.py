"""Who may sign in to a merchant's pages, and which programs may call the API."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from walletpass.database import Instant
from walletpass.loyalty.tables import table_of


class MemberRow(SQLModel, table=True):
    """A person of the merchant's team, signing in with e-mail address and password."""

    __tablename__ = "member"

    id: str = Field(primary_key=True)
    merchant_id: str = Field(foreign_key="merchant.id", index=True)
    email: str = Field(unique=True)
    name: str
    role: str
    password_hash: str
    created_at: datetime = Field(sa_type=Instant)


class ApiKeyRow(SQLModel, table=True):
    """A bearer key of the JSON API; only its hash is kept."""

    __tablename__ = "api_key"

    id: str = Field(primary_key=True)
    merchant_id: str = Field(foreign_key="merchant.id", index=True)
    name: str
    role: str
    key_hash: str = Field(unique=True)
    created_at: datetime = Field(sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)


class SignInRow(SQLModel, table=True):
    """A browser that is signed in; only the hash of its cookie is kept."""

    __tablename__ = "sign_in"

    token_hash: str = Field(primary_key=True)
    member_id: str = Field(foreign_key="member.id", index=True)
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant, index=True)


class AttemptRow(SQLModel, table=True):
    """Attempts to sign in, for one e-mail address or from one place; see `attempts`.

    subject: a hash of which. clear_at: when all attempts will have been forgotten, if no more come.
    """

    __tablename__ = "attempt"

    subject: str = Field(primary_key=True)
    clear_at: datetime = Field(sa_type=Instant, index=True)


member = table_of(MemberRow)
api_key = table_of(ApiKeyRow)
sign_in = table_of(SignInRow)
attempt = table_of(AttemptRow)
