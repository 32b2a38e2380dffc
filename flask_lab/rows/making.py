"""Makes rows for one table after the other: parents chosen, values made, and what must differ told apart."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from flask_lab.rows.shape import Column, Reference, Shape
from flask_lab.rows.values import Theme, hostile, is_known, labels, ordinary

Row = dict[str, Any]
FIRST = 1001
"""The number of the first row of a table: what a revision writes with keys of its own begins at 1."""
APART = 100
"""How far apart the numbers begin that are given at different times."""
PLAIN_ROWS = 3
THEMES = (*Theme, Theme.TWICE, Theme.TWICE)
"""Of three equal rows, those in the way of a constraint on two columns can differ in one or the other."""
TRIES = 200
MANY = 50


class Kind(StrEnum):
    """Which rows."""

    ORDINARY = "ordinary"
    HOSTILE = "hostile"


@dataclass(frozen=True, slots=True)
class Order:
    """What to load, beside the kind: None stands for everything."""

    only: Collection[str] | None = None
    first: int = FIRST
    rows: int | None = None
    themes: Sequence[Theme] = THEMES
    domains: Mapping[str, Shape] = field(default_factory=dict)
    """Tables as they were: hostile values stay within what their columns took then, plain ones take new labels."""
    omitted: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Columns, by table, that are left to the server."""


EVERYTHING = Order()


