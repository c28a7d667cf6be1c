"""What can be wrong with an installation, each thing with what to do about it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import Engine, func, select

from walletpass.apple.certificates import CertificateError, Identity
from walletpass.apple.checks import checks
from walletpass.apple.configured import configured_identity
from walletpass.apple.push import PushClient
from walletpass.apple.push_answers import Outcome
from walletpass.checks import Check
from walletpass.database import DatabaseError, check_up_to_date, open_database, reading
from walletpass.google import checks as google_checks
from walletpass.google.client import Client
from walletpass.google.identity import IdentityError, configured_issuer
from walletpass.keys import Keyring
from walletpass.loyalty import destinations, tables
from walletpass.settings import Settings, is_loopback

STUCK_AFTER = timedelta(minutes=15)
CLOCK_MAY_DIFFER = timedelta(minutes=2)


def examine(settings: Settings, now: datetime) -> Iterator[Check]:
    """Every check of an installation, in the order in which one would put things right."""
    yield _address(settings)
    yield from _database(settings, now)
    yield from _apple(settings, now)
    yield from _google(settings, now)


def _address(settings: Settings) -> Check:
    host = urlsplit(settings.base_url).hostname or ""
    if is_loopback(host):
        return Check(
            "address",
            "warning",
            f"{settings.base_url} can be reached from this machine only",
            "set WALLETPASS_BASE_URL to the public https address before customers join; it is frozen into every pass",
        )
    return Check("address", "ok", settings.base_url)


def _database(settings: Settings, now: datetime) -> Iterator[Check]:
    try:
        engine = open_database(settings.database)
        check_up_to_date(engine)
    except DatabaseError as error:
        yield Check("database", "failed", str(error), "run: walletpass init")
        return
    yield Check("database", "ok", f"{engine.dialect.name}, up to date")
    yield _keys(engine, Keyring(settings.secret_keys))
    yield _clock(engine, now)
    yield from _queue(engine, now)
    engine.dispose()


def _keys(engine: Engine, keyring: Keyring) -> Check:
    query = select(tables.card.c.key_id, func.count()).group_by(tables.card.c.key_id)
    with reading(engine) as connection:
        retired = {key_id: cards for key_id, cards in connection.execute(query) if key_id not in keyring.ids}
    if retired:
        cards, ids = sum(retired.values()), ", ".join(retired)
        return Check(
            "secret keys",
            "failed",
            f"{cards} cards were issued under a secret key that is not configured ({ids})",
            "add that key to WALLETPASS_SECRET_KEY again, after the newest, separated by a comma",
        )
    return Check("secret keys", "ok", f"{len(keyring.ids)} configured, every card's among them")


def _clock(engine: Engine, now: datetime) -> Check:
    with reading(engine) as connection:
        latest: datetime | None = connection.execute(select(func.max(tables.entry.c.at))).scalar_one()
    if latest is not None and latest > now + CLOCK_MAY_DIFFER:
        return Check(
            "clock",
            "failed",
            f"it is {now:%Y-%m-%d %H:%M} UTC here, but the ledger has an entry of {latest:%Y-%m-%d %H:%M} UTC",
            "set the clock right and keep it so (NTP): a phone refuses passes signed at the wrong time",
        )
    return Check("clock", "ok", f"{now:%Y-%m-%d %H:%M} UTC")


def _queue(engine: Engine, now: datetime) -> Iterator[Check]:
    with reading(engine) as connection:
        waiting, since = destinations.behind(connection)
        troubles = destinations.troubles(connection)
    if since is not None and since < now - STUCK_AFTER:
        yield Check(
            "delivery",
            "failed",
            f"{waiting} phones wait for an update, the first since {since:%Y-%m-%d %H:%M} UTC",
            "start a worker (walletpass serve --with-worker, or walletpass worker) and look at its log",
        )
    else:
        yield Check(
            "delivery", "ok", f"{waiting} phones wait for an update" if waiting else "every phone is up to date"
        )
    for words, phones in troubles.items():
        yield Check("delivery", "warning", f"{phones} phones: {words}", "it is tried again by itself")


def _apple(settings: Settings, now: datetime) -> Iterator[Check]:
    try:
        identity = configured_identity(settings)
    except CertificateError as error:
        yield Check("Apple certificate", "failed", str(error), "see certs.example/README.md")
        return
    if identity is None:
        yield Check(
            "Apple certificate",
            "warning",
            "Apple Wallet is off; customers get the card in the browser",
            "set WALLETPASS_APPLE_CERTIFICATE and WALLETPASS_APPLE_KEY; see certs.example/README.md",
        )
        return
    yield from checks(identity, now)
    yield _apns(settings.apns_url, settings.apns_ca_file, identity)


def _apns(url: str, ca_file: Path | None, identity: Identity) -> Check:
    with PushClient(url, identity, ca_file=ca_file, connect_timeout=5, timeout=10) as client:
        answer = client.probe()
    if answer.reason == "BadDeviceToken":
        return Check("APNs", "ok", f"{url} takes the certificate and the topic")
    message = f"{url} answers {answer.reason} {answer.detail}".strip()
    if answer.outcome is Outcome.LATER:
        return Check("APNs", "warning", message, answer.advice or "check that this machine reaches it, then try again")
    return Check("APNs", "failed", message, answer.advice)


def _google(settings: Settings, now: datetime) -> Iterator[Check]:
    try:
        issuer = configured_issuer(settings)
    except IdentityError as error:
        yield Check("Google key", "failed", str(error), "see docs/google-wallet.md")
        return
    if issuer is None:
        yield Check(
            "Google Wallet",
            "warning",
            "Google Wallet is off; Android phones get the card in the browser",
            "set WALLETPASS_GOOGLE_ISSUER_ID and WALLETPASS_GOOGLE_SERVICE_ACCOUNT_FILE; see docs/google-wallet.md",
        )
        return
    # Two questions asked by hand need no turn in the allowance that workers share.
    client = Client(issuer, settings.google_api_url, turns=timedelta, clock=lambda: now)
    yield from google_checks.access(client, issuer)
    yield google_checks.callbacks(settings.base_url)
    client.close()
    try:
        engine = open_database(settings.database)
        check_up_to_date(engine)
    except DatabaseError:
        return  # told above
    with reading(engine) as connection:
        yield from google_checks.cards(connection)
    engine.dispose()
