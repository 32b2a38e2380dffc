"""Fills the tables of a database with rows that its keys, references and checks allow.

What reflection cannot tell is left to the server: a row that it refuses is tried again with other values. A table
that stays empty is named with what the server said.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import REGCLASS
from sqlalchemy.exc import DBAPIError

from flask_lab.rows.making import EVERYTHING, MANY, THEMES, Kind, Maker, Order, Row
from flask_lab.rows.shape import Column, Reference, Shape, read_shapes, sorted_tables
from flask_lab.rows.values import candidates

SPARE = 50
"""Where the numbers begin, counted from the first, that replace what the server refused."""
TRIES = 200


@dataclass(frozen=True, slots=True)
class Filled:
    """What `load` did: how many rows each table got, their keys, and why tables that got none did not."""

    tables: Mapping[str, int]
    not_filled: Mapping[str, str]
    keys: Mapping[str, list[Row]] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)
    """What the server said to the rows as they were first tried, by table; other values may have been taken then."""


def load(
    connection: Connection, kind: Kind, shapes: Mapping[str, Shape] | None = None, order: Order = EVERYTHING
) -> Filled:
    """Add rows to every table, parents first; neither committed nor rolled back.

    Without `shapes`, all tables of the default schema are read from the database.
    """
    known = read_shapes(connection) if shapes is None else shapes
    loader = Loader(connection, kind, known, order)
    wanted = known if order.only is None else {name: known[name] for name in known if name in order.only}
    chosen = sorted_tables(wanted)
    for name in chosen:
        loader.fill(known[name])
    for name in chosen:
        loader.close_cycles(known[name])
    return Filled(loader.counts, loader.refused, loader.keys, loader.said)


class Loader:
    """Makes and inserts the rows of one `load`."""

    def __init__(
        self, connection: Connection, kind: Kind, shapes: Mapping[str, Shape], order: Order = EVERYTHING
    ) -> None:
        self.connection = connection
        self.kind = kind
        self.shapes = shapes
        self.order = order
        self.maker = Maker(connection, kind, shapes, order)
        self.counts: dict[str, int] = {}
        self.refused: dict[str, str] = {}
        self.said: dict[str, str] = {}
        self.keys = self.maker.keys
        self.spare = itertools.count(SPARE)
        check_at_once(connection)

    def fill(self, shape: Shape) -> None:
        """Add rows to one table."""
        rows = list(self.maker.rows(shape))
        said = "" if rows else self._why_no_rows(shape)
        taken: list[Row] = []
        first = self._insert(shape, rows) if rows else said
        if first is None:
            taken = rows
        else:
            self.said[shape.name] = first
            for row in rows:
                got = self._insert_somehow(shape, row | self._learned(shape, row))
                if isinstance(got, str):
                    said = said or got
                else:
                    taken.append(got)
        if taken:
            self.counts[shape.name] = len(taken)
            self.keys[shape.name] = taken
            number_on(self.connection, shape)
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
        rows = []
        for place, found in enumerate(self.connection.execute(query).all()):
            theme = None if self.kind is Kind.ORDINARY else THEMES[place % len(THEMES)]
            made = self.maker.row(shape, theme, self.order.first + place, place)
            values = {column.name: made[column.name] for column in columns}
            rows.append(dict(zip(key, found, strict=True)) | values)
        statement = _update(shape, [column.name for column in columns])
        if rows and self._try(statement, [_bound(row) for row in rows]) is not None:
            for row in rows:
                self._try(statement, [_bound(row)])

    def close_cycles(self, shape: Shape) -> None:
        """Fill the references that were left NULL because their parents came later."""
        filled = list(self.keys)
        earlier = filled[: filled.index(shape.name)] if shape.name in filled else filled
        for reference in shape.references:
            if reference.parent in earlier or reference.parent not in filled:
                continue
            rows = [row for row in self.keys.get(shape.name, ()) if _waits(row, reference)]
            parents = self.maker.parent_keys(reference) if rows else []
            if not parents or not shape.key:
                continue
            for place, row in enumerate(rows if self.kind is Kind.ORDINARY else rows[:2]):
                values = dict(zip(reference.columns, parents[place % len(parents)], strict=True))
                if self._try(_update(shape, reference.columns), [_bound(row | values)]) is None:
                    row.update(values)

    def _insert_somehow(self, shape: Shape, row: Row) -> Row | str:
        """Insert a row, with other values where the server refuses these; what it got, or what the server said."""
        first = self._insert(shape, [row])
        if first is None:
            return row
        said: str | None = first
        if is_duplicate(first) and (other := self._unlike_on_server(shape, row)) is not None:
            return other
        free, plain = self._plain(shape)
        for _ in free:
            # Most refusals name a column, and the row may have more than one that is in the way.
            named = {
                name: plain[name] for name in plain if row[name] != plain[name] and names(said or first, name)
            }
            if not named:
                break
            row = row | named
            said = self._insert(shape, [row])
            if said is None:
                return row
        for change, learned in itertools.islice(self._milder(shape, free, plain, said or first), TRIES):
            if self._insert(shape, [row | change]) is None:
                self.maker.learned |= {(shape.name, name): value for name, value in learned.items()}
                return row | change
        return first

    def _learned(self, shape: Shape, row: Row) -> Row:
        """Values that met a CHECK before, for a row that was made when nobody knew them."""
        return {
            name: value
            for (table, name), value in self.maker.learned.items()
            if table == shape.name and row.get(name) is not None
        }

    def _plain(self, shape: Shape) -> tuple[list[Column], Row]:
        """The columns that nothing but their type and CHECKs bind, and plain values for them."""
        number = self.order.first + next(self.spare)
        bound = {name for each in shape.references for name in each.columns}
        free = [
            column for column in self.maker.given(shape) if column.name not in bound and not column.numbered
        ]
        return free, {column.name: self.maker.value(shape, column, None, number) for column in free}

    def _unlike_on_server(self, shape: Shape, row: Row) -> Row | None:
        """What is unlike for Python may be equal for the server, by its collation."""
        for columns in shape.uniques:
            for change in itertools.islice(self.maker.variants(shape, columns, row, next(self.spare)), 5):
                if self._insert(shape, [row | change]) is None:
                    return row | change
        return None

    def _milder(self, shape: Shape, free: list[Column], plain: Row, said: str) -> Iterator[tuple[Row, Row]]:
        """Changes to a row that was refused, and what of them to learn; first for columns that the server named."""
        free.sort(key=lambda column: (not names(said, column.name), not _is_checked(shape, column.name)))
        tried = {
            column.name: [
                self.maker.driver(value) for value in itertools.islice(candidates(column, shape.checks), 40)
            ]
            for column in free
            if _is_checked(shape, column.name)
        }
        yield {name: value.lower() for name, value in plain.items() if isinstance(value, str)}, {}
        single = [{name: value} for name, values in tried.items() for value in values]
        yield from ((change, change) for change in single)
        if self.kind is Kind.HOSTILE:
            yield from (({column.name: plain[column.name]}, {}) for column in free)
            yield plain, {}
        yield from ((plain | change, change) for change in single)
        for (one, ones), (two, twos) in itertools.combinations(tried.items(), 2):
            yield from ((plain | {one: a, two: b}, {one: a, two: b}) for a in ones[:8] for b in twos[:8])
        yield from ((plain | {column.name: None}, {}) for column in free if column.nullable)

    def _insert(self, shape: Shape, rows: list[Row]) -> str | None:
        table = sa.table(shape.name, *(sa.column(name) for name in rows[0]))
        return self._try(sa.insert(table), rows)

    def _try(self, statement: Any, rows: list[Row]) -> str | None:
        """Run a statement; what the server said if it refused it."""
        try:
            with self.connection.begin_nested():
                self.connection.execute(statement, rows)
        except DBAPIError as error:
            # PostgreSQL repeats the row, in which any column's name may occur.
            return re.sub(r" (DETAIL: Failing row|LINE \d+:).*", "", " ".join(str(error.orig).split()))
        except (ArithmeticError, ValueError, TypeError, sa.exc.StatementError) as error:
            # What a driver does not take, it says in exceptions of its own.
            return f"{type(error).__name__}: {error}"
        return None

    def _why_no_rows(self, shape: Shape) -> str:
        for reference in shape.references:
            if not shape.may_wait(reference) and not self.maker.parent_keys(reference):
                return f"it needs a row of {reference.parent}, which has none"
        return "no more rows can differ from those that are there"


def number_on(connection: Connection, shape: Shape) -> None:
    """Let PostgreSQL's next number lie behind the given ones, as if it had given them."""
    if connection.dialect.name != "postgresql":
        return
    for column in shape.written:
        if column.numbered:
            _number_on(connection, shape.name, column)


