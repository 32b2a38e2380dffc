"""SQLite: what batch mode and ALTER make of a table's text is the same schema, and the text tells what PRAGMAs tell."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection

from flask_lab.schema import Name, Schema, differences, digest, read_schema

NAMING = {"uq": "uq_%(table_name)s_%(column_0_name)s", "fk": "fk_%(table_name)s_%(column_0_name)s"}


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'schema.db'}")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def make_tables(connection: Connection) -> None:
    metadata = sa.MetaData(naming_convention=NAMING)
    sa.Table("teams", metadata, sa.Column("id", sa.Integer, primary_key=True))
    users = sa.Table(
        "users",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(50), nullable=False, server_default="x"),
        sa.Column("age", sa.Numeric(10, 2), server_default=sa.text("1")),
        sa.Column("made", sa.DateTime, server_default=sa.func.current_timestamp()),
        sa.Column("team_id", sa.ForeignKey("teams.id", ondelete="CASCADE"), unique=True),
        sa.CheckConstraint("age > 0", name="ck_users_age"),
    )
    sa.Index("ix_users_name", users.c.name, unique=True)
    metadata.create_all(connection)


def test_a_rebuild_that_keeps_everything_is_equal(connection: Connection) -> None:
    make_tables(connection)
    before, before_digest = read_schema(connection), digest(connection)
    operations = Operations(MigrationContext.configure(connection))
    with operations.batch_alter_table("users", recreate="always"):
        pass
    assert [str(each) for each in differences(before, read_schema(connection))] == []
    assert digest(connection) == before_digest


def test_a_column_that_came_back_is_equal(connection: Connection) -> None:
    make_tables(connection)
    before, before_digest = read_schema(connection), digest(connection)
    operations = Operations(MigrationContext.configure(connection))
    with operations.batch_alter_table("users") as batch:
        batch.drop_column("made")
    assert [str(each) for each in differences(before, read_schema(connection))] == [
        "column users.made is gone"
    ]
    with operations.batch_alter_table("users") as batch:
        batch.add_column(sa.Column("made", sa.DateTime, server_default=sa.func.current_timestamp()))
    assert [str(each) for each in differences(before, read_schema(connection))] == []
    assert digest(connection) == before_digest


def test_names_that_go_and_come_back_are_equal(connection: Connection) -> None:
    make_tables(connection)
    before, before_digest = read_schema(connection), digest(connection)
    for statement in (
        "ALTER TABLE users RENAME TO people",
        "ALTER TABLE people RENAME name TO label",
        'ALTER TABLE people RENAME "label" TO "name"',
        'ALTER TABLE people RENAME TO "users"',
    ):
        connection.exec_driver_sql(statement)
    assert read_schema(connection) == before
    assert digest(connection) == before_digest


TABLES = [
    "CREATE TABLE t (a, b INT, c VARCHAR ( 10 ), d UNSIGNED BIG INT, e DECIMAL(10,5) NOT NULL, PRIMARY KEY (b))",
    "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT UNIQUE NOT NULL DEFAULT 'it''s' COLLATE RTRIM)",
    'CREATE TABLE "t" ("a b" TEXT, [c,d] INT DEFAULT -1, `e``f` REAL DEFAULT 1.5e3, UNIQUE ("a b", [c,d]))',
    "CREATE TABLE t (a INT CONSTRAINT x NOT NULL CONSTRAINT y CHECK (a IN (1, 2)), b DEFAULT (a_b()), c AS (a + 1))",
    "CREATE TABLE t (a INT REFERENCES o ON DELETE SET NULL ON UPDATE SET DEFAULT, b INT REFERENCES o (x) NOT NULL)",
    "CREATE TABLE t (a, b, FOREIGN KEY (a, b) REFERENCES o (x, y) MATCH FULL DEFERRABLE, UNIQUE (b, a) CHECK (a > b))",
    "CREATE TABLE t (a TEXT, b TEXT, PRIMARY KEY (b DESC, a COLLATE NOCASE)) WITHOUT ROWID",
    "CREATE TABLE t (/* one, */ a INT, -- two, (\n b INT GENERATED ALWAYS AS (a || ',)') STORED)",
    "CREATE TABLE t (a BOOLEAN DEFAULT TRUE, b DATE DEFAULT CURRENT_DATE, c DEFAULT NULL, d BLOB DEFAULT x'00')",
]


@pytest.mark.parametrize("sql", TABLES)
def test_a_text_tells_what_the_pragmas_tell(connection: Connection, sql: str) -> None:
    connection.exec_driver_sql("CREATE TABLE o (x INTEGER, y INTEGER, PRIMARY KEY (x))")
    try:
        connection.exec_driver_sql(sql)
    except sa.exc.OperationalError:
        connection.exec_driver_sql(sql := sql.replace("a_b()", "abs(1)"))
    schema = read_schema(connection)
    assert told_columns(schema) == pragma_columns(connection)
    assert told_keys(schema) == pragma_keys(connection)
    assert told_uniques(schema) == pragma_uniques(connection)


def of_kind(schema: Schema, kind: str) -> dict[Name, Any]:
    return {name: each for name, each in schema.items() if name.kind == kind and name.table == "t"}


def told_columns(schema: Schema) -> dict[str, tuple[Any, ...]]:
    return {
        name.name: (
            _plain(each["type"]),
            each["nullable"],
            _plain(each["default"] or ""),
            bool(each["generated"]),
        )
        for name, each in of_kind(schema, "column").items()
    }


def pragma_columns(connection: Connection) -> dict[str, tuple[Any, ...]]:
    rows = connection.exec_driver_sql("PRAGMA table_xinfo(t)").all()
    alias = [row[1] for row in rows if row[5]] if len([row for row in rows if row[5]]) == 1 else []
    return {
        name: (
            _plain(type_.upper().replace("GENERATED ALWAYS", "")),
            not notnull and not (name in alias and type_.upper() == "INTEGER"),
            _plain(default or ""),
            hidden in {2, 3},
        )
        for _, name, type_, notnull, default, _, hidden in rows
    }


def _plain(text: object) -> str:
    return "".join(str(text).split()).lower()


def told_keys(schema: Schema) -> set[tuple[Any, ...]]:
    return {
        (each["columns"], each["table"], each["target"], each["on update"], each["on delete"])
        for each in of_kind(schema, "foreign key").values()
    }


def pragma_keys(connection: Connection) -> set[tuple[Any, ...]]:
    keys: dict[int, list[Any]] = {}
    for row in connection.exec_driver_sql("PRAGMA foreign_key_list(t)").all():
        keys.setdefault(row[0], []).append(row)
    return {
        (
            tuple(row[3] for row in rows),
            rows[0][2],
            tuple(row[4] or "x" for row in rows),
            rows[0][5],
            rows[0][6],
        )
        for rows in (sorted(each, key=lambda row: row[1]) for each in keys.values())
    }


def told_uniques(schema: Schema) -> set[tuple[str, ...]]:
    return {each["columns"] for each in of_kind(schema, "unique").values()}


def pragma_uniques(connection: Connection) -> set[tuple[str, ...]]:
    return {
        tuple(row[2] for row in connection.exec_driver_sql(f"PRAGMA index_info('{index[1]}')").all())
        for index in connection.exec_driver_sql("PRAGMA index_list(t)").all()
        if index[3] == "u"
    }


def test_a_text_that_sqlite_takes_is_never_lost(connection: Connection) -> None:
    """Some of the odder spellings that the grammar allows."""
    assert sqlite3.sqlite_version_info >= (3, 35)
    connection.exec_driver_sql("CREATE TABLE a AS SELECT 1 AS one, 'x' AS two")
    connection.exec_driver_sql("CREATE TABLE b (id INTEGER PRIMARY KEY AUTOINCREMENT, 'quoted' TEXT)")
    connection.exec_driver_sql("CREATE VIEW v (x, y) AS SELECT 1, 2")
    told = set(map(str, read_schema(connection)))
    assert told >= {"table a", "column a.one", "column a.two", "column b.quoted", "view v"}


def test_a_text_beyond_the_parser_is_compared_as_it_stands(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE odd (a INTEGER)")
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.exec_driver_sql("UPDATE sqlite_schema SET sql = 'CREATE TABLE odd (a INTEGER CHECK)'")
    schema = read_schema(connection)
    assert schema == {Name("table", "", "odd"): {"definition": "CREATE TABLE odd (a INTEGER CHECK)"}}
