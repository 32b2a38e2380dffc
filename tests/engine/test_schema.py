"""A change of every kind of part is found and told, and its way back makes no difference, on real databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.pool import NullPool

from flask_lab.schema import SchemaReader, differences, digest, read_schema
from tests.harness.plugin import ReadyBackend

FOLDER = Path(__file__).with_name("schemas")
FILES = {
    "sqlite": ("sqlite",),
    "postgres": ("postgres",),
    "mysql": ("mysql_and_mariadb", "mysql"),
    "mariadb": ("mysql_and_mariadb", "mariadb"),
}


class Case(NamedTuple):
    """Statements that change a schema, and those that restore it, and how the differences between are told."""

    words: list[str]
    change: list[str]
    back: list[str]


def read_cases(backend: str) -> tuple[list[str], list[Case]]:
    """The statements that build the first schema, and the cases; each file begins with its part of the first."""
    setup, cases = [], []
    for name in FILES[backend]:
        first, *blocks = (FOLDER / f"{name}.sql").read_text().split("\n\n")
        setup += _statements(first)
        cases += [_case(block) for block in blocks if block.strip()]
    return setup, cases


def _case(block: str) -> Case:
    change, back = block.split("-- back\n")
    words = [line.removeprefix("-- ") for line in block.strip().splitlines() if line.startswith("-- ")]
    return Case(sorted(set(words) - {"back"}), _statements(change), _statements(back))


def _statements(script: str) -> list[str]:
    lines = [line for line in script.splitlines() if not line.startswith("-- ")]
    return [
        statement for each in "\n".join(lines).split(";\n") if (statement := each.strip().removesuffix(";"))
    ]


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    engine = sa.create_engine(database, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


def run(connection: Connection, statements: list[str]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement.replace("%", "%%"))
    connection.commit()


def test_every_change_is_told_and_every_way_back_is_equal(
    backend: ReadyBackend, connection: Connection
) -> None:
    setup, cases = read_cases(backend.name)
    run(connection, setup)
    first, first_digest = read_schema(connection), digest(connection)
    for case in cases:
        run(connection, case.change)
        told = sorted(str(each) for each in differences(first, read_schema(connection)))
        assert told == case.words
        assert digest(connection) != first_digest
        run(connection, case.back)
        assert [str(each) for each in differences(first, read_schema(connection))] == []
        assert digest(connection) == first_digest, case.words


def test_a_reader_sees_each_change_that_a_full_look_sees(
    backend: ReadyBackend, connection: Connection
) -> None:
    setup, cases = read_cases(backend.name)
    reader = SchemaReader(connection)
    for statements in (setup, *(each for case in cases for each in (case.change, case.back))):
        run(connection, statements)
        assert [str(each) for each in differences(read_schema(connection), reader.read())] == [], statements


@pytest.mark.needs("transactional_ddl", "server")  # PostgreSQL, which takes an UPDATE of its catalogue
def test_what_the_server_stamps_on_columns_is_no_difference(connection: Connection) -> None:
    """Servers that do not stamp them keep a stamp that is written into the catalogue by hand."""

    def stamp(number: int, more: str = "") -> str:
        return (
            f"UPDATE pg_attribute SET attoptions = '{{pg_attver={number}{more}}}' "
            "WHERE attrelid = 'stamped'::regclass AND attnum > 0"
        )

    run(connection, ["CREATE TABLE stamped (a integer)"])
    first, first_digest = read_schema(connection), digest(connection)
    for number in (1, 2):
        run(connection, [stamp(number)])
        assert [str(each) for each in differences(first, read_schema(connection))] == []
        assert digest(connection) == first_digest
    # What a person has set beside it is told as ever.
    run(connection, [stamp(3, ",n_distinct=5")])
    told = [str(each) for each in differences(first, read_schema(connection))]
    assert told == ["column stamped.a: options is n_distinct=5, was none"]
    assert digest(connection) != first_digest


# What another part is told with, changed by itself; and what comes and goes without a count being another.
APART = {
    "postgres": [
        "ALTER TABLE parents RENAME TO people",
        "ALTER TABLE people RENAME COLUMN id TO number",
        "ALTER SEQUENCE numbers RENAME TO figures",
        "ALTER TYPE mood RENAME TO humour",
        "ALTER TYPE humour ADD VALUE 'calm'",
        "ALTER FUNCTION answer() RENAME TO reply",
        "ALTER TABLE shapes RENAME TO forms",
        "DROP INDEX ix_one; CREATE INDEX ix_two ON people (number)",
        "COMMENT ON INDEX ix_two IS 'a note'",
        "COMMENT ON COLUMN children.mood IS 'another'",
        "ALTER VIEW grey RENAME COLUMN id TO it",
        "COMMENT ON VIEW grey IS 'a note'",
        "COMMENT ON COLUMN people.number IS 'a note'",
        "COMMENT ON SEQUENCE free IS 'a note'",
        "ALTER SEQUENCE free INCREMENT 5",
        "ALTER SEQUENCE figures OWNED BY NONE",
        "COMMENT ON CONSTRAINT children_check ON children IS 'a note'",
        "COMMENT ON SCHEMA public IS 'another'",
        "ALTER SCHEMA other RENAME TO another",
        "ALTER TABLE another.far ADD COLUMN b integer",
        "SET search_path TO another, public",
        "DROP TABLE children",
    ],
}
APART_SETUP = """
CREATE TABLE parents (id integer PRIMARY KEY);
CREATE TABLE shapes (a integer);
CREATE SEQUENCE numbers OWNED BY parents.id;
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE FUNCTION answer() RETURNS integer LANGUAGE sql AS 'SELECT 42';
CREATE TABLE children (id integer DEFAULT nextval('numbers'), parent integer REFERENCES parents, mood mood,
    n integer DEFAULT answer(), shape shapes, CONSTRAINT children_check CHECK (n > answer()));
