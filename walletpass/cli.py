"""The command line: wiring, and words for whoever types."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import click
from cryptography import x509

import walletpass
from walletpass.accounts.setup import make_api_key, set_up
from walletpass.app import Application, DemoApplication, Worker
from walletpass.apple.certificates import CertificateError, import_p12
from walletpass.apple.push import BadPushAddress
from walletpass.apple.verification import verify as verify_pass
from walletpass.database import DatabaseError, bring_up_to_date, check_up_to_date, open_database
from walletpass.doctor import examine
from walletpass.google.identity import IdentityError
from walletpass.loyalty.errors import LoyaltyError
from walletpass.sandbox.chain import make_chain
from walletpass.sandbox.demo import prepare_demo
from walletpass.serving import CannotListen, check_free, serve
from walletpass.settings import BadSettings, read_settings

MARKS = {"ok": ("ok", "green"), "warning": ("warning", "yellow"), "failed": ("failed", "red")}
LARGEST_PASS = 20 * 1024 * 1024

FAILED, WRONG_USAGE = 1, 2
WORDED = (BadSettings, BadPushAddress, DatabaseError, LoyaltyError, CertificateError, IdentityError, CannotListen)


class Command(click.Group):
    """Tells errors in one line that says what to do, with the status that scripts rely on."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except WORDED as error:
            click.echo(f"walletpass: {error}", err=True)
            ctx.exit(WRONG_USAGE if isinstance(error, BadSettings | BadPushAddress) else FAILED)
        except OSError as error:
            if error.filename is None:
                raise
            click.echo(f"walletpass: {error.filename}: {error.strerror}; choose another place", err=True)
            ctx.exit(FAILED)


