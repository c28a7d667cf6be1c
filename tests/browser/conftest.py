"""A real browser (Debian's Chromium) in front of a café's real pages."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from sqlalchemy import Engine
from werkzeug.serving import make_server

from tests.cafe import ANDROID, Cafe, sandbox_identity
from tests.postgres import missing
from walletpass.apple.certificates import Identity

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}

Open = Callable[..., Page]
"""Opens a page: `open_page("/join/bean-card", user_agent=IPHONE)`; further keywords as Playwright's contexts take."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser, with nothing but what it brings along."""
    if not CHROMIUM.exists():
        missing(f"Chromium is not installed at {CHROMIUM}; install it, or name it in CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    """Who signs the passes."""
    return sandbox_identity(tmp_path_factory.mktemp("chain"))


@pytest.fixture
def cafe(sqlite_engine: Engine, identity: Identity) -> Iterator[Cafe]:
    """A café whose pages are served on a real socket, at `cafe.deps.settings.base_url`."""
    server = make_server("127.0.0.1", 0, Flask(__name__), threaded=True)
    opened = Cafe(sqlite_engine, identity, f"http://127.0.0.1:{server.server_port}")
    server.app = opened.app
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield opened
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def open_page(chromium: Browser, cafe: Cafe) -> Iterator[Open]:
    """Opens pages of the café in browsers that know nothing of each other, and fails when one of them complains."""
    contexts = []
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # A violation of the content security policy shows up here, and nowhere else.
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    def open_page(path: str, **options: object) -> Page:
        given = {"viewport": PHONE, "user_agent": ANDROID, "locale": "en-GB", "base_url": cafe.deps.settings.base_url}
        context = chromium.new_context(**{**given, **options})  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
