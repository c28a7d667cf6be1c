"""What can be wrong with the set-up of Google Wallet, each thing with what to do about it.

Source: google-wallet 1, 3.6, 4.5, 10.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from sqlalchemy import Connection

from walletpass.checks import Check
from walletpass.google.answers import API_OFF, BAD_KEY, Answer, Outcome
from walletpass.google.client import Client
from walletpass.google.identity import Issuer
from walletpass.google.limits import cut_short
from walletpass.google.saved import anybody_holds, refused_places
from walletpass.loyalty.merchants import all_merchants
from walletpass.loyalty.programs import programs_of

_CONSOLE = "the Google Pay & Wallet Console (https://pay.google.com/business/console)"


def access(client: Client, issuer: Issuer) -> Iterator[Check]:
    """Whether the service account may act for the issuer. Asks Google, at most twice."""
    answer = client.get_issuer()
    if answer.reason == BAD_KEY or answer.status == 401:
        yield Check(
            "Google key", "failed", f"Google refuses the key of {issuer.email}: {answer.message}", answer.advice
        )
        return
    if answer.outcome is Outcome.LATER:
        message = f"Google cannot be reached: {answer.status or ''} {answer.message}".strip()
        yield Check("Google API", "warning", message, "check that this machine reaches it, then try again")
        return
    yield Check("Google key", "ok", f"Google takes the key of {issuer.email}")
    if answer.advice == API_OFF:
        yield Check("Google API", "failed", "the Google Wallet API is not enabled", answer.advice)
    elif answer.outcome is Outcome.DONE:
        name = answer.body.get("name") or "without a name"
        yield Check("Google issuer", "ok", f"{issuer.issuer_id} ({name}), and the service account may act for it")
    else:
        yield _no_access(client.list_issuers(), issuer)


def callbacks(base_url: str) -> Check:
    """Whether Google can tell us who saved a card."""
    if urlsplit(base_url).scheme == "https":
        return Check("Google callbacks", "ok", f"{base_url}/google/callback; robots.txt must let Googlebot reach it")
    return Check(
        "Google callbacks",
        "warning",
        "Google calls back over https only, so saved and removed cards are noticed late",
        "set WALLETPASS_BASE_URL to the public https address",
    )


def cards(connection: Connection) -> Iterator[Check]:
    """What the cards tell about the set-up."""
    yield _demo_mode(connection)
    for said in refused_places(connection):
        yield Check(
            "Google locations",
            "warning",
            f"Google does not take locations from this issuer: {said}",
            "cards work without; ask Google's support to allow Merchant Locations for the issuer",
        )
    for merchant in all_merchants(connection):
        for program in programs_of(connection, merchant.id):
            for message in cut_short({"issuerName": merchant.name, "programName": program.name}):
                yield Check("Google names", "warning", message, "a shorter name reads better on phones")


def _no_access(listed: Answer, issuer: Issuer) -> Check:
    """The service account is a user of another issuer, or of none."""
    found = listed.body.get("resources") or []
    others = [str(one.get("issuerId")) for one in found if isinstance(one, dict)]
    if others:
        return Check(
            "Google issuer",
            "failed",
            f"the service account may not act for issuer {issuer.issuer_id}, but for {', '.join(others)}",
            f"set WALLETPASS_GOOGLE_ISSUER_ID to the right one, or invite {issuer.email} to the other in {_CONSOLE}",
        )
    return Check(
        "Google issuer",
        "failed",
        f"the service account {issuer.email} is not a user of issuer {issuer.issuer_id}",
        f"in {_CONSOLE}, under Users, invite it as Developer; then wait some minutes",
    )


def _demo_mode(connection: Connection) -> Check:
    """Google's API says nowhere that an issuer is in demo mode; that nobody has a card yet is the only sign."""
    if anybody_holds(connection):
        return Check("Google publishing", "ok", "cards are in people's Google Wallet")
    return Check(
        "Google publishing",
        "warning",
        "nobody has saved a card yet; a new issuer is in demo mode, where only its own users and test accounts can",
        f"add test accounts, or finish the business profile and ask for publishing access, in {_CONSOLE}",
    )
