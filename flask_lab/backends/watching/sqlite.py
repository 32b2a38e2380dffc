"""SQLite: one lock for the whole file, which Linux shows by the bytes of it that a process has locked."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from flask_lab.backends.watching.base import Lock, Watching, counted

LISTING = Path("/proc/locks")
# https://sqlite.org/lockingv3.html; where a write-ahead log is kept, its shared memory has a byte for who writes.
PENDING, RESERVED, SHARED, WAL_WRITER = 0x40000000, 0x40000001, 0x40000002, 120


class SQLiteWatching(Watching):
    modes: Sequence[str] = ("SHARED", "RESERVED", "PENDING", "EXCLUSIVE")
    patience = 0.004
    log = "what the file has grown by"

    def session(self, connection: Connection) -> int:
        return os.getpid()

    def locks(self, connection: Connection, session: int) -> list[Lock]:
        path = Path(str(connection.engine.url.database))
        with suppress(OSError):
            file, memory = _inode(path), _inode(path.with_name(f"{path.name}-shm"))
            for line in LISTING.read_text().splitlines():
                words = line.split()
                if words[1] != "POSIX" or words[4] != str(session):
                    continue
                inode, first = words[5].rpartition(":")[2], int(words[6])
                last = int(words[7]) if words[7] != "EOF" else first
                if inode == file and (mode := _mode(words[3], first, last)):
                    return [Lock("", mode)]
                if inode == memory and words[3] == "WRITE" and first <= WAL_WRITER <= last:
                    return [Lock("", "RESERVED")]
        return []

    def blind(self, connection: Connection) -> str:
        return "" if LISTING.is_file() else "this system does not list the locks on files, as Linux does"

    def storage(self, connection: Connection) -> Mapping[str, object]:
        query = "SELECT name, rootpage FROM sqlite_master WHERE type = 'table' AND rootpage > 0"
        return dict(connection.exec_driver_sql(query).tuples().all())

    def written(self, connection: Connection) -> int:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        return int(pages) * int(connection.exec_driver_sql("PRAGMA page_size").scalar_one())

    def prepare(self, connection: Connection, rows: int) -> None:
        connection.exec_driver_sql("PRAGMA synchronous = OFF")

    def numbers(self, rows: int) -> sa.FromClause:
        return counted(rows)

    def settle(self, connection: Connection, tables: Collection[str]) -> None:
        """Nothing: it does nothing by itself."""


def _inode(path: Path) -> str:
    return str(path.stat().st_ino) if path.exists() else ""


def _mode(kind: str, first: int, last: int) -> str:
    """The strongest lock that a range of locked bytes stands for."""
    if kind != "WRITE":
        return "SHARED" if last >= SHARED else ""
    if last >= SHARED:
        return "EXCLUSIVE"
    return {PENDING: "PENDING", RESERVED: "RESERVED"}.get(first, "")
