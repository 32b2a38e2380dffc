"""What a revision asks so that it can run again after a crash.

MySQL and MariaDB commit around every DDL statement: a revision that dies behind one has left it done, and its version
unrecorded. So each step first asks whether it is still to be done. In offline mode there is nobody to ask: all is.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def missing(
    table: str, *, column: str | None = None, index: str | None = None, constraint: str | None = None
) -> bool:
    """True while `table`, or the column, index or constraint named, has yet to be made."""
    return op.get_context().as_sql or not _stands(table, column, index, constraint)


def present(
    table: str, *, column: str | None = None, index: str | None = None, constraint: str | None = None
) -> bool:
    """True while `table`, or the column, index or constraint named, has yet to be dropped."""
    return op.get_context().as_sql or _stands(table, column, index, constraint)


def required(table: str, column: str) -> bool:
    """True once `column` is NOT NULL; never in offline mode."""
    return not op.get_context().as_sql and not _column(table, column)["nullable"]


def _stands(table: str, column: str | None, index: str | None, constraint: str | None) -> bool:
    inspector = sa.inspect(op.get_bind())
    if not inspector.has_table(table):
        return False
    if column:
        return any(found["name"] == column for found in inspector.get_columns(table))
    if index:
        return any(found["name"] == index for found in inspector.get_indexes(table))
    if constraint:
        return constraint in _constraints(inspector, table)
    return True


def _constraints(inspector: sa.Inspector, table: str) -> set[str | None]:
    found = [
        *inspector.get_unique_constraints(table),
        *inspector.get_foreign_keys(table),
        *inspector.get_check_constraints(table),
    ]
    return {constraint["name"] for constraint in found}


def _column(table: str, name: str) -> sa.engine.interfaces.ReflectedColumn:
    return next(found for found in sa.inspect(op.get_bind()).get_columns(table) if found["name"] == name)
