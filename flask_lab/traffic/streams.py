"""What goes on in the process beside a migration: readers, writers, who looks at locks, and who stands in the way.

Each has a thread and a connection of its own. Readers and writers keep to a timetable, whatever the database does: an
operation that could not be begun because the one before was waiting has waited too, and is counted so.
"""

from __future__ import annotations

import itertools
import threading
import time
import warnings
from abc import abstractmethod
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SAWarning

from flask_lab.backends.watching import Watching

KEYS = 25
"""How many rows at each end of a key are read and written: what goes through a table meets some early."""
BUSY = ("database is locked", "database table is locked", "database schema is locked")
SHORTEST, LONGEST = 0.002, 0.1
"""Seconds between two looks at locks, at least and at most."""
PART = 0.1
"""How much of the time that a lock was held may be missed: so rarely is looked, as time goes by."""


class Stream(threading.Thread):
    """A thread with a connection; what went wrong in it is told, not raised."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(daemon=True)
        self.engine = engine
        self.ready = threading.Event()
        self.ended = threading.Event()
        self.failure = ""

    def run(self) -> None:
        try:
            with self.engine.connect() as connection:
                self.work(connection)
        except DBAPIError as error:
            self.failure = " ".join(str(error.orig).split())
        finally:
            self.ready.set()

    @abstractmethod
    def work(self, connection: Connection) -> None:
        """Set `ready` when it goes on, and return soon after `ended` is set."""


@dataclass(slots=True)
class Timetable:
    """When each operation is due."""

    rate: float
    """Operations per second."""
    start: float
    number: int = 0

    @property
    def due(self) -> float:
        return self.start + self.number / self.rate


@dataclass(slots=True)
class Log:
    """The operations of one stream: when each was due, and when it was done."""

    operations: list[tuple[float, float]] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)

    def longest_since(self, since: float) -> float:
        """The longest wait, in milliseconds, of what has been done since a moment of time.monotonic()."""
        return _ms(max((done - due for due, done in list(self.operations) if done >= since), default=0.0))

    def summary(self, begin: float, end: float, since: float = 0.0) -> dict[str, Any]:
        """What was seen `since` a moment and before a time span, and in it, in milliseconds.

        Times are those of time.monotonic().
        """
        quiet = [done - due for due, done in self.operations if since <= done < begin]
        busy = [(due, done - due) for due, done in self.operations if done >= begin and due <= end]
        waits = sorted(wait for _, wait in busy)
        return {
            "operations": len(busy),
            "longest": _ms(max(waits, default=0.0)),
            "p50": _ms(waits[len(waits) // 2] if waits else 0.0),
            "p99": _ms(waits[len(waits) * 99 // 100] if waits else 0.0),
            "before": _ms(max(quiet, default=0.0)),
            "errors": dict(self.errors),
            "series": _series(busy, begin, end),
        }


BUCKETS = 60


def _series(busy: list[tuple[float, float]], begin: float, end: float) -> list[tuple[float, float]]:
    """The longest wait of each stretch of time: milliseconds since the beginning, milliseconds waited."""
    width = max(end - begin, 0.001) / BUCKETS
    found: dict[int, float] = {}
    for due, wait in busy:
        place = int((due - begin) / width)
        found[place] = max(found.get(place, 0.0), wait)
    return [(_ms(place * width), _ms(wait)) for place, wait in sorted(found.items())]


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


@dataclass(frozen=True, slots=True)
class Errand:
    """What a visitor does: `reads` or `writes` of a table, so many times a second, the first after `offset` seconds."""

    table: str
    kind: str
    rate: float
    offset: float


class Visitor(Stream):
    """A reader or a writer of one table."""

    def __init__(self, engine: Engine, watching: Watching, errand: Errand) -> None:
        super().__init__(engine)
        self.watching = watching
        self.errand = errand
        self.log = Log()

    def work(self, connection: Connection) -> None:
        statement, keys = self._found(connection)
        self._do(connection, statement, keys[0])
        self.ready.set()
        timetable = Timetable(self.errand.rate, time.monotonic() + self.errand.offset)
        while not self.ended.wait(max(0.0, timetable.due - time.monotonic())):
            due = timetable.due
            self._do(connection, statement, keys[timetable.number % len(keys)])
            done = time.monotonic()
            self.log.operations.append((due, done))
            timetable.number += 1
            while timetable.due < done:
                # It would have had to wait as well, until the same moment.
                self.log.operations.append((timetable.due, done))
                timetable.number += 1

    def _found(self, connection: Connection) -> tuple[Any, list[dict[str, Any]]]:
        """What to do; who writes already may be in the way of finding that out."""
        while True:
            try:
                return _operation(connection, self.errand)
            except DBAPIError as error:
                if not self._is_busy(str(error.orig)) or self.ended.wait(self.watching.patience):
                    raise

    def _do(self, connection: Connection, statement: Any, key: dict[str, Any]) -> None:
        while True:
            try:
                connection.execute(statement, key).close()
                return
            except DBAPIError as error:
                said = " ".join(str(error.orig).split())
                if not self._is_busy(said):
                    self.log.errors[said[:200]] += 1
                    return
                # Who is told to end has not failed, but waited until then.
                if self.ended.wait(self.watching.patience):
                    return

    def _is_busy(self, said: str) -> bool:
        """Whether only a lock was in the way, that the server does not wait for: to be tried again after a while."""
        return bool(self.watching.patience) and any(each in said for each in BUSY)


def _operation(connection: Connection, errand: Errand) -> tuple[Any, list[dict[str, Any]]]:
    """A statement about one row by its key, and keys from both ends; about none where there is no key or no row."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        reflected = sa.Table(errand.table, sa.MetaData(), autoload_with=connection, resolve_fks=False)
    key = list(reflected.primary_key.columns)
    rows = (
        [
            row
            for turned in (False, True)
            for row in connection.execute(
                sa.select(*key).order_by(*(each.desc() if turned else each for each in key)).limit(KEYS)
            )
        ]
        if key
        else []
    )
    keys = [{f"key_{place}": value for place, value in enumerate(row)} for row in rows] or [{}]
    chosen = [each == sa.bindparam(f"key_{place}", type_=each.type) for place, each in enumerate(key)]
    # Nothing is found so, and the locks are the same.
    condition = sa.and_(*chosen) if rows else sa.literal_column("1") == sa.literal_column("0")
    if errand.kind == "reads":
        return sa.select(sa.literal_column("1")).select_from(reflected).where(condition), keys
    indexed = {name for index in reflected.indexes for name in index.columns.keys()}  # noqa: SIM118 (no mapping)
    free = [
        each
        for each in reflected.columns
        if not each.primary_key and not each.foreign_keys and each.computed is None and each.identity is None
    ]
    free.sort(key=lambda each: each.name in indexed)
    if not free or not rows:
        return sa.delete(reflected).where(sa.literal_column("1") == sa.literal_column("0")), [{}]
    return sa.update(reflected).where(condition).values({free[0]: free[0]}), keys


