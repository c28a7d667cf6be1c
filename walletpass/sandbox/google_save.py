"""The page behind a save link of the pretend Google: it reads the token, asks for an account, and saves.

Source: google-wallet 3.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from markupsafe import Markup
from werkzeug import Request, Response

from walletpass.sandbox.google_rules import Json, Refused

LONGEST_TOKEN = 1800
"""Letters; browsers may cut longer addresses."""

_FRAME = Markup('<!doctype html><html lang="en"><title>{}</title><main>{}</main></html>')
_FORM = Markup(
    '<h1>Add to Google Wallet</h1><form method="post"><label>Google account '
    '<input name="account" type="email" autocomplete="email" required></label><button>Add</button></form>'
)
_WRONG = Markup("<h1>Something went wrong. Please try again.</h1><p>{}</p>")


class Save(Protocol):
    """Puts objects into an account, and makes what is missing. Raises Refused."""

    def __call__(self, objects: Sequence[Json], classes: Sequence[Json], account: str) -> None: ...


class SavePage:
    """keys: of the service accounts, by e-mail address. may_save: whether the account may have passes of the issuer."""

    def __init__(self, keys: Mapping[str, RSAPublicKey], save: Save, may_save: Callable[[str], bool]) -> None:
        self._keys, self._save, self._may_save = keys, save, may_save

    def respond(self, request: Request, token: str) -> Response:
        """The page; or, when its form is sent, the way to the pass."""
        try:
            payload = self._read(token)
            if request.method == "GET":
                return _page("Google Wallet", _FORM)
            return self._put(payload, request.form.get("account", ""))
        except Refused as error:
            # The real page gives the reason to the issuer's developers only.
            return _page(f"Something went wrong: {error.message}", _WRONG.format(error.message), 400)

    def _read(self, token: str) -> Json:
        if len(token) > LONGEST_TOKEN:
            raise _wrong(f"the token has {len(token)} letters; browsers may cut what is longer than {LONGEST_TOKEN}")
        try:
            issuer = str(jwt.decode(token, options={"verify_signature": False}).get("iss"))
            claims = jwt.decode(token, self._keys[issuer], ["RS256"], audience="google", options={"require": ["iat"]})
        except KeyError:
            raise _wrong("the service account in iss is not known") from None
        except jwt.InvalidTokenError as error:
            raise _wrong(f"the token is not good: {error}") from None
        payload = claims.get("payload")
        if claims.get("typ") != "savetowallet" or not isinstance(payload, dict):
            raise _wrong("typ is not savetowallet, or there is no payload")
        return payload

    def _put(self, payload: Json, account: str) -> Response:
        if "@" not in account:
            raise _wrong("choose a Google account")
        if not self._may_save(account):
            raise _wrong("User not allowed to save the pass: the issuer is in demo mode")
        objects, classes = payload.get("loyaltyObjects", []), payload.get("loyaltyClasses", [])
        if not objects:
            raise _wrong("there is nothing to save in the token")
        self._save(objects, classes, account)
        return Response(status=303, headers={"Location": f"/gp/v/object/{objects[0]['id']}"})


def _wrong(message: str) -> Refused:
    return Refused(400, "invalid", message)


def _page(title: str, content: Markup, status: int = 200) -> Response:
    return Response(_FRAME.format(title, content), status, content_type="text/html; charset=utf-8")
