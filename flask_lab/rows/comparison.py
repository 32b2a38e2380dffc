"""Rows as the driver gives them, and what became of them from one state of a database to another."""

from __future__ import annotations

import json
import math
import struct
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from flask_lab.rows.shape import Column, Shape, read_shapes

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TableRows:
    """The rows of one table, each a value per column, ordered by key, or by all columns where there is none."""

    key: tuple[str, ...]
    rows: tuple[Values, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.rows[0]) if self.rows else ()


@dataclass(frozen=True, slots=True)
class Renames:
    """What is called otherwise afterwards; columns by the table's name before."""

    tables: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def table(self, name: str, there: Collection[str]) -> str:
        """The name that a table has afterwards; a renamed one may have been replaced under its old name."""
        new = self.tables.get(name, name)
        return new if new in there else name

    def column(self, table: str, name: str, there: Collection[str]) -> str:
        new = self.columns.get((table, name), name)
        return new if new in there else name


@dataclass(frozen=True, slots=True)
class Change:
    """A row that is gone, or a value that is another; names as they were before."""

    table: str
    column: str | None
    """None for a row that is gone."""
    before: Values
    after: Values | None


def read_back(connection: Connection, shapes: Mapping[str, Shape] | None = None) -> dict[str, TableRows]:
    """The rows of every table, past SQLAlchemy's types: what an app cannot read any more is seen too."""
    known = read_shapes(connection) if shapes is None else shapes
    return {name: _read(connection, shape) for name, shape in known.items()}


def _read(connection: Connection, shape: Shape) -> TableRows:
    names = [column.name for column in shape.columns.values() if column.name not in _computed(shape)]
    chosen = [_as_kept(connection, shape.columns[name]) for name in names]
    found = connection.execute(sa.select(*chosen).select_from(sa.table(shape.name)))
    rows = [dict(zip(names, map(_held, row), strict=True)) for row in found]
    rows.sort(key=lambda row: tuple(_sortable(row[name]) for name in shape.key or names if name in row))
    return TableRows(shape.key, tuple(rows))


def _as_kept(connection: Connection, column: Column) -> sa.ColumnElement[Any]:
    """A column past the driver, for which JSON's null and NULL are one, and a JSON string the text in it."""
    chosen: sa.ColumnClause[Any] = sa.column(column.name)
    is_read = connection.dialect.name == "postgresql" and isinstance(column.type, sa.JSON)
    return sa.cast(chosen, sa.Text) if is_read else chosen


def _computed(shape: Shape) -> set[str]:
    """Generated columns say nothing of their own; identity columns are generated too, and are keys."""
    return {column.name for column in shape.columns.values() if column.generated and not column.numbered}


def _held(value: Any) -> Any:
    return bytes(value) if isinstance(value, (memoryview, bytearray)) else value


def _sortable(value: Any) -> tuple[str, Any]:
    if isinstance(value, (int, float, Decimal)):
        return "number", Decimal(0) if math.isnan(value) else Decimal(str(value))
    return type(value).__name__, str(value)


def compare(
    before: Mapping[str, TableRows],
    after: Mapping[str, TableRows],
    renames: Renames = Renames(),
) -> list[Change]:
    """What was lost or changed of the rows before, in the tables and columns that both states have."""
    changes: list[Change] = []
    for table, old in before.items():
        new_name = renames.table(table, after)
        # The very same object was not read again, because nothing touched the table.
        if new_name in after and old.rows and after[new_name] is not old:
            new = after[new_name]
            names = {name: renames.column(table, name, new.columns) for name in old.columns}
            changes += _compare_table(table, old, new, {k: v for k, v in names.items() if v in new.columns})
    return changes


def _compare_table(table: str, old: TableRows, new: TableRows, names: Mapping[str, str]) -> Iterator[Change]:
    if not new.rows:
        yield from (Change(table, None, row, None) for row in old.rows)
        return
    pairs = _pairs_by_key(old, new, names)
    if pairs is None:
        # A key that was given anew says nothing; what else is in the rows has to tell.
        names = {name: later for name, later in names.items() if name not in old.key} or names
        pairs = _pairs_by_all(old.rows, new.rows, names)
    for row, partner in pairs:
        if partner is None:
            yield Change(table, None, row, None)
            continue
        for name, new_name in names.items():
            if not same(row[name], partner[new_name]):
                yield Change(table, name, row, partner)


Pairs = list[tuple[Values, Values | None]]


