"""One upgrade at a time: any number of replicas may start at once, one migrates, the others wait their turn.

Stands alone, so that it can be copied beside the env.py of any project. The lock belongs to a database session of its
own: the server frees it when its holder finishes, crashes or is killed.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from sqlalchemy import text
from sqlalchemy.engine import Connection, Engine

log = logging.getLogger("alembic.upgrade_lock")
POLL = 0.2


class UpgradeLockTimeout(Exception):
    """Another process held the upgrade lock for longer than this one may wait."""


@contextmanager
def upgrade_lock(engine: Engine, wait: float, name: str = "upgrade") -> Iterator[None]:
    """Hold the lock `name` of the database behind `engine`; wait for it up to `wait` seconds.

    Raises `UpgradeLockTimeout` when the time is up. Take it before the version table is read, and read that on
    another connection: whoever waited must see what the winner did.
    """
    with ExitStack() as stack:
        take = _ways[engine.dialect.name](stack, engine, name)
        _wait_until(take, wait)
        yield


def _wait_until(take: Callable[[], bool], wait: float) -> None:
    """Ask again and again: a session that blocks in a lock call would hold up CREATE INDEX CONCURRENTLY."""
    started = time.monotonic()
    if take():
        return
    log.info("Another process is migrating this database: waiting for it, up to %g s", wait)
    while time.monotonic() - started < wait:
        time.sleep(POLL)
        if take():
            log.info("It finished after %.1f s", time.monotonic() - started)
            return
    raise UpgradeLockTimeout(
        f"another process holds this database's upgrade lock, and did not finish within {wait:g} s"
    )


def _postgresql(stack: ExitStack, engine: Engine, name: str) -> Callable[[], bool]:
    connection = _own_session(stack, engine)
    connection.execute(text("SET idle_session_timeout = 0"))
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    return lambda: bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}))


def _mysql(stack: ExitStack, engine: Engine, name: str) -> Callable[[], bool]:
    connection = _own_session(stack, engine)
    # The server drops an idle session, and with it the lock, after this many seconds; a long step may take longer.
    connection.execute(text("SET wait_timeout = 31536000"))
    # Names are shared by all databases of the server, and at most 64 characters long.
    scope = hashlib.sha256(f"{engine.url.database}/{name}".encode()).hexdigest()[:40]
    return lambda: connection.scalar(text("SELECT GET_LOCK(:scope, 0)"), {"scope": f"alembic/{scope}"}) == 1


def _sqlite(stack: ExitStack, engine: Engine, name: str) -> Callable[[], bool]:
    path = engine.url.database
    if not path or path == ":memory:" or path.startswith("file::memory:"):
        return lambda: True
    # A lock on the database itself would end with the first transaction that the migrations commit.
    beside = sqlite3.connect(f"{path}.{name}-lock", timeout=0, isolation_level=None)
    stack.callback(beside.close)

    def take() -> bool:
        try:
            beside.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            return False
        return True

    return take


_ways = {"postgresql": _postgresql, "mysql": _mysql, "mariadb": _mysql, "sqlite": _sqlite}


def _own_session(stack: ExitStack, engine: Engine) -> Connection:
    connection = stack.enter_context(engine.connect())
    # Not back to the pool, where the session would live on with the lock still held.
    stack.callback(connection.invalidate)
    return connection.execution_options(isolation_level="AUTOCOMMIT")
