"""What can be wrong with the pass certificate of an installation, each thing with what to do about it.

Source: Apple, "Create Wallet identifiers and certificates"; "Certificate expiration" (developer.apple.com/support).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from walletpass.apple.certificates import (
    APPLE_CERTIFICATES,
    CertificateError,
    Identity,
    is_apples,
    is_issued_by,
    same_key,
)
from walletpass.apple.cms import read_signature
from walletpass.apple.der import BadDer
from walletpass.apple.signing import Signer
from walletpass.apple.verification import signature_findings
from walletpass.checks import Check

EXPIRY_WARNINGS = (60, 30, 14, 7, 1)
"""Days before the end of the certificate at which to speak up."""

_RENEW = (
    "In Apple's developer portal make a new certificate for the same Pass Type ID and put it in the old one's place; "
    "issued cards keep working and need nothing"
)


def checks(identity: Identity, now: datetime) -> list[Check]:
    """Everything that can be checked about an identity without asking Apple."""
    return [
        _key_check(identity),
        _names_check(identity),
        _dates_check(identity, now),
        _issuer_check(identity, now),
        _trial_check(identity, now),
    ]


def expiry_warning(identity: Identity, now: datetime) -> int | None:
    """The step of EXPIRY_WARNINGS that the certificate has come to; None while there is time.

    Grows smaller once per step, so whoever remembers the last one warns once per step.
    """
    left = identity.not_after - now
    return min((days for days in EXPIRY_WARNINGS if left <= timedelta(days=days)), default=None)


def _key_check(identity: Identity) -> Check:
    if same_key(identity.certificate, identity.private_key):
        return Check("pass key", "ok", "the private key belongs to the pass certificate")
    return Check(
        "pass key",
        "failed",
        "the private key belongs to another certificate",
        "Use the key that the certificate's signing request was made with, or make a new certificate",
    )


def _names_check(identity: Identity) -> Check:
    pass_type, team = identity.pass_type_identifier, identity.team_identifier
    if pass_type.startswith("pass.") and len(team) == 10:
        return Check("pass type", "ok", f"{pass_type}, team {team}")
    return Check(
        "pass type",
        "failed",
        f"{pass_type!r} should begin with 'pass.' and {team!r} should have 10 characters",
        "Use a Pass Type ID Certificate from Apple's developer portal; certificates of other kinds sign no passes",
    )


def _dates_check(identity: Identity, now: datetime) -> Check:
    try:
        identity.check_validity(now)
    except CertificateError as error:
        return Check("pass certificate", "failed", str(error), "Until then no pass can be issued or updated")
    left = (identity.not_after - now).days
    message = f"valid until {identity.not_after:%Y-%m-%d} ({left} {'day' if left == 1 else 'days'} left)"
    if expiry_warning(identity, now) is None:
        return Check("pass certificate", "ok", message)
    return Check("pass certificate", "warning", message, _RENEW)


def _issuer_check(identity: Identity, now: datetime) -> Check:
    problem = next(_issuer_problems(identity, now), None)
    if problem is not None:
        return Check(
            "intermediate", "failed", problem, f"Download the one that issued the certificate from {APPLE_CERTIFICATES}"
        )
    name = identity.intermediate.subject.rfc4514_string()
    if is_apples(identity.intermediate, identity.root):
        return Check("intermediate", "ok", f"Apple's, valid until {identity.intermediate.not_valid_after_utc:%Y-%m-%d}")
    return Check(
        "intermediate",
        "warning",
        f"the pass certificate was issued by {name}, which is not known to be Apple's",
        "Fine for trying things out: real phones refuse these passes. If it is a new intermediate of Apple's, append "
        "Apple Root CA to the file of WALLETPASS_APPLE_WWDR_CERTIFICATE and it will be recognised",
    )


def _issuer_problems(identity: Identity, now: datetime) -> Iterator[str]:
    intermediate = identity.intermediate
    if not is_issued_by(identity.certificate, intermediate):
        yield f"{intermediate.subject.rfc4514_string()} did not issue the pass certificate"
    if not intermediate.not_valid_before_utc <= now <= intermediate.not_valid_after_utc:
        yield f"the intermediate is valid until {intermediate.not_valid_after_utc:%Y-%m-%d} only"


def _trial_check(identity: Identity, now: datetime) -> Check:
    """Signs something and reads the result as a phone would."""
    try:
        problem = _trial_problem(identity, now)
    except (CertificateError, BadDer) as error:
        problem = str(error)
    if problem is None:
        return Check("trial signature", "ok", "a manifest was signed and verified")
    return Check("trial signature", "failed", problem, "See the lines above; passes cannot be issued like this")


def _trial_problem(identity: Identity, now: datetime) -> str | None:
    manifest = b'{"trial":\n"signature"}'
    signature = read_signature(Signer(identity).sign(manifest, now))
    for finding in signature_findings(signature, manifest, None, now):
        if finding.refused:
            return finding.words
    if set(signature.certificates) != {identity.certificate, identity.intermediate}:
        return "the signature does not carry exactly the pass certificate and its intermediate"
    return None
