"""PostgreSQL: a reader that hears what is said sees whatever a look at everything sees, whoever said it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
import psycopg2.extras
import pytest
import sqlalchemy as sa
from sqlalchemy import URL, Connection
from sqlalchemy.pool import NullPool

from flask_lab.backends.catalogue.postgres_ear import EAR, change_by
from flask_lab.backends.catalogue.postgres_heard import listen
from flask_lab.backends.catalogue.postgres_reader import PostgresReader
from flask_lab.schema import SchemaReader, differences, read_schema
from tests.engine.speakers import WAYS, by_itself, someone

pytestmark = pytest.mark.needs("transactional_ddl", "server")

# One after the other, in one database; {long} is a longer name than the server takes.
SAID = """
CREATE TABLE parents (id serial PRIMARY KEY, name varchar(20) DEFAULT 'x', parents integer)
CREATE TABLE children (id integer PRIMARY KEY, parent integer)
ALTER TABLE children ADD CONSTRAINT fk FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE
INSERT INTO parents (name) VALUES ('a; b')
\\nALTER TABLE parents ADD COLUMN note text, ADD UNIQUE (note)
alter table "parents" drop column note
-- ALTER is what follows\\nALTER TABLE parents ADD a integer
/* one; */\\n ALTER TABLE parents DROP a
ALTER TABLE public.parents ADD a integer
ALTER TABLE IF EXISTS ONLY parents ALTER a SET DEFAULT 5
UPDATE parents SET a = 5
ALTER TABLE parents ALTER a SET NOT NULL
ALTER TABLE Parents ADD CONSTRAINT checked CHECK (a > 0)
ALTER TABLE parents ALTER a TYPE bigint
ALTER TABLE parents RENAME TO people
ALTER TABLE people RENAME COLUMN id TO number
ALTER TABLE people RENAME CONSTRAINT checked TO tested
ALTER TABLE people ADD CONSTRAINT late CHECK (a < 100) NOT VALID
ALTER TABLE people VALIDATE CONSTRAINT late
CREATE INDEX ix_name ON people (name)
CREATE UNIQUE INDEX IF NOT EXISTS "Ix" ON ONLY "people" USING btree (lower(name)) WHERE a > 1
CREATE INDEX ON people (name, a)
ALTER INDEX ix_name RENAME TO ix_other
DROP INDEX ix_other
DROP INDEX IF EXISTS "Ix"
DROP INDEX IF EXISTS ix_nobody
ALTER TABLE people ADD CONSTRAINT many UNIQUE (a), DROP CONSTRAINT tested
ALTER TABLE children ADD also bigint REFERENCES people (a)
ALTER TABLE people DROP CONSTRAINT many CASCADE
ALTER TABLE people ADD own integer GENERATED ALWAYS AS IDENTITY
ALTER TABLE people ADD twice bigint GENERATED ALWAYS AS (a * 2) STORED
ALTER TABLE people ADD "b c" integer, ENABLE ROW LEVEL SECURITY, REPLICA IDENTITY FULL
COMMENT ON TABLE people IS 'a note'
GRANT SELECT ON people TO PUBLIC
CREATE TABLE IF NOT EXISTS "Capital" (id integer)
CREATE TABLE IF NOT EXISTS people (nothing integer)
CREATE TABLE "se""lect" (id integer)
ALTER TABLE "se""lect" ADD name text
CREATE TABLE "s.x" (id integer)
ALTER TABLE "s.x" ADD name text
DROP TABLE "s.x", "se""lect"
DROP TABLE "Capital"
CREATE TABLE größe (a integer)
ALTER TABLE größe ADD b varchar(3) DEFAULT 'ß'
CREATE TABLE ÄRGER (a integer)
DROP TABLE ÄRGER
CREATE TABLE {long} (a integer)
ALTER TABLE {long} ADD b integer
DROP TABLE {long}
CREATE TABLE a (LIKE people)
CREATE TABLE b AS SELECT number FROM people
CREATE TABLE c (x) AS SELECT number FROM people
DROP TABLE a
CREATE TABLE base (id integer)
CREATE TABLE derived (more integer) INHERITS (base)
ALTER TABLE base ADD inherited integer
DROP TABLE derived
DROP TABLE base
CREATE TABLE parts (id integer) PARTITION BY RANGE (id)
CREATE TABLE part PARTITION OF parts FOR VALUES FROM (1) TO (9)
ALTER TABLE parts ADD name text
CREATE INDEX ix_parts ON parts (name)
DROP TABLE parts
CREATE TYPE mood AS ENUM ('sad', 'glad')
ALTER TABLE people ADD mood mood
ALTER TYPE mood ADD VALUE 'mad'
ALTER TABLE people DROP mood
CREATE DOMAIN age AS integer
ALTER TABLE people ADD age age DEFAULT 3
ALTER DOMAIN age ADD CHECK (value > 0)
ALTER TABLE people DROP age
DROP DOMAIN age
CREATE SEQUENCE ticket
ALTER TABLE people ADD ticket integer DEFAULT nextval('ticket')
ALTER SEQUENCE ticket RENAME TO tickets
ALTER TABLE people DROP ticket
DROP SEQUENCE tickets
CREATE VIEW seen AS SELECT number, name FROM people
ALTER TABLE people ADD more integer
DROP VIEW seen
CREATE TABLE twin (id integer)
CREATE SCHEMA other
CREATE TABLE other.twin (id integer)
SET search_path = other, public
ALTER TABLE twin ADD name text
DROP TABLE twin
ALTER TABLE twin ADD later integer
RESET search_path
DROP SCHEMA other
CREATE FUNCTION change_it() RETURNS integer LANGUAGE plpgsql AS $$BEGIN ALTER TABLE people ADD f int; RETURN 1; END$$
SELECT change_it()
ALTER TABLE people DROP f
INSERT INTO children (id) SELECT change_it()
DROP FUNCTION change_it
DO $$BEGIN ALTER TABLE people ADD done integer; END$$
PREPARE it AS SELECT 1
CREATE TEMPORARY TABLE twin (passing integer)
ALTER TABLE twin ADD also integer
DROP TABLE twin
ALTER TABLE twin ADD again integer
DROP TABLE twin
CREATE TABLE tail (id integer) ; ALTER TABLE tail ADD more integer
DROP TABLE tail;
TRUNCATE children
SELECT number\\n INTO picked FROM people
WITH few AS (SELECT number FROM people) SELECT * INTO picked_too FROM few
ALTER TABLE picked ADD more integer
DROP TABLE picked
DROP TABLE picked_too
CREATE SCHEMA aside
SELECT set_config('search_path', 'aside', false)
RESET search_path
DROP SCHEMA aside
DROP TABLE children
DROP TABLE people
""".strip().splitlines()
LONG = "long_" * 14


@pytest.fixture(autouse=True)
def heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """psycopg2's connections are heard, as in a process that looks often; and nobody else's are made."""
    monkeypatch.setattr(psycopg2, "connect", psycopg2.connect)
    monkeypatch.setattr(EAR, "is_deaf", False)
    for name in EAR.unheard:
        monkeypatch.delitem(sys.modules, name, raising=False)
    listen()


@pytest.fixture
def connection(database: str, heard: None) -> Iterator[Connection]:
    with sa.create_engine(database, poolclass=NullPool).connect() as connection:
        yield connection


def driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


@contextmanager
def open_driver(url: URL) -> Iterator[Any]:
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg2.connect(plain)) as opened:
        opened.autocommit = True
        yield opened


@contextmanager
def asked() -> Iterator[list[str]]:
    """What readers ask meanwhile; some of it may be asked for by no look."""
    found: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        execute = PostgresReader._execute

        def noted(self: PostgresReader, ask: Any, name: str, argument: str) -> Any:
            found.append(name)
            return execute(self, ask, name, argument)

        patch.setattr(PostgresReader, "_execute", noted)
        yield found


@pytest.mark.parametrize("way", WAYS)
def test_a_reader_sees_what_anyone_does(connection: Connection, way: str) -> None:
    readers = SchemaReader(connection), SchemaReader(connection, {"ignored"})
    with someone(way, connection, open_driver) as say, asked() as looks:
        for statement in SAID:
            say(statement.replace("\\n", "\n").replace("{long}", LONG))
            for reader, ignore in zip(readers, ((), {"ignored"}), strict=True):
                seen = reader.read()
                assert differences(read_schema(connection, ignore), seen) == [], statement
    # Enough of it was understood for the above to say anything.
    assert looks.count("named") > 40


def test_what_is_committed_later_is_seen_then(connection: Connection) -> None:
    by_itself(connection)("CREATE TABLE t (id integer)")
    reader = SchemaReader(connection)
    reader.read()
    with sa.create_engine(connection.engine.url, poolclass=NullPool).connect() as other:
        other.exec_driver_sql("CREATE TABLE late (id integer)")
        before = reader.read()
        assert "table late" not in map(str, before)
        other.commit()
        assert list(map(str, differences(before, reader.read()))) == ["table late is left"]
        other.exec_driver_sql("DROP TABLE late")
        other.rollback()
        assert differences(read_schema(connection), reader.read()) == []


def test_what_is_rolled_back_after_a_look_is_gone(connection: Connection) -> None:
    by_itself(connection)("CREATE TABLE t (id integer)")
    reader = SchemaReader(connection)
    before = reader.read()
    connection.exec_driver_sql("ALTER TABLE t ADD passing integer")
    assert list(map(str, differences(before, reader.read()))) == ["column t.passing is left"]
    connection.rollback()
    assert differences(before, reader.read()) == []


def test_a_statement_that_fails_may_have_left_something(connection: Connection) -> None:
    say = by_itself(connection)
    say("CREATE TABLE t (id integer)")
    say("INSERT INTO t VALUES (1), (1)")
    reader = SchemaReader(connection)
    before = reader.read()
    with (
        someone("driver", connection, open_driver) as by_driver,
        pytest.raises(psycopg2.errors.UniqueViolation),
    ):
        by_driver("CREATE UNIQUE INDEX CONCURRENTLY ix ON t (id)")
    assert list(map(str, differences(before, reader.read()))) == ["index ix on t is left"]


def test_a_look_asks_for_no_more_than_was_spoken_of(connection: Connection) -> None:
    say = by_itself(connection)
    for number in range(5):
        say(f"CREATE TABLE t{number} (id integer PRIMARY KEY, name varchar(9))")
    reader = SchemaReader(connection)
    before = reader.read()
    with asked() as looks:
        assert reader.read() is before
        say("INSERT INTO t1 VALUES (1, 'a')")
        assert reader.read() is before
        assert looks == []
        say("ALTER TABLE t3 ADD note text")
        after = reader.read()
        say("CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1'")
        reader.read()
        # Who calls it may do anything.
        say("ALTER TABLE t3 DROP note")
        reader.read()
    assert looks[:2] == ["named", "look"]
    assert looks.count("named") == 1
    assert [str(each) for each in differences(before, after)] == ["column t3.note is left"]
    assert all(after[name] is each for name, each in before.items() if "t3" not in name)


def test_what_a_look_asks_is_planned_once(connection: Connection) -> None:
    say = by_itself(connection)
    reader = SchemaReader(connection)
    for number in range(3):
        say(f"CREATE TABLE t{number} (id integer)")
        reader.read()
    plans = connection.exec_driver_sql(
        "SELECT sum(generic_plans), sum(custom_plans) FROM pg_prepared_statements WHERE name LIKE 'lab%%'"
    ).one()
    assert tuple(plans) == (3, 0)
    assert connection.exec_driver_sql("SHOW plan_cache_mode").scalar() == "auto"


def test_what_another_program_did_is_seen(database: str, connection: Connection) -> None:
    reader = SchemaReader(connection)
    before = reader.read()
    program = f"import sqlalchemy as sa; c = sa.create_engine({database!r}).connect(); "
    program += "c.exec_driver_sql('CREATE TABLE t (id integer)'); c.commit()"
    subprocess.run([sys.executable, "-c", program], check=True)
    assert list(map(str, differences(before, reader.read()))) == ["table t is left"]


def unheard(connection: Connection, statement: str) -> None:
    with driver(connection).unheard() as cursor:
        cursor.execute(statement)
    connection.commit()


def test_beside_a_driver_that_is_not_heard_all_is_looked_at(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = SchemaReader(connection)
    before = reader.read()
    monkeypatch.setitem(sys.modules, "asyncpg", sys)
    unheard(connection, "CREATE TABLE t (id integer)")
    assert list(map(str, differences(before, reader.read()))) == ["table t is left"]


@pytest.mark.parametrize("of", ["connection", "cursor"])
def test_classes_that_somebody_else_brings_are_not_heard(
    database: str, connection: Connection, of: str
) -> None:
    reader = SchemaReader(connection)
    before = reader.read()
    if of == "connection":
        plain = sa.make_url(database).set(drivername="postgresql").render_as_string(hide_password=False)
        factory = psycopg2.extras.RealDictConnection
        with closing(psycopg2.connect(plain, connection_factory=factory)) as other, other:
            other.cursor().execute("CREATE TABLE t (id integer)")
    else:
        driver(connection).cursor(cursor_factory=psycopg2.extras.DictCursor).execute(
            "CREATE TABLE t (id integer)"
        )
        connection.connection.commit()
    assert EAR.is_deaf
    assert list(map(str, differences(before, reader.read()))) == ["table t is left"]


def test_many_at_once_and_calls_may_be_anything(connection: Connection) -> None:
    say = by_itself(connection)
    say("CREATE TABLE t (id integer)")
    number, _ = EAR.since(-1) or (0, [])
    with driver(connection).cursor() as cursor:
        cursor.executemany("INSERT INTO t VALUES (%s)", [(1,), (2,)])
        assert EAR.since(number) == (number, [])
        cursor.executemany("ALTER TABLE t ALTER id SET DEFAULT %s", [(1,), (2,)])
        assert EAR.since(number) == (number + 1, [None])
        cursor.callproc("now")
        assert EAR.since(number) == (number + 2, [None, None])
    connection.rollback()


@pytest.mark.parametrize(
    "said",
    [
        "ALTER TABLE a.b ADD c int",
        "ALTER TABLE a ATTACH PARTITION b DEFAULT",
        "ALTER TABLE a ADD c int, RENAME d TO e",
        "ALTER TABLE a DROP c CASCADE",
        "ALTER TABLE a ADD FOREIGN KEY (c) REFERENCES b ON DELETE\nCASCADE",
        "CREATE TABLE a OF b",
        "CREATE TABLE a (LIKE b)",
        "CREATE UNLOGGED TABLE a (b int)",
        "DROP TABLE a, b",
        "DROP INDEX a.b",
        "CREATE INDEX a ON b.c (d)",
        f"CREATE TABLE {'a' * 64} (b int)",
        "SET ROLE someone",
        "",
        None,
    ],
)
def test_what_may_concern_others_is_no_change_of_a_table(said: str | None) -> None:
    assert change_by([said]) is None
    assert change_by(["ALTER TABLE a ADD c int", said]) is None
