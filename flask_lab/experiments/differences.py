"""What Alembic's autogenerate finds between models and a database, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Column, Dialect, Table
from sqlalchemy.exc import CompileError
from sqlalchemy.schema import Constraint, ForeignKeyConstraint, Index
from sqlalchemy.types import TypeEngine

from flask_lab.experiments.modelled import Modelled


def flat(diffs: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    """Alembic lists a column's changes together, and everything else by itself."""
    for diff in diffs:
        if isinstance(diff, tuple):
            yield diff
        else:
            yield from diff


def in_words(diff: tuple[Any, ...], dialect: Dialect, made: Modelled | None = None) -> str:
    """One difference in words. `add` in Alembic's terms is what the models have and the database has not."""
    kind, *details = diff
    if kind.startswith("modify_"):
        _schema, table, column, _existing, database, models = details
        if made is not None and (told := made.values(kind, table, column)):
            models, database = told
        says = [_value(kind, value, dialect) for value in (models, database)]
        return f"{table}.{column}: the models say {says[0]}, the database says {says[1]}"
    verb, _, what = kind.partition("_")
    holders = ("the models", "the database") if verb == "add" else ("the database", "the models")
    return f"{_named(what, details)}: {holders[0]} {_has(holders[0])} it, {holders[1]} {_has(holders[1])} not"


def _has(holder: str) -> str:
    return "have" if holder == "the models" else "has"


def _value(kind: str, value: Any, dialect: Dialect) -> str:
    if isinstance(value, TypeEngine):
        return f"type {type_of(value, dialect)}"
    if kind == "modify_nullable":
        return "NULL" if value else "NOT NULL"
    what = kind.removeprefix("modify_")
    if value is None or value is False:
        return f"no {what}"
    return f"{what} {getattr(value, 'arg', value)}"


def type_of(kind: TypeEngine[Any], dialect: Dialect) -> str:
    """A type as the product spells it: for Python alone, one list of labels looks like the other."""
    try:
        return kind.compile(dialect=dialect)
    except CompileError:
        return str(kind)


def _named(what: str, details: list[Any]) -> str:
    found = details[-1] if what == "column" else details[0]
    match found:
        case Table():
            return f"table {found.name}" if what == "table" else f"comment of table {found.name}"
        case Column():
            return f"column {details[1]}.{found.name}"
        case Index():
            return f"index {found.name} on {found.table.name if found.table is not None else '?'}"
        case ForeignKeyConstraint():
            to = ", ".join(element.target_fullname for element in found.elements)
            return f"foreign key from {found.parent.name}.{', '.join(found.column_keys)} to {to}"
        case Constraint():
            kind = type(found).__name__.removesuffix("Constraint").lower()
            return f"{kind} constraint {found.name or 'without a name'} on {found.parent.name}"
    return f"{what.replace('_', ' ')} {found}"
