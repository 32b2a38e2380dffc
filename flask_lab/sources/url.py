"""A server that a person named by URL; scratch databases are made beside its own, which is never written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import URL

from flask_lab.backends.base import Backend
from flask_lab.errors import BackendUnavailable
from flask_lab.sources.base import Source


class Given(Source):
    name = "url"

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def insists(self, backend: Backend) -> bool:
        return bool(self._environment.get(self.variable(backend)))

    def offer(self, backend: Backend) -> str:
        variable = self.variable(backend)
        if not self.insists(backend):
            raise BackendUnavailable(f"{variable} is not set", f"set {variable}")
        return f"{variable} at {_place(self._url(backend))}"

    @contextmanager
    def open(self, backend: Backend) -> Iterator[URL]:
        yield self._url(backend)

    def variable(self, backend: Backend) -> str:
        """The environment variable that may hold the URL."""
        return f"LAB_{backend.product.name.upper()}_URL"

    def _url(self, backend: Backend) -> URL:
        variable = self.variable(backend)
        return backend.product.read_url(self._environment[variable], variable)


def _place(url: URL) -> str:
    return f"{url.host or 'localhost'}:{url.port}" if url.port else str(url.host or "localhost")
