"""Apple's pass web service: phones register, ask what has changed, and fetch the passes that have.

Answers are exactly the documented ones, because phones take every other status for a failure. Garbage in any position
is answered like something unknown, and nothing tells an unknown pass from a wrong token.
Source: https://developer.apple.com/documentation/walletpasses/adding-a-web-service-to-update-passes
"""

import json
import logging
from datetime import timedelta

from flask import Blueprint, Flask, Response, request
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from walletpass.allowance import Allowance
from walletpass.apple import phone_log, registrations, updates
from walletpass.apple.access import Access, KnownCard
from walletpass.apple.certificates import CertificateError
from walletpass.apple.push import is_push_token
from walletpass.apple.renderer import PassRenderer, UnfitPass
from walletpass.apple.unchanged import CACHING, UnchangedPasses, date_of, decoded
from walletpass.database import reading, transaction
from walletpass.deps import Deps
from walletpass.loyalty.cards import card_by_serial_number
from walletpass.loyalty.texts import is_name
from walletpass.passes.cards import CardFaces

PKPASS = "application/vnd.apple.pkpass"
LARGEST_REGISTRATION = 4 * 1024  # bytes; a push token has 64 characters
LARGEST_LOG = 64 * 1024

# Phones have been seen to register hundreds of times within minutes. Only those who hold the pass count.
REGISTRATIONS_AT_ONCE, EVERY_REGISTRATION = 1000, timedelta(seconds=1)
LOG_LINES_AT_ONCE, EVERY_LOG_LINE = 100, timedelta(seconds=2)

TRY_AGAIN_AFTER = "300"  # seconds

log = logging.getLogger(__name__)


def blueprint(deps: Deps, faces: CardFaces, passes: PassRenderer) -> Blueprint:
    """`/apple/v1/...`. Its callers carry no cookies, so it must be left out of the protection of forms."""
    access = Access(deps.engine, deps.keyring, passes.pass_type_identifier)
    service = _WebService(deps, faces, passes, access)
    bp = Blueprint("apple", __name__, url_prefix="/apple/v1")
    device = "/devices/<device>/registrations/<pass_type>"
    bp.post(f"{device}/<serial_number>")(service.register)
    bp.delete(f"{device}/<serial_number>")(service.unregister)
    bp.get(device)(service.list_updates)
    bp.get("/passes/<pass_type>/<serial_number>")(service.get_pass)
    bp.post("/log")(service.write_log)

    @bp.record_once
    def answer_unchanged(state: BlueprintSetupState) -> None:
        assert isinstance(state.app, Flask)
        state.app.wsgi_app = UnchangedPasses(state.app.wsgi_app, access)  # type: ignore[method-assign]

    return bp


class _WebService:
    def __init__(self, deps: Deps, faces: CardFaces, passes: PassRenderer, access: Access) -> None:
        self._deps, self._faces, self._passes, self._access = deps, faces, passes, access
        self._registrations = Allowance(REGISTRATIONS_AT_ONCE, EVERY_REGISTRATION)
        self._log_lines = Allowance(LOG_LINES_AT_ONCE, EVERY_LOG_LINE)

    def register(self, device: str, pass_type: str, serial_number: str) -> Response:
        """201 for a new registration, 200 for one that was there; the push token is kept either way."""
        device = decoded(device)
        card = self._admitted(pass_type, serial_number)
        if card is None:
            return _unauthorized()
        if not self._registrations.take(card.id, self._deps.clock()):
            return Response(status=429, headers={"Retry-After": TRY_AGAIN_AFTER})
        push_token = _push_token(_body(LARGEST_REGISTRATION))
        if push_token is None or not is_name(device):
            return Response(status=400)
        with transaction(self._deps.engine) as connection:
            is_new = registrations.register(
                connection, device, self._passes.pass_type_identifier, card.id, push_token, self._deps.clock()
            )
        return Response(status=201 if is_new else 200)

    def unregister(self, device: str, pass_type: str, serial_number: str) -> Response:
        """200, whether the device was registered or not."""
        device = decoded(device)
        card = self._admitted(pass_type, serial_number)
        if card is None:
            return _unauthorized()
        if is_name(device):
            with transaction(self._deps.engine) as connection:
                registrations.unregister(connection, device, self._passes.pass_type_identifier, card.id)
        return Response(status=200)

    def list_updates(self, device: str, pass_type: str) -> Response:
        """200 and what has changed, or 204. The device's identifier is all the proof that phones show here."""
        device, pass_type = decoded(device), decoded(pass_type)
        if not is_name(device) or pass_type != self._passes.pass_type_identifier:
            return Response(status=204)
        tag = request.args.get("passesUpdatedSince")
        changed = updates.updated_since(self._deps.engine, device, pass_type, tag)
        if changed is None:
            return Response(status=204)
        body = json.dumps({"serialNumbers": changed.serial_numbers, "lastUpdated": changed.last_updated})
        return Response(body, mimetype="application/json", headers={"Cache-Control": "no-store"})

    def get_pass(self, pass_type: str, serial_number: str) -> Response:
        """200 and the pass; `UnchangedPasses` has answered already where the phone has the latest version."""
        known = self._admitted(pass_type, serial_number)
        if known is None:
            return _unauthorized()
        try:
            return self._pass(known.serial_number)
        except (UnfitPass, CertificateError) as error:
            log.error("a pass that a phone asks for cannot be made: %s", error)
            return Response(status=503, headers={"Retry-After": TRY_AGAIN_AFTER})

    def write_log(self) -> Response:
        """200, whatever it was."""
        try:
            body = _body(LARGEST_LOG)
        except HTTPException:
            return Response(status=200)
        for line in phone_log.read_lines(body):
            if self._log_lines.take(request.remote_addr or "", self._deps.clock()):
                log.warning("a phone reports: %s", line)
        return Response(status=200)

    def _admitted(self, pass_type: str, serial_number: str) -> KnownCard | None:
        return self._access.admit(
            decoded(pass_type), decoded(serial_number), request.environ.get("HTTP_AUTHORIZATION", "")
        )

    def _pass(self, serial_number: str) -> Response:
        now = self._deps.clock()
        with reading(self._deps.engine) as connection:
            card = card_by_serial_number(connection, serial_number)
            face = self._faces.load(connection, card, now)
        headers = {"Last-Modified": date_of(card.last_modified), "Cache-Control": CACHING}
        return Response(self._passes.render(face, card.key_id, now), content_type=PKPASS, headers=headers)


def _body(largest: int) -> bytes:
    """The request's body, refused before it is read when it is larger. Raises werkzeug's 413 and 400."""
    if (request.content_length or 0) > largest:
        raise RequestEntityTooLarge
    request.max_content_length = largest  # holds for bodies that do not say how long they are
    return request.get_data(cache=False)


def _push_token(body: bytes) -> str | None:
    """The token in a body like `{"pushToken": "<hexadecimal>"}`; None when there is none."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return None
    token = given.get("pushToken") if isinstance(given, dict) else None
    return token if isinstance(token, str) and is_push_token(token) else None


def _unauthorized() -> Response:
    return Response(status=401, headers={"WWW-Authenticate": "ApplePass"})
