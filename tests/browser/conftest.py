"""A real Chromium on the app behind a real server, on SQLite. Every page is watched for what must not happen."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from app import sample
from app.extensions import db
from tests.app.conftest import close_app, open_app, upgrade

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is marked `browser`."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass
class Watch:
    """What a page did beside being shown."""

    origin: str
    complaints: list[str] = field(default_factory=list)

    def follow(self, context: BrowserContext) -> None:
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        # Chromium writes a line for every 4xx answer; the tests look at those themselves.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def _request(self, request: Request) -> None:
        if urlsplit(request.url)._replace(path="", query="", fragment="").geturl() != self.origin:
            self.complaints.append(f"left the origin: {request.url}")


class Silent(WSGIRequestHandler):
    """A server without a line per request."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002  (werkzeug's name)
        """Say nothing."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    program = os.environ.get("LAB_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        reason = f"no Chromium on this machine: install one of {', '.join(NAMES)}, or name it in LAB_CHROMIUM"
        if os.environ.get("LAB_REQUIRE_BROWSER") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    flags = ["--disable-gpu", "--disable-background-networking"]
    if os.geteuid() == 0:
        # Chromium's sandbox does not start as root, which containers are.
        flags.append("--no-sandbox")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=flags)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file with sample rows, copied for each test."""
    path = tmp_path_factory.mktemp("browser") / "template.db"
    upgrade(f"sqlite:///{path}")
    app = open_app(f"sqlite:///{path}")
    with app.app_context():
        list(sample.add(db.engine, 600))
    close_app(app)
    return path


@pytest.fixture
def app(template: Path, tmp_path: Path) -> Iterator[Flask]:
    """The app on its own copy of the sample rows."""
    shutil.copy(template, tmp_path / "lab.db")
    made = open_app(f"sqlite:///{tmp_path / 'lab.db'}")
    yield made
    close_app(made)


def whole(app: Flask) -> WSGIApplication:
    """The app, with nothing left open: where a browser hangs up, werkzeug's server forgets to close a file it sends."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        found = app(environ, start_response)
        try:
            return list(found)
        finally:
            found.close()  # type: ignore[attr-defined]  # Flask's answers have it

    return answer


@pytest.fixture
def origin(app: Flask) -> Iterator[str]:
    """The address of a server that serves the app."""
    server = make_server("127.0.0.1", 0, whole(app), threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def watch(origin: str) -> Iterator[Watch]:
    """Fails the test when a page complained or asked another origin for anything."""
    watch = Watch(origin)
    yield watch
    assert watch.complaints == []


@pytest.fixture
def page(browser: Browser, origin: str, watch: Watch) -> Iterator[Page]:
    """A page in a fresh profile; addresses are relative to the app."""
    context = browser.new_context(base_url=origin, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(10_000)
    watch.follow(context)
    yield context.new_page()
    context.close()
