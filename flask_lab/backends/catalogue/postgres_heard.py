"""Connections and cursors of psycopg2 whose statements are heard.

A module of its own, because it needs the driver: it is written in C, and its classes cannot be listened to.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

import psycopg2
from psycopg2 import extensions

from flask_lab.backends.catalogue.postgres_ear import EAR


class HeardCursor(extensions.cursor):  # type: ignore[misc]  # the driver has no types
    """Lets be heard what it sends; what fails may have done anything."""

    connection: HeardConnection

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002  (the driver's name)
        """Send a statement."""
        sent = None
        try:
            super().execute(query, vars)
            sent = self.query
        finally:
            self.connection.hear(sent)

    def executemany(self, query: Any, vars_list: Any) -> None:
        """Send a statement once for each of `vars_list`; only the last of them is known."""
        sent = None
        try:
            super().executemany(query, vars_list)
            if self.query and EAR.harmless.match(self.query.decode(errors="replace")):
                sent = self.query
        finally:
            self.connection.hear(sent)

    def callproc(self, *arguments: Any) -> Any:
        """Call a function."""
        try:
            return super().callproc(*arguments)
        finally:
            self.connection.hear(None)


class HeardConnection(extensions.connection):  # type: ignore[misc]  # the driver has no types
    """Lets be heard what its cursors send, and again when it is committed: only then do others see it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._open: list[str | None] = []

    def cursor(self, name: Any = None, cursor_factory: Any = None, **options: Any) -> Any:
        """A cursor that is heard; one of another class makes the ear deaf."""
        factory = cursor_factory or self.cursor_factory or extensions.cursor
        if factory is extensions.cursor:
            factory = HeardCursor
        else:
            EAR.is_deaf = True
        return super().cursor(name, cursor_factory=factory, **options)

    def unheard(self) -> Any:
        """A cursor for what changes no schema."""
        return super().cursor(cursor_factory=extensions.cursor)

    def hear(self, sent: bytes | None) -> None:
        """Let be heard what was sent, None for what nobody knows."""
        noted = EAR.hear(sent)
        if noted and not self.autocommit:
            self._open += noted

    def commit(self) -> None:
        """Commit, and let be heard again what is seen from now on."""
        try:
            super().commit()
        finally:
            for text in self._open:
                EAR.note(text)
            self._open.clear()

    def tpc_commit(self, *arguments: Any) -> None:
        """Commit what this connection, or another one, has prepared."""
        try:
            super().tpc_commit(*arguments)
        finally:
            EAR.note(None)

    def rollback(self) -> None:
        """Roll back; what was said has changed nothing."""
        super().rollback()
        self._open.clear()


def listen() -> None:
    """Make the connections heard that psycopg2 makes from now on."""
    connect = psycopg2.connect

    @wraps(connect)
    def heard(dsn: Any = None, connection_factory: Any = None, *arguments: Any, **options: Any) -> Any:
        if connection_factory is not None:
            EAR.is_deaf = True
        return connect(dsn, connection_factory or HeardConnection, *arguments, **options)

    psycopg2.connect = heard
