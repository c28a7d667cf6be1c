"""What keeps the pages safe: headers, cookies, forms that only our own pages can send, bodies of bounded size."""

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, Flask, Response
from flask_wtf.csrf import CSRFProtect, generate_csrf
from markupsafe import Markup
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as AnyResponse

from walletpass.deps import Deps
from walletpass.settings import Settings

LARGEST_FORM = 64 * 1024
"""Bytes of a request body, unless a view sets `request.max_content_length` higher for itself."""

HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
}
YEAR = 365 * 24 * 3600


def protect(app: Flask, deps: Deps) -> None:
    """Put the whole application under protection; see `without_form_tokens` for machines' endpoints."""
    keys = [deps.keyring.derive("session cookie", key_id=key_id) for key_id in deps.keyring.ids]
    app.config.update(
        SECRET_KEY=keys[0],
        SECRET_KEY_FALLBACKS=keys[1:],
        SESSION_COOKIE_NAME=cookie_name(deps.settings, "session"),
        SESSION_COOKIE_SECURE=is_https(deps.settings),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        MAX_FORM_PARTS=100,
        WTF_CSRF_TIME_LIMIT=None,  # the counter's page stays open all day
        WTF_CSRF_SSL_STRICT=False,  # asks for a Referer, which private pages tell browsers not to send
    )
    if deps.settings.trusted_proxies:
        hops = deps.settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    CSRFProtect(app)
    app.jinja_env.globals["csrf_field"] = csrf_field
    app.after_request(_secure)
    if is_https(deps.settings):
        app.after_request(_only_https)


def without_form_tokens(app: Flask, blueprints: Iterable[Blueprint]) -> None:
    """Leave out blueprints whose callers are machines that carry their own proof, and no cookie."""
    csrf: CSRFProtect = app.extensions["csrf"]
    for blueprint in blueprints:
        csrf.exempt(blueprint)


def csrf_field() -> Markup:
    """The hidden field that every form with method=post needs."""
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())


def is_https(settings: Settings) -> bool:
    """Whether the public address is https; only loopback may do without."""
    return settings.base_url.startswith("https:")


def cookie_name(settings: Settings, name: str) -> str:
    """The name of a cookie; over https with the prefix that keeps other hosts of the domain from setting it.

    Source: https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis, section 4.1.3.2
    """
    return f"{'__Host-' if is_https(settings) else ''}walletpass-{name}"


def set_cookie(response: AnyResponse, settings: Settings, name: str, value: str, *, max_age: int) -> None:
    """Set one of our cookies: for this host only, out of reach of scripts. max_age in seconds."""
    response.set_cookie(cookie_name(settings, name), value, max_age=max_age, **_cookie_flags(settings))


def delete_cookie(response: AnyResponse, settings: Settings, name: str) -> None:
    """Make the browser forget one of our cookies."""
    response.delete_cookie(cookie_name(settings, name), **_cookie_flags(settings))


def _cookie_flags(settings: Settings) -> dict[str, Any]:
    return {"path": "/", "secure": is_https(settings), "httponly": True, "samesite": "Lax"}


def _secure(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if response.mimetype == "text/html":
        # Pages hold form tokens and private data; nobody in between may keep them.
        response.headers.setdefault("Cache-Control", "private, no-store")
    return response


def _only_https(response: Response) -> Response:
    response.headers.setdefault("Strict-Transport-Security", f"max-age={YEAR}")
    return response
