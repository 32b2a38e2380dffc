"""What a step's operations and statements tell: renames, columns set on purpose, tables touched."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from alembic.operations.ops import AlterColumnOp

from flask_lab.experiments.data import recorded
from flask_lab.migrator import Step
from flask_lab.rows import Column, Reference, Shape


def shape(name: str, *columns: str, parent: str = "") -> Shape:
    references = (Reference((columns[-1],), parent, ("id",)),) if parent else ()
    return Shape(name, {each: Column(each, sa.Integer()) for each in columns}, ("id",), references=references)


SHAPES = {"users": shape("users", "id", "name"), "posts": shape("posts", "id", "user_id", parent="users")}


def step(*statements: str) -> Step:
    return Step("0002", "upgrade", statements=list(statements))


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE users RENAME TO people",
        'ALTER TABLE "users" RENAME TO "people"',
        "RENAME TABLE users TO people",
        "alter table public.users rename to people",
    ],
)
def test_a_renamed_table(statement: str) -> None:
    assert recorded.renames(step(statement), SHAPES).tables == {"users": "people"}


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE users RENAME COLUMN name TO full_name",
        "ALTER TABLE users RENAME name TO full_name",
        "ALTER TABLE users CHANGE name full_name VARCHAR(50) NOT NULL",
        "ALTER TABLE `users` CHANGE COLUMN `name` `full_name` VARCHAR(50)",
    ],
)
def test_a_renamed_column(statement: str) -> None:
    assert recorded.renames(step(statement), SHAPES).columns == {("users", "name"): "full_name"}


def test_a_column_renamed_twice_in_a_table_renamed_before() -> None:
    names = recorded.renames(
        step(
            "ALTER TABLE users RENAME TO people",
            "ALTER TABLE people RENAME COLUMN name TO n",
            "ALTER TABLE people RENAME COLUMN n TO full_name",
        ),
        SHAPES,
    )
    assert names.columns == {("users", "name"): "full_name"}


def test_a_rename_by_which_sqlite_rebuilds_the_table_is_told_by_its_operation() -> None:
    rebuilt = step(
        "CREATE TABLE _alembic_tmp_users (id INTEGER)", "ALTER TABLE _alembic_tmp_users RENAME TO users"
    )
    rebuilt.operations.append(AlterColumnOp("users", "name", modify_name="full_name"))
    assert recorded.renames(rebuilt, SHAPES).columns == {("users", "name"): "full_name"}


def test_columns_that_change_places() -> None:
    pairs = (("id", "spare"), ("name", "id"), ("spare", "name"))
    swapped = step(*(f"ALTER TABLE users RENAME {old} TO {new}" for old, new in pairs))
    swapped.operations += [AlterColumnOp("users", old, modify_name=new) for old, new in pairs]
    assert recorded.renames(swapped, SHAPES).columns == {("users", "id"): "name", ("users", "name"): "id"}


@pytest.mark.parametrize(
    "statement", ["ALTER TABLE users RENAME CONSTRAINT a TO b", "ALTER TABLE users RENAME INDEX a TO b"]
)
def test_other_renames_are_no_columns(statement: str) -> None:
    assert not recorded.renames(step(statement), SHAPES).columns


@pytest.mark.parametrize(
    ("statement", "columns"),
    [
        ("UPDATE users SET name = ''", {"name"}),
        (
            "UPDATE users SET name = trim(name), id = (SELECT max(id), 1 FROM posts) WHERE email = 'x'",
            {"name", "id"},
        ),
        ('UPDATE "users" SET "name"=%(name)s WHERE id = 1', {"name"}),
        ("UPDATE users JOIN posts ON user_id = users.id SET users.name = 'x'", {"name"}),
        ("WITH old AS (SELECT 1) UPDATE users SET name = 'x'", {"name"}),
        ("SELECT name FROM users", set()),
    ],
)
def test_columns_that_are_set_on_purpose(statement: str, columns: set[str]) -> None:
    found = {column for table, column in recorded.updated(step(statement)) if table == "users"}
    assert found - {"users"} == columns


def test_a_table_is_touched_with_those_that_refer_to_it_when_rows_may_go() -> None:
    assert recorded.touched(step("DROP TABLE users"), SHAPES, SHAPES) == {"users", "posts"}
    assert recorded.touched(step("ALTER TABLE users ADD COLUMN x INTEGER"), SHAPES, SHAPES) == {"users"}


def test_a_step_that_nobody_saw_do_anything_may_have_touched_everything() -> None:
    assert recorded.touched(step(), SHAPES, SHAPES) == set(SHAPES)


def test_a_key_goes_on_numbering_unless_the_step_ends_that() -> None:
    def keyed(kind: sa.types.TypeEngine[Any], *, numbered: bool) -> dict[str, Shape]:
        return {"users": Shape("users", {"id": Column("id", kind, numbered=numbered)}, ("id",))}

    before = keyed(sa.Integer(), numbered=True)
    widen = AlterColumnOp("users", "id", modify_type=sa.BigInteger())
    end = AlterColumnOp("users", "id", modify_server_default=None)
    after = keyed(sa.BigInteger(), numbered=False)
    for operation, there, found in (
        (widen, after, {"users": "id"}),
        (end, after, {}),
        (widen, keyed(sa.String(36), numbered=False), {}),
    ):
        seen = Step("0002", "upgrade", operations=[operation])
        assert recorded.numbered(seen, before, there) == found


def test_a_renamed_column_stays_as_strict_as_it_was() -> None:
    old = Shape("users", {"name": Column("name", sa.String(50), nullable=False)}, uniques=(("name",),))
    new = Shape("users", {"full_name": Column("full_name", sa.String(50))})
    seen = Step("0002", "upgrade", operations=[AlterColumnOp("users", "name", modify_name="full_name")])
    asked = recorded.as_asked(seen, {"users": old}, {"users": new}, {"users"})["users"]
    assert not asked.columns["full_name"].nullable
    assert asked.uniques == (("full_name",),)


def test_what_a_revision_does_to_rows_is_told_after_how_a_batch_copies_them() -> None:
    copy = "INSERT INTO _alembic_tmp_users (id) SELECT users.id FROM users"
    done = step("DELETE FROM users", copy, "DROP TABLE users")
    assert recorded.speaking_of([done], "users") == [copy, "DROP TABLE users", "DELETE FROM users"]
