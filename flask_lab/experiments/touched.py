"""What a revision asked for, so that what went beyond it can be told: parts of a schema lost by the way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from alembic.operations import ops
from sqlalchemy.dialects.mysql.reserved_words import RESERVED_WORDS_MYSQL
from sqlalchemy.types import SchemaType, String

from flask_lab.migrator import Step
from flask_lab.schema import Difference, Name

WORD = re.compile(r"[^\W\d][\w$]*")
# What follows from each thing that alter_column can be asked to change.
FOLLOWS = {
    "modify_type": {"type", "storage", "sequence", "generated", "stored"},
    "modify_nullable": {"nullable"},
    "modify_server_default": {"default", "sequence", "generated", "stored", "identity"},
    "modify_comment": {"comment"},
}
# Of the database as a whole, which a revision reaches by SQL of its own only.
OUTER = ("database", "schema", "extension")
# What changes rows or settings, or asks, changes no schema.
NO_DDL = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(?:update|insert|delete|replace|merge|with|pragma|set|select\b.*\bfrom)\b",
    re.IGNORECASE | re.DOTALL,
)
WHOLE = re.compile(
    r"\b(?:create|drop|rename)\s+(?:temporary\s+)?table\s+(?:if\s+(?:not\s+)?exists\s+)?[\"`\[]?(\w+)"
    r"|\brename\s+to\s+[\"`\[]?(\w+)",
    re.IGNORECASE,
)
# MySQL's own statements take a column's whole definition; what each part of one is said by.
RESTATES = re.compile(r"\balter\b.*\b(?:modify|change)\b", re.IGNORECASE | re.DOTALL)
SAID_BY = {
    "nullable": {"null"},
    "default": {"default"},
    "comment": {"comment"},
    "on update": {"update"},
    "auto increment": {"auto_increment"},
    "collation": {"collate", "charset", "character"},
}
RENAMES = re.compile(
    r"\balter\s+table\s+[\"`]?(\w+)[\"`]?\s.*?\bchange\s+(?:column\s+)?[\"`]?(\w+)[\"`]?\s+[\"`]?(\w+)",
    re.IGNORECASE | re.DOTALL,
)
# In so many statements and definitions that they tell nothing.
KEYWORDS = RESERVED_WORDS_MYSQL | {
    "after",
    "begin",
    "comment",
    "end",
    "execute",
    "function",
    "new",
    "old",
    "returns",
}
COMMENT = "(comment)"
UNSAID = (None, "BINARY")
"""A collation that nobody chose."""


def lost(found: Iterable[Difference], step: Step) -> list[Difference]:
    """The differences in which something is gone or changed that nothing in the step's revision asked for."""
    asked = _Asked.in_step(step)
    every = list(found)
    gone = [
        each
        for each in every
        if not _is_gain(each) and each.name.kind not in OUTER and not asked.covers(each)
    ]
    followed = (each for each in asked.followed(every) if not _is_gain(each))
    return gone + [each for each in followed if not asked.covers_aspect(each)]


def _is_gain(difference: Difference) -> bool:
    """Whether something came that was not there: a part, or what a part did not do; NULL allowed is a loss."""
    if difference.attribute is None:
        return difference.before is None
    return difference.before is False and difference.attribute != "nullable"


@dataclass(frozen=True, slots=True)
class _Statement:
    """SQL of the revision's own that may change a schema."""

    words: frozenset[str]
    restates: bool
    """Whether it gives a column's whole definition."""

    def says(self, attribute: str | None) -> bool:
        """Whether it may be about this attribute of a column that it names."""
        wanted = SAID_BY.get(attribute or "")
        return not self.restates or wanted is None or not wanted.isdisjoint(self.words)


