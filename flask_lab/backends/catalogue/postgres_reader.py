"""Reads PostgreSQL's catalogue again and again, and each time only what has changed since."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from flask_lab.backends.catalogue.postgres import aside, cut, read_rest
from flask_lab.backends.catalogue.postgres_changes import HORIZON, LOOK, REST, SEQUENCES, WANTED
from flask_lab.backends.catalogue.postgres_sql import FIRST_OID, relations
from flask_lab.backends.catalogue.rows import gather

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from sqlalchemy import Connection, CursorResult

    from flask_lab.backends.catalogue import Name, Schema
    from flask_lab.backends.catalogue.rows import Attributes, Row

RELATIONS = relations(WANTED)
NUMBERS = count(1)
"""Of readers: two may be at one connection, and what each has prepared needs a name of its own."""

# What is told without the name of any table.
INDEPENDENT = frozenset(
    ("schema", "enumeration", "domain", "sequence", "collation", "extension", "range type", "event trigger")
)
IDLE = 0
"""libpq's PQTRANS_IDLE."""
FIRST = 3
"""The oldest number that a transaction can have."""

Parts = dict["Name", "Attributes"]
Answer = tuple[Any, ...]
Ask = Callable[[str], list[Answer]]


@dataclass(frozen=True, slots=True)
class Known:
    """What one look has seen."""

    since: int = FIRST
    """No transaction before this one can have made what comes later."""
    place: str = ""
    counts: Mapping[int, int] = field(default_factory=dict)
    relations: Mapping[int, Parts] = field(default_factory=dict)
    rest: Mapping[Name, Attributes] = field(default_factory=dict)

    def schema(self) -> Schema:
        schema = {name: each for parts in self.relations.values() for name, each in parts.items()}
        for name, attributes in self.rest.items():
            schema[name] = schema[name] | attributes if name in schema else attributes
        return schema


class PostgresReader:
    """All schemas that a connection sees, one after the other."""

    def __init__(self, connection: Connection, ignore: Collection[str]) -> None:
        self._connection = connection
        self._ignore = list(ignore)
        self._known = Known()
        self._number = next(NUMBERS)
        self._is_prepared = False

    def __call__(self) -> Schema:
        with self._asking() as ask:
            if not self._is_prepared:
                self._prepare(ask)
            known, is_final = self._look(ask)
        if is_final:
            # What may be rolled back leads back to rows that are as old as they were.
            self._known = known
        return known.schema()

    @contextmanager
    def _asking(self) -> Iterator[Ask]:
        """Someone who answers statements; past SQLAlchemy's transactions where there is none, for the way there."""
        driver: Any = self._connection.connection.driver_connection
        if self._connection.in_transaction() or not _is_idle(driver):
            with aside(self._connection):
                yield lambda statement: self._answers(
                    self._connection.exec_driver_sql(statement.replace("%", "%%"))
                )
            return
        was, driver.autocommit = driver.autocommit, True
        try:
            with closing(driver.cursor()) as cursor:

                def ask(statement: str) -> list[Answer]:
                    cursor.execute(statement)
                    return list(cursor.fetchall()) if cursor.description else []

                yield ask
        finally:
            driver.autocommit = was

    def _answers(self, result: CursorResult[Any]) -> list[Answer]:
        return [tuple(row) for row in result] if result.returns_rows else []

    def _prepare(self, ask: Ask) -> None:
        names = ", ".join("'" + name.replace("'", "''") + "'" for name in self._ignore)
        # Both take longer to plan than to run.
        for statement in (
            f"PREPARE lab_look_{self._number} (xid) AS {LOOK}",
            f"PREPARE lab_relations_{self._number} (oid[]) AS {RELATIONS}",
        ):
            ask(statement.replace(":ignored", f"ARRAY[{names}]"))
        self._is_prepared = True

    def _look(self, ask: Ask) -> tuple[Known, bool]:
        """What there is now, and whether all of it is committed."""
        old = self._known
        rows = ask(f"EXECUTE lab_look_{self._number} ('{old.since}')")
        counted = [row for row in rows if row[1] is None]
        _, _, state, place, since = next(row for row in counted if row[0] == HORIZON)
        counts = {owner: int(number) for owner, _, _, _, number in counted if owner != HORIZON}
        newer = {owner for owner, _, state, _, _ in counted if state == "newer"}
        changed = newer | {owner for owner, _ in counts.items() ^ old.counts.items()}
        if REST in changed or place != old.place:
            changed |= counts.keys() | {REST}
        tables = {owner for owner in changed if owner >= FIRST_OID}
        read = _told(row for row in rows if row[1] is not None)
        found = {owner: parts for owner, parts in old.relations.items() if owner not in tables} | read
        if SEQUENCES in changed or not all(
            owner in newer and self._has_grown(owner, read) for owner in tables
        ):
            owners = ", ".join(map(str, tables))
            found |= _told(ask(f"EXECUTE lab_relations_{self._number} (ARRAY[{owners}]::oid[])"))
        rest = old.rest
        if REST in changed or (changed and any(name.kind not in INDEPENDENT for name in rest)):
            rest = read_rest(self._connection, self._ignore)
        return Known(int(since), place, counts, found, rest), state != "open"

    def _has_grown(self, owner: int, read: Mapping[int, Parts]) -> bool:
        """Whether all that was told of a table is still so, and nothing else can be told with names that are gone."""
        new = read.get(owner, {})
        return all(new.get(name) == each for name, each in self._known.relations.get(owner, {}).items())


def _is_idle(driver: Any) -> bool:
    """Whether a driver of PostgreSQL's, psycopg's ways taken for granted, is in no transaction."""
    return (
        hasattr(driver, "autocommit")
        and getattr(getattr(driver, "info", None), "transaction_status", None) == IDLE
    )


def _told(rows: Iterable[Answer]) -> dict[int, Parts]:
    """The parts of each relation."""
    found: dict[int, list[Row]] = {}
    for owner, *row in rows:
        found.setdefault(owner, []).append((row[0], row[1], row[2], row[3]))
    return {owner: cut(gather(each)) for owner, each in found.items()}
