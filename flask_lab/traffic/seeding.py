"""Fills tables with many rows: a few are made by `rows`, and the server multiplies them.

Nothing goes over the wire, so that it is near the product's own bulk load. What must differ is counted on, what refers
to another table refers to a row that is there. A table that takes no more rows keeps those that it has, and is named.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from flask_lab.backends import Product
from flask_lab.rows import Kind, Order, Reference, Shape, load, number_on, read_shapes, sorted_tables
from flask_lab.traffic.variety import Variety

MODELS = 3
"""How many rows are multiplied."""
Columns = dict[str, sa.ColumnElement[Any]]


class Manner(Enum):
    """How rows are made from a model; where the server does not take them so, in the next manner."""

    GAPS = auto()
    """Like BOLD, with NULL wherever it may be."""
    BOLD = auto()
    """Texts have other values also where they need not differ."""
    PLAIN = auto()


@dataclass(frozen=True, slots=True)
class Share:
    """How many rows are to be made like the model at a place, and how many there are already."""

    place: int
    rows: int
    below: int

    @property
    def top(self) -> int:
        return self.below + self.rows


@dataclass(slots=True)
class Seeded:
    """How many rows tables have, and why those that have fewer than were asked for have no more."""

    rows: dict[str, int] = field(default_factory=dict)
    short: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Demand:
    """Which tables are to have how many rows."""

    tables: Collection[str]
    rows: int
    ignore: Collection[str] = ()
    """Tables that are to be left alone."""
    has_gaps: bool = False
    """Whether a third of the rows has NULL wherever it may: what a revision is to fill in is not there yet."""


def seed(connection: Connection, product: Product, demand: Demand) -> Seeded:
    """Fill tables, as far as they take so many rows, and what they refer to with as many as that needs.

    Commits. The connection must not be one that commits by itself.
    """
    shapes = read_shapes(connection, demand.ignore)
    wanted = _wanted(shapes, {name for name in demand.tables if name in shapes}, demand.rows)
    seeder = Seeder(connection, product, shapes, has_gaps=demand.has_gaps)
    product.watching.prepare(connection, demand.rows)
    for name in filter(wanted.__contains__, sorted_tables(shapes)):
        seeder.fill(shapes[name], wanted[name])
        connection.commit()
    connection.commit()
    return seeder.done


def _wanted(shapes: Mapping[str, Shape], tables: Collection[str], rows: int) -> dict[str, int]:
    """How many rows each table is to have, parents included."""
    wanted = dict.fromkeys(tables, rows)
    for name in reversed(sorted_tables(shapes)):
        shape = shapes[name]
        if name not in wanted:
            continue
        for reference in shape.references:
            if reference.parent in shapes and reference.parent != name:
                wanted.setdefault(reference.parent, MODELS)
        for references in map(shape_of_set(shape), shape.uniques):
            for each in references:
                # A few more, as some pairs are there already.
                enough = math.ceil(wanted[name] ** (1 / len(references))) + MODELS
                if each.parent in shapes:
                    wanted[each.parent] = max(wanted.get(each.parent, 0), enough)
    return wanted


def shape_of_set(shape: Shape) -> Any:
    """What gives, for a set of columns that must differ, the references that it wholly consists of, else nothing."""

    def references(columns: tuple[str, ...]) -> list[Reference]:
        found: list[Reference] = []
        for each in shape.references:
            if set(each.columns) <= set(columns) and not any(
                set(each.columns) & set(other.columns) for other in found
            ):
                found.append(each)
        return found if {name for each in found for name in each.columns} == set(columns) else []

    return references


class Seeder:
    """Fills one table after the other, parents first."""

    def __init__(
        self, connection: Connection, product: Product, shapes: Mapping[str, Shape], *, has_gaps: bool = False
    ) -> None:
        self.has_gaps = has_gaps
        self.connection = connection
        self.product = product
        self.shapes = shapes
        self.done = Seeded()

    def fill(self, shape: Shape, rows: int) -> None:
        """Let a table have at least `rows` rows, if it takes them."""
        have = self._count(shape)
        if not have:
            said = load(self.connection, Kind.ORDINARY, self.shapes, Order({shape.name})).not_filled
            have = self._count(shape)
            if not have:
                self.done.short[shape.name] = said.get(shape.name, "it takes no row")
        if 0 < have < rows:
            said_so = self._multiply(shape, rows - have, have)
            have = self._count(shape)
            number_on(self.connection, shape)
            if have < rows:
                self.done.short[shape.name] = said_so or f"it took {have} of {rows} rows"
        self.done.rows[shape.name] = have

    def _count(self, shape: Shape) -> int:
        table = sa.table(shape.name)
        return int(self.connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())

    def _multiply(self, shape: Shape, more: int, have: int) -> str:
        """Add rows, a share like each of the models; why none could be added, else empty."""
        has_pairs = any(map(shape_of_set(shape), shape.uniques))
        # Which pairs of parents are free is asked once: each time more of them are taken.
        models = 1 if has_pairs else min(MODELS, have)
        done, said = have, ""
        for place in range(models):
            share = (have + more - done) // (models - place)
            for manner in Manner:
                if manner is Manner.GAPS and not (self.has_gaps and place == MODELS - 1):
                    continue
                try:
                    statement = self._statement(shape, Share(place, share, done), manner)
                    with self.connection.begin_nested():
                        self.connection.execute(statement)
                except NoRoom as reason:
                    return str(reason)
                except DBAPIError as error:
                    said = " ".join(str(error.orig).split())[:200]
                    continue
                done += share
                break
        return said

    def _statement(self, shape: Shape, share: Share, manner: Manner) -> Any:
        """The INSERT ... SELECT."""
        numbers, given = self._numbers(shape, share.rows)
        model = self._model(shape, share.place)
        variety = Variety(
            self.connection, shape, numbers.c.n + sa.literal_column(str(share.below)), share.top
        )
        values = {name: given.get(name, own) for name, own in model.items()}
        for columns in shape.uniques:
            if any(values[name] is not model[name] for name in columns if name in values):
                continue
            _differ(variety, columns, values, model)
        for each in shape.written:
            if values[each.name] is not model[each.name]:
                continue
            if manner is Manner.GAPS and each.nullable:
                values[each.name] = sa.null()
            elif manner is not Manner.PLAIN and variety.is_free(each):
                other = variety.of(each, model[each.name])
                values[each.name] = model[each.name] if other is None else other
        table = sa.table(shape.name, *(sa.column(name) for name in values))
        query = sa.select(*(value.label(f"lab_{place}") for place, value in enumerate(values.values())))
        return sa.insert(table).from_select(list(values), query.select_from(numbers))

    def _model(self, shape: Shape, place: int) -> Columns:
        """The values of a row that is there: each is asked once, where those of a join would be with each new row."""
        columns: list[sa.ColumnClause[Any]] = [sa.column(each.name, each.type) for each in shape.written]
        row = sa.select(*columns).select_from(sa.table(shape.name)).order_by(*map(sa.column, shape.key))
        row = row.limit(sa.literal_column("1")).offset(sa.literal_column(str(place)))
        return {each.name: row.with_only_columns(each).scalar_subquery() for each in columns}

    def _numbers(self, shape: Shape, more: int) -> tuple[sa.FromClause, Columns]:
        """What numbers the new rows, with the columns that it brings along: keys of parents, no pair of them twice."""
        sets = [(columns, shape_of_set(shape)(columns)) for columns in shape.uniques]
        wholly = [(columns, references) for columns, references in sets if references]
        if not wholly:
            return self.product.watching.numbers(more), {}
        columns, references = wholly[0]
        pairs: list[Any] = []
        tables = []
        for place, each in enumerate(references):
            if each.parent not in self.shapes:
                raise NoRoom(f"it refers to {each.parent}, which is in another schema")
            parent = sa.table(each.parent, *map(sa.column, dict.fromkeys(each.parent_columns))).alias(
                f"lab_parent_{place}"
            )
            tables.append(parent)
            pairs += [
                (name, parent.c[other]) for name, other in zip(each.columns, each.parent_columns, strict=True)
            ]
        own = sa.table(shape.name, *map(sa.column, columns)).alias("lab_own")
        taken = sa.exists().where(*(own.c[name] == value for name, value in pairs)).correlate(*tables)
        source: Any = tables[0]
        for each_table in tables[1:]:
            source = source.join(each_table, sa.true())
        new = (
            sa.select(*(value.label(name) for name, value in pairs))
            .select_from(source)
            .where(~taken)
            .limit(sa.literal_column(str(more)))
            .subquery("lab_new")
        )
        counted = sa.select(*new.c, sa.func.row_number().over(order_by=list(new.c)).label("n"))
        numbers = counted.subquery("lab_numbers")
        return numbers, {name: numbers.c[name] for name, _ in pairs}


def _differ(variety: Variety, columns: tuple[str, ...], values: Columns, model: Columns) -> None:
    """Let one column of a set differ from row to row; NoRoom when none can."""
    shape = variety.shape
    bound = {name for each in shape.references for name in each.columns}
    for name in sorted(columns, key=lambda name: (name in bound, not shape.columns[name].numbered)):
        column = shape.columns[name]
        if column.generated:
            # The server's own number; what it calculates differs as what it is made of does.
            if column.numbered or name in shape.key:
                return
            continue
        other = None if name in bound else variety.of(column, model[name])
        if other is not None:
            values[name] = other
            return
    told = ", ".join(columns)
    raise NoRoom(f"no column of ({told}) takes a value of its own in each of {variety.top} rows")


class NoRoom(Exception):
    """No row can be added that differs from the others where it must."""