def _number_on(connection: Connection, table: str, column: Column) -> None:
    top = sa.select(sa.func.max(sa.column(column.name))).select_from(sa.table(table)).scalar_subquery()
    quoted = connection.dialect.identifier_preparer.quote(table)
    told = re.match(r"nextval\('(.+?)'", column.default or "")
    sequence: Any = told[1] if told else sa.func.pg_get_serial_sequence(quoted, column.name)
    connection.execute(sa.select(sa.func.setval(sa.cast(sequence, REGCLASS), top)))


def _update(shape: Shape, columns: Collection[str]) -> Any:
    """Set these columns of the row with a key; both as parameters that `_bound` names."""
    table = sa.table(shape.name, *(sa.column(name) for name in shape.columns))
    key = (table.c[name] == sa.bindparam(f"to {name}") for name in shape.key)
    return sa.update(table).where(*key).values({name: sa.bindparam(f"to {name}") for name in columns})


def _bound(row: Row) -> Row:
    return {f"to {name}": value for name, value in row.items()}


def _waits(row: Row, reference: Reference) -> bool:
    return any(row.get(name) is None for name in reference.columns)


def check_at_once(connection: Connection) -> None:
    """Let the transaction check every reference at once."""
    if connection.dialect.name == "postgresql":
        # Else one that is checked at the commit would be found broken when nobody can help it any more.
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")


def names(said: str, column: str) -> bool:
    """Whether what a server said is about a column."""
    return re.search(rf"(?<!\w){re.escape(column)}(?!\w)", said) is not None


def _is_checked(shape: Shape, name: str) -> bool:
    return any(names(check, name) or names(check, f"len__{name}") for check in shape.checks)


def is_duplicate(said: str) -> bool:
    """Whether what a server said is about a value that was there already."""
    return any(word in said.lower() for word in ("unique", "duplicate"))
