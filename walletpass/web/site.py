"""The frame that all pages hang in: templates, static files, languages, protection."""

from hashlib import sha256
from pathlib import Path

from flask import Flask, request

from walletpass.deps import Deps
from walletpass.web.languages import speak_languages
from walletpass.web.security import YEAR, protect


def new_site(deps: Deps) -> Flask:
    """An application without pages; blueprints are registered on it by the caller."""
    app = Flask("walletpass.web")
    app.url_map.strict_slashes = False  # an address is typed as people type it, with a slash at the end or without
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    protect(app, deps)
    speak_languages(app)
    _name_static_files_by_content(app)
    return app


def _name_static_files_by_content(app: Flask) -> None:
    """Browsers keep a static file for a year; a changed one has another address."""
    folder = Path(str(app.static_folder))
    versions = {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()[:12]
        for path in folder.rglob("*")
        if path.is_file()
    }

    @app.url_defaults
    def add_version(endpoint: str, values: dict[str, object]) -> None:
        if endpoint == "static" and (version := versions.get(str(values.get("filename")))):
            values["v"] = version

    def seconds_to_keep(filename: str | None) -> int | None:
        known = filename and versions.get(filename)
        return YEAR if known and request.args.get("v") == known else None

    app.get_send_file_max_age = seconds_to_keep  # type: ignore[method-assign]