class Maker:
    """Makes rows that fit what is in the database already."""

    def __init__(self, connection: Connection, kind: Kind, shapes: Mapping[str, Shape], order: Order) -> None:
        self.connection = connection
        self.kind = kind
        self.shapes = shapes
        self.order = order
        self.learned: dict[tuple[str, str], Any] = {}
        """Values by which a CHECK of no usual form was met, by table and column."""
        self.keys: dict[str, list[Row]] = {}
        """The rows that got into their tables."""
        self.turns: Counter[tuple[str, ...]] = Counter()
        """How often rows had to be told apart in the same columns."""

    def rows(self, shape: Shape) -> Iterator[Row]:
        """As many rows as were ordered, unlike each other and those that are there where they must be."""
        used = {columns: self._used(shape, columns) for columns in shape.uniques}
        plan: list[Theme | None] = (
            list(self.order.themes) if self.kind is Kind.HOSTILE else [None] * PLAIN_ROWS
        )
        for place, theme in enumerate(plan[: self.order.rows]):
            row = self._unlike(shape, used, self.row(shape, theme, self.order.first + place, place), place)
            if row is not None:
                yield row

    def row(self, shape: Shape, theme: Theme | None, number: int, place: int) -> Row:
        """One row, of which nobody has seen yet whether it is unlike the others."""
        row: Row = {}
        for reference in shape.references:
            self._refer(shape, reference, row, place, theme)
        for column in self.given(shape):
            if column.name not in row:
                row[column.name] = self.value(shape, column, theme, number)
        return row

    def given(self, shape: Shape) -> list[Column]:
        """The columns that are not left to the server."""
        return [
            column for column in shape.written if column.name not in self.order.omitted.get(shape.name, ())
        ]

    def value(self, shape: Shape, column: Column, theme: Theme | None, number: int) -> Any:
        """The value of one column; without a theme a plain one."""
        if column.numbered:
            return number
        if column.nullable and (theme is Theme.NULLS or not is_known(column)):
            return None
        if (shape.name, column.name) in self.learned:
            return self.learned[shape.name, column.name]
        if self._may_refer(shape, column):
            # All tables number their rows alike, so whatever this is to refer to one day is there.
            number = FIRST + (number - FIRST) % APART % PLAIN_ROWS
        # Keys differ anyway, and a key at the end of its range leaves no number for the next row.
        elif theme is not None and shape.key != (column.name,):
            before = self.order.domains.get(shape.name)
            return self.driver(
                hostile(before.columns.get(column.name, column) if before else column, theme, number)
            )
        return self.driver(self._as_before(shape, self._with_new_labels(shape, column), number))

    def _as_before(self, shape: Shape, column: Column, number: int) -> Any:
        """A plain value, of the type that the column had before where its own holds more than that one did."""
        before = self.order.domains.get(shape.name)
        old = before.columns.get(column.name, column) if before else column
        is_text = isinstance(column.type, sa.String) and not isinstance(column.type, sa.Enum)
        counted = _is_number(column) and (_is_number(old) or isinstance(old.type, sa.Boolean))
        if old is column or column.bounds.choices or not (is_text or counted):
            return ordinary(column, number)
        value = ordinary(old, number)
        if isinstance(value, bool):
            value = int(value)
        return str(value) if is_text else value

    def _with_new_labels(self, shape: Shape, column: Column) -> Column:
        """A column that takes only what is new of its labels, where some are: they were added to be used."""
        before = self.order.domains.get(shape.name)
        old = before.columns.get(column.name) if before else None
        known = labels(old) if old else ()
        new = tuple(each for each in labels(column) if each not in known)
        return replace(column, bounds=replace(column.bounds, choices=new)) if known and new else column

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
        is_new = bool(self.order.domains) and shape.name not in self.order.domains
        fresh = [key for key in self._loaded(reference) if _agrees(row, reference, key)]
        fitting = [key for key in self.parent_keys(reference) if _agrees(row, reference, key)]
        if fresh and (theme is None or is_new):
            # Rows that come after the upgrade belong together: what it moved to another table stays as it is.
            row.update(zip(reference.columns, fresh[place % len(fresh)], strict=True))
        elif fitting:
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
                (name, self.value(shape, shape.columns[parent], theme, number)) for name, parent in own
            )

    def _loaded(self, reference: Reference) -> list[tuple[Any, ...]]:
        """The rows that may be referred to and came with this order, where it is one for later rows."""
        rows = self.keys.get(reference.parent, ()) if self.order.domains else ()
        return [
            tuple(row[name] for name in reference.parent_columns)
            for row in rows
            if all(row.get(name) is not None for name in reference.parent_columns)
        ]

    def _unlike(self, shape: Shape, used: dict[Any, set[Any]], row: Row, place: int) -> Row | None:
        """`row`, changed where it must differ from others; None when there is nothing left to differ by."""
        for columns, values in used.items():
            if _key(row, columns) not in values:
                continue
            for change in self.variants(shape, columns, row, place):
                if _key(row | change, columns) not in values:
                    row = row | change
                    break
            else:
                return None
        for columns, values in used.items():
            if (key := _key(row, columns)) is not None:
                values.add(key)
        return row

    def variants(self, shape: Shape, columns: tuple[str, ...], row: Row, place: int) -> Iterator[Row]:
        """Other values for columns that must be unique together: in one of them, in turn, then in all that it takes."""
        references = [each for each in shape.references if set(each.columns) & set(columns)]
        taken = {name for each in references for name in each.columns}
        free = [
            shape.columns[name] for name in columns if name not in taken and not shape.columns[name].generated
        ]
        choices = [_turned(self.parent_keys(each), place) for each in references]
        self.turns[shape.name, *columns] += 1
        made = self._others(free, place)
        single: list[Iterable[Row]] = [[{name: value}] for name, value in made.items()]
        single += [
            (dict(zip(reference.columns, key, strict=True)) for key in keys)
            for reference, keys in zip(references, choices, strict=True)
            if not any(
                set(reference.columns) & set(each.columns)
                for each in shape.references
                if each is not reference
            )
        ]
        for changes in _turned(single, self.turns[shape.name, *columns] - 1):
            yield from changes
        for step in range(20 if free else 0):
            yield self._others(free, place + step * 100)
        for combination in itertools.islice(itertools.product(*choices), 0 if not choices else TRIES):
            change: Row = {}
            for reference, key in zip(references, combination, strict=True):
                if _agrees(change, reference, key):
                    change.update(zip(reference.columns, key, strict=True))
            yield change

    def _others(self, columns: list[Column], step: int) -> Row:
        return {each.name: self.driver(ordinary(each, self.order.first + step)) for each in columns}

    def _used(self, shape: Shape, columns: tuple[str, ...]) -> set[Any]:
        """What is there already of values that may occur once."""
        if not all(name in shape.columns for name in columns):
            return set()
        chosen: list[sa.ColumnClause[Any]] = [sa.column(name) for name in columns]
        found = self.connection.execute(sa.select(*chosen).select_from(sa.table(shape.name)))
        return {tuple(map(_folded, row)) for row in found}

    def parent_keys(self, reference: Reference) -> list[tuple[Any, ...]]:
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

    def driver(self, value: Any) -> Any:
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


def _is_number(column: Column) -> bool:
    return isinstance(column.type, (sa.Integer, sa.Numeric, sa.Float))


def _turned(keys: list[Any], place: int) -> list[Any]:
    """Beginning with the row that has this place, so that what stands for the same thing goes together."""
    start = place % len(keys) if keys else 0
    return keys[start:] + keys[:start]


def _agrees(row: Row, reference: Reference, key: Iterable[Any]) -> bool:
    """Whether `key` fits what other references have put into the same columns."""
    return all(row.get(name, value) == value for name, value in zip(reference.columns, key, strict=True))


def _key(row: Row, columns: tuple[str, ...]) -> tuple[Any, ...] | None:
    """What must differ, or None where a NULL or the server's own value makes it differ."""
    values = [row.get(name) for name in columns]
    return None if None in values else tuple(map(_folded, values))


def _folded(value: Any) -> Any:
    return value.hex() if isinstance(value, (bytes, memoryview)) else str(value)
