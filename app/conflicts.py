"""Reads what a database says when it refuses a row, and names the fields. Every product says it in its own way.

The database's own word is the only one that holds when two requests race, so nothing here asks beforehand.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import ColumnCollectionConstraint

from .extensions import db
from .models import Model

Kind = Literal["unique", "reference", "check", "missing"]

POSTGRES: dict[str, Kind] = {"23505": "unique", "23503": "reference", "23514": "check", "23502": "missing"}
MYSQL: dict[int, Kind] = {
    1062: "unique",
    1451: "reference",
    1452: "reference",
    3819: "check",  # MySQL's
    4025: "check",  # MariaDB's
    1048: "missing",
}
SQLITE: dict[str, Kind] = {
    "SQLITE_CONSTRAINT_UNIQUE": "unique",
    "SQLITE_CONSTRAINT_PRIMARYKEY": "unique",
    "SQLITE_CONSTRAINT_ROWID": "unique",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "reference",
    "SQLITE_CONSTRAINT_CHECK": "check",
    "SQLITE_CONSTRAINT_NOTNULL": "missing",
}
SAYS: dict[Kind, str] = {
    "unique": "is taken",
    "reference": "names something that does not exist",
    "check": "is not allowed",
    "missing": "is missing",
}

# `Duplicate entry 'it's' for key 'users.uq_users_username'`: the value may hold quotes, the key does not.
MYSQL_KEY = re.compile(r"for key '(?:[^'.]*\.)?([^'.]+)'$")
# `CONSTRAINT `ck_…` failed` on MariaDB, `CONSTRAINT `fk_…` FOREIGN KEY` on both, `Check constraint 'ck_…'` on MySQL.
MYSQL_CONSTRAINT = re.compile(r"constraint [`'](?:[^`'.]*\.)?([^`'.]+)[`']", re.IGNORECASE)
MYSQL_COLUMN = re.compile(r"Column '([^']+)'")
SQLITE_COLUMN = re.compile(r"\w+\.(\w+)")
INSERTED = re.compile(r"INSERT INTO (\w+) \(([^)]*)\)")
UPDATED = re.compile(r"UPDATE (\w+) SET (.*?) WHERE", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Violation:
    """A row that the database refused, and the columns it was refused for (none where that cannot be told)."""

    kind: Kind
    columns: tuple[str, ...]

    @property
    def errors(self) -> dict[str, list[str]]:
        """Messages by field. Of several columns the last is the one a person has chosen within the others."""
        blamed = self.columns[-1:] if self.kind == "unique" else self.columns
        return {column: [SAYS[self.kind]] for column in blamed}


def violation(error: DBAPIError) -> Violation | None:
    """What constraint `error` is about, or None when it is about something else."""
    origin: Any = error.orig
    if isinstance(origin, sqlite3.Error):
        return _of_sqlite(origin, error)
    if code := getattr(origin, "pgcode", None):
        return _of_postgres(code, origin)
    return _of_mysql(origin, error)


def _of_postgres(code: str, origin: Any) -> Violation | None:
    kind = POSTGRES.get(code)
    if kind is None:
        return None
    if kind == "missing":
        return Violation(kind, (origin.diag.column_name,))
    return Violation(kind, _columns(origin.diag.constraint_name))


def _of_mysql(origin: Any, error: DBAPIError) -> Violation | None:
    code, message = (*origin.args, None, None)[:2] if origin is not None else (None, None)
    kind = MYSQL.get(code) if isinstance(code, int) else None
    if kind is None:
        return None
    pattern = {"unique": MYSQL_KEY, "missing": MYSQL_COLUMN}.get(kind, MYSQL_CONSTRAINT)
    found = pattern.search(str(message))
    name = found[1] if found else ""
    if kind == "missing":
        return Violation(kind, (name,) if name else ())
    if name == "PRIMARY":
        name = f"pk_{_statement_columns(error)[0]}"
    return Violation(kind, _columns(name))


def _of_sqlite(origin: sqlite3.Error, error: DBAPIError) -> Violation | None:
    kind = SQLITE.get(getattr(origin, "sqlite_errorname", ""))
    if kind is None:
        return None
    _, _, subject = str(origin).partition("failed: ")
    if kind == "reference":
        return Violation(kind, _orphans(error))
    if kind == "check":
        return Violation(kind, _columns(subject))
    return Violation(kind, tuple(SQLITE_COLUMN.findall(subject)))


def _columns(constraint: str | None) -> tuple[str, ...]:
    """The columns of the models' constraint of that name."""
    for table in Model.metadata.tables.values():
        for known in table.constraints:
            if known.name != constraint:
                continue
            if isinstance(known, sa.CheckConstraint):
                return tuple(
                    name
                    for name in sorted(table.columns.keys())
                    if re.search(rf"\b{name}\b", str(known.sqltext))
                )
            if isinstance(known, ColumnCollectionConstraint):
                return tuple(known.columns.keys())
    return ()


def _orphans(error: DBAPIError) -> tuple[str, ...]:
    """The columns of a refused row whose parent is not there: SQLite says only that some foreign key failed."""
    name, columns = _statement_columns(error)
    table = Model.metadata.tables.get(name)
    if table is None or not isinstance(error.params, tuple):
        return ()
    values = dict(zip(columns, error.params, strict=False))
    return tuple(
        key.parent.name
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name)
        if values.get(key.parent.name) is not None and not _has_row(key.column, values[key.parent.name])
    )


def _has_row(column: sa.Column[Any], value: object) -> bool:
    with db.engine.connect() as connection:
        reading = connection.execution_options(sqlite_writes=False)
        return reading.scalar(sa.select(sa.exists().where(column == value))) is True


def _statement_columns(error: DBAPIError) -> tuple[str, list[str]]:
    statement = error.statement or ""
    if found := INSERTED.match(statement):
        return found[1], [name.strip() for name in found[2].split(",")]
    if found := UPDATED.match(statement):
        return found[1], [part.partition("=")[0].strip() for part in found[2].split(",")]
    return "", []
