"""One upgrade at a time: put this into migrations/env.py, below its imports.

Then take it before anything reads the version. In run_migrations_online() the line

    with connectable.connect() as connection:

becomes

    with upgrade_lock(connectable), connectable.connect() as connection:
"""

import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from alembic.util import CommandError
from sqlalchemy import Engine, text


@contextmanager
def upgrade_lock(engine: Engine, wait: float = 300.0) -> Iterator[None]:
    """Hold the upgrade lock of the database behind `engine`; CommandError when it is not free for `wait` seconds."""
    with ExitStack() as stack:
        take = lock_beside(engine, stack) if engine.dialect.name == "sqlite" else lock_within(engine, stack)
        deadline = time.monotonic() + wait
        # Asked again and again: a session that blocks in the call holds up CREATE INDEX CONCURRENTLY.
        while not take():
            if time.monotonic() > deadline:
                raise CommandError(f"another process has been upgrading this database for {wait:g} s")
            time.sleep(0.2)
        yield


def lock_within(engine: Engine, stack: ExitStack) -> Callable[[], bool]:
    """A session's lock, which the server frees when its holder ends or is killed."""
    connection = stack.enter_context(engine.connect())
    # Not back to the pool, where the session would live on with the lock.
    stack.callback(connection.invalidate)
    connection = connection.execution_options(isolation_level="AUTOCOMMIT")
    name = hashlib.sha256(f"{engine.url.database}/upgrade".encode()).hexdigest()
    if engine.dialect.name == "postgresql":
        key = int(name[:15], 16)
        # Where there is such a setting, which is since PostgreSQL 14.
        unbounded = "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'"
        connection.execute(text(unbounded))
        return lambda: bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}))
    # The name is one for all databases of the server, and at most 64 characters long.
    connection.execute(text("SET wait_timeout = 86400"))
    return lambda: connection.scalar(text("SELECT GET_LOCK(:name, 0)"), {"name": f"upgrade/{name[:40]}"}) == 1


def lock_beside(engine: Engine, stack: ExitStack) -> Callable[[], bool]:
    """A lock on a file beside SQLite's: one on the database itself would end with the first commit."""
    path = engine.url.database
    if not path or ":memory:" in path:
        return lambda: True
    beside = sqlite3.connect(f"{path}.upgrade-lock", timeout=0, isolation_level=None)
    stack.callback(beside.close)

    def take() -> bool:
        try:
            beside.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            return False
        return True

    return take
