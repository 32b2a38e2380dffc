"""Tables as the operations of a tree make them, on paper: what types the columns of earlier revisions have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, ForeignKeyConstraint, Index, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.types import TypeEngine


@dataclass(slots=True)
class Key:
    """A primary key, a unique constraint, an index, or what a foreign key has its index on."""

    kind: str
    """primary key, unique constraint, unique index, index, or foreign key."""
    name: str
    table: str
    columns: tuple[str, ...]
    """In lower case; an expression is the empty string."""
    prefixes: Mapping[str, int] = field(default_factory=dict)
    """How many characters of a column are in it, where that is not all."""


@dataclass(slots=True)
class PaperTable:
    """One table."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    types: dict[str, TypeEngine[Any]] = field(default_factory=dict)
    keys: list[Key] = field(default_factory=list)


class Paper:
    """All tables; names are taken as the same in capitals."""

    def __init__(self) -> None:
        self.tables: dict[str, PaperTable] = {}

    def take(self, operation: Any, context: MigrationContext) -> list[tuple[PaperTable, Key]]:
        """Follow one operation; the keys that it makes, and those whose columns it changes."""
        match operation:
            case ops.CreateTableOp():
                return self._create(made_table(operation, context))
            case ops.DropTableOp():
                self.tables.pop(operation.table_name.lower(), None)
            case ops.RenameTableOp():
                if table := self.tables.pop(operation.table_name.lower(), None):
                    table.name = operation.new_table_name
                    self.tables[table.name.lower()] = table
            case ops.AddColumnOp():
                return self._add(operation, context)
            case ops.DropColumnOp():
                self._drop_column(self._table(operation.table_name), operation.column_name.lower())
            case ops.AlterColumnOp():
                return self._alter(operation)
            case ops.DropIndexOp():
                self._drop_key(operation.table_name, operation.index_name)
            case ops.DropConstraintOp():
                self._drop_key(operation.table_name, operation.constraint_name)
            case ops.CreateIndexOp() | ops.AddConstraintOp():
                return self._key(operation, context)
        return []

    def _table(self, name: str) -> PaperTable:
        return self.tables.setdefault(name.lower(), PaperTable(name))

    def _create(self, made: Table) -> list[tuple[PaperTable, Key]]:
        table = self.tables[made.name.lower()] = PaperTable(made.name, dict(made.kwargs))
        table.types = {column.name.lower(): column.type for column in made.columns}
        table.keys = list(_keys(made))
        return [(table, key) for key in table.keys]

    def _add(self, operation: ops.AddColumnOp, context: MigrationContext) -> list[tuple[PaperTable, Key]]:
        table, column = self._table(operation.table_name), operation.column
        table.types[column.name.lower()] = column.type
        keys = list(_keys(made_table(operation, context)))
        table.keys += keys
        return [(table, key) for key in keys]

    def _alter(self, operation: ops.AlterColumnOp) -> list[tuple[PaperTable, Key]]:
        table, name = self._table(operation.table_name), operation.column_name.lower()
        if operation.modify_type is not None:
            table.types[name] = _instance(operation.modify_type)
        elif name not in table.types and operation.existing_type is not None:
            table.types[name] = _instance(operation.existing_type)
        if operation.modify_name:
            new = operation.modify_name.lower()
            table.types = {new if each == name else each: type_ for each, type_ in table.types.items()}
            for key in table.keys:
                key.columns = tuple(new if each == name else each for each in key.columns)
            name = new
        if operation.modify_type is None:
            return []
        return [(table, key) for key in table.keys if name in key.columns]

    def _key(self, operation: Any, context: MigrationContext) -> list[tuple[PaperTable, Key]]:
        if isinstance(operation, ops.CreateIndexOp):
            table, keys = self._table(str(operation.table_name)), [_index(operation.to_index(context))]
        else:
            made = operation.to_constraint(context)
            if not isinstance(made, (PrimaryKeyConstraint, UniqueConstraint, ForeignKeyConstraint)):
                return []
            table, keys = self._table(made.table.name), [_constraint(made)]
        table.keys += keys
        return [(table, key) for key in keys]

    def _drop_column(self, table: PaperTable, column: str) -> None:
        table.types.pop(column, None)
        table.keys = [key for key in table.keys if column not in key.columns]

    def _drop_key(self, table: str | None, name: Any) -> None:
        places = [self._table(table)] if table else list(self.tables.values())
        for each in places:
            each.keys = [key for key in each.keys if not name or key.name.lower() != str(name).lower()]


def made_table(operation: ops.CreateTableOp | ops.AddColumnOp, context: MigrationContext) -> Table:
    """The table that an operation made; for an added column, one with that column alone."""
    columns = [operation.column] if isinstance(operation, ops.AddColumnOp) else operation.columns
    for each in columns:
        # Once it has run, its columns are in that table, and a copy of them would lack their foreign keys.
        if isinstance(each, Column) and each.table is not None:
            return each.table
    if isinstance(operation, ops.CreateTableOp):
        return operation.to_table(context)
    lone = ops.CreateTableOp(operation.table_name, [operation.column], schema=operation.schema)
    return lone.to_table(context)


def _keys(table: Table) -> Iterator[Key]:
    if table.primary_key.columns:
        yield _constraint(table.primary_key)
    for each in table.constraints:
        if isinstance(each, (UniqueConstraint, ForeignKeyConstraint)):
            yield _constraint(each)
    yield from map(_index, table.indexes)


def _constraint(made: PrimaryKeyConstraint | UniqueConstraint | ForeignKeyConstraint) -> Key:
    kinds: Iterable[tuple[type, str]] = (
        (PrimaryKeyConstraint, "primary key"),
        (UniqueConstraint, "unique constraint"),
        (ForeignKeyConstraint, "foreign key"),
    )
    kind = next(kind for each, kind in kinds if isinstance(made, each))
    name = made.name if isinstance(made.name, str) else ""
    columns = tuple(column.name.lower() for column in made.columns)
    return Key(kind, name, made.table.name, columns, _prefixes(made.dialect_kwargs, columns))


def _index(made: Index) -> Key:
    columns = tuple(each.name.lower() if isinstance(each, Column) else "" for each in made.expressions)
    kind = "unique index" if made.unique else "index"
    if made.dialect_kwargs.get("mysql_prefix"):
        # FULLTEXT and SPATIAL ones are no trees.
        columns = ()
    table = made.table.name if made.table is not None else ""
    return Key(kind, str(made.name or ""), table, columns, _prefixes(made.dialect_kwargs, columns))


def _prefixes(options: Mapping[str, Any], columns: tuple[str, ...]) -> dict[str, int]:
    given = options.get("mysql_length") or options.get("mariadb_length") or {}
    return (
        dict.fromkeys(columns, given) if isinstance(given, int) else {k.lower(): v for k, v in given.items()}
    )


def _instance(type_: Any) -> TypeEngine[Any]:
    return type_() if isinstance(type_, type) else type_  # type: ignore[no-any-return]
