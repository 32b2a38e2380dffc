"""SQLite: no server; a scratch database is a file, and its maker's folder takes the server's place."""

from __future__ import annotations

import shlex
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from flask_lab.backends.base import Product, scalars
from flask_lab.backends.catalogue import sqlite as catalogue
from flask_lab.backends.watching import SQLiteWatching

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sqlalchemy import URL, Connection

    from flask_lab.backends.catalogue import Schema

DISK_ERRORS = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
MOVED = sqlite3.SQLITE_READONLY_DBMOVED


class SQLite(Product):
    name = "sqlite"
    title = "SQLite"
    watching = SQLiteWatching()
    driver = "sqlite"
    dialects = frozenset({"sqlite"})
    port = 0
    admin = ""
    timeout_arguments = ()
    abilities = frozenset({"transactional_ddl"})

    def scratch_url(self, server: URL, database: str) -> URL:
        return server.set(database=str(Path(str(server.database)).with_name(f"{database}.db")))

    def identify(self, connection: Connection) -> tuple[str, str]:
        return self.name, str(scalars(connection, "SELECT sqlite_version()")[0])

    def claim(self, connection: Connection, run: str) -> None:
        """Nothing: the folder's owner file says who is alive."""

    def alive(self, connection: Connection, runs: set[str]) -> set[str]:
        return runs

    def databases(self, connection: Connection) -> list[str]:
        return [path.stem for path in _folder(connection).glob("lab_*.db")]

    def create(self, connection: Connection, database: str) -> None:
        self.path(connection, database).touch()

    def clone(self, connection: Connection, source: str, target: str) -> None:
        with (
            closing(sqlite3.connect(self.path(connection, source))) as old,
            closing(sqlite3.connect(self.path(connection, target))) as new,
        ):
            new.execute("PRAGMA synchronous = OFF")
            old.backup(new)

    def drop(self, connection: Connection, database: str) -> None:
        # With its journals, and with whatever a project puts beside its database, such as a lock.
        path = self.path(connection, database)
        for beside in path.parent.glob(f"{path.name}*"):
            beside.unlink(missing_ok=True)

    def sessions(self, connection: Connection, database: str) -> list[int]:
        """File descriptors of this process, where the system can list them."""
        path, listing = str(self.path(connection, database)), Path("/proc/self/fd")
        if not listing.is_dir():
            return []
        return [int(fd.name) for fd in listing.iterdir() if _target(fd) == path]

    def schema(self, connection: Connection, ignore: Collection[str]) -> Schema:
        return catalogue.read(connection, ignore)

    def schema_reader(self, connection: Connection, ignore: Collection[str]) -> Callable[[], Schema]:
        # No digest is quicker: what is known of a text is found by the text.
        return partial(catalogue.read, connection, ignore)

    def schema_digest(self, connection: Connection, ignore: Collection[str]) -> str:
        return catalogue.digest(connection, ignore)

    def shell(self, url: URL) -> str:
        return shlex.join(["sqlite3", str(url.database)])

    def blames_server(self, error: BaseException) -> bool:
        code = getattr(error, "sqlite_errorcode", 0)
        # The low byte is the kind of error, the others say more of it.
        return code & 0xFF in DISK_ERRORS or code == MOVED or super().blames_server(error)

    def path(self, connection: Connection, database: str) -> Path:
        return _folder(connection) / f"{database}.db"


def _folder(connection: Connection) -> Path:
    return Path(str(connection.engine.url.database)).parent


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        # Closed since it was listed: the descriptor of the listing itself, for one.
        return ""
