"""Reads PostgreSQL's catalogue again and again, and each time only what has changed since."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import text

from flask_lab.backends.catalogue.postgres import aside, cut, read_rest
from flask_lab.backends.catalogue.postgres_changes import CHANGED, HORIZON, REST, WANTED
from flask_lab.backends.catalogue.postgres_sql import relations
from flask_lab.backends.catalogue.rows import gather

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Connection

    from flask_lab.backends.catalogue import Name, Schema
    from flask_lab.backends.catalogue.rows import Attributes, Row

# Both take longer to plan than to run.
PREPARE_CHANGED = text(f"PREPARE lab_changed (xid) AS {CHANGED}")
PREPARE_RELATIONS = f"PREPARE lab_relations (oid[]) AS {relations(WANTED)}"
# What is told without the name of any table.
INDEPENDENT = frozenset(
    ("schema", "enumeration", "domain", "sequence", "collation", "extension", "range type", "event trigger")
)
FIRST = 3
"""The oldest number that a transaction can have."""

Parts = dict["Name", "Attributes"]


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
        self._is_prepared = False

    def __call__(self) -> Schema:
        with aside(self._connection):
            if not self._is_prepared:
                self._prepare()
            known, is_final = self._look()
        if is_final:
            # What may be rolled back leads back to rows that are as old as they were.
            self._known = known
        return known.schema()

    def _prepare(self) -> None:
        names = ", ".join("'" + name.replace("'", "''") + "'" for name in self._ignore)
        named = PREPARE_RELATIONS.replace(":ignored", f"ARRAY[{names}]")
        self._connection.execute(PREPARE_CHANGED)
        self._connection.execute(text(named))
        self._is_prepared = True

    def _look(self) -> tuple[Known, bool]:
        """What there is now, and whether all of it is committed."""
        old = self._known
        rows = self._connection.exec_driver_sql(f"EXECUTE lab_changed ('{old.since}')").all()
        _, since, is_open, place = next(row for row in rows if row[0] == HORIZON)
        counts = {owner: count for owner, count, _, _ in rows if owner != HORIZON}
        changed = {owner for owner, _, is_newer, _ in rows if is_newer} - {HORIZON}
        changed |= {owner for owner, _ in counts.items() ^ old.counts.items()}
        if REST in changed or place != old.place:
            changed |= counts.keys() | {REST}
        found, rest = old.relations, old.rest
        if changed - {REST}:
            found = self._relations(changed - {REST})
        if REST in changed or (changed and any(name.kind not in INDEPENDENT for name in rest)):
            rest = read_rest(self._connection, self._ignore)
        return Known(since, place, counts, found, rest), not is_open

    def _relations(self, changed: set[int]) -> dict[int, Parts]:
        """The parts of all relations, those of the changed ones, and of what is told with their names, read anew."""
        owners = ", ".join(map(str, changed))
        rows: dict[int, list[Row]] = {}
        for owner, *row in self._connection.exec_driver_sql(
            f"EXECUTE lab_relations (ARRAY[{owners}]::oid[])"
        ):
            rows.setdefault(owner, []).append((row[0], row[1], row[2], row[3]))
        kept = {owner: parts for owner, parts in self._known.relations.items() if owner not in changed}
        return kept | {owner: cut(gather(each)) for owner, each in rows.items()}
