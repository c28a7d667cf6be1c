"""Whatever is thrown at the API, it answers, and never that something broke on our side."""

from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.api.conftest import Till
from walletpass.web.api.routes import ROUTES, Route

MANY = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

numbers = st.integers(-(10**20), 10**20) | st.floats()
texts = st.text(max_size=40) | st.sampled_from(["bean-card", "\x00", "en", "plain", "Europe/Warsaw", "1990-12-31"])
anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
FIELDS = sorted(
    {
        *("program", "customer", "name", "birthday", "email", "language", "count", "location", "note", "override"),
        *("reward", "slug", "stamps_required", "first_stamp", "shield", "pause_seconds", "per_scan", "per_day"),
        *("extras", "at", "once", "reward_days", "terms", "design", "template", "colours", "background", "address"),
        *("latitude", "longitude", "time_zone", "relevant_text"),
    }
)
fields = st.sampled_from(FIELDS)
nearly_right: st.SearchStrategy[Any] = st.dictionaries(
    fields, anything | st.dictionaries(fields, anything, max_size=4) | st.lists(st.dictionaries(fields, anything))
)
routes = st.sampled_from(ROUTES)


def path_of(route: Route, name: str) -> str:
    """The path of the route, with the name in every place for one."""
    return route.path.format(card_id=name, entry_id=name, slug=name)


@MANY
@given(route=routes, name=texts.filter(bool), query=texts)
def test_any_name_in_any_address(till: Till, route: Route, name: str, query: str) -> None:
    answer = till.call(route.method, f"{path_of(route, quote(name, safe=''))}?barcode={quote(query)}")
    assert answer.status < 500


@settings(MANY, max_examples=80)
@given(route=routes.filter(lambda route: route.body is not None), body=nearly_right | anything)
def test_any_json_in_any_body(any_till: Till, route: Route, body: Any) -> None:
    names = {"card_id": any_till.join()["id"], "entry_id": "x", "slug": "bean-card"}
    answer = any_till.call(route.method, route.path.format(**names), body)
    assert answer.status < 500


@MANY
@given(route=routes.filter(lambda route: route.body is not None), body=st.binary(max_size=200))
def test_any_bytes_in_any_body(till: Till, route: Route, body: bytes) -> None:
    answer = till.call(route.method, path_of(route, "x"), data=body, content_type="application/json")
    assert answer.status < 500


@MANY
@given(
    header=st.sampled_from(["Authorization", "Idempotency-Key", "Content-Type", "Accept-Language", "Content-Length"]),
    value=st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60),
)
def test_any_text_in_any_header(till: Till, header: str, value: str) -> None:
    answer = till.call("POST", "/cards", {"program": "bean-card"}, headers={header: value})
    assert answer.status < 500
