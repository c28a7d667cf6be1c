"""Tills of two merchants, talking to one API."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine

from tests.builders import Shop, open_shop
from tests.conftest import NOON
from tests.web.api.described import Answer, Description
from walletpass.accounts.api_keys import create_api_key
from walletpass.accounts.roles import Role
from walletpass.database import transaction
from walletpass.deps import Deps
from walletpass.keys import Keyring
from walletpass.settings import read_settings
from walletpass.web import api, error_pages
from walletpass.web.security import without_form_tokens
from walletpass.web.site import new_site

SECRET = "a secret for the tests that is long enough"
BASE_URL = "https://cards.example.com"


class Service:
    """The API with a clock that we hold, and a count of how often the delivery loop was woken."""

    def __init__(self, engine: Engine) -> None:
        self.now = NOON
        self.woken = 0
        settings = read_settings(secret_key=SECRET, base_url=BASE_URL, _env_file=None)
        self.deps = Deps(settings, engine, Keyring([SECRET]), lambda: self.now, self._wake)
        self.app = self._site()
        document = self.app.test_client().get("/api/v1/openapi.json").get_json()
        self.description = Description(document)

    def _wake(self) -> None:
        self.woken += 1

    def _site(self) -> Flask:
        app = new_site(self.deps)
        error_pages.show_errors(app)
        blueprint = api.blueprint(self.deps, apple=True)
        app.register_blueprint(blueprint)
        without_form_tokens(app, [blueprint])
        return app

    def pass_time(self, **units: float) -> None:
        """Let time go by."""
        self.now += timedelta(**units)

    def key(self, shop: Shop, role: Role = "manager") -> str:
        """A new key of the shop."""
        with transaction(shop.engine) as connection:
            return create_api_key(connection, shop.merchant.id, "Till", role, NOON)

    def till(self, shop: Shop, role: Role = "manager") -> "Till":
        """A program with a key of the shop."""
        return Till(self, shop, {"Authorization": f"Bearer {self.key(shop, role)}"})


@dataclass(frozen=True)
class Till:
    """A program that calls the API with a key. Every answer is held against the description."""

    service: Service
    shop: Shop
    headers: dict[str, str] = field(repr=False)

    def call(self, method: str, path: str, body: Any = None, *, key: str | None = None, **options: Any) -> Answer:
        """Any call below /api/v1. key: the idempotency key."""
        headers = {**self.headers, **options.pop("headers", {})}
        if key is not None:
            headers["Idempotency-Key"] = key
        if body is not None:
            options["json"] = body
        response = self.service.app.test_client().open(f"/api/v1{path}", method=method, headers=headers, **options)
        answer = Answer(response.status_code, response.headers, response.get_json(force=True, silent=True))
        self.service.description.check(method, f"/api/v1{path}", answer)
        return answer

    def get(self, path: str, **options: Any) -> Answer:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        return self.call("POST", path, body, **options)

    def patch(self, path: str, body: Any = None, **options: Any) -> Answer:
        return self.call("PATCH", path, body, **options)

    def join(self, program: str | None = None, **customer: Any) -> Any:
        """A customer joins; returns the card."""
        answer = self.post("/cards", {"program": program or self.shop.program.slug, "customer": customer})
        assert answer.status == 201
        return answer.body

    def stamp(self, card: Any, count: int = 1) -> Any:
        """Stamp a card; returns what that did."""
        answer = self.post(f"/cards/{card['id']}/stamps", {"count": count})
        assert answer.status == 201
        return answer.body

    def card(self, card: Any) -> Any:
        """The card as it is now."""
        return self.get(f"/cards/{card['id']}").body


@pytest.fixture
def service(sqlite_engine: Engine) -> Service:
    """The API on an empty database."""
    return Service(sqlite_engine)


@pytest.fixture
def till(service: Service, shop: Shop) -> Till:
    """A manager's till in the shop whose shield is off."""
    return service.till(shop)


@pytest.fixture
def staff_till(service: Service, shop: Shop) -> Till:
    """A staff key of the same shop."""
    return service.till(shop, "staff")


@pytest.fixture
def any_till(engine: Engine) -> Iterator[Till]:
    """A manager's till, on both databases."""
    yield Service(engine).till(open_shop(engine, now=NOON))
