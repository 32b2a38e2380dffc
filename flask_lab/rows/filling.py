"""Fills the tables of a database with rows that its keys, references and checks allow.

What reflection cannot tell is left to the server: a row that it refuses is tried again with other values. A table
that stays empty is named with what the server said.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from flask_lab.rows.shape import Column, Reference, Shape, read_shapes, sorted_tables
from flask_lab.rows.values import Theme, candidates, hostile, is_known, ordinary

Row = dict[str, Any]
FIRST = 1001
"""The number of the first row of a table: what a revision writes with keys of its own begins at 1."""
APART = 100
"""How far apart the numbers begin that are given at different times."""
PLAIN_ROWS = 3
THEMES = (*Theme, Theme.TWICE)
SPARE = 50
"""Where the numbers begin, counted from the first, that replace what the server refused."""
TRIES = 200
MANY = 50


class Kind(StrEnum):
    """Which rows."""

    ORDINARY = "ordinary"
    HOSTILE = "hostile"


@dataclass(frozen=True, slots=True)
class Filled:
    """What `load` did: how many rows each table got, their keys, and why tables that got none did not."""

    tables: Mapping[str, int]
    not_filled: Mapping[str, str]
    keys: Mapping[str, list[Row]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Order:
    """What to load, beside the kind: None stands for everything."""

    only: Collection[str] | None = None
    first: int = FIRST
    rows: int | None = None
    themes: Sequence[Theme] = THEMES
    domains: Mapping[str, Shape] = field(default_factory=dict)
    """Tables as they were; hostile values stay within what their columns took then."""
    omitted: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Columns, by table, that are left to the server."""


EVERYTHING = Order()


def load(
    connection: Connection, kind: Kind, shapes: Mapping[str, Shape] | None = None, order: Order = EVERYTHING
) -> Filled:
    """Add rows to every table, parents first; neither committed nor rolled back.

    Without `shapes`, all tables of the default schema are read from the database.
    """
    known = read_shapes(connection) if shapes is None else shapes
    loader = Loader(connection, kind, known, order)
    chosen = [name for name in sorted_tables(known) if order.only is None or name in order.only]
    for name in chosen:
        loader.fill(known[name])
    for name in chosen:
        loader.close_cycles(known[name])
    return Filled(loader.counts, loader.refused, loader.keys)


