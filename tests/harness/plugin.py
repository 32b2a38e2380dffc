"""Fixtures `backend` and `database`, and what decides which backends a session runs.

LAB_ON="mysql postgres" collects these only; LAB_REQUIRE="mysql" fails where it would skip an unreachable one.
"""

from __future__ import annotations

import signal
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from flask_lab.backends import PRODUCTS, Product
from flask_lab.errors import BackendUnavailable
from tests.harness.servers import Servers, check_settings, chosen, required

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask_lab.sources import Server

SERVERS = pytest.StashKey[Servers]()


@dataclass(frozen=True, slots=True)
class ReadyBackend:
    """A backend with its running server, as tests see it."""

    server: Server

    @property
    def name(self) -> str:
        return self.server.name

    @property
    def product(self) -> Product:
        return self.server.product

    @property
    def version(self) -> str:
        return self.server.version

    @property
    def source(self) -> str:
        return self.server.source


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "needs(ability, ...): only backends with these abilities (Product.abilities)"
    )
    config.addinivalue_line(
        "markers",
        "suffices(backend, ...): about the lab's own ways, which these backends show as well as all four would",
    )
    for product in PRODUCTS.values():
        config.addinivalue_line("markers", f"{product.name}: runs on {product.title}")
    config.stash[SERVERS] = Servers()
    check_settings()
    with suppress(ImportError):
        # Else servers' threads would, and requests' filter of its own warning be undone by pytest's in between.
        import_module("testcontainers.core.container")
    # Without this a terminated session would leave its servers to the next one's sweep.
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, _frame: object) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[SERVERS].close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" not in metafunc.fixturenames:
        return
    needed = {ability for mark in metafunc.definition.iter_markers("needs") for ability in mark.args}
    enough = [mark.args for mark in metafunc.definition.iter_markers("suffices")]
    names = [
        name
        for name in chosen()
        if needed <= PRODUCTS[name].abilities and all(name in backends for backends in enough)
    ]
    parameters = [pytest.param(name, marks=getattr(pytest.mark, name), id=name) for name in names]
    metafunc.parametrize("backend", parameters, indirect=True, scope="session")


def pytest_itemcollected(item: pytest.Item) -> None:
    """The lab's items get their backend's mark too."""
    if (name := on_backend(item)) and item.get_closest_marker(name) is None:
        item.add_marker(name)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that none of the chosen backends has the abilities for."""
    left_out = [item for item in items if "backend" in _fixtures(item) and on_backend(item) is None]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start all servers while the first tests run; an xdist worker cannot know yet which are its own."""
    config = session.config
    if hasattr(config, "workerinput") or config.getoption("numprocesses", None) or config.option.collectonly:
        return
    for name in dict.fromkeys(filter(None, map(on_backend, session.items))):
        config.stash[SERVERS].start(name)


def on_backend(item: pytest.Item) -> str | None:
    """The backend that a test runs on, if any."""
    call = getattr(item, "callspec", None)
    if call is None:
        return None
    name = getattr(call.params.get("lab_cell"), "backend", call.params.get("backend"))
    # Where there was no name to choose, pytest puts a mark of its own.
    return name if isinstance(name, str) else None


def _fixtures(item: pytest.Item) -> list[str]:
    return getattr(item, "fixturenames", [])


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest) -> ReadyBackend:
    """One of the backends, running; each test that asks for it runs once per backend."""
    return ready(request.config, request.param)


def ready(config: pytest.Config, name: str) -> ReadyBackend:
    """The running backend; the test is skipped, or fails where it is required, when there is none."""
    try:
        return ReadyBackend(config.stash[SERVERS].get(name))
    except BackendUnavailable as unavailable:
        reason = str(unavailable)
    # Outside the handler: the reason says it all, and its causes would only be printed after it.
    if required(name):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture
def database(backend: ReadyBackend, no_process_is_left: None) -> Iterator[str]:
    """The URL, with password, of a new and empty database; it must be left without connections."""
    url = backend.server.create()
    try:
        yield url.render_as_string(hide_password=False)
        left = backend.server.sessions(url)
    finally:
        backend.server.drop(url)
    if left:
        pytest.fail(f"{left} connection(s) to the {backend.name} database were left open", pytrace=False)
