"""Who holds a lock now that an upgrade takes, or waits for: as much of it as the app's own user may see."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

# What keeps an upgrade from changing a table, or others from using it meanwhile.
POSTGRES = text(
    """
    SELECT l.pid, coalesce(c.relname || ': ' || l.mode, 'advisory lock'), coalesce(a.query, ''), a.state,
        extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.backend_start)),
        (SELECT count(DISTINCT w.pid) FROM pg_locks w WHERE NOT w.granted AND l.pid = ANY (pg_blocking_pids(w.pid)))
    FROM pg_locks l
    JOIN pg_stat_activity a ON a.pid = l.pid
    LEFT JOIN pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p')
    WHERE l.granted AND l.pid <> pg_backend_pid()
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (l.locktype = 'advisory' OR (c.oid IS NOT NULL
            AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')))
    ORDER BY 1, 2
    """
)
MYSQL = text(
    """
    SELECT t.processlist_id, IF(m.object_type = 'TABLE', CONCAT(m.object_name, ': ', m.lock_type), 'GET_LOCK'),
        COALESCE(t.processlist_info, ''), t.processlist_command, t.processlist_time,
        (SELECT COUNT(*) FROM performance_schema.metadata_locks w WHERE w.lock_status = 'PENDING'
            AND w.object_type = m.object_type AND w.object_name = m.object_name
            AND COALESCE(w.object_schema, '') = COALESCE(m.object_schema, ''))
    FROM performance_schema.metadata_locks m
    JOIN performance_schema.threads t ON t.thread_id = m.owner_thread_id
    WHERE m.lock_status = 'GRANTED' AND t.processlist_id <> CONNECTION_ID()
        AND ((m.object_type = 'USER LEVEL LOCK' AND t.processlist_db = DATABASE())
            OR (m.object_type = 'TABLE' AND m.object_schema = DATABASE() AND m.lock_type IN
                ('SHARED_UPGRADABLE', 'SHARED_NO_WRITE', 'SHARED_NO_READ_WRITE', 'EXCLUSIVE')))
    ORDER BY 1, 2
    """
)
# From a plugin, which shows no locks that are waited for.
MARIADB = text(
    """
    SELECT m.thread_id, IF(m.lock_type = 'User lock', 'GET_LOCK', CONCAT(m.table_name, ': ', SUBSTR(m.lock_mode, 5))),
        COALESCE(p.info, ''), p.command, p.time, NULL
    FROM information_schema.metadata_lock_info m
    JOIN information_schema.processlist p ON p.id = m.thread_id
    WHERE p.db = DATABASE() AND m.thread_id <> CONNECTION_ID()
        AND (m.lock_type = 'User lock' OR (m.table_schema = DATABASE() AND m.lock_mode IN
            ('MDL_SHARED_UPGRADABLE', 'MDL_SHARED_NO_WRITE', 'MDL_SHARED_NO_READ_WRITE', 'MDL_EXCLUSIVE')))
    ORDER BY 1, 2
    """
)
UNSEEN = {
    "mysql": "tables' locks are not told: with GRANT SELECT ON performance_schema.* the app's user may see them",
    "mariadb": "tables' locks are not told: INSTALL SONAME 'metadata_lock_info' lets the server show them",
}
# As docs/upgrade-lock.md names it, and this project's own env.py.
NAMES = ("upgrade", "alembic")
STATEMENT = 200


@dataclass(frozen=True, slots=True)
class Holder:
    """A session or process, and what it holds."""

    session: str
    what: str
    statement: str = ""
    state: str = ""
    seconds: float | None = None
    """Since its transaction began, or what MySQL shows of it: since it does what it does."""
    waiting: int | None = None
    """How many sessions wait for it."""


@dataclass(frozen=True, slots=True)
class Holders:
    """Those that could be seen, and why others could not."""

    found: list[Holder] = field(default_factory=list)
    unseen: str = ""

    @property
    def is_table_closed(self) -> bool:
        """Whether someone works on a table, so that a look at it may have to wait."""
        return any(": " in each.what for each in self.found)


def holders(connection: Connection) -> Holders:
    """Ask the server behind `connection`, or the system where it is SQLite; changes nothing and takes no lock."""
    ask = ASK.get(connection.dialect.name)
    return ask(connection) if ask else Holders(unseen=f"of {connection.dialect.name} the lab knows no locks")


def _postgres(connection: Connection) -> Holders:
    return Holders([_holder(row) for row in connection.execute(POSTGRES)])


def _mysql(connection: Connection) -> Holders:
    is_mariadb = getattr(connection.dialect, "is_mariadb", False)
    try:
        return Holders([_holder(row) for row in connection.execute(MARIADB if is_mariadb else MYSQL)])
    except DBAPIError:
        connection.rollback()
        return Holders(list(_by_name(connection)), UNSEEN["mariadb" if is_mariadb else "mysql"])


def _by_name(connection: Connection) -> Iterator[Holder]:
    """Who has the upgrade lock, which anyone may ask for by its name."""
    database = connection.exec_driver_sql("SELECT DATABASE()").scalar()
    digest = hashlib.sha256(f"{database}/upgrade".encode()).hexdigest()[:40]
    doing = {row[0]: row for row in connection.exec_driver_sql("SHOW FULL PROCESSLIST")}
    for name in NAMES:
        query = text("SELECT IS_USED_LOCK(:name)")
        session = connection.execute(query, {"name": f"{name}/{digest}"}).scalar()
        if session is not None:
            _id, _user, _host, _db, command, seconds, _state, info, *_ = doing.get(session, (None,) * 8)
            yield Holder(
                str(session), "the upgrade lock", str(info or "")[:STATEMENT], str(command or ""), seconds
            )


def _sqlite(connection: Connection) -> Holders:
    path = connection.engine.url.database
    if not path or ":memory:" in path:
        return Holders()
    files = {
        Path(path): "the file, to write",
        Path(f"{path}.upgrade-lock"): "the upgrade lock",
        Path(f"{path}-shm"): "the file, to write",
    }
    table = Path("/proc/locks")
    if not table.exists():
        return Holders(unseen="this system does not tell who holds a lock on a file")
    return Holders(list(dict.fromkeys(_on_files(files, table.read_text(encoding="ascii")))))


def _on_files(files: Mapping[Path, str], locks: str) -> Iterator[Holder]:
    """From the system's table: to open the file and ask there would, on closing it, free this process's own locks."""
    inodes = {each.stat().st_ino: what for each, what in files.items() if each.exists()}
    for line in locks.splitlines():
        words = line.split()
        if "->" in words or len(words) < 6 or words[3] != "WRITE":
            continue
        what = inodes.get(int(words[5].rpartition(":")[2]))
        if what and words[4] != str(os.getpid()):
            yield Holder(f"process {words[4]}", what)


def _holder(row: Sequence[Any]) -> Holder:
    session, what, statement, state, seconds, waiting = row
    said = " ".join(str(statement).split())[:STATEMENT]
    return Holder(str(session), str(what), said, str(state or ""), float(seconds or 0), waiting)


ASK: Mapping[str, Callable[[Connection], Holders]] = {
    "postgresql": _postgres,
    "mysql": _mysql,
    "mariadb": _mysql,
    "sqlite": _sqlite,
}
