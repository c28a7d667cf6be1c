"""From an HTTP request to the call that a route answers, and back."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import Response, request
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json
from sqlalchemy import Connection
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from walletpass.accounts.api_keys import ApiKey, key_by_secret
from walletpass.accounts.errors import KeyNeeded
from walletpass.accounts.roles import require
from walletpass.database import reading
from walletpass.deps import Deps
from walletpass.i18n import N_
from walletpass.loyalty.idempotency import Body, answer_once
from walletpass.web.api.call import Call
from walletpass.web.api.links import PrivateLinks
from walletpass.web.api.problems import InvalidRequest
from walletpass.web.api.routes import Route

LARGEST_BODY = 64 * 1024

View = Callable[..., Response]


class Views:
    """Makes the views of routes."""

    def __init__(self, deps: Deps, links: PrivateLinks) -> None:
        self._deps = deps
        self._links = links

    def of(self, route: Route) -> View:
        """What answers the requests for a route."""
        return self._reading(route) if route.body is None else self._writing(route)

    def _reading(self, route: Route) -> View:
        query = None if route.query is None else TypeAdapter(route.query)

        def view(**where: str) -> Response:
            with reading(self._deps.engine) as connection:
                call = self._call(connection, _key(connection), self._deps.clock())
                given = () if query is None else (_read_query(query),)
                return json_response(route.act(call, *given, **where))

        return view

    def _writing(self, route: Route) -> View:
        reader = TypeAdapter(route.body)

        def view(**where: str) -> Response:
            now = self._deps.clock()
            # Not in the transaction that writes: a caller without a key must not make others wait for it.
            with reading(self._deps.engine) as connection:
                key = _key(connection)
            require(key.role, route.role)
            raw = _raw_body()
            given = _read_body(reader, raw)

            def act(connection: Connection) -> Body:
                written = route.act(self._call(connection, key, now), given, **where)
                return {"body": written.body, "key_id": written.key_id}

            asked = {"method": request.method, "path": request.path, "body": from_json(raw)}
            own_key = request.headers.get("Idempotency-Key")
            answer = answer_once(self._deps.engine, key.merchant_id, own_key, asked, now, act)
            self._deps.wake()
            response = json_response(self._with_links(answer.body), route.status)
            if answer.replayed:
                response.headers["Idempotency-Replayed"] = "true"
            return response

        return view

    def _call(self, connection: Connection, key: ApiKey, now: datetime) -> Call:
        return Call(self._deps, connection, key, now, self._links)

    def _with_links(self, remembered: Body) -> Body:
        body: Body = remembered["body"]
        if remembered["key_id"] is not None:
            self._links.add_to(body, remembered["key_id"])
        return body


def json_response(body: Mapping[str, Any], status: int = 200) -> Response:
    """An answer in JSON."""
    return Response(json.dumps(body, ensure_ascii=False), status, content_type="application/json")


def _key(connection: Connection) -> ApiKey:
    """The key that the request shows. Raises KeyNeeded."""
    shown = request.authorization
    if shown is None or shown.type != "bearer" or not shown.token:
        raise KeyNeeded
    key = key_by_secret(connection, shown.token)
    if key is None:
        raise KeyNeeded
    return key


def _raw_body() -> bytes:
    """The body as it was sent; none at all counts as an empty object. Raises what the request is refused with."""
    request.max_content_length = LARGEST_BODY + 1  # a body of unknown length is silently cut there
    raw = request.get_data(cache=False)
    if len(raw) > LARGEST_BODY:
        raise RequestEntityTooLarge
    if _is_cut_off(raw):
        raise BadRequest(N_("The body broke off on its way. Please send it again."))
    if raw and not request.is_json:
        raise UnsupportedMediaType(N_("Send the body as JSON, with the header “Content-Type: application/json”."))
    return raw or b"{}"


def _is_cut_off(raw: bytes) -> bool:
    """Whether the caller announced more than came: the server hands over what there is, as if that were all.

    What is left of JSON is no JSON, but nothing at all would count as an empty object, and stamp a card.
    """
    if request.content_length is not None:
        return len(raw) < request.content_length
    return not raw and "Transfer-Encoding" in request.headers


def _read_body(reader: TypeAdapter[Any], raw: bytes) -> Any:
    try:
        return reader.validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise BadRequest(first["msg"]) from None
        raise InvalidRequest.of_body(error) from None


def _read_query(reader: TypeAdapter[Any]) -> Any:
    try:
        return reader.validate_python(request.args.to_dict())
    except ValidationError as error:
        raise InvalidRequest.of_query(error) from None
