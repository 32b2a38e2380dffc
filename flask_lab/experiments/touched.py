"""What a revision asked for, so that what went beyond it can be told: parts of a schema lost by the way."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from alembic.operations import ops

from flask_lab.migrator import Step
from flask_lab.schema import Difference, Name

WORD = re.compile(r"[^\W\d][\w$]*")
# What follows from each thing that alter_column can be asked to change.
FOLLOWS = {
    "modify_type": {"type", "collation", "storage", "sequence", "generated", "stored"},
    "modify_nullable": {"nullable"},
    "modify_server_default": {"default", "sequence", "generated", "stored", "identity"},
    "modify_comment": {"comment"},
}
# Of the database as a whole, which a revision reaches by SQL of its own only.
OUTER = ("database", "schema", "extension")


def lost(found: Iterable[Difference], step: Step) -> list[Difference]:
    """The differences in which something is gone or changed that nothing in the step's revision asked for."""
    asked = _Asked.in_step(step)
    return [
        each for each in found if not _is_new(each) and each.name.kind not in OUTER and not asked.covers(each)
    ]


def _is_new(difference: Difference) -> bool:
    return difference.attribute is None and difference.before is None


@dataclass(slots=True)
class _Asked:
    """What operations and SQL of a revision name, in lower case."""

    words: set[str] = field(default_factory=set)
    tables: set[str] = field(default_factory=set)
    """Made, dropped or renamed as a whole."""
    parts: set[tuple[str, str]] = field(default_factory=set)
    """Tables and the names of indexes and constraints on them."""
    columns: set[tuple[str, str]] = field(default_factory=set)
    """Tables and the columns added, dropped or renamed in them."""
    aspects: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    """Attributes of columns that were to change."""
    unnamed: set[str] = field(default_factory=set)
    """Tables with an operation on a constraint that it does not name."""
    indexed: set[tuple[str, tuple[str, ...]]] = field(default_factory=set)
    """Tables and the columns of new keys and indexes: MySQL gives up an index of its own for them."""

    @classmethod
    def in_step(cls, step: Step) -> _Asked:
        asked = cls()
        for statement in step.direct:
            asked.words.update(WORD.findall(statement.lower()))
        for operation in step.operations:
            asked.take(operation)
        return asked

    def take(self, operation: Any) -> None:
        """Note one operation."""
        match operation:
            case ops.ExecuteSQLOp():
                self.words.update(WORD.findall(str(operation.sqltext).lower()))
            case ops.CreateTableOp() | ops.DropTableOp():
                self.tables.add(operation.table_name.lower())
            case ops.RenameTableOp():
                self.tables.update((operation.table_name.lower(), operation.new_table_name.lower()))
            case ops.AddColumnOp():
                self.columns.add((operation.table_name.lower(), operation.column.name.lower()))
            case ops.DropColumnOp():
                self.columns.add((operation.table_name.lower(), operation.column_name.lower()))
            case ops.AlterColumnOp():
                self._take_change(operation)
            case ops.CreateTableCommentOp() | ops.DropTableCommentOp():
                self.parts.add((operation.table_name.lower(), ""))
            case _:
                self._take_part(operation)

    def _take_change(self, operation: ops.AlterColumnOp) -> None:
        place = (operation.table_name.lower(), operation.column_name.lower())
        if operation.modify_name:
            self.columns.update((place, (place[0], operation.modify_name.lower())))
        for asked, attributes in FOLLOWS.items():
            if getattr(operation, asked) not in (None, False) or asked == "modify_nullable":
                if asked == "modify_nullable" and operation.modify_nullable is None:
                    continue
                self.aspects.setdefault(place, set()).update(attributes)
        # None is a wish too: no default, no comment.
        for asked in ("modify_server_default", "modify_comment"):
            if getattr(operation, asked) is None:
                self.aspects.setdefault(place, set()).update(FOLLOWS[asked])
        if "autoincrement" in operation.kw:
            self.aspects.setdefault(place, set()).update(("auto increment", "sequence", "identity"))

    def _take_part(self, operation: Any) -> None:
        """An operation on an index or a constraint."""
        table = str(
            getattr(operation, "table_name", None) or getattr(operation, "source_table", None) or ""
        ).lower()
        name = getattr(operation, "index_name", None) or getattr(operation, "constraint_name", None)
        if isinstance(name, str):
            self.parts.add((table, name.lower()))
        else:
            self.unnamed.add(table)
        columns = getattr(operation, "columns", None) or getattr(operation, "local_cols", None) or ()
        self.indexed.add((table, tuple(str(getattr(each, "name", each)).lower() for each in columns)))

    def covers(self, difference: Difference) -> bool:
        """Whether something asked for the difference, or for what brings it about."""
        name = difference.name
        table, own = (name.table or name.name).lower(), name.name.lower()
        if self.tables & {table, own} or own in self.words or (not own and table in self.words):
            return True
        if name.kind == "column":
            place = (table, own)
            return place in self.columns or difference.attribute in self.aspects.get(place, ())
        mentioned = _mentioned(difference)
        if any(each == table and column in mentioned for each, column in {*self.columns, *self.aspects}):
            return True
        if any(each in mentioned for each in self.tables):
            return True
        if (table, own) in self.parts or ("", own) in self.parts or self._is_unnamed(name, table):
            return True
        return bool(mentioned & self.words) or self._is_replaced(difference, table)

    def _is_unnamed(self, name: Name, table: str) -> bool:
        return table in self.unnamed and (not name.name or name.name.startswith("(") or name.kind != "index")

    def _is_replaced(self, difference: Difference, table: str) -> bool:
        """Whether an index is gone that a new one begins with."""
        before = difference.before
        columns = before.get("columns") if isinstance(before, dict) else None
        if difference.name.kind != "index" or not isinstance(columns, tuple):
            return False
        wanted = tuple(each.lower() for each in columns)
        return any(each == table and made[: len(wanted)] == wanted for each, made in self.indexed)


def _mentioned(difference: Difference) -> set[str]:
    """Every word in what a part of a schema is made of: its columns, its condition, the table it refers to."""
    values = [difference.before, difference.after]
    if difference.attribute is None and isinstance(difference.before, dict):
        values = list(difference.before.values())
    flat = [part for value in values for part in (value if isinstance(value, tuple) else (value,))]
    return {word for part in flat if isinstance(part, str) for word in WORD.findall(part.lower())}
