"""Reads PostgreSQL's catalogue again and again, and each time only what has changed since."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any

from flask_lab.backends.catalogue import Name
from flask_lab.backends.catalogue.postgres import aside, cut, read_rest
from flask_lab.backends.catalogue.postgres_changes import HORIZON, LOOK, NAMED, REST, SEQUENCES, WANTED
from flask_lab.backends.catalogue.postgres_ear import EAR, change_by
from flask_lab.backends.catalogue.postgres_sql import FIRST_OID, relations
from flask_lab.backends.catalogue.rows import gather

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from sqlalchemy import Connection, CursorResult

    from flask_lab.backends.catalogue import Schema
    from flask_lab.backends.catalogue.postgres_ear import Change
    from flask_lab.backends.catalogue.rows import Attributes, Row

# By name: what its parameter is, and the query.
STATEMENTS = {
    "look": ("xid", LOOK),
    "relations": ("oid[]", relations(WANTED)),
    "named": ("name[]", relations(NAMED)),
}
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

# Of what is told beside tables, what no statement runs by itself.
PASSIVE = frozenset(("schema", "enumeration", "domain", "sequence"))
PLPGSQL = Name("extension", "", "plpgsql")
KEPT = 500
# Else a statement is planned anew five times before the server keeps a plan. It holds for the text that it begins,
# as several statements in one are one transaction; other drivers than psycopg2 take one at a time.
PLANNED_ONCE = "SET LOCAL plan_cache_mode = force_generic_plan; "

Parts = dict[Name, "Attributes"]
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

    def is_plain(self) -> bool:
        """Whether nothing here runs by itself, no table is part of another, and none may have a namesake."""
        tables = (
            (name, each)
            for parts in self.relations.values()
            for name, each in parts.items()
            if name.kind == "table"
        )
        return all(name.kind in PASSIVE or name == PLPGSQL for name in self.rest) and not any(
            "." in name.name or each.get("inherits") or each.get("partitioned by") for name, each in tables
        )


class PostgresReader:
    """All schemas that a connection sees, one after the other."""

    def __init__(self, connection: Connection, ignore: Collection[str]) -> None:
        self._connection = connection
        self._ignore = list(ignore)
        self._known = Known()
        self._schema: Schema = {}
        self._parts: dict[tuple[Row, ...], Parts] = {}
        """What is told by rows that were read lately: a way back comes to what is known."""
        self._number = next(NUMBERS)
        self._prepared: set[str] = set()
        self._heard = -1
        self._is_sure = False
        """Whether a statement changes what it names and nothing else."""

    def __call__(self) -> Schema:
        driver: Any = self._connection.connection.driver_connection
        is_idle = not self._connection.in_transaction() and _is_idle(driver)
        heard = EAR.since(self._heard) if is_idle and hasattr(driver, "unheard") else None
        number, said = heard or (-1, [None])
        change = change_by(said) if self._is_sure else None
        with self._asking(driver, is_idle=is_idle) as ask:
            known = self._follow(change, ask) if change is not None else None
            is_final = True
            if known is None:
                known, is_final = self._look(ask)
                self._is_sure = known.is_plain()
        if known is not self._known or not is_final:
            self._schema = known.schema()
        if is_final:
            # What may be rolled back leads back to rows that are as old as they were.
            self._known = known
        self._heard = number if is_final else -1
        return self._schema

    @contextmanager
    def _asking(self, driver: Any, *, is_idle: bool) -> Iterator[Ask]:
        """Someone who answers statements; past SQLAlchemy's transactions where there is none, for the way there."""
        if not is_idle:
            with aside(self._connection):
                yield lambda statement: self._answers(
                    self._connection.exec_driver_sql(statement.replace("%", "%%"))
                )
            return
        is_heard = hasattr(driver, "unheard")
        begin = PLANNED_ONCE if is_heard else ""
        was, driver.autocommit = driver.autocommit, True
        try:
            with closing(driver.unheard() if is_heard else driver.cursor()) as cursor:

                def ask(statement: str) -> list[Answer]:
                    cursor.execute(begin + statement)
                    return list(cursor.fetchall()) if cursor.description else []

                yield ask
        finally:
            driver.autocommit = was

    def _answers(self, result: CursorResult[Any]) -> list[Answer]:
        return [tuple(row) for row in result] if result.returns_rows else []

    def _execute(self, ask: Ask, name: str, argument: str) -> list[Answer]:
        """What one of STATEMENTS answers; prepared, because all of them take longer to plan than to run."""
        prepared = f"lab_{name}_{self._number}"
        if name not in self._prepared:
            type_, statement = STATEMENTS[name]
            ignored = ", ".join("'" + each.replace("'", "''") + "'" for each in self._ignore)
            ask(f"PREPARE {prepared} ({type_}) AS {statement}".replace(":ignored", f"ARRAY[{ignored}]"))
            self._prepared.add(name)
        return ask(f"EXECUTE {prepared} ({argument})")

    def _follow(self, change: Change, ask: Ask) -> Known | None:
        """What there is after a change, or None where only a look tells."""
        old = self._known.relations
        owners = {
            name.name: name.table
            for parts in (old.values() if change.indexes else ())
            for name in parts
            if name.kind == "index"
        }
        if not change.indexes <= owners.keys():
            return None
        tables = change.tables | {owners[index] for index in change.indexes}
        if not tables:
            return self._known
        names = ", ".join("'" + each.replace("'", "''") + "'" for each in sorted(tables))
        read = self._told(self._execute(ask, "named", f"ARRAY[{names}]::name[]"))
        kept = {owner: parts for owner, parts in old.items() if _table(parts) not in tables}
        return replace(self._known, relations=kept | read)

    def _look(self, ask: Ask) -> tuple[Known, bool]:
        """What there is now, and whether all of it is committed."""
        old = self._known
        rows = self._execute(ask, "look", f"'{old.since}'")
        counted = [row for row in rows if row[1] is None]
        _, _, state, place, since = next(row for row in counted if row[0] == HORIZON)
        counts = {owner: int(number) for owner, _, _, _, number in counted if owner != HORIZON}
        newer = {owner for owner, _, state, _, _ in counted if state == "newer"}
        changed = newer | {owner for owner, _ in counts.items() ^ old.counts.items()}
        if REST in changed or place != old.place:
            changed |= counts.keys() | {REST}
        tables = {owner for owner in changed if owner >= FIRST_OID}
        read = self._told(row for row in rows if row[1] is not None)
        found = {owner: parts for owner, parts in old.relations.items() if owner not in tables} | read
        # Nothing told before can be told otherwise now where nothing was.
        if (old.counts and SEQUENCES in changed) or not all(
            owner in newer and self._has_grown(owner, read) for owner in tables
        ):
            owners = ", ".join(map(str, tables))
            found |= self._told(self._execute(ask, "relations", f"ARRAY[{owners}]::oid[]"))
        rest = old.rest
        if REST in changed or (changed and any(name.kind not in INDEPENDENT for name in rest)):
            rest = read_rest(self._connection, self._ignore)
        return Known(int(since), place, counts, found, rest), state != "open"

    def _has_grown(self, owner: int, read: Mapping[int, Parts]) -> bool:
        """Whether all that was told of a table is still so, and nothing else can be told with names that are gone."""
        new = read.get(owner, {})
        return all(new.get(name) == each for name, each in self._known.relations.get(owner, {}).items())

    def _told(self, rows: Iterable[Answer]) -> dict[int, Parts]:
        """The parts of each relation."""
        found: dict[int, list[Row]] = {}
        for owner, *row in rows:
            found.setdefault(owner, []).append((row[0], row[1], row[2], row[3]))
        return {owner: self._cut(tuple(each)) for owner, each in found.items()}

    def _cut(self, rows: tuple[Row, ...]) -> Parts:
        if rows not in self._parts:
            while len(self._parts) >= KEPT:
                del self._parts[next(iter(self._parts))]
            self._parts[rows] = cut(gather(rows))
        return self._parts[rows]


def _is_idle(driver: Any) -> bool:
    """Whether a driver of PostgreSQL's, psycopg's ways taken for granted, is in no transaction."""
    return (
        hasattr(driver, "autocommit")
        and getattr(getattr(driver, "info", None), "transaction_status", None) == IDLE
    )


def _table(parts: Parts) -> str:
    """Whose parts they are."""
    first = next(iter(parts))
    return first.table or first.name
