"""The statements that a release sends to one table, made from the table as that release knows it, and tried.

Each is tried inside a savepoint that is rolled back, so that none meets what another wrote.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from flask_lab.migrator import describe
from flask_lab.rows import Column, Filled, Kind, Maker, Order, Row, Shape, Theme, load
from flask_lab.rows.filling import check_at_once
from flask_lab.rows.values import hostile, labels

OWN, TWICE, LEAST, NUMBERED = "", "a row twice", "what is required", "a row without its number"
MOST_LABELS = 12


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement on one table."""

    table: str
    verb: str
    columns: tuple[str, ...]
    """All that it names."""
    values: Row = field(default_factory=dict)
    where: Row = field(default_factory=dict)
    """The key of the one row that is meant; empty for all, or for none that could be named."""
    what: str = OWN
    """What is particular about the values."""
    instead: bool = False
    """Whether the row with the key has to go first, where the table has room for no other."""

    def parts(self) -> list[Statement]:
        """An UPDATE of several columns as one UPDATE for each."""
        return [
            replace(self, columns=(name, *self.where), values={name: value})
            for name, value in self.values.items()
        ]

    def with_names(self, called: Mapping[str, str | None]) -> Statement:
        """An INSERT with other names for columns; without those that are called nothing."""
        values, where = (
            {new: value for name, value in row.items() if (new := called.get(name, name)) is not None}
            for row in (self.values, self.where)
        )
        return replace(self, columns=tuple(values), values=values, where=where)

    def clause(self) -> Any:
        """As SQLAlchemy has it, past its types: what the server makes of a value is asked, not what Python does."""
        names = dict.fromkeys((*self.columns, *self.values, *self.where))
        table = sa.table(self.table, *(sa.column(name) for name in names))
        key = [table.c[name] == value for name, value in self.where.items()]
        if self.verb == "INSERT":
            return sa.insert(table).values(self.values)
        if self.verb == "UPDATE":
            return sa.update(table).where(*key).values(self.values)
        if self.verb == "DELETE":
            return sa.delete(table).where(*key)
        return sa.select(*(table.c[name] for name in self.columns)).where(*key)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a statement."""

    statement: Statement
    said: str = ""
    """What the driver said when it failed, else empty."""
    stored: Row | None = None
    """The row that it wrote, as it is read afterwards by the same names; None where none could be named."""

    def sql(self, connection: Connection) -> str:
        """The statement as it is sent, shortened."""
        text = str(self.statement.clause().compile(dialect=connection.dialect))
        return " ".join(text.split())[:300]


@dataclass(frozen=True, slots=True)
class Script:
    """Statements on one table that the schema they were made for takes, and what they left there."""

    shape: Shape
    outcomes: tuple[Outcome, ...] = ()
    not_made: str = ""
    """Why the table takes no row, so that only reading it could be tried."""


def write_script(
    connection: Connection, shapes: Mapping[str, Shape], table: str, number: int, known: Row | None
) -> Script:
    """What a release that knows `shapes` sends to a table; what fails already here is left out.

    `known` is a row that is there; `number` is where the numbers of new ones begin.
    """
    shape = shapes[table]
    check_at_once(connection)
    inside = connection.begin_nested()
    try:
        filled = load(connection, Kind.ORDINARY, shapes, Order({table}, number, 2))
    finally:
        inside.rollback()
    rows = filled.keys.get(table, [])
    # Where each parent has its one child already, a row takes the place of one that is there.
    instead = not rows and known is not None and bool(shape.key)
    if instead and known is not None:
        rows, filled = [known], Filled({}, {})
    driver = Maker(connection, Kind.ORDINARY, shapes, Order()).driver
    statements = [
        replace(
            each,
            values={name: driver(value) for name, value in each.values.items()},
            instead=instead and each.verb == "INSERT",
        )
        for each in _statements(shape, [*_made(shape, rows)], known)
    ]
    # Together they are quicker; where one is refused, the others still count.
    outcomes = [outcome for each in statements for outcome in _tried_apart(connection, each)]
    return Script(shape, tuple(each for each in outcomes if not each.said), filled.not_filled.get(table, ""))


def play(connection: Connection, script: Script) -> list[Outcome]:
    """What comes of a script's statements on the schema of now; those that fail taken apart, column by column."""
    check_at_once(connection)
    return [outcome for known in script.outcomes for outcome in _tried_apart(connection, known.statement)]


def _tried_apart(connection: Connection, statement: Statement) -> Iterator[Outcome]:
    outcome = attempt(connection, statement)
    parts = statement.parts() if statement.verb == "UPDATE" and outcome.said else []
    if len(parts) < 2:
        yield outcome
        return
    apart = [attempt(connection, each) for each in parts]
    # They may be refused together only.
    yield from apart if any(each.said for each in apart) else [outcome]


