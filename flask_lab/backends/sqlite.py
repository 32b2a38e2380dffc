"""SQLite: no server; a scratch database is a file, and its maker's folder takes the server's place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flask_lab.backends.base import Product, scalars

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection


class SQLite(Product):
    name = "sqlite"
    title = "SQLite"
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

    def drop(self, connection: Connection, database: str) -> None:
        path = self.path(connection, database)
        for end in ("", "-journal", "-wal", "-shm"):
            path.with_name(path.name + end).unlink(missing_ok=True)

    def sessions(self, connection: Connection, database: str) -> list[int]:
        """File descriptors of this process, where the system can list them."""
        path, listing = str(self.path(connection, database)), Path("/proc/self/fd")
        if not listing.is_dir():
            return []
        return [int(fd.name) for fd in listing.iterdir() if _target(fd) == path]

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
