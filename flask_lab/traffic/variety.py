"""Expressions that make one value into as many as there are rows, where a column takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from flask_lab.rows import FIRST, Column, Shape, names

ROOM = 4
"""How many characters of the old text are worth keeping beside the number."""
INTEGERS = {"SMALLINT": 2**15 - 1, "TINYINT": 2**7 - 1, "MEDIUMINT": 2**23 - 1, "YEAR": 0}
Expression = sa.ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Variety:
    """Other values for the columns of one table: one for each `number`, none of which is over `top`."""

    connection: Connection
    shape: Shape
    number: Expression
    top: int

    def of(self, column: Column, old: Expression) -> Expression | None:
        """Another value than `old` for each number; None where a column has no room for that."""
        kind = column.type
        if column.bounds.choices or isinstance(kind, (sa.Boolean, sa.Enum)):
            return None
        if isinstance(kind, sa.Uuid):
            is_postgres = self.connection.dialect.name == "postgresql"
            return sa.cast(sa.func.md5(self._text), kind) if is_postgres else sa.func.uuid()
        if isinstance(kind, sa.LargeBinary) or "BINARY" in kind.__visit_name__.upper():
            return self._bytes()
        if isinstance(kind, sa.String):
            return self._words(kind, old)
        if isinstance(kind, (sa.Integer, sa.Numeric)):
            return self._count(column)
        return None

    def is_free(self, column: Column) -> bool:
        """Whether any text will do: no reference, check or list of values is about the column."""
        bound = {name for each in self.shape.references for name in each.columns}
        return (
            isinstance(column.type, sa.String)
            and not isinstance(column.type, sa.Enum)
            and column.name not in bound
            and not column.bounds.choices
            and not any(
                names(check, column.name) or f"len__{column.name}" in check for check in self.shape.checks
            )
        )

    @property
    def _text(self) -> Expression:
        if self.connection.dialect.name == "sqlite":
            # It takes a number for a text, and is slower where it is told to.
            return sa.type_coerce(self.number, sa.String(20))
        return sa.cast(self.number, sa.String(20))

    def _words(self, kind: sa.String, old: Expression) -> Expression | None:
        """The number before as much of the old text as there is room for: its end may have to be as it is."""
        digits = len(str(self.top))
        if kind.length is None:
            return self._text.concat(sa.func.substr(old, 1, 100))
        if kind.length < digits:
            return None
        room = kind.length - digits
        return self._text.concat(sa.func.substr(old, 1, room)) if room >= ROOM else self._text

    def _bytes(self) -> Expression:
        match self.connection.dialect.name:
            case "postgresql":
                return sa.func.decode(sa.func.md5(self._text), "hex")
            case "sqlite":
                return sa.cast(self._text, sa.LargeBinary)
        return sa.func.unhex(sa.func.md5(self._text))

    def _count(self, column: Column) -> Expression | None:
        """Numbers behind the largest that is there, and behind those that a revision may give by itself."""
        highest: sa.Select[Any] = sa.select(sa.func.max(sa.column(column.name))).select_from(
            sa.table(self.shape.name)
        )
        start = int(self.connection.execute(highest).scalar() or 0)
        kind = column.type
        limit = INTEGERS.get(kind.__visit_name__.upper(), 2**31 - 1)
        if isinstance(kind, sa.BigInteger):
            limit = 2**63 - 1
        if isinstance(kind, sa.Numeric):
            limit = 10 ** (kind.precision - (kind.scale or 0)) - 1 if kind.precision else 2**31
        if column.bounds.high is not None:
            limit = min(limit, int(column.bounds.high))
        if max(start, FIRST) + self.top <= limit:
            start = max(start, FIRST)
        return sa.literal_column(str(start)) + self.number if start + self.top <= limit else None
