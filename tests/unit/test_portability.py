"""What is told without a server: reading SQL, tables on paper, names, keys, and the judge, all on values alone."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import ops

from flask_lab.backends import PRODUCTS
from flask_lab.experiments import EXPERIMENTS, Observation
from flask_lab.experiments.portability import keys
from flask_lab.experiments.portability.dialects import specific
from flask_lab.experiments.portability.naming import too_long, unnamed
from flask_lab.experiments.portability.paper import Paper
from flask_lab.experiments.portability.reading import read
from flask_lab.experiments.portability.traits import Trait
from flask_lab.offline import offline_dialect, offline_url


def context(product: str, **options: Any) -> MigrationContext:
    dialect = offline_dialect(PRODUCTS[product], offline_url(PRODUCTS[product], None))
    return MigrationContext.configure(dialect=dialect, opts={"as_sql": True, **options})


def found(statement: str, product: str) -> list[str]:
    return [trait.what for trait in specific(statement, product)]


def test_texts_comments_and_quoted_names_are_no_syntax() -> None:
    statement = """
        INSERT INTO t (a) -- ON CONFLICT
        VALUES ('it''s ILIKE', "ON", `x`) /* x::int
        ILIKE */
    """
    assert read(statement, "sqlite").text == "INSERT INTO T (A) VALUES ('', \"Q\", `Q`)"


def test_views_leave_out_what_is_inside() -> None:
    seen = read("DELETE FROM t WHERE id IN (SELECT id FROM (SELECT MIN(id) AS id FROM t) AS x)", "mysql")
    assert seen.top == "DELETE FROM T WHERE ID IN ()"
    assert seen.outer == "DELETE FROM T WHERE ID IN (SELECT ID FROM () AS X)"


@pytest.mark.parametrize(
    ("product", "statement"),
    [
        ("mysql", "INSERT INTO notes (body) VALUES ('ON CONFLICT DO NOTHING')"),
        ("mysql", r"UPDATE notes SET body = 'it\'s ILIKE' WHERE id = 1"),
        ("mysql", 'UPDATE notes SET body = "a text on MySQL"'),
        ("postgres", "UPDATE t SET a = E'\\' :: `' WHERE a = $x$ ON DUPLICATE KEY $x$"),
        (
            "mysql",
            "DELETE FROM t WHERE id NOT IN (SELECT id FROM (SELECT MIN(id) AS id FROM t GROUP BY a) AS x)",
        ),
        ("mysql", "CREATE TABLE uuid (id INTEGER, now DATETIME)"),
        ("sqlite", "ALTER TABLE t ADD COLUMN made DATETIME DEFAULT (now())"),
        ("postgres", "ALTER TABLE t ADD COLUMN datetime TIMESTAMP"),
        ("sqlite", "CREATE TRIGGER x AFTER UPDATE ON t BEGIN UPDATE u SET b = 1; DELETE FROM u; END"),
        ("postgres", "INSERT INTO left_right (a) SELECT a FROM t LEFT JOIN u ON t.id = u.t_id"),
    ],
)
def test_what_only_looks_foreign_is_silent(product: str, statement: str) -> None:
    assert found(statement, product) == []


@pytest.mark.parametrize(
    ("product", "statement", "what"),
    [
        ("sqlite", "UPDATE t SET made = now()", "now()"),
        ("mysql", "ALTER TABLE t ADD COLUMN u CHAR(36) DEFAULT (gen_random_uuid())", "gen_random_uuid()"),
        ("postgres", "update `t` set a = 1", "backticks"),
        ("mysql", "  select a::text\n from t ;", "the cast ::"),
        (
            "sqlite",
            "ALTER TABLE t ADD COLUMN a INTEGER, ADD COLUMN b INTEGER",
            "several changes in one ALTER TABLE",
        ),
    ],
)
def test_what_is_foreign_is_found(product: str, statement: str, what: str) -> None:
    assert what in found(statement, product)


def test_versions_decide_where_they_matter() -> None:
    trait = Trait("x", ("sqlite>=3.44", "mysql<9.6", "postgres"), re.compile("X"), "")
    assert [trait.is_taken("sqlite", each) for each in ("3.9", "3.44.1", "")] == [False, True, True]
    assert [trait.is_taken("mysql", each) for each in ("8.4", "9.6", "10")] == [True, False, False]
    assert not trait.is_taken("mariadb", "11.8")


@pytest.mark.parametrize(
    ("product", "name", "is_long"),
    [
        ("postgres", "n" * 63, False),
        ("postgres", "n" * 64, True),
        ("postgres", "é" * 32, True),
        ("mysql", "é" * 64, False),
        ("mysql", "n" * 65, True),
        ("sqlite", "n" * 300, False),
    ],
)
def test_names_are_measured_as_the_product_does(product: str, name: str, is_long: bool) -> None:
    assert list(too_long(f"CREATE TABLE {name} (id INTEGER)", product)) == [name] * is_long
    assert list(too_long(f"INSERT INTO t VALUES ('{name}')", product)) == []


def test_unnamed_constraints_are_told_unless_a_convention_names_them() -> None:
    def operation() -> ops.CreateTableOp:
        email = sa.Column("email", sa.String(9), unique=True)
        return ops.CreateTableOp("pets", [email, sa.Column("user_id", sa.ForeignKey("users.id"))])

    assert list(unnamed(operation(), context("sqlite"))) == [
        "foreign key (user_id) of pets to users",
        "unique (email) of pets",
    ]
    convention = {"uq": "uq_%(table_name)s_%(column_0_name)s", "fk": "fk_%(table_name)s_%(column_0_name)s"}
    named = context("sqlite", target_metadata=sa.MetaData(naming_convention=convention))
    assert list(unnamed(operation(), named)) == []
    assert list(unnamed(ops.DropConstraintOp(None, "pets", "unique"), context("sqlite"))) != []


def told(product: str, *operations: Any) -> list[str]:
    """Why the product refuses keys that the operations make, one after the other."""
    paper, running = Paper(), context(product)
    return [
        why
        for operation in operations
        for table, key in paper.take(operation, running)
        if (why := keys.refused(table, key, running.dialect))
    ]


def table(*columns: Any, **options: Any) -> ops.CreateTableOp:
    return ops.CreateTableOp("t", [sa.Column("id", sa.Integer, primary_key=True), *columns], **options)


WIDE = "3076 bytes are more than the 3072 that InnoDB takes"


def test_a_key_is_as_wide_as_its_columns() -> None:
    index = ops.CreateIndexOp("ix", "t", ["a"])
    assert told("mysql", table(sa.Column("a", sa.String(768))), index) == []
    assert told("mysql", table(sa.Column("a", sa.String(769))), index) == [WIDE]
    assert told("mysql", table(sa.Column("a", sa.String(769), unique=True))) == [WIDE]
    assert (
        told(
            "mysql",
            table(sa.Column("a", sa.String(769))),
            ops.CreateIndexOp("ix", "t", ["a"], mysql_length=9),
        )
        == []
    )
    assert told("mysql", table(sa.Column("a", sa.String(3000)), mysql_charset="latin1"), index) == []
    assert told("mysql", table(sa.Column("a", sa.Text)), index) == [
        "a is TEXT, of which a key can only have a beginning"
    ]


def test_a_key_follows_its_columns_through_later_revisions() -> None:
    made = table(sa.Column("a", sa.String(100), index=True))
    widened = ops.AlterColumnOp("t", "b", modify_type=sa.String(769))
    renamed = ops.AlterColumnOp("t", "a", modify_name="b")
    assert told("mysql", made, renamed, widened) == [WIDE]
    made = table(sa.Column("a", sa.String(100), index=True))
    assert told("mysql", made, renamed, ops.DropIndexOp("ix_t_a", "t"), widened) == []


def test_mariadb_cuts_an_index_hashes_a_unique_key_and_refuses_the_rest() -> None:
    wide = sa.String(769)
    assert told("mariadb", table(sa.Column("a", wide, index=True))) == []
    assert told("mariadb", table(sa.Column("a", wide, unique=True))) == []
    assert told("mariadb", ops.CreateTableOp("t", [sa.Column("a", wide, primary_key=True)])) == [WIDE]
    both = table(sa.Column("a", sa.String(500)), sa.Column("b", sa.String(500)))
    assert len(told("mariadb", both, ops.CreateIndexOp("ix", "t", ["a", "b"]))) == 1


def facts(**seen: Any) -> dict[str, Any]:
    empty: dict[str, list[Any]] = {"specific": [], "unrendered": []}
    nothing: dict[str, Any] = {"upgrade": empty, "downgrade": empty, "names": [], "keys": [], "unnamed": []}
    return nothing | {"revision_id": None, "online": False, "script": {}} | seen


@pytest.mark.parametrize(
    ("seen", "rule"),
    [
        ({"names": [{"name": "x", "length": 64, "limit": 63, "unit": "bytes"}]}, "identifier-too-long"),
        ({"keys": ["index ix on t (a): too wide"]}, "index-key-too-wide"),
        ({"unnamed": ["unique (email) of users"]}, "unnamed-constraint"),
        ({"revision_id": {"length": 40, "limit": 32}}, "revision-id-too-long"),
        ({"upgrade": {"specific": [], "unrendered": ["it reads"]}}, "offline-sql-fails"),
        ({"script": {"fails": {"message": "no such table"}}}, "offline-sql-fails"),
        ({"script": {"differs": ["table t is gone"]}}, "offline-sql-fails"),
        (
            {"downgrade": {"specific": [{"message": "m", "statement": "s"}], "unrendered": []}},
            "product-specific-sql",
        ),
    ],
)
def test_judge(seen: dict[str, Any], rule: str) -> None:
    judge = EXPERIMENTS["portability"].judge
    assert [each.rule for each in judge(Observation("0001", facts(**seen)))] == [rule]
    assert list(judge(Observation("0001", facts()))) == []


def test_values_that_env_leaves_out_are_one_finding_for_all_revisions() -> None:
    judge = EXPERIMENTS["portability"].judge
    unbound = [f"000{number}" for number in range(7)]
    (found,) = judge(Observation(None, {"env": "", "unbound": unbound}))
    assert found.message.startswith(
        "the values are not in the SQL of 0000, 0001, 0002, 0003, 0004 and 2 more: "
    )
    assert list(judge(Observation(None, {"env": "", "unbound": []}))) == []


def test_what_the_server_took_is_not_refused() -> None:
    seen = {"specific": [{"message": "m", "statement": "s"}], "unrendered": []}
    judge = EXPERIMENTS["portability"].judge
    assert list(judge(Observation("0001", facts(upgrade=seen, online=True)))) == []
    assert len(list(judge(Observation("0001", facts(upgrade=seen))))) == 1
