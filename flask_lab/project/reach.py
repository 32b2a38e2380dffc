"""The databases that a project can reach: the lab's, one for each bind at a time, by whatever engine it connects."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, Connection, Dialect, Engine, event

from flask_lab.backends.base import SCRATCH_NAME
from flask_lab.errors import TreeError
from flask_lab.sources.base import ADMINISTRATORS

Bind = str | None
"""A key of SQLALCHEMY_BINDS, a section that a plain project's `databases` names, or None for the default database."""

UrlEnv = str | Mapping[str, str]
"""The variable that a project reads its URL from, or several, each with a text in which {url}, {host} and the like
stand for parts of it."""


class Reach:
    """Watches every connection of this process, as a context.

    A database that a bind had once leads to the one that it has now, so that an engine may keep the URL it was made
    with. Raises TreeError, in whoever connects, for any database that is not the lab's.
    """

    def __init__(
        self, scratch: Callable[[], URL], url_env: UrlEnv, who: str, bounds: Sequence[str] = ()
    ) -> None:
        self.urls: dict[Bind, URL] = {}
        self.dress: Callable[[URL], URL] = lambda url: url
        """Gives a URL the driver that the project wants."""
        self.driver = ""
        """What the lab's own engines use, whatever the project wants."""
        self._scratch = scratch
        self._variables = {url_env: "{url}"} if isinstance(url_env, str) else url_env
        self._who = who
        self.bounds = bounds
        """Statements for each new session."""
        self._binds: dict[str, Bind] = {}
        self._engines: set[Engine] = set()

    def __enter__(self) -> Self:
        event.listen(Engine, "do_connect", self._lead)
        event.listen(Engine, "engine_connect", self._note)
        event.listen(Engine, "connect", self._bound)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(Engine, "do_connect", self._lead)
        event.remove(Engine, "engine_connect", self._note)
        event.remove(Engine, "connect", self._bound)
        self.let_go()

    def url(self, bind: Bind = None) -> URL:
        """The database of a bind; until it is pointed elsewhere, one that is never measured."""
        if bind not in self.urls:
            made = self._scratch()
            self.driver = made.drivername
            self._point(bind, self.dress(made))
        return self.urls[bind]

    def point_at(self, urls: Mapping[Bind, URL]) -> None:
        """Let every engine lead to the database given for its bind."""
        self.let_go()
        for bind, url in urls.items():
            self._point(bind, self.dress(url))

    def bind_of(self, url: URL) -> Bind:
        """The bind that `url` was given for; whoever holds it may have made the engine itself."""
        return self._binds.get(_stem(url.database))

    def let_go(self) -> None:
        """Close every connection that waits in a pool."""
        for engine in self._engines:
            # An asynchronous driver's connection can only be closed by the loop it was opened in.
            engine.dispose(close=not engine.dialect.is_async)

    def _point(self, bind: Bind, url: URL) -> None:
        self.urls[bind] = url
        self._binds[_stem(url.database)] = bind
        if url is next(iter(self.urls.values())):
            for name, text in self._variables.items():
                if name:
                    os.environ[name] = fill(text, url)

    def _note(self, connection: Connection) -> None:
        self._engines.add(connection.engine)

    def _bound(self, connection: Any, _record: Any) -> None:
        """Bound how long a new session waits; a revision that waits for another of its own would never end."""
        if not self.bounds or isinstance(connection, sqlite3.Connection):
            return
        cursor = connection.cursor()
        for statement in self.bounds:
            cursor.execute(statement)
        cursor.close()
        connection.commit()

    def _lead(self, dialect: Dialect, _record: Any, arguments: list[Any], named: dict[str, Any]) -> None:
        database = str(
            next(filter(None, map(named.get, ("dbname", "database", "db"))), (arguments or [""])[0])
        )
        if database == ":memory:" or dialect in ADMINISTRATORS:
            return
        if _stem(database) not in self._binds:
            raise TreeError.foreign_database(self._who, database)
        url = self.urls[self._binds[_stem(database)]]
        if _stem(url.database) == _stem(database):
            return
        to, options = dialect.create_connect_args(url)
        arguments[:] = to
        named.update(options)
        if SCRATCH_NAME.fullmatch(dialect.default_schema_name or ""):
            # MySQL's: the dialect remembers the database of its first connection, and looks for tables there.
            dialect.default_schema_name = url.database


def fill(text: str, url: URL) -> str:
    """`text` with the parts of `url` in their places; KeyError, ValueError or IndexError when it names others."""
    parts = {"user": url.username, "password": url.password, "host": url.host, "port": url.port}
    return text.format(
        url=written(url), database=url.database or "", **{k: v or "" for k, v in parts.items()}
    )


def written(url: URL) -> str:
    """`url` as text, with the password."""
    return url.render_as_string(hide_password=False)


def _stem(database: str | None) -> str:
    # SQLite's database is a file, the others' a name.
    return Path(database or "").stem
