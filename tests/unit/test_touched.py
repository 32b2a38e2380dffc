"""What of a schema is lost by the way: gone or changed, and nothing in the revision asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.operations import ops

from flask_lab.experiments.touched import lost
from flask_lab.migrator import Step
from flask_lab.schema import Difference, Name, differences

NAME = Name("column", "users", "name")
TRIGGER = Name("trigger", "users", "stamp")
INDEX = Name("index", "users", "ix_low")
CHECK = Name("check", "users", "(length(name) > 0)")
COLUMN = {"type": "VARCHAR(50)", "nullable": False, "default": "'anon'", "collation": "NOCASE"}
BEFORE: dict[Name, Any] = {
    Name("table", "", "users"): {"comment": None},
    NAME: COLUMN,
    TRIGGER: {"definition": "AFTER INSERT ON users BEGIN UPDATE users SET name = 'x' WHERE id < 0; END"},
    INDEX: {"columns": ("lower(name)",), "unique": True},
    CHECK: {"condition": "length(name) > 0"},
}


def alter(**changes: Any) -> ops.AlterColumnOp:
    return ops.AlterColumnOp("users", "name", **changes)


WIDER = alter(existing_type=sa.String(50), modify_type=sa.String(80))


def step(*operations: Any, direct: tuple[str, ...] = ()) -> Step:
    return Step("0002", "upgrade", operations=list(operations), statements=list(direct), direct=list(direct))


def without(*names: Name) -> list[Difference]:
    return differences(BEFORE, {name: each for name, each in BEFORE.items() if name not in names})


def changed(name: Name = NAME, **values: Any) -> list[Difference]:
    return differences(BEFORE, BEFORE | {name: BEFORE[name] | values})


def said(found: list[Difference], seen: Step) -> list[str]:
    return [f"{each.name.kind} {each.attribute}" for each in lost(found, seen)]


@pytest.mark.parametrize("name", [TRIGGER, INDEX, CHECK])
def test_a_column_that_changes_takes_nothing_else_along(name: Name) -> None:
    assert said(without(name), step(WIDER)) == [f"{name.kind} None"]


def test_a_type_with_a_check_takes_that_along() -> None:
    narrower = alter(existing_type=sa.Enum("a", "b", native_enum=False), modify_type=sa.String(80))
    assert not lost(without(CHECK), step(narrower))


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE users SET name = 'x' WHERE name IS NULL",
        "-- first\nSELECT id, name FROM users",
        "INSERT INTO users (name) VALUES ('stamp')",
        "ALTER TABLE posts ADD COLUMN name VARCHAR(20)",
    ],
)
def test_sql_about_rows_or_other_tables_asks_for_nothing(sql: str) -> None:
    for seen in (step(WIDER, direct=(sql,)), step(WIDER, ops.ExecuteSQLOp(sql))):
        assert said([*without(TRIGGER), *changed(nullable=True)], seen) == ["trigger None", "column nullable"]


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("DROP TRIGGER stamp", without(TRIGGER)),
        ("UPDATE users SET name = 'x'; DROP INDEX ix_low", without(INDEX)),
        ("ALTER TABLE users DROP COLUMN name", without(INDEX)),
        ("ALTER TABLE users ALTER COLUMN name DROP NOT NULL", changed(nullable=True)),
        ("ALTER TABLE users MODIFY name VARCHAR(80) NULL DEFAULT 'anon'", changed(nullable=True)),
        ("CREATE TABLE users (id INTEGER)", [*without(INDEX), *changed(default=None)]),
        ("ALTER TABLE people RENAME TO users", without(TRIGGER)),
    ],
)
def test_sql_that_names_what_is_gone_has_asked_for_it(sql: str, found: list[Difference]) -> None:
    assert not lost(found, step(direct=(sql,)))


def test_a_definition_given_anew_asks_only_for_what_it_says() -> None:
    seen = step(direct=("ALTER TABLE users MODIFY name VARCHAR(80)",))
    assert said(changed(type="VARCHAR(80)", nullable=True, default=None), seen) == [
        "column nullable",
        "column default",
    ]


def test_a_renamed_column_is_followed() -> None:
    new = Name("column", "users", "full_name")

    def renamed(**values: Any) -> Iterator[Difference]:
        yield Difference(NAME, None, COLUMN, None)
        yield Difference(new, None, None, COLUMN | values)

    rename = step(alter(modify_name="full_name"))
    assert said(list(renamed(nullable=True)), rename) == ["column nullable"]
    assert not lost(renamed(), rename)
    change = step(direct=("ALTER TABLE users CHANGE name full_name VARCHAR(80) DEFAULT 'anon'",))
    assert said(list(renamed(nullable=True, type="VARCHAR(80)", default=None)), change) == ["column nullable"]
    both = step(alter(modify_name="full_name", modify_nullable=True))
    assert not lost(renamed(nullable=True), both)


def test_a_collation_is_lost_unless_someone_spoke_of_it() -> None:
    found = changed(collation="BINARY")
    assert said(found, step(WIDER)) == ["column collation"]
    assert not lost(
        found, step(alter(existing_type=sa.String(50, collation="NOCASE"), modify_type=sa.String(80)))
    )
    assert not lost(found, step(alter(existing_type=sa.String(50), modify_type=sa.Integer())))
    assert not lost(found, step(direct=("ALTER TABLE users CONVERT TO CHARACTER SET latin1",)))


def test_a_default_may_be_an_expression() -> None:
    found = changed(default="CURRENT_TIMESTAMP", nullable=True)
    assert said(found, step(alter(modify_server_default=sa.func.now()))) == ["column nullable"]
    assert not lost(changed(default=None), step(alter(modify_server_default=None)))


def test_a_comment_of_a_table_is_asked_for_by_its_operation() -> None:
    table = Name("table", "", "users")
    found = differences({table: {"comment": None}}, {table: {"comment": "x"}})
    assert not lost(found, step(ops.CreateTableCommentOp("users", "x")))
    assert lost(found, step(WIDER))


def test_a_primary_key_is_asked_for_by_its_operations() -> None:
    key = Name("primary key", "users", "")
    found = differences({key: {"columns": ("id",)}}, {key: {"columns": ("id", "code")}})
    drop = ops.DropConstraintOp("users_pkey", "users", type_="primary")
    assert not lost(found, step(drop, ops.CreatePrimaryKeyOp("users_pkey", "users", ["id", "code"])))
    assert lost(found, step(ops.CreateTableCommentOp("users", "x")))


@pytest.mark.parametrize(
    ("attribute", "before", "after", "is_lost"),
    [
        ("autoincrement", False, True, False),
        ("autoincrement", True, False, True),
        ("default", "1", None, True),
        ("nullable", False, True, True),
        ("nullable", True, False, True),
    ],
)
def test_what_came_is_not_lost(attribute: str, before: object, after: object, *, is_lost: bool) -> None:
    found = [Difference(NAME, attribute, before, after)]
    assert bool(lost(found, Step("0002", "upgrade"))) is is_lost
