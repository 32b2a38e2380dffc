"""What is seen on the connection that migrates: how long each statement took, its locks, and by which algorithm."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, event

from flask_lab.backends.watching import Lock, Watching

DEFINITION = re.compile(
    r"\s*(?:(?P<alter>ALTER\s+TABLE)|CREATE\s+(?:UNIQUE\s+|FULLTEXT\s+|SPATIAL\s+)?INDEX|DROP\s+INDEX)\b",
    re.IGNORECASE,
)
LOOK = re.compile(r"\s*(?:SELECT|SHOW)\b", re.IGNORECASE)


@dataclass(slots=True)
class Statement:
    """One statement, when it began by time.monotonic(), and how many seconds it took."""

    text: str
    begun: float
    seconds: float = 0.0


@dataclass(slots=True)
class Trace:
    """What was seen on the connection during a step."""

    watching: Watching
    begin: float = 0.0
    """When it began, by time.monotonic()."""
    statements: list[Statement] = field(default_factory=list)
    locks: list[tuple[Lock, float, float]] = field(default_factory=list)
    """What was held just before a commit, where locks stay until then; since when at most, and how many seconds."""
    _first: float | None = None
    """When the first statement of the transaction began that does more than look."""

    @contextmanager
    def on(self, connection: Connection) -> Iterator[None]:
        """Trace what goes through `connection`."""
        heard = {
            "before_cursor_execute": self._before,
            "after_cursor_execute": self._after,
            "commit": self._commit,
        }
        for name, hear in heard.items():
            event.listen(connection, name, hear)
        self.begin = time.monotonic()
        try:
            yield
        finally:
            for name, hear in heard.items():
                event.remove(connection, name, hear)
            if self.statements and not self.statements[-1].seconds:
                # It has failed, or was cut off.
                self.statements[-1].seconds = time.monotonic() - self.statements[-1].begun

    def _before(self, _connection: Any, _cursor: Any, text: str, *_: Any) -> None:
        # One that fails is there all the same.
        begun = time.monotonic()
        self.statements.append(Statement(text, begun))
        if self._first is None and not LOOK.match(text):
            self._first = begun

    def _after(self, *_: Any) -> None:
        self.statements[-1].seconds = time.monotonic() - self.statements[-1].begun

    def _commit(self, connection: Connection) -> None:
        if not self.watching.own_locks:
            return
        last = self.statements[-1].begun if self.statements else self.begin
        first, self._first = self._first or last, None
        held = time.monotonic() - first
        # Past SQLAlchemy, for which it would be a statement of the revision's.
        cursor: Any = connection.connection.cursor()
        try:
            cursor.execute(self.watching.own_locks)
            self.locks += [(Lock(*row), first, held) for row in cursor.fetchall()]
        finally:
            cursor.close()


@dataclass(slots=True)
class Ladder:
    """Has each ALTER TABLE done in the cheapest way that the server agrees to, to know which one that is."""

    watching: Watching
    seen: list[dict[str, str]] = field(default_factory=list)

    @contextmanager
    def on(self, connection: Connection) -> Iterator[None]:
        """Try each statement of `connection`."""
        event.listen(connection, "before_cursor_execute", self._try, retval=True)
        try:
            yield
        finally:
            event.remove(connection, "before_cursor_execute", self._try)

    def _try(self, _connection: Any, cursor: Any, text: str, parameters: Any, *_: Any) -> tuple[str, Any]:
        found = DEFINITION.match(text)
        if found is None or not self.watching.clauses or re.search(r"\bALGORITHM\b", text, re.IGNORECASE):
            return text, parameters
        for clause in self.watching.clauses:
            # Indices take both without a comma.
            told = f"{text}, {clause}" if found["alter"] else f"{text} {clause.replace(',', '')}"
            try:
                cursor.execute(told, parameters)
            except Exception:  # noqa: BLE001, S112  (the driver's own, whose class is not known here)
                continue
            self.seen.append({"statement": text, **_parts(clause)})
            # It is done.
            return "DO 0", parameters
        return text, parameters


def _parts(clause: str) -> dict[str, str]:
    return {name.lower(): value for name, value in re.findall(r"(\w+)=(\w+)", clause)}
