"""Rows for tables with every type and constraint that a product has, on each of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy import Connection, event

from flask_lab.rows import Kind, Order, Theme, compare, load, read_back
from tests.harness.plugin import ReadyBackend

COMMON = """
CREATE TABLE teams (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE, lead_id INTEGER);
CREATE TABLE users (
    id INTEGER PRIMARY KEY, team_id INTEGER NOT NULL, boss_id INTEGER, email VARCHAR(20) UNIQUE,
    role VARCHAR(10) NOT NULL CHECK (role IN ('owner', 'member')), age INTEGER CHECK (age >= 18 AND age < 120),
    secret VARCHAR(60) CHECK (char_length(secret) >= 12), starts DATE, ends DATE,
    share INTEGER CHECK (share BETWEEN 5 AND 9), mail VARCHAR(30) CHECK (mail LIKE '%@%.%'),
    odd INTEGER CHECK (odd % 7 = 3 OR odd = 77), code CHAR(2) UNIQUE,
    FOREIGN KEY (team_id) REFERENCES teams (id), FOREIGN KEY (boss_id) REFERENCES users (id),
    CHECK (starts <= ends)
);
CREATE TABLE profiles (user_id INTEGER PRIMARY KEY, bio TEXT, FOREIGN KEY (user_id) REFERENCES users (id));
CREATE TABLE pairs (
    a INTEGER NOT NULL, b INTEGER NOT NULL, note TEXT, PRIMARY KEY (a, b),
    FOREIGN KEY (a) REFERENCES users (id), FOREIGN KEY (b) REFERENCES teams (id)
);
"""
CYCLE = "ALTER TABLE teams ADD FOREIGN KEY (lead_id) REFERENCES users (id);"
POSTGRES = """
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN small AS integer CHECK (VALUE > 5 AND VALUE < 9);
CREATE TABLE every (
    id BIGSERIAL PRIMARY KEY, own INTEGER GENERATED ALWAYS AS IDENTITY,
    twice INTEGER GENERATED ALWAYS AS (s * 2) STORED, s SMALLINT, b BIGINT, n NUMERIC(10, 2), any_n NUMERIC, r REAL,
    d DOUBLE PRECISION, yes BOOLEAN, ts TIMESTAMP, tz TIMESTAMPTZ, day DATE, t TIME, i INTERVAL, js JSON,
    jb JSONB, raw BYTEA, u UUID, m mood, texts TEXT[],
    numbers INTEGER[], moods mood[], net INET, part CIDR, bits BIT(3), span INT4RANGE, words TSVECTOR, cash MONEY,
    dom small NOT NULL, c CHAR(3), one VARCHAR(1), "Odd Name" TEXT, "select" TEXT,
    re TEXT NOT NULL CHECK (re ~ '^[A-Z]{3}-[0-9]+$')
);
CREATE UNIQUE INDEX every_one ON every (lower(one));
"""
if tuple(map(int, sa.__version__.split(".")[:3])) < (2, 0, 29):
    # To older releases a domain is its base type, and nobody can know its CHECK.
    POSTGRES = POSTGRES.replace("dom small", "dom INTEGER CHECK (dom > 5 AND dom < 9)")
MYSQL = """
CREATE TABLE every (
    id BIGINT AUTO_INCREMENT PRIMARY KEY, s SMALLINT, twice INTEGER AS (s * 2) STORED, tu TINYINT UNSIGNED,
    yes TINYINT(1), b BIGINT UNSIGNED, n DECIMAL(10, 2), f FLOAT, d DOUBLE, ts TIMESTAMP NULL, dt DATETIME,
    dt6 DATETIME(6), day DATE, t TIME(3), y YEAR, js JSON, raw BLOB, vb VARBINARY(5), m ENUM('sad', 'ok', 'happy'),
    st SET('a', 'b'), bits BIT(3), tt TINYTEXT, ci VARCHAR(20) COLLATE utf8mb4_general_ci UNIQUE,
    l1 VARCHAR(20) CHARACTER SET latin1, c CHAR(3), one VARCHAR(1), `Odd Name` TEXT, `select` TEXT
);
"""
SQLITE = """
CREATE TABLE every (
    id INTEGER PRIMARY KEY, s SMALLINT, b BIGINT, n NUMERIC(10, 2), f FLOAT, dt DATETIME, day DATE, t TIME, js JSON,
    raw BLOB, yes BOOLEAN, u CHAR(32), odd FOO, ci VARCHAR(20) COLLATE NOCASE UNIQUE,
    twice INTEGER GENERATED ALWAYS AS (s * 2), "Odd Name" TEXT, "select" TEXT
);
"""
TABLES = {
    "sqlite": COMMON.replace("char_length", "length") + SQLITE,
    "postgres": COMMON + CYCLE + POSTGRES,
    "mysql": COMMON + CYCLE + MYSQL,
    "mariadb": COMMON + CYCLE + MYSQL,
}


@contextmanager
def connected(database: str, script: str) -> Iterator[Connection]:
    """A connection to the database in which the script has run, with foreign keys enforced."""
    engine = sa.create_engine(database, poolclass=sa.NullPool)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys = ON"))
    with engine.connect() as connection:
        cursor = connection.connection.cursor()
        for statement in filter(str.strip, script.split(";\n")):
            cursor.execute(statement)
        cursor.close()
        connection.connection.commit()
        yield connection


def test_every_table_gets_ordinary_rows_with_every_column_filled(
    backend: ReadyBackend, database: str
) -> None:
    with connected(database, TABLES[backend.name]) as connection:
        filled = load(connection, Kind.ORDINARY)
        rows = read_back(connection)
    assert not filled.not_filled
    assert filled.tables == dict.fromkeys(rows, 3)
    empty = {
        f"{table}.{name}"
        for table, found in rows.items()
        for row in found.rows
        for name, value in row.items()
        if value is None
    }
    assert empty <= {"teams.lead_id"}


def test_hostile_rows_hold_nulls_duplicates_and_extremes(backend: ReadyBackend, database: str) -> None:
    with connected(database, TABLES[backend.name]) as connection:
        filled = load(connection, Kind.HOSTILE)
        rows = read_back(connection)
    assert not filled.not_filled
    assert min(len(found.rows) for found in rows.values()) >= len(Theme)
    every = rows["every"].rows
    texts = [row["Odd Name"] for row in every]
    assert None in texts
    assert "" in texts
    assert len(texts) > len(set(texts))
    assert any("👩‍🚀" in text and "'" in text and "\\" in text for text in texts if text)
    assert len({str(text).lower() for text in texts}) < len(set(texts))
    assert min(row["s"] for row in every if row["s"] is not None) == -(2**15)
    parents = [row["team_id"] for row in rows["users"].rows]
    assert max(parents.count(parent) for parent in parents) > 1
    assert {row["id"] for row in rows["teams"].rows} - set(parents), "some have no children"


def test_hostile_rows_hold_nulls_in_references_too(backend: ReadyBackend, database: str) -> None:
    script = """
    CREATE TABLE parents (id INTEGER PRIMARY KEY);
    CREATE TABLE children (
        id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parents (id), twin_id INTEGER REFERENCES children (id)
    );
    """
    with connected(database, script) as connection:
        load(connection, Kind.HOSTILE)
        children = read_back(connection)["children"].rows
    for name in ("parent_id", "twin_id"):
        assert {row[name] is None for row in children} == {True, False}


def test_rows_are_added_beside_others_and_read_back_unchanged(backend: ReadyBackend, database: str) -> None:
    with connected(database, TABLES[backend.name]) as connection:
        load(connection, Kind.ORDINARY)
        connection.commit()
        before = read_back(connection)
        filled = load(connection, Kind.HOSTILE, order=Order(first=1101))
        connection.commit()
        after = read_back(connection)
    assert not filled.not_filled
    assert compare(before, after) == []
    assert all(len(after[name].rows) >= len(before[name].rows) + 5 for name in before)


def test_the_same_rows_every_time(backend: ReadyBackend, database: str) -> None:
    with connected(database, TABLES[backend.name]) as connection:
        load(connection, Kind.HOSTILE)
        first = read_back(connection)
        connection.rollback()
        load(connection, Kind.HOSTILE)
        again = read_back(connection)
    # What a server counts goes on after a rollback.
    numbered = {"own", "id"}
    assert {
        name: [{k: v for k, v in row.items() if k not in numbered} for row in found.rows]
        for name, found in first.items()
    } == {
        name: [{k: v for k, v in row.items() if k not in numbered} for row in found.rows]
        for name, found in again.items()
    }


def test_the_server_numbers_on_behind_the_rows(backend: ReadyBackend, database: str) -> None:
    with connected(database, TABLES[backend.name]) as connection:
        load(connection, Kind.ORDINARY)
        given = {"dom": 6, "re": "ABC-1"} if backend.name == "postgres" else {"s": 1}
        connection.execute(sa.insert(sa.table("every", *map(sa.column, given))).values(given))
        assert connection.scalar(sa.text("SELECT max(id) FROM every")) == 1004


def test_a_table_that_cannot_be_filled_is_named_with_the_reason(backend: ReadyBackend, database: str) -> None:
    script = """
CREATE TABLE never (id INTEGER PRIMARY KEY, n INTEGER NOT NULL, CHECK (n > 5 AND n < 3));
CREATE TABLE child (
    id INTEGER PRIMARY KEY, never_id INTEGER NOT NULL, FOREIGN KEY (never_id) REFERENCES never (id)
);
"""
    with connected(database, script) as connection:
        filled = load(connection, Kind.ORDINARY)
    assert not filled.tables
    assert set(filled.not_filled) == {"never", "child"}
    assert "check" in filled.not_filled["never"].lower() or "constraint" in filled.not_filled["never"].lower()
