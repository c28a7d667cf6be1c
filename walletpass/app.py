"""Wiring: from settings to a running application."""

import signal
from contextlib import ExitStack
from datetime import UTC, datetime
from random import SystemRandom
from threading import Event
from typing import Self
from zoneinfo import ZoneInfo

from cryptography import x509
from flask import Blueprint, Flask
from sqlalchemy import Engine

from walletpass.apple import web_service
from walletpass.apple.certificates import Identity
from walletpass.apple.configured import configured_identity
from walletpass.apple.push import PushClient
from walletpass.apple.renderer import PassRenderer
from walletpass.database import check_up_to_date, open_database
from walletpass.delivery.apple import AppleChannel
from walletpass.delivery.claims import Channel
from walletpass.delivery.google import google_loop
from walletpass.delivery.loop import DeliveryLoop
from walletpass.deps import Deps
from walletpass.google import web_hook
from walletpass.google.wallet import GoogleWallet, configured_wallet
from walletpass.keys import Keyring
from walletpass.passes.cards import CardFaces
from walletpass.sandbox import phones
from walletpass.sandbox.android import AndroidPhone
from walletpass.sandbox.apns import PretendAPNs
from walletpass.sandbox.demo import Demo, with_google
from walletpass.sandbox.google import PretendGoogle
from walletpass.sandbox.iphone import IPhone
from walletpass.sandbox.phones import Invitation
from walletpass.sandbox.sample import PROGRAM
from walletpass.settings import Settings
from walletpass.web import api, art, card, counter, error_pages, health, join, sign_in, studio
from walletpass.web.security import without_form_tokens
from walletpass.web.site import new_site

EMBEDDED = {"", "embedded"}


class Worker:
    """Delivers updates to phones, each wallet's in a loop of its own: one that is slow must not hold up the other."""

    def __init__(
        self, settings: Settings, engine: Engine, identity: Identity | None, google: GoogleWallet | None
    ) -> None:
        channels: dict[str, Channel] = {}
        self._connections = ExitStack()
        if identity is not None:
            client = PushClient(settings.apns_url, identity, ca_file=settings.apns_ca_file)
            self._connections.enter_context(client)
            channels["apple"] = AppleChannel(engine, client, identity.pass_type_identifier)
        self._loops = [DeliveryLoop(engine, channels, clock=now, rng=SystemRandom())]
        if google is not None:
            self._loops.append(google_loop(engine, google.publisher, clock=now, rng=SystemRandom()))

    @classmethod
    def build(cls, settings: Settings) -> Self:
        """A worker with a database of its own. Raises DatabaseError, CertificateError and IdentityError."""
        engine = open_database(settings.database)
        check_up_to_date(engine)
        faces = CardFaces(settings.base_url, Keyring(settings.secret_keys))
        return cls(settings, engine, configured_identity(settings), configured_wallet(settings, engine, faces, now))

    def start(self) -> None:
        """Start the loops."""
        for loop in self._loops:
            loop.start()

    def wake(self) -> None:
        """Something may be behind."""
        for loop in self._loops:
            loop.wake()

    def stop(self) -> None:
        """Returns when the batches under way have been settled."""
        for loop in self._loops:
            loop.stop()
        self._connections.close()

    def run_until_stopped(self) -> None:
        """Deliver until SIGTERM or SIGINT; the batch under way is finished."""
        stopped = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        self.start()
        stopped.wait()
        self.stop()


class Application:
    """The web application and, in the serving process of a small installation, its worker."""

    def __init__(self, settings: Settings, *, with_worker: bool = False) -> None:
        """with_worker: deliver from this process even where a QUEUE_URL leaves that to others.

        Raises DatabaseError, CertificateError and IdentityError.
        """
        self._engine = open_database(settings.database)
        check_up_to_date(self._engine)
        identity = configured_identity(settings)
        embedded = with_worker or settings.queue_url in EMBEDDED
        keyring = Keyring(settings.secret_keys)
        google = configured_wallet(settings, self._engine, CardFaces(settings.base_url, keyring), now)
        self._worker = Worker(settings, self._engine, identity, google) if embedded else None
        wake = self._worker.wake if self._worker else _no_one_to_wake
        self.deps = Deps(settings, self._engine, keyring, now, wake)
        self.wsgi = site(self.deps, identity, google)

    def start(self) -> None:
        """Begin to deliver."""
        if self._worker:
            self._worker.start()

    def stop(self) -> None:
        """Finish what is under way."""
        if self._worker:
            self._worker.stop()
        self._engine.dispose()


OWNERS = (
    ("Emma", "en", "iPhone"),
    ("Ola", "en", "Android"),
    ("Kasia", "pl", "iPhone"),
    ("Jan", "pl", "Android"),
    ("Bence", "hu", "iPhone"),
)
"""Whose pretend phones the demo shows, side by side, the languages that they speak, and which kind they are."""


class DemoApplication(Application):
    """An application with a pretend APNs, a pretend Google and pretend phones around it."""

    def __init__(self, demo: Demo) -> None:
        chain, base_url = demo.chain, demo.settings.base_url
        self._apns = PretendAPNs(chain.server_certificate, chain.server_key, chain.root)
        self._apns.start()
        self._google = PretendGoogle(now, callback_url=f"{base_url}/google/callback")
        self._google.start()
        super().__init__(with_google(demo.settings, self._google).model_copy(update={"apns_url": self._apns.url}))
        roots = x509.load_pem_x509_certificates(chain.root.read_bytes())
        zone = ZoneInfo("Europe/Warsaw")
        self._phones: list[IPhone | AndroidPhone] = [
            IPhone(name, language, apns=self._apns, roots=roots, clock=now, zone=zone)
            if kind == "iPhone"
            else AndroidPhone(name, language, google=self._google, clock=now, zone=zone)
            for name, language, kind in OWNERS
        ]
        join_page = Invitation("Coffee Card", f"{base_url}/join/{PROGRAM}")
        self.wsgi.register_blueprint(phones.blueprint(self._phones, lambda: [join_page], self._google))

    def start(self) -> None:
        super().start()
        for phone in self._phones:
            phone.start()

    def stop(self) -> None:
        for phone in self._phones:
            phone.stop()
        super().stop()
        self._google.stop()
        self._apns.stop()


def site(deps: Deps, identity: Identity | None, google: GoogleWallet | None = None) -> Flask:
    """All pages and services, without a worker. identity, google: None where that wallet is not set up."""
    faces = CardFaces(deps.settings.base_url, deps.keyring)
    passes = PassRenderer(identity, deps.keyring, deps.settings.base_url) if identity else None
    app = new_site(deps)
    error_pages.show_errors(app)
    pages = [
        join.blueprint(deps, faces, apple=passes is not None, google=google is not None),
        card.blueprint(deps, faces, passes, google.saving if google else None),
        sign_in.blueprint(deps),
        studio.blueprint(deps, apple_ends=identity.not_after if identity else None, google=google is not None),
        counter.blueprint(deps),
        art.blueprint(deps),
        health.blueprint(deps),
    ]
    machines: list[Blueprint] = [api.blueprint(deps, apple=passes is not None, google=google is not None)]
    if passes:
        machines.append(web_service.blueprint(deps, faces, passes))
    if google:
        machines.append(web_hook.blueprint(deps, google.issuer.issuer_id))
    for blueprint in (*pages, *machines):
        app.register_blueprint(blueprint)
    without_form_tokens(app, machines)
    return app


def _no_one_to_wake() -> None:
    """Workers in other processes look for themselves."""


def now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)
