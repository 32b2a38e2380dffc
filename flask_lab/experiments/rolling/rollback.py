"""What the new release wrote, read by the old one after the downgrade; and where neither can be first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from flask_lab.experiments.data import recorded
from flask_lab.experiments.rolling.causes import Change
from flask_lab.experiments.rolling.statements import LEAST, OWN, Outcome, Statement
from flask_lab.migrator import Step, describe
from flask_lab.results import plain
from flask_lab.rows import Column, Kind, Order, Row, Shape, load, sorted_tables
from flask_lab.rows.comparison import same
from flask_lab.rows.values import labels

Facts = dict[str, Any]
NUMBERS = (sa.Integer, sa.Numeric, sa.Float)
GONE = ("column gone", "column renamed", "table gone", "table renamed")


@dataclass(frozen=True, slots=True)
class Written:
    """Rows that the new release wrote, by the tables and columns that it knows."""

    rows: Mapping[str, list[Row]] = field(default_factory=dict)

    @classmethod
    def write(cls, connection: Connection, change: Change, tables: Collection[str], number: int) -> Written:
        """Add a row to each table, and read it as it is stored; not committed."""
        domains = _domains(change)
        shapes = recorded.as_distinct(domains, change.after)
        filled = load(connection, Kind.ORDINARY, shapes, Order(set(tables), number, 1, domains=domains))
        rows = {}
        for name, made in filled.keys.items():
            shape = change.after[name]
            read = [_read(connection, shape, {key: row.get(key) for key in shape.key}) for row in made]
            rows[name] = [each for each in read if each is not None]
        return cls(rows)

    def take_out(self, connection: Connection, shapes: Mapping[str, Shape]) -> None:
        """Delete the rows again, as far as nothing refers to them by now."""
        there = {name: shapes[name] for name in self.rows if name in shapes}
        for name in reversed(sorted_tables(there)):
            for row in self.rows[name]:
                key = {each: row[each] for each in shapes[name].key if each in row}
                if len(key) == len(shapes[name].key):
                    with suppress(DBAPIError), connection.begin_nested():
                        connection.execute(Statement(name, "DELETE", tuple(key), where=key).clause())


def _domains(change: Change) -> dict[str, Shape]:
    """The tables of before by their names of now; numbers as they are now, so that they hold all that fits there."""
    old = recorded.as_called(change.step, change.before, change.after)
    return {
        name: replace(
            shape,
            columns={
                each: change.after[name].columns[each]
                if name in change.after and _are_numbers(column, change.after[name].columns.get(each))
                else column
                for each, column in shape.columns.items()
            },
        )
        for name, shape in old.items()
    }


def _are_numbers(old: Column, new: Column | None) -> bool:
    return new is not None and isinstance(old.type, NUMBERS) and isinstance(new.type, NUMBERS)


def _read(connection: Connection, shape: Shape, key: Row) -> Row | None:
    """The row with a key, by all the columns that a release knows; None where it has no key, or is not there."""
    if not key or any(value is None for value in key.values()):
        return None
    names = tuple(shape.columns)
    found = connection.execute(Statement(shape.name, "SELECT", names, where=key).clause()).first()
    return None if found is None else dict(zip(names, found, strict=True))


def read_by_old(
    connection: Connection, change: Change, step: Step, written: Written, emptied: Collection[str]
) -> Iterator[Facts]:
    """What the old release does not find, or reads otherwise, after the downgrade `step`.

    Tables that are `emptied` have lost all their rows, which is what `data` is about.
    """
    updated = recorded.updated(step)
    for table, shape in change.before.items():
        new = change.table(table)
        for row in written.rows.get(new or "", ()):
            pairs = {
                name: place
                for name, column in shape.columns.items()
                if (place := change.column(table, name)) is not None
                and (column.numbered or not column.generated)
            }
            if not shape.key or not set(shape.key) <= set(pairs) or _deletes(step, table, new):
                continue
            key = {name: row[pairs[name]] for name in shape.key}
            try:
                with connection.begin_nested():
                    found = _read(connection, shape, key)
            except DBAPIError as error:
                yield _told(table, None, "unreadable", describe(error), row)
                continue
            if found is None and table in emptied:
                continue
            if found is None:
                yield _told(table, None, "lost", "the row is not there", row)
                continue
            for name, place in pairs.items():
                is_set = {
                    (each.lower(), column.lower())
                    for each in (table, new or table)
                    for column in (name, place)
                } & updated
                known = labels(shape.columns[name])
                is_unknown = bool(known) and str(row[place]) not in known
                if not is_set and not is_unknown and not same(row[place], found[name]):
                    yield _told(
                        table, name, "changed", f"{plain(row[place])!r} is {plain(found[name])!r}", row
                    )


def _deletes(step: Step, *tables: str | None) -> bool:
    """Whether the step deletes rows of one of these tables on purpose."""
    asked = [each.lower() for each in tables if each]
    statements = [" ".join(each.lower().split()) for each in step.statements]
    return any(
        each.startswith(("delete", "truncate", "with")) and any(table in each for table in asked)
        for each in statements
    )


def _told(table: str, column: str | None, cause: str, says: str, row: Row) -> Facts:
    shown = {name: plain(value) for name, value in row.items()}
    return {"table": table, "column": column, "cause": cause, "says": says, "row": shown}


def neither_order(
    connection: Connection, change: Change, failed: Iterable[Outcome], broken: Iterable[Facts]
) -> Iterator[Facts]:
    """Where the new release cannot begin before the migration, nor the old one go on after it.

    That the old schema lacks what is new is why migrations run first. But where the old release breaks on the new
    schema, the new one has to be there before, and its INSERT leaves out what the old schema still requires.
    """
    gone = {each["table"] for each in broken if each["cause"] == "column gone"}
    told: set[str] = set()
    for outcome in failed:
        table, statement = outcome.statement.table, outcome.statement
        old = change.before.get(table)
        is_plain = statement.verb == "INSERT" and statement.what in (OWN, LEAST)
        if old is None or table not in gone or table in told or not is_plain:
            continue
        required = [
            column.name
            for column in old.written
            if column.name not in change.after[table].columns
            and not (column.nullable or column.numbered)
            and column.default is None
        ]
        if required and set(statement.values) <= set(old.columns):
            told.add(table)
            yield {
                "table": table,
                "column": ", ".join(required),
                "cause": "still required",
                "says": outcome.said,
                "statement": outcome.sql(connection),
            }