CREATE TABLE grown () INHERITS (parents);
CREATE INDEX ix_one ON children (n);
CREATE VIEW grey AS SELECT id FROM parents;
CREATE SEQUENCE free;
CREATE SCHEMA other;
CREATE TABLE other.far (a integer);
"""


def test_a_reader_sees_what_names_elsewhere_do(backend: ReadyBackend, connection: Connection) -> None:
    if backend.name not in APART:
        pytest.skip("only PostgreSQL's parts are told with names that change by themselves")
    run(connection, [APART_SETUP])
    reader = SchemaReader(connection)
    # The first look may be at what is not committed yet.
    connection.exec_driver_sql("CREATE TABLE passing (id serial PRIMARY KEY)")
    assert differences(read_schema(connection), reader.read()) == []
    connection.rollback()
    for statement in APART[backend.name]:
        # In one transaction first, of which nothing is left.
        connection.exec_driver_sql(statement)
        assert differences(read_schema(connection), reader.read()) == [], statement
        connection.rollback()
        assert differences(read_schema(connection), reader.read()) == [], statement
        run(connection, [statement])
        assert differences(read_schema(connection), reader.read()) == [], statement


def test_the_version_table_is_ignored(connection: Connection) -> None:
    empty, empty_digest = read_schema(connection, {"version"}), digest(connection, {"version"})
    run(connection, ["CREATE TABLE version (id integer PRIMARY KEY, name varchar(20) NOT NULL)"])
    run(connection, ["CREATE INDEX ix_version ON version (name)"])
    assert read_schema(connection, {"version"}) == empty
    assert digest(connection, {"version"}) == empty_digest
    assert [str(each) for each in differences(empty, read_schema(connection))] == ["table version is left"]


def test_reading_begins_no_transaction(connection: Connection) -> None:
    for look in (read_schema, digest):
        look(connection)
        assert not connection.in_transaction()


@pytest.mark.needs("transactional_ddl", "server")
def test_uncommitted_changes_are_seen_and_stay_uncommitted(connection: Connection) -> None:
    empty, empty_digest = read_schema(connection), digest(connection)
    connection.exec_driver_sql("CREATE TABLE users (id integer)")
    assert [str(each) for each in differences(empty, read_schema(connection))] == ["table users is left"]
    assert digest(connection) != empty_digest
    connection.rollback()
    assert read_schema(connection) == empty


def test_a_transaction_stays_as_it_was_and_holds_no_more_locks(database: str, connection: Connection) -> None:
    run(connection, ["CREATE TABLE users (id integer)", "CREATE TABLE notes (id integer)"])
    run(connection, ["CREATE VIEW ids AS SELECT id FROM users"])
    reader = SchemaReader(connection)
    reader.read()
    run(connection, ["ALTER TABLE users ADD age integer"])
    connection.exec_driver_sql("INSERT INTO notes VALUES (1)")
    transaction = connection.get_transaction()
    read_schema(connection)
    digest(connection)
    reader.read()
    assert connection.get_transaction() is transaction
    if connection.dialect.name != "sqlite":  # which locks a database as a whole
        _change_in_a_hurry(database, "ALTER TABLE users ADD name varchar(20)")
    connection.rollback()
    assert connection.exec_driver_sql("SELECT count(*) FROM notes").scalar() == 0


def _change_in_a_hurry(database: str, statement: str) -> None:
    """Run a statement that no other session may hold up for more than a second."""
    engine = sa.create_engine(database, poolclass=NullPool)
    patience = "lock_timeout = '1s'" if engine.dialect.name == "postgresql" else "lock_wait_timeout = 1"
    with engine.connect() as other:
        other.exec_driver_sql(f"SET {patience}")
        other.exec_driver_sql(statement)
        other.commit()


@pytest.mark.needs("transactional_ddl", "server")  # elsewhere grants belong to the server
def test_privileges_are_part_of_a_schema(connection: Connection) -> None:
    run(connection, ["CREATE TABLE users (id integer)"])
    before = read_schema(connection)
    run(connection, ["GRANT SELECT ON users TO PUBLIC"])
    [told] = differences(before, read_schema(connection))
    assert (told.name.name, told.attribute) == ("users", "privileges")
    run(connection, ["REVOKE SELECT ON users FROM PUBLIC"])
    assert read_schema(connection) == before


def test_autocommit_is_no_hindrance(database: str) -> None:
    engine = sa.create_engine(database, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE users (id integer)")
        assert "table users" in map(str, read_schema(connection))
        assert digest(connection) == digest(connection)
