"""A server that a person named by URL; scratch databases are made beside its own, which is never written."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flask_lab.errors import BackendUnavailable
from flask_lab.sources.base import CONNECT_SECONDS, Source, connect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import URL

    from flask_lab.backends.base import Backend


def variable_of(backend: Backend) -> str:
    """LAB_POSTGRES_URL, or LAB_POSTGRES_18_URL for postgres:18."""
    return f"LAB_{re.sub(r'[^A-Z0-9]+', '_', backend.name.upper())}_URL"


class Given(Source):
    name = "url"

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def demanded(self, backend: Backend) -> str:
        variable = self.variable(backend)
        return variable if self._environment.get(variable) else ""

    def offer(self, backend: Backend) -> str:
        variable = self.variable(backend)
        if not self.demanded(backend):
            raise BackendUnavailable(f"{variable} is not set", f"set {variable}")
        return f"{variable} at {_place(self._url(backend))}"

    @contextmanager
    def open(self, backend: Backend) -> Iterator[URL]:
        url = self._url(backend)
        # What is behind it is unknown as yet: the connection that is kept has no timeouts.
        with connect(url, **backend.product.timeouts(CONNECT_SECONDS)):
            pass
        yield url

    def variable(self, backend: Backend) -> str:
        """The environment variable that holds the URL, or might: one for this very tag goes first."""
        own = variable_of(backend)
        return own if self._environment.get(own) else f"LAB_{backend.product.name.upper()}_URL"

    def _url(self, backend: Backend) -> URL:
        variable = self.variable(backend)
        return backend.product.read_url(self._environment[variable], variable)


def _place(url: URL) -> str:
    return f"{url.host or 'localhost'}:{url.port}" if url.port else str(url.host or "localhost")
