"""A café with all its pages, whose clock we hold."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from tests.builders import STAFF, Shop, open_shop
from tests.conftest import NOON
from walletpass.accounts.members import create_member
from walletpass.accounts.roles import Role
from walletpass.apple.certificates import Identity, load_identity
from walletpass.apple.renderer import PassRenderer
from walletpass.database import reading, transaction
from walletpass.deps import Deps
from walletpass.keys import Keyring
from walletpass.loyalty import operations
from walletpass.loyalty.cards import Card, card_by_id, recent_cards
from walletpass.passes.cards import CardFaces
from walletpass.passes.links import link_token
from walletpass.sandbox.chain import make_chain
from walletpass.settings import read_settings
from walletpass.web import art, card, counter, error_pages, join, sign_in, studio
from walletpass.web.site import new_site

SECRET = "a secret for the tests that is long enough"
PASSWORD = "correct horse battery"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.0 Mobile/15E148 Safari/604.1"
)
ANDROID = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
    "Mobile Safari/537.36"
)
DESKTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
INSTAGRAM = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Mobile/15E148 Instagram 350.0.0.26.102 (iPhone14,2; iOS 18_0; en_US)"
)


def sandbox_identity(folder: Path) -> Identity:
    """Who signs passes in the tests."""
    chain = make_chain(folder, now=NOON)
    return load_identity(chain.pass_certificate, chain.pass_key, None, chain.intermediate)


class Cafe:
    """A shop whose pages can be visited, and whose clock we hold."""

    def __init__(self, engine: Engine, identity: Identity | None, base_url: str, **terms: Any) -> None:
        self.now = NOON
        self.woken = 0
        self.shop: Shop = open_shop(engine, now=NOON, **terms)
        settings = read_settings(secret_key=SECRET, base_url=base_url, _env_file=None)
        self.deps = Deps(settings, engine, Keyring([SECRET]), lambda: self.now, self._wake)
        self.app = self._site(identity)

    def _wake(self) -> None:
        self.woken += 1

    def _site(self, identity: Identity | None) -> Flask:
        faces = CardFaces(self.deps.settings.base_url, self.deps.keyring)
        passes = PassRenderer(identity, self.deps.keyring, self.deps.settings.base_url) if identity else None
        app = new_site(self.deps)
        error_pages.show_errors(app)
        app.register_blueprint(art.blueprint(self.deps))
        app.register_blueprint(join.blueprint(self.deps, faces, apple=passes is not None))
        app.register_blueprint(card.blueprint(self.deps, faces, passes))
        app.register_blueprint(sign_in.blueprint(self.deps))
        app.register_blueprint(counter.blueprint(self.deps))
        app.register_blueprint(studio.blueprint(self.deps, identity.not_after if identity else None))
        return app

    def browser(self, user_agent: str = IPHONE, language: str = "en") -> FlaskClient:
        """A browser that has never been here."""
        client = self.app.test_client()
        client.environ_base.update(HTTP_USER_AGENT=user_agent, HTTP_ACCEPT_LANGUAGE=language)
        return client

    def member(self, role: Role = "owner", name: str = "Alice") -> str:
        """A new person on the team; returns the e-mail address to sign in with."""
        email = f"{name.lower()}@bean.example"
        with transaction(self.deps.engine) as connection:
            create_member(
                connection, self.shop.merchant.id, email=email, password=PASSWORD, role=role, now=NOON, name=name
            )
        return email

    def join(self, **details: Any) -> Card:
        """A customer has joined."""
        return self.shop.join(key_id=self.deps.keyring.current_id, **details)

    def stamp(self, card: Card, count: int = 1) -> Card:
        """Staff have stamped the card."""
        with transaction(self.deps.engine) as connection:
            operations.stamp(connection, card.merchant_id, card.id, by=STAFF, now=self.now, count=count)
        return self.look_up(card)

    def close(self, card: Card) -> Card:
        """Staff have closed the card."""
        with transaction(self.deps.engine) as connection:
            operations.close(connection, card.merchant_id, card.id, by=STAFF, now=self.now)
        return self.look_up(card)

    def look_up(self, card: Card) -> Card:
        """The card as it is now."""
        with reading(self.deps.engine) as connection:
            return card_by_id(connection, card.merchant_id, card.id)

    def cards(self) -> list[Card]:
        """All cards of the shop."""
        with reading(self.deps.engine) as connection:
            return recent_cards(connection, self.shop.merchant.id)

    def path(self, card: Card) -> str:
        """The path of the card's private link."""
        return f"/c/{link_token(self.deps.keyring, card)}"

    def pass_time(self, **units: float) -> datetime:
        """Let time go by."""
        self.now += timedelta(**units)
        return self.now
