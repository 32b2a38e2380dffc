"""MySQL and MariaDB: a reader that hears what is said sees whatever a look at everything sees, whoever said it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pymysql
import pytest
import sqlalchemy as sa
from pymysql.constants import CLIENT
from sqlalchemy import URL, Connection
from sqlalchemy.pool import NullPool

from flask_lab.backends.catalogue.mysql import read_table, tell_table
from flask_lab.backends.catalogue.mysql_ear import UNHEARD
from flask_lab.schema import SchemaReader, differences, read_schema
from tests.engine.speakers import WAYS, by_itself, someone
from tests.harness.plugin import ReadyBackend

pytestmark = pytest.mark.needs("show_create")

# One after the other, in one database.
TABLES = """
CREATE TABLE parents (id integer AUTO_INCREMENT PRIMARY KEY, name varchar(20) DEFAULT 'x', parents integer)
CREATE TABLE children (id integer PRIMARY KEY, parent integer)
ALTER TABLE children ADD CONSTRAINT fk FOREIGN KEY (parent) REFERENCES parents (id)
INSERT INTO parents (name) VALUES ('a; b')
ALTER TABLE parents ADD note text, ADD KEY ix_note (note(10) DESC)
alter table `parents` drop column note
-- ALTER is what follows\nALTER TABLE parents ADD a integer
/* one; */ # two\n ALTER TABLE parents DROP a
/*!50000 ALTER TABLE parents ADD a integer */
ALTER /*!50000 TABLE parents */ DROP a
ALTER TABLE /*!50000parents */ ADD glued integer
ALTER/**/TABLE parents ADD COLUMN a integer COMMENT 'it\\'s', ADD b integer
ALTER TABLE parents RENAME TO people
ALTER TABLE people CHANGE id number integer AUTO_INCREMENT
ALTER TABLE people RENAME COLUMN number TO id
ALTER TABLE people ALTER name SET DEFAULT 'y'
CREATE UNIQUE INDEX ix_name ON people (name)
DROP INDEX ix_name ON people
CREATE FULLTEXT INDEX ix_name ON people (name)
ALTER TABLE people RENAME INDEX ix_name TO ix_other
ALTER TABLE people COMMENT 'a note', AUTO_INCREMENT 100
ALTER TABLE people ROW_FORMAT = COMPRESSED
ALTER TABLE people ADD CONSTRAINT ck_name CHECK (name <> '')
ALTER TABLE people DROP CONSTRAINT ck_name
ALTER TABLE people ADD big integer GENERATED ALWAYS AS (parents * 2) STORED
ALTER TABLE people DROP big
ALTER TABLE people MODIFY name varchar(30) CHARACTER SET latin1
ALTER TABLE people CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
ALTER TABLE people DEFAULT CHARACTER SET latin1 COLLATE latin1_bin
CREATE TABLE IF NOT EXISTS Capital (id integer)
CREATE TABLE IF NOT EXISTS `capital s` (id integer)
CREATE TABLE IF NOT EXISTS people (nothing integer)
DROP TABLE Capital, `capital s`
CREATE TABLE `index` (`select` integer, people varchar(3), `a``b` integer, `c%d` integer)
ALTER TABLE `index` DROP people
CREATE TABLE `od``d na%me` (a integer)
ALTER TABLE `od``d na%me` ADD `b c` integer
CREATE TABLE `größe` (a integer COMMENT 'ü')
ALTER TABLE größe ADD b varchar(3) DEFAULT 'ß'
CREATE TABLE a LIKE people
CREATE TABLE b AS SELECT * FROM people
RENAME TABLE a TO c, b TO a
RENAME TABLE a TO b, c TO a
SET FOREIGN_KEY_CHECKS = 0
DROP TABLE people
CREATE TABLE people (id integer PRIMARY KEY)
ALTER TABLE people ADD other varchar(9)
SET FOREIGN_KEY_CHECKS = 1
ALTER TABLE children ADD CONSTRAINT own FOREIGN KEY (parent) REFERENCES children (id) ON DELETE CASCADE
ALTER TABLE children DROP FOREIGN KEY own
CREATE TRIGGER touched BEFORE UPDATE ON a FOR EACH ROW SET NEW.name = 'z'
ALTER TABLE a ADD z integer
RENAME TABLE a TO moved
DROP TABLE moved
CREATE TABLE a (id integer, name varchar(3))
CREATE TRIGGER touched BEFORE UPDATE ON a FOR EACH ROW SET NEW.name = 'z'
ALTER TABLE a RENAME moved
DROP TABLE IF EXISTS moved, b, nothing
CREATE TABLE parts (id integer) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (5))
ALTER TABLE parts ADD PARTITION (PARTITION p1 VALUES LESS THAN (10) COMMENT = 'a note')
ALTER TABLE parts REMOVE PARTITIONING
CREATE VIEW seen AS SELECT id, other FROM people
ALTER TABLE people ADD more integer
RENAME TABLE seen TO looked
ALTER TABLE people DROP other
DROP VIEW looked
CREATE TABLE short (id integer)
CREATE VIEW lost AS SELECT id FROM short
DROP TABLE short
ALTER TABLE people ADD beside integer
CREATE PROCEDURE change_it() ALTER TABLE people ADD called integer
CALL change_it()
DROP PROCEDURE change_it
PREPARE it FROM 'ALTER TABLE people DROP called'
EXECUTE it
SET @said = 'CREATE TABLE said (id integer)'
PREPARE it FROM @said
EXECUTE it
CREATE TEMPORARY TABLE people (passing integer)
ALTER TABLE people ADD also integer
DROP TEMPORARY TABLE people
LOCK TABLES people WRITE
ALTER TABLE people ADD locked integer
UNLOCK TABLES
SET sql_mode = 'ANSI_QUOTES'
ALTER TABLE "people" ADD "quoted" integer
SET sql_mode = ''
CREATE EVENT sweep ON SCHEDULE EVERY 1 DAY DO DELETE FROM people
ALTER TABLE people ADD swept integer
DROP EVENT sweep
ALTER DATABASE CHARACTER SET latin1
CREATE TABLE latin (id integer, name varchar(9) DEFAULT 'a')
DROP TABLE children, people, said
""".strip().splitlines()

PLAIN = """
CREATE TABLE told (i integer unsigned NOT NULL DEFAULT 3, b bigint DEFAULT -5, s smallint, t tinyint(1) NOT NULL)
ALTER TABLE told ADD d decimal(10,2) DEFAULT 1.5, ADD f float DEFAULT 1.5, ADD n numeric(5), ADD y year DEFAULT 2020
ALTER TABLE told ADD v varchar(20) NOT NULL DEFAULT '', ADD c char(3) DEFAULT '0x1', ADD l longtext NOT NULL
ALTER TABLE told ADD e enum('a','b c') NOT NULL DEFAULT 'a', ADD j json, ADD o longblob, ADD w varchar(4) DEFAULT 'NULL'
ALTER TABLE told ADD p datetime(6) DEFAULT current_timestamp(6), ADD q date DEFAULT '2020-01-01', ADD r time
ALTER TABLE told ADD u timestamp NULL DEFAULT current_timestamp, ADD x datetime NOT NULL DEFAULT current_timestamp
ALTER TABLE told ADD z varchar(9) COMMENT 'a, note', ADD PRIMARY KEY (i), ADD UNIQUE uq (c, e), ADD KEY ix (l(9) DESC)
ALTER TABLE told ADD latin varchar(9) COLLATE latin1_bin, ADD other varchar(9) COLLATE utf8mb4_bin
ALTER TABLE told MODIFY u timestamp NULL DEFAULT current_timestamp ON UPDATE current_timestamp
ALTER TABLE told ADD `it's` varchar(9) DEFAULT 'it''s' COMMENT 'a\\\\b', ADD bits bit(3) DEFAULT b'101'
CREATE TABLE far (id integer, k integer unsigned, KEY (k), CONSTRAINT f FOREIGN KEY (k) REFERENCES told (i))
ALTER TABLE far ADD FOREIGN KEY (k) REFERENCES told (i) ON DELETE NO ACTION ON UPDATE RESTRICT
ALTER TABLE far ADD FOREIGN KEY (k) REFERENCES told (i) ON DELETE SET NULL ON UPDATE NO ACTION
ALTER TABLE far COMMENT 'a note', ADD ignored integer, ADD KEY `ignored` (ignored)
""".strip().splitlines()

ALONE = {
    "mysql": [
        "CREATE TABLE parted (id integer) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (5))",
        "CREATE TABLE whole (id integer)",
        "ALTER TABLE parted EXCHANGE PARTITION p0 WITH TABLE whole",
        "CREATE TABLE m (a integer, b varchar(9), KEY ix ((lower(b))))",
        "ALTER TABLE m ALTER INDEX ix INVISIBLE",
        "ALTER TABLE m ALTER a SET INVISIBLE",
        "ALTER TABLE m ADD CONSTRAINT ck CHECK (a > 1) NOT ENFORCED",
        "ALTER TABLE m ADD p point NOT NULL SRID 0, ADD SPATIAL INDEX (p)",
        "ALTER TABLE m ADD e varchar(9) DEFAULT (concat('a', 'b'))",
    ],
    "mariadb": [
        "CREATE TABLE m (a integer CHECK (a > 0), b text UNIQUE, KEY ix (a))",
        "CREATE OR REPLACE TABLE m (a integer, u uuid, KEY ix (a))",
        "ALTER TABLE m ALTER INDEX ix IGNORED",
        "ALTER ONLINE TABLE m ADD c integer INVISIBLE",
        "ALTER TABLE m ADD SYSTEM VERSIONING",
        "RENAME TABLE m TO n",
        "ALTER TABLE n DROP SYSTEM VERSIONING",
        "CREATE SEQUENCE ticket",
        "RENAME TABLE ticket TO tickets",
        "CREATE TABLE numbers (next_not_cached_value integer)",
        "DROP TABLE tickets",
        "SET STATEMENT max_statement_time = 9 FOR ALTER TABLE n ADD d integer",
        "BEGIN NOT ATOMIC ALTER TABLE n DROP d; END",
        "CREATE TABLE lists (n integer) PARTITION BY LIST (n) (PARTITION a VALUES IN (1), PARTITION b VALUES IN (2))",
        "ALTER TABLE lists CONVERT PARTITION a TO TABLE apart",
        "SET sql_mode = 'NO_TABLE_OPTIONS'",
        "ALTER TABLE n COMMENT 'unseen'",
        "ALTER TABLE n COMMENT 'unseen again'",
        "SET sql_mode = ''",
    ],
}


@pytest.fixture(autouse=True)
def no_driver_is_unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in UNHEARD:
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with sa.create_engine(database, poolclass=NullPool).connect() as connection:
        yield connection


@contextmanager
def open_driver(url: URL) -> Iterator[pymysql.Connection]:
    """One that takes several statements at once."""
    _, options = sa.create_engine(url).dialect.create_connect_args(url)
    options["client_flag"] |= CLIENT.MULTI_STATEMENTS
    with closing(pymysql.connect(**options)) as opened:
        yield opened


@pytest.mark.parametrize("way", WAYS)
def test_a_reader_sees_what_anyone_does(backend: ReadyBackend, connection: Connection, way: str) -> None:
    readers = SchemaReader(connection), SchemaReader(connection, {"ignored"})
    with someone(way, connection, open_driver) as say:
        for statement in (*TABLES, *PLAIN, *ALONE[backend.name]):
            say(statement.replace("\\n", "\n"))
            for reader, ignore in zip(readers, ((), {"ignored"}), strict=True):
                seen = reader.read()
                assert differences(read_schema(connection, ignore), seen) == [], statement
                assert reader.read() is seen


def test_a_reader_sees_what_stands_behind_another_statement(connection: Connection) -> None:
    reader = SchemaReader(connection)
    before = reader.read()
    with someone("driver", connection, open_driver) as say:
        say("SELECT 1; CREATE TABLE t (id integer)")
    assert list(map(str, differences(before, reader.read()))) == ["table t is left"]


def test_a_text_tells_what_information_schema_does(backend: ReadyBackend, connection: Connection) -> None:
    say = by_itself(connection)
    told = 0
    for statement in PLAIN:
        say(statement)
        table = statement.split()[2]
        text = connection.exec_driver_sql(f"SHOW CREATE TABLE {table}").one()[1]
        if (parts := tell_table(connection, (), table, text)) is not None:
            told += 1
            assert parts == read_table(connection, (), table, text), statement
        connection.rollback()
    # From the ON UPDATE on there is something in the one table that no text tells; MariaDB's json is a check.
    assert told == {"mysql": 12, "mariadb": 7}[backend.name]


def test_a_look_asks_for_no_more_than_was_spoken_of(connection: Connection) -> None:
    say = by_itself(connection)
    asked: list[str] = []
    for number in range(5):
        say(f"CREATE TABLE t{number} (id integer PRIMARY KEY, name varchar(9))")
    reader = SchemaReader(connection)
    before = reader.read()
    driver: Any = connection.connection.driver_connection
    cursor = driver.cursor
    with pytest.MonkeyPatch.context() as patch:

        def listening() -> object:
            made = cursor()
            execute = made.execute

            def noted(sql: str, *arguments: object) -> object:
                asked.append(sql)
                return execute(sql, *arguments)

            made.execute = noted
            return made

        patch.setattr(driver, "cursor", listening)
        assert reader.read() is before
        say("INSERT INTO t1 VALUES (1, 'a')")
        assert reader.read() is before
        say("ALTER TABLE t3 ADD note text")
        after = reader.read()
    assert asked == [
        "INSERT INTO t1 VALUES (1, 'a')",
        "ALTER TABLE t3 ADD note text",
        "SHOW CREATE TABLE `t3`",
    ]
    assert [str(each) for each in differences(before, after)] == ["column t3.note is left"]
    assert all(after[name] is each for name, each in before.items())


def test_what_is_done_during_a_transaction_is_seen_after_it(connection: Connection) -> None:
    say = by_itself(connection)
    say("CREATE TABLE t (id integer)")
    reader = SchemaReader(connection)
    reader.read()
    with someone("engine", connection, open_driver) as other:
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        connection.exec_driver_sql("SELECT * FROM t").all()
        other("CREATE TABLE u (id integer)")
        assert differences(read_schema(connection), reader.read()) == []
        other("ALTER TABLE u ADD name varchar(9)")
        assert differences(read_schema(connection), reader.read()) == []
        connection.commit()
        assert differences(read_schema(connection), reader.read()) == []
        assert "column u.name" in map(str, reader.read())


def test_what_another_program_did_is_seen(database: str, connection: Connection) -> None:
    reader = SchemaReader(connection)
    before = reader.read()
    program = f"import sqlalchemy as sa; c = sa.create_engine({database!r}).connect(); "
    program += "c.exec_driver_sql('CREATE TABLE t (id integer)')"
    subprocess.run([sys.executable, "-c", program], check=True)
    assert list(map(str, differences(before, reader.read()))) == ["table t is left"]


def unheard(connection: Connection, statement: str) -> None:
    driver: Any = connection.connection.driver_connection
    type(driver).query.__wrapped__(driver, statement)


def test_beside_a_driver_that_is_not_heard_all_is_looked_at(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = SchemaReader(connection)
    before = reader.read()
    monkeypatch.setitem(sys.modules, "asyncmy", sys)
    unheard(connection, "CREATE TABLE t (id integer)")
    assert list(map(str, differences(before, reader.read()))) == ["table t is left"]


def test_where_events_run_all_is_looked_at(connection: Connection) -> None:
    by_itself(connection)("CREATE EVENT sweep ON SCHEDULE EVERY 1 DAY DO DELETE FROM t")
    reader = SchemaReader(connection)
    before = reader.read()
    # As the event's own statements are.
    unheard(connection, "CREATE TABLE t (id integer)")
    assert list(map(str, differences(before, reader.read()))) == ["table t is left"]