class Loader:
    """Makes and inserts the rows of one `load`."""

    def __init__(
        self, connection: Connection, kind: Kind, shapes: Mapping[str, Shape], order: Order = EVERYTHING
    ) -> None:
        self.connection = connection
        self.kind = kind
        self.shapes = shapes
        self.order = order
        self.counts: dict[str, int] = {}
        self.refused: dict[str, str] = {}
        self.keys: dict[str, list[Row]] = {}
        self.learned: dict[tuple[str, str], Any] = {}
        """Values by which a CHECK of no usual form was met."""
        self.spare = itertools.count(SPARE)
        if connection.dialect.name == "postgresql":
            # Else a reference that is checked at the commit would be found broken when nobody can help it any more.
            connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")

    def fill(self, shape: Shape) -> None:
        """Add rows to one table."""
        rows = list(self._rows(shape))
        said = "" if rows else self._why_no_rows(shape)
        taken: list[Row] = []
        if rows and self._insert(shape, rows) is None:
            taken = rows
        else:
            for row in rows:
                got = self._insert_somehow(shape, row)
                if isinstance(got, str):
                    said = said or got
                else:
                    taken.append(got)
        if taken:
            self.counts[shape.name] = len(taken)
            self.keys[shape.name] = taken
            self._number_on(shape)
        else:
            self.refused[shape.name] = said

    def fill_columns(self, shape: Shape, names: Collection[str]) -> None:
        """Give the rows that are there values in these columns, as an app would in time."""
        key = shape.key
        columns = [column for column in shape.written if column.name in names and column.name not in key]
        if not key or not columns:
            return
        chosen: list[sa.ColumnClause[Any]] = [sa.column(name) for name in key]
        query = sa.select(*chosen).select_from(sa.table(shape.name)).order_by(*chosen).limit(MANY)
        for place, row in enumerate(self.connection.execute(query).all()):
            theme = None if self.kind is Kind.ORDINARY else THEMES[place % len(THEMES)]
            made = self._row(shape, theme, self.order.first + place, place)
            values = {column.name: made[column.name] for column in columns}
            self._try(_update(shape, dict(zip(key, row, strict=True)), values))

    def close_cycles(self, shape: Shape) -> None:
        """Fill the references that were left NULL because their parents came later."""
        for reference in shape.references:
            rows = [row for row in self.keys.get(shape.name, ()) if _waits(row, reference)]
            parents = self._parent_keys(reference) if rows else []
            if not parents or not shape.key:
                continue
            for place, row in enumerate(rows if self.kind is Kind.ORDINARY else rows[:2]):
                values = dict(zip(reference.columns, parents[place % len(parents)], strict=True))
                if self._try(_update(shape, row, values)) is None:
                    row.update(values)

    def _rows(self, shape: Shape) -> Iterator[Row]:
        used = {columns: self._used(shape, columns) for columns in shape.uniques}
        plan: list[Theme | None] = (
            list(self.order.themes) if self.kind is Kind.HOSTILE else [None] * PLAIN_ROWS
        )
        for place, theme in enumerate(plan[: self.order.rows]):
            row = self._unlike(shape, used, self._row(shape, theme, self.order.first + place, place), place)
            if row is not None:
                yield row

    def _row(self, shape: Shape, theme: Theme | None, number: int, place: int) -> Row:
        row: Row = {}
        for reference in shape.references:
            self._refer(shape, reference, row, place, theme)
        for column in self._given(shape):
            if column.name not in row:
                row[column.name] = self._value(shape, column, theme, number)
        return row

    def _given(self, shape: Shape) -> list[Column]:
        return [
            column for column in shape.written if column.name not in self.order.omitted.get(shape.name, ())
        ]

    def _value(self, shape: Shape, column: Column, theme: Theme | None, number: int) -> Any:
        if column.numbered:
            return number
        if column.nullable and (theme is Theme.NULLS or not is_known(column)):
            return None
        if (shape.name, column.name) in self.learned:
            return self.learned[shape.name, column.name]
        if self._may_refer(shape, column):
            # All tables number their rows alike, so whatever this is to refer to one day is there.
            number = FIRST + number % APART % PLAIN_ROWS
        # Keys differ anyway, and a key at the end of its range leaves no number for the next row.
        elif theme is not None and shape.key != (column.name,):
            before = self.order.domains.get(shape.name)
            return self._driver(
                hostile(before.columns.get(column.name, column) if before else column, theme, number)
            )
        return self._driver(ordinary(column, number))

    def _may_refer(self, shape: Shape, column: Column) -> bool:
        """Whether a column of numbers may be a reference that no foreign key tells of, yet or any more."""
        if not isinstance(column.type, sa.Integer) or column.name in shape.key:
            return False
        return self.kind is Kind.ORDINARY or column.name.endswith("_id")

    def _refer(self, shape: Shape, reference: Reference, row: Row, place: int, theme: Theme | None) -> None:
        """Choose a parent: ordinary rows have one each, hostile ones share the first, have others, or have none."""
        if theme is Theme.NULLS and shape.may_wait(reference):
            for name in reference.columns:
                row.setdefault(name, None)
            return
        parents = self._parent_keys(reference)
        fitting = [key for key in parents if _agrees(row, reference, key)]
        if fitting:
            chosen = fitting[(place if theme is None else place // 2 % 2) % len(fitting)]
            row.update(zip(reference.columns, chosen, strict=True))
        elif shape.may_wait(reference):
            for name in reference.columns:
                row.setdefault(name, None)
        elif reference.parent == shape.name:
            # The first row of all can only be its own parent.
            own = zip(reference.columns, reference.parent_columns, strict=True)
            number = self.order.first + place
            row.update(
                (name, self._value(shape, shape.columns[parent], theme, number)) for name, parent in own
            )

    def _unlike(self, shape: Shape, used: dict[Any, set[Any]], row: Row, place: int) -> Row | None:
        """`row`, changed where it must differ from others; None when there is nothing left to differ by."""
        for columns, values in used.items():
            if _key(row, columns) not in values:
                continue
            for change in self._variants(shape, columns, row, place):
                if _key(row | change, columns) not in values:
                    row = row | change
                    break
            else:
                return None
        for columns, values in used.items():
            if (key := _key(row, columns)) is not None:
                values.add(key)
        return row

    def _variants(self, shape: Shape, columns: tuple[str, ...], row: Row, place: int) -> Iterator[Row]:
        """Other values for columns that must be unique together: other texts and numbers, then other parents."""
        references = [each for each in shape.references if set(each.columns) & set(columns)]
        taken = {name for each in references for name in each.columns}
        free = [
            shape.columns[name] for name in columns if name not in taken and not shape.columns[name].generated
        ]
        for step in range(20 if free else 0):
            number = self.order.first + place + step * 100
            yield {column.name: self._driver(ordinary(column, number)) for column in free}
        choices = [_turned(self._parent_keys(each), place) for each in references]
        for combination in itertools.islice(itertools.product(*choices), 0 if not choices else TRIES):
            change: Row = {}
            for reference, key in zip(references, combination, strict=True):
                if _agrees(change, reference, key):
                    change.update(zip(reference.columns, key, strict=True))
            yield change

    def _used(self, shape: Shape, columns: tuple[str, ...]) -> set[Any]:
        """What is there already of values that may occur once."""
        if not all(name in shape.columns for name in columns):
            return set()
        chosen: list[sa.ColumnClause[Any]] = [sa.column(name) for name in columns]
        found = self.connection.execute(sa.select(*chosen).select_from(sa.table(shape.name)))
        return {tuple(map(_folded, row)) for row in found}

    def _parent_keys(self, reference: Reference) -> list[tuple[Any, ...]]:
        """The newest rows that may be referred to."""
        if reference.parent not in self.shapes:
            return []
        columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in reference.parent_columns]
        query = (
            sa.select(*columns)
            .select_from(sa.table(reference.parent))
            .where(*(each.is_not(None) for each in columns))
        )
        query = query.distinct().order_by(*(each.desc() for each in columns)).limit(MANY)
        return [tuple(row) for row in reversed(self.connection.execute(query).all())]

    def _insert_somehow(self, shape: Shape, row: Row) -> Row | str:
        """Insert a row, with other values where the server refuses these; what it got, or what the server said."""
        first = self._insert(shape, [row])
        if first is None:
            return row
        said: str | None = first
        if _is_duplicate(first) and (other := self._unlike_on_server(shape, row)) is not None:
            return other
        free, plain = self._plain(shape)
        for _ in free:
            # Most refusals name a column, and the row may have more than one that is in the way.
            named = {
                name: plain[name]
                for name in plain
                if row[name] != plain[name] and _names(said or first, name)
            }
            if not named:
                break
            row = row | named
            said = self._insert(shape, [row])
            if said is None:
                return row
        for change in itertools.islice(self._milder(shape, free, plain, said or first), TRIES):
            if self._insert(shape, [row | change]) is None:
                self.learned.update(
                    {(shape.name, name): value for name, value in change.items() if _is_checked(shape, name)}
                )
                return row | change
        return first

    def _plain(self, shape: Shape) -> tuple[list[Column], Row]:
        """The columns that nothing but their type and CHECKs bind, and plain values for them."""
        number = self.order.first + next(self.spare)
        bound = {name for each in shape.references for name in each.columns}
        free = [column for column in self._given(shape) if column.name not in bound and not column.numbered]
        return free, {column.name: self._value(shape, column, None, number) for column in free}

    def _unlike_on_server(self, shape: Shape, row: Row) -> Row | None:
        """What is unlike for Python may be equal for the server, by its collation."""
        for columns in shape.uniques:
            for change in itertools.islice(self._variants(shape, columns, row, next(self.spare)), 5):
                if self._insert(shape, [row | change]) is None:
                    return row | change
        return None

    def _milder(self, shape: Shape, free: list[Column], plain: Row, said: str) -> Iterator[Row]:
        """Changes to a row that was refused: first for the columns that the server named."""
        free.sort(key=lambda column: (not _names(said, column.name), not _is_checked(shape, column.name)))
        if self.kind is Kind.HOSTILE:
            yield from ({column.name: plain[column.name]} for column in free)
            yield plain
        tried = {
            column.name: [
                self._driver(value) for value in itertools.islice(candidates(column, shape.checks), 40)
            ]
            for column in free
            if _is_checked(shape, column.name)
        }
        yield from (plain | {name: value} for name, values in tried.items() for value in values)
        for (one, ones), (two, twos) in itertools.combinations(tried.items(), 2):
            yield from (plain | {one: a, two: b} for a in ones[:8] for b in twos[:8])
        yield from (plain | {column.name: None} for column in free if column.nullable)

    def _insert(self, shape: Shape, rows: list[Row]) -> str | None:
        table = sa.table(shape.name, *(sa.column(name) for name in rows[0]))
        return self._try(sa.insert(table), rows)

    def _try(self, statement: Any, rows: list[Row] | None = None) -> str | None:
        """Run a statement; what the server said if it refused it."""
        try:
            with self.connection.begin_nested():
                self.connection.execute(statement, rows) if rows else self.connection.execute(statement)
        except DBAPIError as error:
            return " ".join(str(error.orig).split())
        except (ArithmeticError, ValueError, TypeError, sa.exc.StatementError) as error:
            # What a driver does not take, it says in exceptions of its own.
            return f"{type(error).__name__}: {error}"
        return None

    def _number_on(self, shape: Shape) -> None:
        """Let PostgreSQL's next number lie behind the given ones, as if it had given them."""
        if self.connection.dialect.name != "postgresql":
            return
        for column in shape.written:
            if column.numbered:
                number_on(self.connection, shape.name, column.name)

    def _why_no_rows(self, shape: Shape) -> str:
        for reference in shape.references:
            if not shape.may_wait(reference) and not self._parent_keys(reference):
                return f"it needs a row of {reference.parent}, which has none"
        return "no more rows can differ from those that are there"

    def _driver(self, value: Any) -> Any:
        """`value` as the driver takes it, and as SQLAlchemy's own types would have written it."""
        if self.connection.dialect.name != "sqlite":
            return value
        match value:
            case datetime():
                return value.isoformat(sep=" ", timespec="microseconds")
            case date():
                return value.isoformat()
            case time():
                return value.isoformat(timespec="microseconds")
            case Decimal():
                return float(value)
        return value


def number_on(connection: Connection, table: str, column: str) -> None:
    """Set a PostgreSQL sequence behind the largest number in the column that it serves."""
    quoted = connection.dialect.identifier_preparer.quote(table)
    top = sa.select(sa.func.max(sa.column(column))).select_from(sa.table(table)).scalar_subquery()
    connection.execute(sa.select(sa.func.setval(sa.func.pg_get_serial_sequence(quoted, column), top)))


def _update(shape: Shape, row: Row, values: Row) -> Any:
    table = sa.table(shape.name, *(sa.column(name) for name in shape.columns))
    return sa.update(table).where(*(table.c[name] == row.get(name) for name in shape.key)).values(values)


def _turned(keys: list[tuple[Any, ...]], place: int) -> list[tuple[Any, ...]]:
    """Beginning with the row that has this place, so that what stands for the same thing goes together."""
    start = place % len(keys) if keys else 0
    return keys[start:] + keys[:start]


def _waits(row: Row, reference: Reference) -> bool:
    return any(row.get(name) is None for name in reference.columns)


def _agrees(row: Row, reference: Reference, key: Iterable[Any]) -> bool:
    """Whether `key` fits what other references have put into the same columns."""
    return all(row.get(name, value) == value for name, value in zip(reference.columns, key, strict=True))


def _key(row: Row, columns: tuple[str, ...]) -> tuple[Any, ...] | None:
    """What must differ, or None where a NULL or the server's own value makes it differ."""
    values = [row.get(name) for name in columns]
    return None if None in values else tuple(map(_folded, values))


def _folded(value: Any) -> Any:
    return value.hex() if isinstance(value, (bytes, memoryview)) else str(value)


def _names(said: str, column: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(column)}(?!\w)", said) is not None


def _is_checked(shape: Shape, name: str) -> bool:
    return any(name in check for check in shape.checks)


def _is_duplicate(said: str) -> bool:
    return any(word in said.lower() for word in ("unique", "duplicate"))
