"""Whether a schema takes new rows: one with all its values, and one whose defaults and numbers the server gives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, types

from flask_lab.experiments.data.state import State
from flask_lab.migrator import describe
from flask_lab.rows import Column, Filled, Kind, Maker, Order, Row, Shape, canonical, load, read_back
from flask_lab.rows.filling import is_duplicate, names
from flask_lab.rows.values import is_known


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that a table should take and does not, or takes otherwise than it should."""

    table: str
    what: str
    said: str


@dataclass(frozen=True, slots=True)
class Probe:
    """What to ask of the tables of a state."""

    connection: Connection
    before: State
    """The state before the upgrade, where these tables took rows."""
    after: State
    numbered: Mapping[str, str]
    """Keys that the revision wants numbered by the server, by table."""
    first: int

    def left_to_server(self, table: str) -> list[Refusal]:
        """Insert a row that leaves to the server what it can fill by itself, and take it back."""
        shape = self.after.shapes[table]
        omitted = self._omitted(shape)
        if not omitted:
            return []
        order = Order({table}, self.first, 1, omitted={table: omitted})
        inside = self.connection.begin_nested()
        try:
            filled = load(self.connection, Kind.ORDINARY, self.after.shapes, order)
            if table in filled.not_filled:
                return self._refused(shape, omitted, filled.not_filled[table])
            taken = self._numbers_taken(shape, omitted, filled.said.get(table, ""))
            return taken or self._odd(shape, omitted)
        finally:
            inside.rollback()

    def _refused(self, shape: Shape, omitted: list[str], said: str) -> list[Refusal]:
        """A refusal, if the same row with all its values is taken."""
        whole = load(self.connection, Kind.ORDINARY, self.after.shapes, Order({shape.name}, self.first, 1))
        if shape.name not in whole.tables:
            return []
        return [Refusal(shape.name, f"a row without {', '.join(omitted)}, which the server fills", said)]

    def _numbers_taken(self, shape: Shape, omitted: list[str], said: str) -> list[Refusal]:
        """A number from the server that a row has already, if that is why a row was taken only when tried again."""
        return [
            Refusal(shape.name, f"numbers for {name} beyond those that are taken", said)
            for name in omitted
            if shape.columns[name].numbered and is_duplicate(said) and names(said, name)
        ]

    def _odd(self, shape: Shape, omitted: list[str]) -> list[Refusal]:
        """What is wrong with the values that the server gave to a row that it took."""
        known = {repr(row) for row in self.after.rows[shape.name].rows}
        rows = [
            row
            for row in read_back(self.connection, {shape.name: shape})[shape.name].rows
            if repr(row) not in known
        ]
        found = []
        for name in omitted:
            column = shape.columns[name]
            given = [row[name] for row in rows if name in row]
            numbers = [
                row[name] for row in self.after.rows[shape.name].rows if isinstance(row.get(name), int)
            ]
            if column.numbered and given and numbers and given[0] <= max(numbers):
                said = f"the next number is {given[0]}, though there are rows up to {max(numbers)}"
                found.append(Refusal(shape.name, f"numbers for {name} beyond those that are taken", said))
            elif any(not _fits(column, value) for value in given):
                said = f"the default of {name} is stored as {given[0]!r}"
                found.append(Refusal(shape.name, f"a default for {name} that is of the column's type", said))
        return found

    def _omitted(self, shape: Shape) -> list[str]:
        """Columns that the server fills, but for those whose values others bind."""
        bound = {name for each in shape.references for name in each.columns}
        unique = {name for each in shape.uniques for name in each}
        return [
            column.name
            for column in shape.written
            if column.name not in bound
            and (
                column.numbered
                or column.name == self.numbered.get(shape.name)
                or (
                    column.default is not None
                    and (column.name not in unique or not _is_value(column.default))
                )
            )
        ]

    def with_all_values(self, filled: Filled) -> list[Refusal]:
        """Refusals of ordinary rows by tables that took them before."""
        return [
            Refusal(table, "an ordinary row", said)
            for table, said in filled.not_filled.items()
            if table in self.before.rows and self.before.rows[table].rows and self.after.rows[table].rows
        ]

    def never_taken(self, filled: Filled) -> list[Refusal]:
        """New tables that would take no row at all, whatever its values: what they are made of is at fault."""
        new = [table for table in filled.not_filled if table not in self.before.shapes]
        maker = Maker(self.connection, Kind.ORDINARY, self.after.shapes, Order(new, self.first, 1))
        return [
            Refusal(table, "any row", self._dangling(table) + said)
            for table in new
            for row in maker.rows(self.after.shapes[table])
            if (said := self._schema_fault(table, row))
        ]

    def _dangling(self, table: str) -> str:
        """Which of a table's foreign keys refers to nothing, if one does: SQLite's message does not speak of keys."""
        shape = self.after.shapes[table]
        gone = (each.parent for each in shape.references if each.parent not in self.after.shapes)
        return next((f"its foreign key to {parent}, which is not there: " for parent in gone), "")

    def _schema_fault(self, table: str, row: Row) -> str:
        """What the server says of the schema rather than of the row's values, else empty."""
        statement = sa.insert(sa.table(table, *(sa.column(name) for name in row)))
        inside = self.connection.begin_nested()
        try:
            self.connection.execute(statement, row)
        except sa.exc.ProgrammingError as error:
            return describe(error)
        except (sa.exc.OperationalError, sa.exc.DataError) as error:
            return describe(error) if self._is_schemas(table, error) else ""
        except (sa.exc.SQLAlchemyError, ArithmeticError, ValueError, TypeError):
            # About this row's values, of which other rows have others.
            return ""
        finally:
            inside.rollback()
        return ""

    def _is_schemas(self, table: str, error: sa.exc.DBAPIError) -> bool:
        """Whether an error is not about the row, although the driver would say so of others too."""
        if isinstance(error, sa.exc.OperationalError) and self.connection.dialect.name == "sqlite":
            # Where the others' drivers speak of the session or of a CHECK, SQLite's speaks of SQL that cannot work.
            return True
        shape = self.after.shapes[table]
        computes = any(each.generated and not each.numbered for each in shape.columns.values())
        # A plain value of a type that is known can be wrong only for what is computed from it.
        return computes and not shape.checks and all(map(is_known, shape.written))


def _is_value(default: str) -> bool:
    """Whether a default is the same for all rows, as far as its text shows."""
    return re.search(r"\(|\b(?:current|local|now|uuid)", default, re.IGNORECASE) is None


def _fits(column: Column, value: Any) -> bool:
    """Whether a value is of its column's type; SQLite alone keeps others too."""
    if value is None:
        return True
    kind = canonical(value)[0]
    if isinstance(column.type, types.Boolean):
        return value in (0, 1)
    if isinstance(column.type, (types.Integer, types.Numeric, types.Float)):
        return bool(kind == "number")
    if isinstance(column.type, (types.DateTime, types.Date)):
        return bool(kind == "time")
    return True
