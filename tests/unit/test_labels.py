"""Enumerations that a product keeps as text: their labels come from the tree's own operations."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic.operations import ops

from flask_lab.experiments.data.labels import Labels
from flask_lab.migrator import Step
from flask_lab.rows import Column, Shape

MOOD = sa.Enum("sad", "happy", name="mood")


def choices(*operations: Any, table: str = "users", column: str = "mood") -> tuple[str, ...]:
    labels = Labels()
    labels.take(Step("0001", "upgrade", operations=list(operations)))
    shapes = labels.on({table: Shape(table, {column: Column(column, sa.String(5))})})
    return shapes[table].columns[column].bounds.choices


ADDED = ops.AddColumnOp("users", sa.Column("mood", MOOD))


def test_columns_of_new_tables_and_new_columns() -> None:
    assert choices(ops.CreateTableOp("users", [sa.Column("mood", MOOD)])) == ("sad", "happy")
    assert choices(ADDED) == ("sad", "happy")
    assert choices() == ()


def test_labels_follow_their_column_and_table() -> None:
    renamed = ops.AlterColumnOp("users", "mood", modify_name="state")
    assert choices(ADDED, renamed, column="state") == ("sad", "happy")
    assert choices(ADDED, ops.RenameTableOp("users", "people"), table="people") == ("sad", "happy")


def test_the_last_type_stands() -> None:
    more = ops.AlterColumnOp("users", "mood", modify_type=sa.Enum("sad", "happy", "tired"))
    assert choices(ADDED, more) == ("sad", "happy", "tired")
    assert choices(ADDED, ops.AlterColumnOp("users", "mood", modify_type=sa.String(20))) == ()


def test_an_enumeration_of_the_product_itself_needs_none() -> None:
    labels = Labels()
    labels.take(Step("0001", "upgrade", operations=[ADDED]))
    shape = Shape("users", {"mood": Column("mood", MOOD)})
    assert labels.on({"users": shape})["users"] is shape
