"""Servers for backends: `with open_server("postgres") as server, server.scratch() as url: ...`.

A URL is tried first, then Docker, then programs of this machine; SQLite is embedded.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from flask_lab.backends import PRODUCTS, Backend, parse_backend
from flask_lab.errors import BackendUnavailable
from flask_lab.sources.base import Server, Source, connect, driver_reason
from flask_lab.sources.docker import Docker, sweep_engine
from flask_lab.sources.embedded import Embedded
from flask_lab.sources.local import Local
from flask_lab.sources.owner import sweep_folders
from flask_lab.sources.url import Given, variable_of
from flask_lab.sources.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection

__all__ = ["Server", "Source", "Watch", "open_lasting", "open_server", "plan", "sources_of", "sweep_machine"]


def sources_of(backend: Backend, environment: Mapping[str, str]) -> list[Source]:
    """The sources that may have a server of `backend`, first choice first."""
    return [Embedded()] if backend.product.image is None else [Given(environment), Docker(), Local()]


def plan(spelling: str, environment: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """The source that `open_server` would try, and what it would use; starts nothing."""
    backend, refusals = parse_backend(spelling), []
    for source in sources_of(backend, environment):
        try:
            return source.name, _offer(backend, source)
        except BackendUnavailable as refusal:
            refusals.append((source, refusal))
    raise _unavailable(backend, refusals)


@contextmanager
def open_server(spelling: str, environment: Mapping[str, str] = os.environ) -> Iterator[Server]:
    """A server of the backend, from the first source that has one.

    Raises ConfigError for a name or URL that cannot be right, BackendUnavailable with every source's reason.
    """
    backend, refusals = parse_backend(spelling), []
    for source in sources_of(backend, environment):
        with ExitStack() as stack:
            try:
                _offer(backend, source)
                server = stack.enter_context(_open(backend, source))
            except BackendUnavailable as refusal:
                refusals.append((source, refusal))
                if source.demanded(backend):
                    break
                continue
            yield server
            return
    raise _unavailable(backend, refusals)


def sweep_machine() -> None:
    """Remove what dead runs have left on this machine: servers, their folders, containers."""
    sweep_folders()
    sweep_engine()


def _offer(backend: Backend, source: Source) -> str:
    """What the source offers; nothing where the lab could not speak to the server that it would start."""
    offered = source.offer(backend)
    if not source.demanded(backend):
        try:
            backend.product.url("", 0, "").get_dialect().import_dbapi()
        except ModuleNotFoundError as error:
            raise BackendUnavailable.no_driver(error.name) from error
    return offered


@contextmanager
def open_lasting(server: Server, environment: Mapping[str, str] = os.environ) -> Iterator[Server]:
    """Another server like one that the lab started, which may be killed and keeps what it has committed.

    BackendUnavailable where there is none.
    """
    backend = server.backend
    source = next(each for each in sources_of(backend, environment) if each.name == server.source)
    with source.open_lasting(backend) as (url, kill), connect(url) as admin:
        lasting = Server(backend, source.name, url, _checked_version(backend, admin), admin)
        lasting.restart = kill
        lasting.sweep()
        yield lasting


@contextmanager
def _open(backend: Backend, source: Source) -> Iterator[Server]:
    begun = time.monotonic()
    with source.open(backend) as url, connect(url) as admin:
        version = _checked_version(backend, admin)
        server = Server(backend, source.name, url, version, admin)
        server.origin = source.offer(backend)
        server.sweep()
        _check_rights(server)
        server.seconds = time.monotonic() - begun
        yield server


def _checked_version(backend: Backend, admin: Connection) -> str:
    product, version = backend.product.identify(admin)
    if product != backend.product.name:
        title = PRODUCTS[product].title
        raise BackendUnavailable(f"the server is {title} {version}, not {backend.product.title}")
    if not backend.accepts(version):
        reason = f"the server is {backend.product.title} {version}, not {backend.tag}"
        raise BackendUnavailable(reason, f"set {variable_of(backend)} for that one")
    return version


def _check_rights(server: Server) -> None:
    try:
        with server.scratch():
            pass
    except DBAPIError as error:
        reason = f"no database can be made: {driver_reason(error, server.url)}"
        raise BackendUnavailable(
            reason, f"give '{server.url.username}' the right to create databases"
        ) from error


def _unavailable(backend: Backend, refusals: list[tuple[Source, BackendUnavailable]]) -> BackendUnavailable:
    """All refusals as one; when a person named the server, only what became of that one."""
    chosen = [(source, refusal) for source, refusal in refusals if source.demanded(backend)] or refusals
    named = [(source.demanded(backend), refusal.message) for source, refusal in chosen]
    reasons = "; ".join(f"{setting}: {message}" if setting else message for setting, message in named)
    hints = dict.fromkeys(refusal.hint for _, refusal in reversed(chosen) if refusal.hint)
    error = BackendUnavailable(f"no server for {backend.name}: {reasons}", ", or ".join(hints))
    error.__cause__ = chosen[-1][1]
    return error