@dataclass(slots=True)
class _Asked:
    """What operations and SQL of a revision name, in lower case."""

    statements: list[_Statement] = field(default_factory=list)
    tables: set[str] = field(default_factory=set)
    """Made, dropped or renamed as a whole."""
    parts: set[tuple[str, str]] = field(default_factory=set)
    """Tables and the names of indexes and constraints on them."""
    columns: set[tuple[str, str]] = field(default_factory=set)
    """Tables and the columns added, dropped or renamed in them."""
    renamed: dict[tuple[str, str], str] = field(default_factory=dict)
    """The old names of columns by their tables and new names."""
    aspects: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    """Attributes of columns that were to change."""
    checked: set[tuple[str, str]] = field(default_factory=set)
    """Tables and columns whose old type or new one comes with a CHECK."""
    unnamed: set[str] = field(default_factory=set)
    """Tables with an operation on a constraint that it does not name."""
    indexed: set[tuple[str, tuple[str, ...]]] = field(default_factory=set)
    """Tables and the columns of new keys and indexes: MySQL gives up an index of its own for them."""

    @classmethod
    def in_step(cls, step: Step) -> _Asked:
        asked = cls()
        for statement in step.direct:
            asked.read(statement)
        for operation in step.operations:
            asked.take(operation)
        return asked

    def read(self, sql: str) -> None:
        """Note what SQL names."""
        for statement in sql.split(";"):
            if NO_DDL.match(statement):
                continue
            words = frozenset(WORD.findall(statement.lower()))
            self.statements.append(_Statement(words, RESTATES.search(statement) is not None))
            self.tables.update((one or other).lower() for one, other in WHOLE.findall(statement))
            for table, old, new in RENAMES.findall(statement.lower()):
                said = {each for each, saying in SAID_BY.items() if not saying.isdisjoint(words)}
                self.renamed[table, new] = old
                self.aspects.setdefault((table, old), set()).update(FOLLOWS["modify_type"], said)

    def take(self, operation: Any) -> None:
        """Note one operation."""
        match operation:
            case ops.ExecuteSQLOp():
                self.read(str(operation.sqltext))
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
                self.parts.add((operation.table_name.lower(), COMMENT))
            case _:
                self._take_part(operation)

    def _take_change(self, operation: ops.AlterColumnOp) -> None:
        place = (operation.table_name.lower(), operation.column_name.lower())
        aspects = self.aspects.setdefault(place, set())
        if operation.modify_name:
            new = (place[0], operation.modify_name.lower())
            self.columns.update((place, new))
            self.renamed[new] = place[1]
        for asked, attributes in FOLLOWS.items():
            # None is a wish too: no default, no comment.
            unasked = (False,) if asked in {"modify_server_default", "modify_comment"} else (None,)
            if not any(getattr(operation, asked) is each for each in unasked):
                aspects.update(attributes)
        kinds = [each for each in (operation.existing_type, operation.modify_type) if each is not None]
        if any(isinstance(each, SchemaType) for each in kinds):
            self.checked.add(place)
        is_text = isinstance(operation.modify_type, String)
        if operation.modify_type is not None and (not is_text or any(map(_collation, kinds))):
            aspects.add("collation")
        if "autoincrement" in operation.kw:
            aspects.update(("auto increment", "sequence", "identity"))

    def _take_part(self, operation: Any) -> None:
        """An operation on an index or a constraint."""
        table = str(
            getattr(operation, "table_name", None) or getattr(operation, "source_table", None) or ""
        ).lower()
        name = getattr(operation, "index_name", None) or getattr(operation, "constraint_name", None)
        is_key = isinstance(operation, ops.CreatePrimaryKeyOp) or (
            getattr(operation, "constraint_type", None) == "primary"
        )
        if is_key:
            self.parts.add((table, ""))
        elif isinstance(name, str):
            self.parts.add((table, name.lower()))
        else:
            self.unnamed.add(table)
        columns = getattr(operation, "columns", None) or getattr(operation, "local_cols", None) or ()
        self.indexed.add((table, tuple(str(getattr(each, "name", each)).lower() for each in columns)))

    def covers(self, difference: Difference) -> bool:
        """Whether something asked for the difference, or for what brings it about."""
        name = difference.name
        table, own = (name.table or name.name).lower(), name.name.lower()
        if self.tables & {table, own} or self._is_named(difference, table, own):
            return True
        if name.kind == "column":
            return (table, own) in self.columns or self.covers_aspect(difference)
        mentioned = _mentioned(difference)
        reached = {*self.columns, *self._reached(difference)}
        if mentioned & self.tables or any(each == table and column in mentioned for each, column in reached):
            return True
        if {(table, own), ("", own), (table, _nameless(difference))} & self.parts:
            return True
        return self._is_unnamed(name, table) or self._is_replaced(difference, table)

    def covers_aspect(self, difference: Difference) -> bool:
        """Whether it was asked for that a column's attribute should change, under its name now or before."""
        table, own = difference.name.table.lower(), difference.name.name.lower()
        if difference.attribute == "collation" and difference.before in UNSAID:
            return True
        places = {(table, own), (table, self.renamed.get((table, own), own))}
        return any(difference.attribute in self.aspects.get(place, ()) for place in places)

    def followed(self, found: Iterable[Difference]) -> Iterator[Difference]:
        """What differs between a column as it was and as it is under the name that the step gave it."""
        parts = {
            (each.name.table.lower(), each.name.name.lower()): each for each in found if _is_column(each)
        }
        for (table, new), old in self.renamed.items():
            before, after = parts.get((table, old)), parts.get((table, new))
            if before and after and isinstance(before.before, dict) and isinstance(after.after, dict):
                for attribute, value in before.before.items():
                    if after.after.get(attribute) != value:
                        yield Difference(after.name, attribute, value, after.after.get(attribute))

    def _is_named(self, difference: Difference, table: str, own: str) -> bool:
        """Whether a statement names what is another, or what that is made of."""
        made_of = _mentioned(difference) - KEYWORDS - {table}
        if difference.name.kind == "column":
            # A type or sequence that a column leans on is named without it; so is nothing else of a column.
            leans = difference.attribute in {"type", "default"} and self._reach(table, made_of)
            named = (each for each in self.statements if {table, own} <= each.words)
            # CONVERT TO CHARACTER SET names no columns.
            all_of_it = difference.attribute == "collation" and any(
                {table, "convert"} <= each.words for each in self.statements
            )
            return leans or all_of_it or any(each.says(difference.attribute) for each in named)
        name = own or table
        return any(name in each.words for each in self.statements) or self._reach(table, made_of)

    def _reach(self, table: str, words: set[str]) -> bool:
        """Whether a statement about the table, or about none, has one of these words."""
        about = (each.words for each in self.statements if table in each.words or "table" not in each.words)
        return any(not words.isdisjoint(each) for each in about)

    def _reached(self, difference: Difference) -> Iterable[tuple[str, str]]:
        """The columns whose own change may have changed this part of the table as well."""
        if difference.attribute is not None:
            return self.aspects
        # A type that comes with a CHECK takes it along; no other change of a column takes anything away.
        return self.checked if difference.name.kind == "check" else ()

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


def _is_column(difference: Difference) -> bool:
    return difference.name.kind == "column" and difference.attribute is None


def _nameless(difference: Difference) -> str:
    """What a comment of a table goes by, which has no name."""
    is_comment = difference.name.kind == "table" and difference.attribute == "comment"
    return COMMENT if is_comment else difference.name.name.lower()


def _collation(kind: Any) -> str | None:
    return getattr(kind, "collation", None)


def _mentioned(difference: Difference) -> set[str]:
    """Every word in what a part of a schema is made of: its columns, its condition, the table it refers to."""
    values = [difference.before, difference.after]
    if difference.attribute is None and isinstance(difference.before, dict):
        values = list(difference.before.values())
    flat = [part for value in values for part in (value if isinstance(value, tuple) else (value,))]
    return {word for part in flat if isinstance(part, str) for word in WORD.findall(part.lower())}
