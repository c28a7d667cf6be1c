"""`make demo`: a whole installation with a sample merchant, pretend phones, Apple and Google, on this machine only."""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from walletpass.apple.certificates import write_private
from walletpass.database import bring_up_to_date, open_database, transaction
from walletpass.sandbox.chain import Chain, make_chain
from walletpass.sandbox.google import ISSUER_ID, PretendGoogle
from walletpass.sandbox.sample import OWNER, PROGRAM, STAFF, SignIns, make_sample
from walletpass.settings import Settings, read_settings


@dataclass(frozen=True)
class Demo:
    """What a demo keeps between two runs: its folder holds the database, the certificates and the sign-ins."""

    settings: Settings
    chain: Chain
    sign_ins: SignIns

    def guide(self) -> str:
        """Where to look, and how to get in."""
        base = self.settings.base_url
        return f"""\
walletpass demo, on this machine only (nothing leaves it). Stop with Ctrl-C.

  pretend phones   {base}/sandbox/
  join page        {base}/join/{PROGRAM}
  counter          {base}/counter   {STAFF}  {self.sign_ins["staff"]}
  studio           {base}/studio    {OWNER}  {self.sign_ins["owner"]}
  JSON API         {base}/api/v1/openapi.json   Authorization: Bearer {self.sign_ins["api_key"]}

Start with the phones: let one scan the join QR, then stamp its card at the counter and watch the phone."""


def prepare_demo(folder: Path, *, port: int, now: datetime) -> Demo:
    """The demo in the folder, made at the first run and found again at the next. Raises DatabaseError.

    Settings in the environment do not reach it: a demo never touches the real installation beside it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    chain = make_chain(folder / "certs", now=now)
    settings = read_settings(
        secret_key=_secret(folder / "secret.key"),
        instance_dir=folder.absolute(),
        database_url=f"sqlite:///{folder.absolute() / 'walletpass.db'}",
        queue_url="",
        base_url=f"http://127.0.0.1:{port}",
        trusted_proxies=0,
        apple_certificate=chain.pass_certificate,
        apple_key=chain.pass_key,
        apple_key_password=None,
        apple_wwdr_certificate=chain.intermediate,
        apns_ca_file=chain.root,
        google_issuer_id=None,
        google_service_account_file=None,
    )
    return Demo(settings, chain, _sample(settings, folder / "sign-ins.json", now))


def with_google(settings: Settings, google: PretendGoogle) -> Settings:
    """The settings of a demo whose Google is the pretend one; it has another address and another key every time."""
    return settings.model_copy(
        update={
            "google_issuer_id": ISSUER_ID,
            "google_service_account_file": google.write_service_account(settings.instance_dir / "google.json"),
            "google_api_url": google.url,
            "google_callback_keys_url": google.keys_url,
            "google_save_url": google.save_url,
        }
    )


def _secret(path: Path) -> str:
    if not path.exists():
        write_private(path, secrets.token_hex(32).encode())
    return path.read_text()


def _sample(settings: Settings, path: Path, now: datetime) -> SignIns:
    engine = open_database(settings.database)
    bring_up_to_date(engine)
    if not path.exists():
        with transaction(engine) as connection:
            made = make_sample(connection, now)
            # Inside the transaction: sign-ins that could not be kept must not belong to a merchant that was.
            write_private(path, json.dumps(made, indent=2).encode())
    engine.dispose()
    found: SignIns = json.loads(path.read_text())
    return found
