"""SQLite is in the process itself: its server is a private folder."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import URL

from flask_lab.errors import BackendUnavailable
from flask_lab.sources.base import Source
from flask_lab.sources.owner import private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask_lab.backends.base import Backend


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
