"""The JSON API, `/api/v1`: what tills and other programs talk to."""

import logging

from flask import Blueprint, Response, current_app, request
from sqlalchemy.exc import OperationalError, TimeoutError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, ServiceUnavailable

from walletpass.deps import Deps
from walletpass.i18n import N_
from walletpass.loyalty.errors import LoyaltyError
from walletpass.web.api.links import PrivateLinks
from walletpass.web.api.openapi import PREFIX, document
from walletpass.web.api.problems import problem
from walletpass.web.api.routes import ROUTES
from walletpass.web.api.views import Views, json_response

SECONDS_TO_RETRY = 2

_ALL_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS")

log = logging.getLogger(__name__)


def blueprint(deps: Deps, *, apple: bool, google: bool = False) -> Blueprint:
    """All calls and their description. apple, google: whether cards can be had for that wallet."""
    bp = Blueprint("api", __name__, url_prefix=PREFIX)
    views = Views(deps, PrivateLinks(deps.keyring, deps.settings.base_url, apple, google))
    for route in ROUTES:
        path = route.path.replace("{", "<").replace("}", ">")
        bp.add_url_rule(
            path,
            route.name,
            views.of(route),
            methods=[route.method],
            provide_automatic_options=False,
            strict_slashes=True,  # programs write addresses exactly; the pages bear with people
        )
    described = document(ROUTES, deps.settings.base_url)
    bp.add_url_rule("/openapi.json", "openapi", lambda: json_response(described), provide_automatic_options=False)
    for path in ("/", "/<path:rest>"):
        bp.add_url_rule(path, "unknown", _unknown, methods=_ALL_METHODS)
    _answer_errors(bp, deps)
    bp.after_request(_keep_nothing)
    return bp


def _unknown(rest: str = "") -> Response:
    """What no other address matched. It catches wrong methods too, which are told apart here."""
    addresses = current_app.url_map.bind("")
    allowed = [
        method for method in ("GET", "POST", "PATCH") if addresses.match(request.path, method)[0] != request.endpoint
    ]
    if allowed:
        raise MethodNotAllowed(allowed, N_("This address of the API does not take this method."))
    raise NotFound(N_("There is nothing at this address of the API; /api/v1/openapi.json lists what there is."))


def _answer_errors(bp: Blueprint, deps: Deps) -> None:
    def refused(error: LoyaltyError | HTTPException) -> Response:
        return problem(error, deps.settings.base_url, deps.clock())

    def unavailable(error: OperationalError | TimeoutError) -> Response:
        log.error("the database does not answer: %s", error)
        words = N_("The database does not answer at the moment. Please try again.")
        return refused(ServiceUnavailable(words, retry_after=SECONDS_TO_RETRY))

    bp.register_error_handler(LoyaltyError, refused)
    bp.register_error_handler(HTTPException, refused)
    bp.register_error_handler(OperationalError, unavailable)
    bp.register_error_handler(TimeoutError, unavailable)


def _keep_nothing(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
