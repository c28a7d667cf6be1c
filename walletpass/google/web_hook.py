"""`/google/callback`: where Google tells of saves and removals.

Source: google-wallet 5.5. Anything but 2xx may be sent again by Google, so 5xx is only ever said when that helps.
"""

import logging

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from walletpass.deps import Deps
from walletpass.google.callbacks import Callbacks
from walletpass.google.ecv2 import NotFromGoogle
from walletpass.google.root_keys import NoKeys, RootKeys

LARGEST_CALLBACK = 16 * 1024
"""Bytes. Real ones have about one thousand."""

TRY_AGAIN_AFTER = "300"  # seconds

log = logging.getLogger(__name__)


def blueprint(deps: Deps, issuer_id: str) -> Blueprint:
    """Its caller carries no cookies, so it must be left out of the protection of forms."""
    keys = RootKeys(deps.settings.google_callback_keys_url, deps.clock)
    callbacks = Callbacks(deps.engine, issuer_id, keys, deps.clock)
    bp = Blueprint("google", __name__, url_prefix="/google")

    @bp.post("/callback")
    def callback() -> Response:
        """200 for whatever Google has signed, 400 for anything else."""
        try:
            callbacks.take(_body())
        except NotFromGoogle as error:
            log.warning("a callback that is not Google's is refused: %s", error)
            return Response(status=400)
        except NoKeys:
            log.error("a callback cannot be checked without Google's root keys")
            return Response(status=503, headers={"Retry-After": TRY_AGAIN_AFTER})
        return Response(status=200)

    @bp.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        return Response(status=error.code)

    return bp


def _body() -> bytes:
    """The request's body, refused before it is read when it is too large. Raises werkzeug's 413 and 400."""
    if (request.content_length or 0) > LARGEST_CALLBACK:
        raise RequestEntityTooLarge
    request.max_content_length = LARGEST_CALLBACK  # holds for bodies that do not say how long they are
    return request.get_data(cache=False)