class Observer(Stream):
    """Looks at the locks of one session again and again."""

    def __init__(self, engine: Engine, watching: Watching, session: int) -> None:
        super().__init__(engine)
        self.watching = watching
        self.session = session
        self.seen: dict[tuple[str, str, bool], list[float]] = {}
        self.rows_locked = 0
        self.row_locks: set[tuple[str, str]] = set()

    def work(self, connection: Connection) -> None:
        self.ready.set()
        begun = time.monotonic()
        for look in itertools.count():
            now = time.monotonic()
            for lock in self.watching.locks(connection, self.session):
                self.seen.setdefault((lock.table, lock.mode, lock.is_granted), [now, now])[1] = now
            if look % 10 == 0:
                locked = self.watching.row_locks(connection, self.session)
                self.rows_locked = max(self.rows_locked, locked.rows)
                self.row_locks |= locked.modes
            if self.ended.wait(min(LONGEST, max(SHORTEST, PART * (now - begun)))):
                return

    def summary(self, begin: float) -> list[dict[str, Any]]:
        """Each lock that was seen, when first, and how many milliseconds lie between that and the last sight of it."""
        return [
            {
                "table": table,
                "mode": mode,
                "granted": granted,
                "at": _ms(first - begin),
                "ms": _ms(last - first),
            }
            for (table, mode, granted), (first, last) in list(self.seen.items())
        ]


class Blocker(Stream):
    """A transaction that has read the tables, and does not end for a while."""

    def __init__(self, engine: Engine, tables: list[str], seconds: float) -> None:
        super().__init__(engine)
        self.tables = tables
        self.seconds = seconds

    def work(self, connection: Connection) -> None:
        # By hand, as the connection itself holds nothing over two statements.
        connection.exec_driver_sql("BEGIN")
        for table in self.tables:
            connection.execute(sa.select(sa.literal_column("1")).select_from(sa.table(table)).limit(1)).all()
        self.ready.set()
        self.ended.wait(self.seconds)
        connection.exec_driver_sql("ROLLBACK")
