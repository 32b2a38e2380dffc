"""What a step's record says: what it renamed, what it changed on purpose, what it touched."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from alembic.operations.ops import AlterColumnOp, CreateTableOp, DropConstraintOp, DropIndexOp, DropTableOp
from sqlalchemy.types import Integer

from flask_lab.migrator import Step
from flask_lab.rows import Renames, Shape

_NAME = r"(?:\"[^\"]+\"|`[^`]+`|\[[^\]]+\]|\w+)"
_TABLE = rf"(?:{_NAME}\.)?({_NAME})"
_ALTER = rf"\balter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?{_TABLE}\s+"
_RENAME_TABLE = re.compile(
    rf"{_ALTER}rename\s+(?:to|as)\s+{_TABLE}|\brename\s+table\s+{_TABLE}\s+to\s+{_TABLE}", re.IGNORECASE
)
_RENAME_COLUMN = re.compile(
    rf"{_ALTER}(?:rename\s+(?:column\s+)?(?!to\b|as\b|constraint\b|index\b|key\b)({_NAME})\s+to\s+({_NAME})"
    rf"|change\s+(?:column\s+)?({_NAME})\s+({_NAME}))",
    re.IGNORECASE,
)
_UPDATE = re.compile(r"\bupdate\b(?P<tables>.+?)\bset\b(?P<rest>.+)", re.IGNORECASE | re.DOTALL)
_WRITTEN = re.compile(rf"\b(?:insert\s+(?:or\s+\w+\s+)?into|update|create\s+table)\s+{_TABLE}", re.IGNORECASE)
_INSERTED = re.compile(rf"\binsert\s+(?:or\s+\w+\s+)?into\s+{_TABLE}", re.IGNORECASE)
_WRITES = re.compile(r"\s*(?:with|insert|update|delete|merge)\b", re.IGNORECASE)
_END_OF_SET = re.compile(r"\b(?:where|from|returning|order|limit)\b", re.IGNORECASE)
# Whatever deletes rows of one table may delete or change those that refer to them.
_REACHES_CHILDREN = re.compile(r"\b(?:delete|drop\s+table|truncate|update|replace)\b", re.IGNORECASE)

_ALTERS = re.compile(r"\balter\s+table\b", re.IGNORECASE)
# Not those that copy a table while a batch rebuilds it.
_ON_ROWS = re.compile(r"(?:update|delete|insert|with)\b(?!\s+into\s+\W?_alembic_tmp_)", re.IGNORECASE)
_DROPS = re.compile(r"\bdrop\b", re.IGNORECASE)


def renames(step: Step, shapes: Mapping[str, Shape]) -> Renames:
    """What the step renamed of the tables and columns in `shapes`."""
    exact = {name.lower(): name for name in shapes}
    tables: dict[str, str] = {}
    columns: dict[tuple[str, str], str] = {}
    stated: set[tuple[str, str, str]] = set()
    for statement in step.statements:
        for found in _RENAME_TABLE.finditer(statement):
            old, new = (_bare(name) for name in found.groups() if name)
            # A copy made meanwhile, as SQLite's rebuild makes one, held no rows before.
            if (first := _origin(old, tables)).lower() in exact:
                tables[first] = new
        for found in _RENAME_COLUMN.finditer(statement):
            table, old, new = (_bare(name) for name in found.groups() if name)
            stated.add((table, old, new))
            _rename_column(columns, _origin(table, tables), old, new)
    for operation in step.operations:
        # SQLite's rebuild of a table renames in no statement.
        if isinstance(operation, AlterColumnOp) and operation.modify_name:
            now, old, new = operation.table_name, operation.column_name, operation.modify_name
            if (now, old, new) not in stated:
                _rename_column(columns, _origin(now, tables), old, new)
    return Renames(
        {exact.get(old.lower(), old): new for old, new in tables.items()},
        {(exact.get(table.lower(), table), old): new for (table, old), new in columns.items()},
    )


def _rename_column(columns: dict[tuple[str, str], str], table: str, old: str, new: str) -> None:
    first = next((key[1] for key, now in columns.items() if key[0] == table and now == old), old)
    if old != new:
        columns[table, first] = new


def _origin(name: str, tables: Mapping[str, str]) -> str:
    """What the table that is called `name` now was called at first."""
    return next((old for old, new in tables.items() if new == name), name)


def updated(step: Step) -> set[tuple[str, str]]:
    """The tables and columns, in lower case, that UPDATE statements of the step set."""
    return {(table, column) for statement in step.statements for table, column in _updated(statement.lower())}


def _updated(statement: str) -> Iterator[tuple[str, str]]:
    found = _UPDATE.search(statement)
    if found is None:
        return
    tables = [_bare(name) for name in re.findall(_NAME, found["tables"])]
    columns = [
        _bare(name) for part in _split(found["rest"]) for name in re.findall(_NAME, part.partition("=")[0])
    ]
    yield from ((table, column) for table in tables for column in columns)
    # A WITH clause or a trigger may hold another one.
    yield from _updated(found["rest"])


def _split(assignments: str) -> Iterator[str]:
    """The assignments of a SET clause: up to its end, at the commas that no parenthesis holds."""
    depth, start = 0, 0
    for place, sign in enumerate(assignments):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        ends = depth == 0 and _END_OF_SET.match(assignments, place) and not assignments[place - 1].isalnum()
        if ends or depth < 0:
            yield assignments[start:place]
            return
        if sign == "," and depth == 0:
            yield assignments[start:place]
            start = place + 1
    yield assignments[start:]


def written(step: Step) -> set[str]:
    """The tables, in lower case, that the step put rows or values into."""
    return {_bare(name).lower() for statement in step.statements for name in _WRITTEN.findall(statement)}


def inserted(step: Step) -> set[str]:
    """The tables, in lower case, that the step added rows to."""
    return {_bare(name).lower() for statement in step.statements for name in _INSERTED.findall(statement)}


def writes_rows(step: Step) -> bool:
    """Whether the step adds, changes or deletes rows."""
    return any(_WRITES.match(statement) for statement in step.statements)


def touched(step: Step, shapes: Mapping[str, Shape], names: Collection[str]) -> set[str]:
    """The tables among `names` that a step may have changed: all that it speaks of, and those that refer to them."""
    text = "\n".join(step.statements).lower()
    if not text:
        # What it did, if anything, it did where nobody saw it.
        return set(names)
    words = set(re.findall(r"\w+", text))
    found = {name for name in names if name.lower() in (words if name.isidentifier() else text)}
    if _REACHES_CHILDREN.search(text):
        while more := {
            shape.name
            for shape in shapes.values()
            if shape.name in names
            and shape.name not in found
            and any(each.parent in found for each in shape.references)
        }:
            found |= more
    return found


def asked_for(step: Step, column: str) -> bool:
    """Whether the step says what a new column holds: a default, a number from the server, or a value of its own."""
    named = rf"(?<!\w){re.escape(column.lower())}(?!\w)"
    given = r"\b(?:default|generated|auto_increment|identity|serial|bigserial|insert|update|select)\b"
    return any(
        re.search(named, statement) and re.search(given, statement)
        for statement in map(str.lower, step.statements)
    )


def as_asked(
    step: Step, before: Mapping[str, Shape], after: Mapping[str, Shape], names: Collection[str]
) -> dict[str, Shape]:
    """These tables after a step, as strict as they were before but where the step asks for something else.

    What a product drops by the way, as MySQL does NOT NULL, is not what an app makes use of.
    """
    old = as_called(step, before, after)
    return {name: _as_asked(step, old[name], after[name]) if name in old else after[name] for name in names}


def as_called(step: Step, before: Mapping[str, Shape], after: Mapping[str, Shape]) -> dict[str, Shape]:
    """The tables before a step by the names that they and their columns have after it."""
    renamed = renames(step, before)
    return {renamed.table(name, after): _as_called(shape, renamed) for name, shape in before.items()}


def _as_called(shape: Shape, renamed: Renames) -> Shape:
    names = {name: renamed.columns.get((shape.name, name), name) for name in shape.columns}
    if all(new == name for name, new in names.items()):
        return shape

    def called(columns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(names.get(name, name) for name in columns)

    return replace(
        shape,
        columns={names[name]: replace(column, name=names[name]) for name, column in shape.columns.items()},
        key=called(shape.key),
        uniques=tuple(map(called, shape.uniques)),
        references=tuple(replace(each, columns=called(each.columns)) for each in shape.references),
    )


def as_distinct(before: Mapping[str, Shape], after: Mapping[str, Shape]) -> dict[str, Shape]:
    """Tables in which what had to differ still does, as it does in most rows after a constraint is dropped."""
    return {
        name: _with_uniques(shape, before[name].uniques) if name in before else shape
        for name, shape in after.items()
    }


def _with_uniques(shape: Shape, uniques: Iterable[tuple[str, ...]]) -> Shape:
    kept = (each for each in uniques if set(each) <= set(shape.columns))
    return replace(shape, uniques=tuple(dict.fromkeys((*shape.uniques, *kept))))


def _as_asked(step: Step, old: Shape, new: Shape) -> Shape:
    columns = {
        name: replace(column, nullable=False)
        if name in old.columns and not old.columns[name].nullable and not _lets_null(step, new.name, name)
        else column
        for name, column in new.columns.items()
    }
    made = replace(new, columns=columns)
    return made if _drops_constraints(step, new.name) else _with_uniques(made, old.uniques)


def _lets_null(step: Step, table: str, column: str) -> bool:
    asked = any(
        isinstance(each, AlterColumnOp)
        and each.table_name == table
        and column in (each.column_name, each.modify_name)
        and each.modify_nullable
        for each in step.operations
    )
    return asked or any(table in each and column in each and _ALTERS.search(each) for each in step.direct)


def _drops_constraints(step: Step, table: str) -> bool:
    asked = any(
        isinstance(each, DropConstraintOp | DropIndexOp | DropTableOp) and each.table_name in (table, None)
        for each in step.operations
    )
    return asked or any(table in each and _DROPS.search(each) for each in step.direct)


def numbered(step: Step, before: Mapping[str, Shape], after: Mapping[str, Shape]) -> dict[str, str]:
    """Columns, by table, that the server is to number: for which the step asks for that, or does not end it."""
    made = (each.to_table() for each in step.operations if isinstance(each, CreateTableOp))
    asked = {
        table.name: table.autoincrement_column.name
        for table in made
        if table.autoincrement_column is not None
    }
    kept = {
        name: column.name
        for name, shape in as_called(step, before, after).items()
        for column in shape.columns.values()
        if name in after and column.numbered and _goes_on_numbering(step, after[name], column.name)
    }
    return kept | asked


def _goes_on_numbering(step: Step, table: Shape, column: str) -> bool:
    """Whether a column is still one of whole numbers, and no operation has taken their source away."""
    ended = any(
        isinstance(each, AlterColumnOp)
        and (each.table_name, each.column_name) == (table.name, column)
        and (each.modify_server_default is None or each.kw.get("autoincrement") is False)
        for each in step.operations
    )
    return column in table.columns and isinstance(table.columns[column].type, Integer) and not ended


def speaking_of(steps: Iterable[Step], table: str, column: str | None = None, most: int = 3) -> list[str]:
    """The last statements of some steps that name a table, and a column of it; shortened, those on rows at the end."""
    names = [name.lower() for name in (table, column) if name]
    found = [
        " ".join(each.split())
        for step in steps
        for each in step.statements
        if all(name in each.lower() for name in names)
    ]
    found.sort(key=lambda statement: _ON_ROWS.match(statement) is not None)
    return [each[:300] for each in list(dict.fromkeys(found))[-most:]]


def _bare(name: str) -> str:
    return name[1:-1] if name[:1] in '"`[' else name