def attempt(connection: Connection, statement: Statement) -> Outcome:
    """Try one statement, read what it wrote, and take it back."""
    inside = connection.begin_nested()
    try:
        for each in _before(statement):
            with suppress(SQLAlchemyError), connection.begin_nested():
                # What is refused here is told of the INSERT itself.
                connection.execute(each.clause())
        result = connection.execute(statement.clause())
        if statement.verb == "SELECT":
            result.all()
        return Outcome(statement, stored=_stored(connection, statement))
    except (SQLAlchemyError, ArithmeticError, ValueError, TypeError) as error:
        return Outcome(statement, describe(error))
    finally:
        inside.rollback()


def _before(statement: Statement) -> Iterator[Statement]:
    """What has to be there first: the row to be deleted, or the one that is repeated."""
    if statement.instead:
        yield Statement(statement.table, "DELETE", tuple(statement.where), where=statement.where)
    if statement.values and (statement.verb == "DELETE" or statement.what == TWICE):
        first = statement.values if statement.verb == "DELETE" else statement.values | statement.where
        yield Statement(statement.table, "INSERT", tuple(first), first)


def _stored(connection: Connection, statement: Statement) -> Row | None:
    if statement.verb not in ("INSERT", "UPDATE") or not statement.where or statement.what == TWICE:
        return None
    names = tuple(dict.fromkeys((*statement.columns, *statement.where)))
    read = Statement(statement.table, "SELECT", names, where=statement.where)
    found = connection.execute(read.clause()).first()
    return None if found is None else dict(zip(names, found, strict=True))


def _made(shape: Shape, rows: Iterable[Row]) -> Iterator[Row]:
    """Rows as they were taken, without what only the server may write."""
    for row in rows:
        yield {column.name: row[column.name] for column in shape.written if column.name in row}


def _statements(shape: Shape, rows: list[Row], known: Row | None) -> Iterator[Statement]:
    everything = tuple(shape.columns)
    yield Statement(shape.name, "SELECT", everything)
    if rows:
        yield from _inserts(shape, rows)
    if known is not None and shape.key:
        yield from _updates(shape, {name: known[name] for name in shape.key}, rows[0] if rows else {})


def _inserts(shape: Shape, rows: list[Row]) -> Iterator[Statement]:
    first = rows[0]
    key = {name: first[name] for name in shape.key if first.get(name) is not None}
    where = key if len(key) == len(shape.key) else {}
    yield Statement(shape.name, "INSERT", tuple(first), first, where)
    needed = {
        name: value
        for name, value in first.items()
        if name in shape.key or not (shape.columns[name].nullable or shape.columns[name].default is not None)
    }
    if needed and needed != first:
        yield Statement(shape.name, "INSERT", tuple(needed), needed, where, LEAST)
    unnumbered = {name: value for name, value in needed.items() if not shape.columns[name].numbered}
    if unnumbered and unnumbered != needed:
        yield Statement(shape.name, "INSERT", tuple(unnumbered), unnumbered, what=NUMBERED)
    if len(rows) > 1:
        yield _repeated(shape, *rows[:2])
    if where:
        yield Statement(shape.name, "DELETE", tuple(where), first, where)


def _repeated(shape: Shape, first: Row, second: Row) -> Statement:
    """A second row that is like the first in all but what must differ; `where` is what differed before."""
    apart = {name for each in shape.uniques for name in each}
    values = {name: second[name] if name in apart else value for name, value in first.items()}
    return Statement(
        shape.name, "INSERT", tuple(values), values, {name: first[name] for name in apart & set(first)}, TWICE
    )


def _updates(shape: Shape, where: Row, row: Row) -> Iterator[Statement]:
    """Every column set to a value of its own kind, then to each that is at the border of what it takes."""
    bound = {name for each in shape.references for name in each.columns}
    unique = {name for each in shape.uniques for name in each}
    columns = [each for each in shape.written if each.name not in shape.key and not each.numbered]
    yield from _update(shape, where, {each.name: row[each.name] for each in columns if each.name in row}, OWN)
    yield from _update(shape, where, {each.name: None for each in columns if each.nullable}, "NULL")
    free = [each for each in columns if each.name not in bound]
    for theme, what in ((Theme.LARGEST, "the largest value"), (Theme.SMALLEST, "the smallest value")):
        extreme = {each.name: hostile(each, theme, 1) for each in free if not _is_listed(each)}
        yield from _update(shape, where, extreme, what)
    listed = {
        each.name: labels(each)[:MOST_LABELS] for each in free if each.name not in unique and labels(each)
    }
    for place in itertools.count():
        chosen = {name: each[place] for name, each in listed.items() if place < len(each)}
        if not chosen:
            return
        yield from _update(shape, where, chosen, "a label")


def _is_listed(column: Column) -> bool:
    return bool(labels(column)) or isinstance(column.type, sa.Boolean)


def _update(shape: Shape, where: Row, values: Row, what: str) -> Iterator[Statement]:
    if values:
        yield Statement(shape.name, "UPDATE", tuple(dict.fromkeys((*values, *where))), values, where, what)