def _pairs_by_key(old: TableRows, new: TableRows, names: Mapping[str, str]) -> Pairs | None:
    """Each row before with what it is afterwards; None where no key is found again."""
    if not old.key or not all(name in names for name in old.key):
        return None
    rows = {tuple(canonical(row[names[name]]) for name in old.key): row for row in new.rows}
    keys = [tuple(canonical(row[name]) for name in old.key) for row in old.rows]
    if not any(key in rows for key in keys):
        return None
    return [(row, rows.get(key)) for row, key in zip(old.rows, keys, strict=True)]


def _pairs_by_all(old: Sequence[Values], new: Sequence[Values], names: Mapping[str, str]) -> Pairs:
    """The rows that are not found again as they were, each with what may have become of it."""
    left = Counter(tuple(canonical(row[name]) for name in names.values()) for row in new)
    unmatched = []
    for row in old:
        key = tuple(canonical(row[name]) for name in names)
        if left[key]:
            left[key] -= 1
        else:
            unmatched.append(row)
    others = [row for row in new if left[tuple(canonical(row[name]) for name in names.values())] > 0]
    # What is left over on both sides may be the same rows changed, or other rows: equal numbers speak for the first.
    changed = len(others) == len(unmatched) and (len(unmatched) < len(old) or len(old) == len(new))
    return [(row, others[place] if changed else None) for place, row in enumerate(unmatched)]


def same(before: Any, after: Any) -> bool:
    """Whether a value is still what it was; another type that can hold it is no change."""
    if before is None or after is None:
        return before is after
    if type(before) is type(after) and before == after:
        return True
    if isinstance(before, float) and isinstance(after, float):
        return math.isclose(before, after, rel_tol=1e-12) or _widened_float(before, after)
    spelling = canonical(before)
    # '1.10' and '1.1' are one number, and two texts.
    texts = isinstance(before, str) and isinstance(after, str)
    return bool(spelling == canonical(after)) and not (texts and spelling[0] == "number")


def _widened_float(before: float, after: float) -> bool:
    """A single-precision number shows all its digits only when it becomes a double-precision one."""
    try:
        single = [struct.unpack("f", struct.pack("f", each))[0] for each in (before, after)]
    except OverflowError:
        return False
    return (
        single[1] == after
        and single[0] == after
        and len(f"{before:g}") <= 9
        and math.isclose(before, after, rel_tol=1e-6)
    )


def canonical(value: Any) -> Any:  # noqa: PLR0911  (a case per type)
    """One hashable spelling for all types that a value may have on its way: 1, True, '1' and Decimal('1.00')."""
    match value:
        case None:
            return None
        case bool():
            return ("number", Decimal(int(value)))
        case int() | float() | Decimal():
            return ("number", _decimal(value))
        case datetime():
            return (
                "time",
                (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat(),
            )
        case date():
            return ("time", datetime(value.year, value.month, value.day, tzinfo=UTC).isoformat())
        case time() | timedelta():
            return ("clock", _seconds(value))
        case bytes():
            return _canonical_bytes(value)
        case UUID():
            return ("text", value.hex)
        case dict() | list() | tuple():
            return ("json", json.dumps(value, sort_keys=True, default=str))
        case str():
            return _canonical_text(value)
    return ("text", str(value))


def _canonical_text(text: str) -> Any:
    if not text or text != text.strip():
        return ("text", text)
    if text[0] in "{[" and text[-1] in "}]":
        try:
            return ("json", json.dumps(json.loads(text), sort_keys=True))
        except ValueError:
            return ("text", text)
    if text[0] in "0123456789-":
        return _canonical_figures(text)
    return ("text", text)


def _canonical_figures(text: str) -> Any:
    """Texts that are numbers, times or identifiers, as those types would hold them."""
    bare = text.removeprefix("-")
    if bare.replace(".", "", 1).isdigit() and (bare[0] != "0" or bare == "0" or bare.startswith("0.")):
        return ("number", _decimal(text))
    for read, kind in ((datetime.fromisoformat, "time"), (time.fromisoformat, "clock")):
        try:
            found: Any = read(text) if not text.isdigit() else None
        except ValueError:
            continue
        if found is not None:
            return canonical(found) if kind == "time" else ("clock", _seconds(found))
    if len(text) == 36:
        return ("text", text.replace("-", "").lower()) if text.count("-") == 4 else ("text", text)
    return ("text", text)


def _canonical_bytes(value: bytes) -> Any:
    try:
        return canonical(value.decode())
    except UnicodeDecodeError:
        return ("bytes", value.hex())


def _decimal(value: Any) -> Any:
    try:
        number = Decimal(repr(value) if isinstance(value, float) else str(value))
    except InvalidOperation:
        return str(value)
    return number.normalize() if number.is_finite() else str(number)


def _seconds(value: time | timedelta) -> float:
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1_000_000
