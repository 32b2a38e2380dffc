"""SQLite is in the process itself: its server is a private folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL

from flask_lab.backends.base import Backend
from flask_lab.errors import BackendUnavailable
from flask_lab.sources.base import Source
from flask_lab.sources.owner import private_folder


class Embedded(Source):
    name = "embedded"

    def offer(self, backend: Backend) -> str:
        if backend.product.name != "sqlite":
            raise BackendUnavailable("it needs a server")
        return "Python's own sqlite3"

    @contextmanager
    def open(self, backend: Backend) -> Iterator[URL]:
        with private_folder() as folder:
            yield URL.create(backend.product.driver, database=str(folder / "admin.db"))
