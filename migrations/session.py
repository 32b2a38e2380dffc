"""The database session that migrations run in: waited for, bounded in its waiting, and safe for SQLite's rebuilds."""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from alembic.util import CommandError
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError

log = logging.getLogger("alembic.session")
BETWEEN_TRIES = 0.5


def wait_until_it_answers(engine: Engine, wait: float) -> None:
    """Connect, trying again for `wait` seconds; raises `CommandError` with what the driver said last."""
    deadline = time.monotonic() + wait
    while True:
        try:
            engine.connect().close()
            return
        except OperationalError as error:
            if time.monotonic() >= deadline:
                where = engine.url.render_as_string(hide_password=True)
                raise CommandError(
                    f"{where} did not answer within {wait:g} s: {driver_message(error)}"
                ) from error
            log.info("Waiting for the database: %s", driver_message(error))
        time.sleep(BETWEEN_TRIES)


@contextmanager
def migrating_session(engine: Engine, lock_timeout: float, statement_timeout: float) -> Iterator[Connection]:
    """A connection for one run alone. Timeouts are in seconds, 0 for none; what they change ends with the session."""
    with engine.connect() as connection:
        try:
            for setting in _timeouts(connection, lock_timeout, statement_timeout):
                connection.exec_driver_sql(setting)
            connection.commit()
            yield connection
        finally:
            # Not back to the pool: the next user would inherit the settings.
            connection.invalidate()


def _timeouts(connection: Connection, lock: float, statement: float) -> list[str]:
    """Statements that bound how long a step may wait for a lock, and run; SQLite has its driver's timeout."""
    if connection.dialect.name == "postgresql":
        return [f"SET lock_timeout = {lock * 1000:.0f}", f"SET statement_timeout = {statement * 1000:.0f}"]
    if connection.dialect.name != "mysql":
        return []
    settings = []
    if lock:
        # The first is for tables, which DDL waits for; the second for rows.
        settings += [
            f"SET lock_wait_timeout = {math.ceil(lock)}",
            f"SET innodb_lock_wait_timeout = {math.ceil(lock)}",
        ]
    if statement and getattr(connection.dialect, "is_mariadb", False):
        settings.append(f"SET max_statement_time = {statement:g}")
    elif statement:
        # MySQL can end a SELECT in time, and no other statement.
        settings.append(f"SET max_execution_time = {statement * 1000:.0f}")
    return settings


class ForeignKeyGuard:
    """Keeps SQLite from deleting child rows when a batch rebuild drops their parent, and from keeping orphans.

    A rebuild replaces the table, and with foreign keys enforced the drop cascades. So enforcement is off while the
    tree runs, and after each revision the whole database is checked, before that revision is committed.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.on_sqlite = connection.dialect.name == "sqlite"
        if self.on_sqlite:
            # Past SQLAlchemy, which would begin a transaction first: inside one the pragma does nothing.
            cursor = connection.connection.cursor()
            cursor.execute("PRAGMA foreign_keys = OFF")
            # Readers go on while a revision writes. The setting stays with the file.
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.close()
            connection.execution_options(sqlite_writes=True)
            self.orphans = self._count_orphans()
            connection.rollback()

    def check(self, revision: str) -> None:
        """Raise `CommandError` if there are rows now whose parents are gone, and were not before."""
        if not self.on_sqlite:
            return
        more = self._count_orphans() - self.orphans
        if more:
            named = ", ".join(
                f"{count} in {child} without their {parent}" for (child, parent), count in more.items()
            )
            raise CommandError(f"{revision} leaves rows whose parents are gone: {named}. It was rolled back")

    def _count_orphans(self) -> Counter[tuple[str, str]]:
        rows = self.connection.exec_driver_sql("PRAGMA foreign_key_check")
        return Counter((child, parent) for child, _, parent, _ in rows)


def driver_message(error: DBAPIError) -> str:
    """What the driver said, on one line."""
    return " ".join(str(error.orig).split())
