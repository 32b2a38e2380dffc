"""The labels of enumerations that a product keeps as plain text: what an app writes there, no catalogue tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops

from flask_lab.migrator import Step
from flask_lab.rows import Shape


class Labels:
    """The labels of columns that operations declared as enumerations, by table and column."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[str, ...]] = {}

    def take(self, step: Step) -> None:
        """Note what a step declared."""
        for operation in step.operations:
            self._take(operation)

    def take_models(self, tables: Iterable[sa.Table]) -> None:
        """Note what models declare."""
        for table in tables:
            for column in table.columns:
                self._note(table.name, column.name, column.type)

    def _take(self, operation: Any) -> None:
        match operation:
            case ops.CreateTableOp():
                for made in operation.to_table().columns:
                    self._note(operation.table_name, made.name, made.type)
            case ops.AddColumnOp():
                self._note(operation.table_name, operation.column.name, operation.column.type)
            case ops.AlterColumnOp():
                if operation.modify_type is not None:
                    self._note(operation.table_name, operation.column_name, operation.modify_type)
                if operation.modify_name:
                    self._move((operation.table_name, operation.column_name), operation.modify_name)
            case ops.RenameTableOp():
                for table, column in [each for each in self._known if each[0] == operation.table_name]:
                    self._known[operation.new_table_name, column] = self._known.pop((table, column))

    def _note(self, table: str, column: str, kind: Any) -> None:
        declared = getattr(kind, "impl", kind)
        if isinstance(declared, sa.Enum):
            self._known[table, column] = tuple(declared.enums)
        else:
            self._known.pop((table, column), None)

    def _move(self, place: tuple[str, str], name: str) -> None:
        if place in self._known:
            self._known[place[0], name] = self._known.pop(place)

    def declares(self, table: str, column: str) -> bool:
        """Whether an operation declared a column as an enumeration."""
        return (table, column) in self._known

    def on(self, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
        """Tables, with the labels as all that their columns of text take."""
        return {name: self._on(shape) for name, shape in shapes.items()}

    def _on(self, shape: Shape) -> Shape:
        labelled = {
            name: replace(column, bounds=replace(column.bounds, choices=self._known[shape.name, name]))
            for name, column in shape.columns.items()
            if (shape.name, name) in self._known and _is_text(column.type) and not column.bounds.choices
        }
        return replace(shape, columns={**shape.columns, **labelled}) if labelled else shape


def _is_text(kind: Any) -> bool:
    return isinstance(kind, sa.String) and not isinstance(kind, sa.Enum)