@click.group(cls=Command, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Loyalty stamp cards that live in Apple Wallet, Google Wallet and the browser."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)


@main.command()
def version() -> None:
    """Print the version."""
    click.echo(walletpass.__version__)


@main.command()
def demo() -> None:
    """Serve everything on this machine, with a sample merchant and pretend phones. PORT chooses the port."""
    logging.getLogger().setLevel(logging.WARNING)
    prepared = prepare_demo(Path("instance/demo"), port=_port(), now=_now())
    check_free("127.0.0.1", _port())
    click.echo(prepared.guide())
    serve(partial(DemoApplication, prepared), "127.0.0.1", _port())


@main.command()
@click.option("--merchant", metavar="NAME", help="Name of the business.")
@click.option("--owner", metavar="EMAIL", help="E-mail address that the owner signs in with.")
@click.option("--password-stdin", is_flag=True, help="Read the owner's password from standard input.")
@click.option("--language", type=click.Choice(["en", "pl", "hu"]), default="en", help="The merchant's language.")
@click.option("--time-zone", default="UTC", metavar="ZONE", help="The shop's time zone, such as Europe/Warsaw.")
def init(merchant: str | None, owner: str | None, password_stdin: bool, language: str, time_zone: str) -> None:
    """Make the database or bring it up to date; with --merchant and --owner, also make a merchant and its owner."""
    if (merchant is None) != (owner is None):
        raise click.UsageError("give both --merchant NAME and --owner EMAIL, or neither")
    settings = read_settings()
    engine = open_database(settings.database)
    bring_up_to_date(engine)
    click.echo("the database is up to date")
    if merchant is None or owner is None:
        return
    given = _line_of_stdin() if password_stdin else None
    made = set_up(
        engine, merchant=merchant, owner=owner, password=given, language=language, time_zone=time_zone, now=_now()
    )
    click.echo(f"merchant {made.merchant.name} ({made.merchant.slug}), owner {owner}")
    if given is None:
        click.echo(f"password, shown this once: {made.password}")
    click.echo(f"sign in at {settings.base_url}/studio")


@main.command("api-key")
@click.argument("name")
@click.option("--merchant", metavar="SLUG", help="Whose key; needed where there are several merchants.")
def api_key(name: str, merchant: str | None) -> None:
    """Make a manager's key for the JSON API and print it, once."""
    with _database() as engine:
        click.echo(make_api_key(engine, name=name, merchant=merchant, now=_now()))


@main.command("serve")
@click.option("--bind", default="127.0.0.1", metavar="ADDRESS", help="Address to listen on.")
@click.option("--with-worker", is_flag=True, help="Deliver updates from this process even where a QUEUE_URL is set.")
def serve_command(bind: str, with_worker: bool) -> None:
    """Serve until stopped. PORT chooses the port (8000)."""
    settings = read_settings()
    engine = open_database(settings.database)
    bring_up_to_date(engine)
    engine.dispose()
    Application(settings, with_worker=with_worker).stop()  # what cannot work is told here, in one line
    check_free(bind, _port())
    click.echo(f"serving {settings.base_url} on {bind}:{_port()}")
    serve(partial(Application, settings, with_worker=with_worker), bind, _port())


@main.command()
def worker() -> None:
    """Deliver updates to phones until stopped."""
    settings = read_settings()
    with _database():
        pass
    Worker.build(settings).run_until_stopped()


@main.command()
def doctor() -> None:
    """Check certificates, keys, clock, addresses, APNs and Google; say what to do about each thing that is wrong."""
    failed = False
    for check in examine(read_settings(), _now()):
        mark, colour = MARKS[check.state]
        click.echo(f"{click.style(f'{mark:8}', fg=colour)} {check.name}: {check.message}")
        if check.state != "ok" and check.advice:
            click.echo(f"         {check.advice}")
        failed = failed or check.state == "failed"
    sys.exit(FAILED if failed else 0)


@main.command()
@click.argument("file", type=click.File("rb"))
@click.option("--root", "roots", type=click.File("rb"), multiple=True, help="PEM file of a root to trust.")
def verify(file: BinaryIO, roots: tuple[BinaryIO, ...]) -> None:
    """Check a .pkpass FILE (- for standard input) as a phone would."""
    trusted = [certificate for root in roots for certificate in _certificates(root)]
    report = verify_pass(file.read(LARGEST_PASS), roots=trusted or None, now=_now())
    for warning in report.warnings:
        click.echo(f"warning  {warning}")
    for fault in report.faults:
        click.echo(f"failed   {fault}", err=True)
    if report.faults:
        sys.exit(FAILED)
    click.echo(f"ok       {report.pass_json['description']}: a phone would take it")


@main.group()
def certs() -> None:
    """Make or import certificates."""


@certs.command("sandbox")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
def certs_sandbox(directory: Path) -> None:
    """Make a chain for trying things out in DIRECTORY; phones do not accept it."""
    chain = make_chain(directory, now=_now())
    for name, path in vars(chain).items():
        click.echo(f"{name.replace('_', ' ')}: {path}")


@certs.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--directory", type=click.Path(file_okay=False, path_type=Path), default=Path("certs"))
@click.option("--password-stdin", is_flag=True, help="Read the password of the file from standard input.")
def certs_import(file: BinaryIO, directory: Path, password_stdin: bool) -> None:
    """Take the certificate and key out of FILE.p12, as Keychain Access exports it."""
    password = _line_of_stdin() if password_stdin else None
    written = import_p12(file.read(LARGEST_PASS), password, directory)
    click.echo(f"WALLETPASS_APPLE_CERTIFICATE={written.certificate}")
    click.echo(f"WALLETPASS_APPLE_KEY={written.key}")
    if written.intermediate:
        click.echo(f"WALLETPASS_APPLE_WWDR_CERTIFICATE={written.intermediate}")


@contextmanager
def _database() -> Iterator[Any]:
    engine = open_database(read_settings().database)
    try:
        check_up_to_date(engine)
        yield engine
    finally:
        engine.dispose()


def _certificates(file: BinaryIO) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(file.read(LARGEST_PASS))
    except ValueError:
        raise click.UsageError(f"{file.name} holds no certificate in PEM form") from None


def _line_of_stdin() -> str:
    return sys.stdin.readline().rstrip("\n")


def _port() -> int:
    text = os.environ.get("PORT", "8000")
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise click.UsageError(f"PORT={text} is not a port; use a number from 1 to 65535")
    return int(text)


def _now() -> datetime:
    return datetime.now(UTC)
