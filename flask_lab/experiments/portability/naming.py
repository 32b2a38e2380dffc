"""Names: those that are too long for a product, and constraints that have none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, ForeignKeyConstraint, PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.schema import Constraint, Table

from flask_lab.experiments.portability.paper import made_table
from flask_lab.experiments.portability.reading import stripped


@dataclass(frozen=True, slots=True)
class Limit:
    """How long names may be."""

    length: int
    unit: str

    def measure(self, name: str) -> int:
        """A name's length in the unit."""
        return len(name.encode()) if self.unit == "bytes" else len(name)


LIMITS = {
    "postgres": Limit(63, "bytes"),
    "mysql": Limit(64, "characters"),
    "mariadb": Limit(64, "characters"),
}
"""SQLite has none."""
DEFINES = re.compile(r"\s*(CREATE|ALTER|RENAME)\b", re.IGNORECASE)
NAME = re.compile(r'"((?:[^"]|"")+)"|`((?:[^`]|``)+)`|([^\W\d][\w$]*)')
COLUMNS = ", ".join


def too_long(statement: str, product: str) -> Iterator[str]:
    """The names in a statement that defines something, as far as they are longer than the product takes."""
    limit = LIMITS.get(product)
    if limit is None or not DEFINES.match(statement):
        return
    for quoted, ticked, bare in NAME.findall(stripped(statement, product, keeps_names=True)):
        name = quoted or ticked or bare
        if limit.measure(name) > limit.length:
            yield name


def unnamed(operation: Any, context: MigrationContext) -> Iterator[str]:
    """The constraints that an operation makes without a name, or drops by none, in words."""
    match operation:
        case ops.CreateTableOp() | ops.AddColumnOp():
            yield from _without_name(made_table(operation, context))
        case ops.DropConstraintOp():
            if operation.constraint_name is None:
                yield f"a constraint of {operation.table_name}, to be dropped"
        case ops.CreatePrimaryKeyOp():
            return
        case ops.AddConstraintOp():
            made = operation.to_constraint(context)
            if not isinstance(made.name, str):
                yield _words(made)


def _without_name(table: Table) -> Iterator[str]:
    for each in sorted(table.constraints, key=_words):
        # What SQLAlchemy makes for its own types, it also finds again by itself.
        is_own = getattr(each, "_type_bound", False) or isinstance(each, PrimaryKeyConstraint)
        if not is_own and not isinstance(each.name, str):
            yield _words(each)


def _words(made: Constraint) -> str:
    table = made.table.name if made.table is not None else "?"
    match made:
        case UniqueConstraint():
            return f"unique ({COLUMNS(column.name for column in made.columns)}) of {table}"
        case ForeignKeyConstraint():
            to = made.elements[0].target_fullname.rpartition(".")[0]
            return f"foreign key ({COLUMNS(made.column_keys)}) of {table} to {to}"
        case CheckConstraint():
            return f"check ({made.sqltext}) of {table}"
    return f"{type(made).__name__} of {table}"
