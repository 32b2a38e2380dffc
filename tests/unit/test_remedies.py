"""Remedies that fit the case: what servers say, what a downgrade left, what a revision did to its rows."""

from __future__ import annotations

from typing import Any

import pytest

from flask_lab.remedies import remedy_for
from flask_lab.rules import RULES


def of_error(rule: str, message: str, statement: str = "", code: str = "") -> str:
    evidence = {"type": "OperationalError", "statement": statement, "code": code}
    return remedy_for(RULES[rule], "mysql", message, evidence)


@pytest.mark.parametrize(
    ("rule", "message", "statement", "code", "helps"),
    [
        (
            "downgrade-fails",
            "(1553, \"Cannot drop index 'ix': needed in a foreign key\")",
            "",
            "",
            "foreign key first",
        ),
        ("downgrade-fails", "AssertionError", "", 'op.drop_constraint(None, "posts")', "without naming it"),
        (
            "downgrade-fails",
            "No support for ALTER of constraints in SQLite dialect",
            "",
            "",
            "batch_alter_table",
        ),
        (
            "downgrade-fails",
            "No support for ALTER of constraints in SQLite dialect",
            "",
            'op.drop_constraint(None, "posts")',
            "drop it by that name within op.batch_alter_table",
        ),
        (
            "downgrade-fails",
            "AssertionError: assert name is not None (compiler.py, in format_constraint)",
            "",
            "with op.batch_alter_table('posts') as batch_op:",
            "without naming it",
        ),
        (
            "upgrade-fails",
            "CompileError: PostgreSQL Enum type requires a name.",
            "",
            "",
            "sa.Enum(..., name=",
        ),
        ("upgrade-fails", "(1170, 'used in key specification without a key length')", "", "", "mysql_length"),
        (
            "upgrade-fails-on-data",
            "FOREIGN KEY constraint failed",
            "\nDROP TABLE users",
            "with batch:",
            "rebuilds users",
        ),
        (
            "downgrade-fails-on-data",
            "FOREIGN KEY constraint failed",
            "\nDROP TABLE users",
            "",
            "refer to users",
        ),
        ("upgrade-fails-on-data", "(1062, \"Duplicate entry '' for key 'u'\")", "", "", "Tell them apart"),
        (
            "upgrade-fails-on-data",
            "(1265, \"Data truncated for column 'mood' at row 1\")",
            "MODIFY mood ENUM('a')",
            "",
            "by an UPDATE before",
        ),
        ("upgrade-fails-on-data", "AttributeError: 'NoneType' object has no", "", "", "meets a NULL"),
    ],
)
def test_errors(rule: str, message: str, statement: str, code: str, helps: str) -> None:
    assert helps in of_error(rule, message, statement, code)


def test_an_error_that_nobody_knows_has_the_rules_own() -> None:
    assert of_error("downgrade-fails", "disk on fire") == RULES["downgrade-fails"].remedy


def difference(
    kind: str, name: str, attribute: str | None = None, *, is_left: bool = False
) -> dict[str, Any]:
    return {"kind": kind, "table": "users", "name": name, "attribute": attribute, "is_left": is_left}


def of_trace(product: str, *left: dict[str, Any]) -> str:
    return remedy_for(RULES["downgrade-leaves-trace"], product, "", {"left": left})


def test_what_a_downgrade_has_to_do() -> None:
    told = of_trace(
        "postgres",
        difference("column", "name", "type"),
        difference("index", "ix_name"),
        difference("enumeration", "mood", is_left=True),
    )
    assert told == (
        "Let the downgrade give back the type of users.name; make again index ix_name; drop enumeration mood. "
        "An enumeration outlives its table: sa.Enum(name='mood').drop(op.get_bind()) drops it."
    )


def test_what_mysql_forgets_is_said_of_mysql_only() -> None:
    lost = difference("column", "name", "nullable")
    assert "existing_nullable" in of_trace("mysql", lost)
    assert "existing_nullable" not in of_trace("postgres", lost)


def test_a_type_that_nobody_asked_to_change_is_one_that_mysql_was_told_wrong() -> None:
    rule, lost = RULES["upgrade-loses-schema"], difference("column", "mood", "type")
    assert "existing_type" in remedy_for(rule, "mariadb", "", {"lost": [lost]})
    assert remedy_for(rule, "postgres", "", {"lost": [lost]}) == rule.remedy
    # A downgrade that leaves a type has more often not been told to change it.
    assert "existing_type" not in of_trace("mariadb", lost)


def test_an_enumeration_without_a_name_has_one_remedy_with_a_server_and_without() -> None:
    said = (
        "upgrade: alter_column users.mood: CompileError: PostgreSQL Enum type requires a name. (only sqlite)"
    )
    helps = remedy_for(
        RULES["product-specific-sql"], "postgres", said, {"statement": "alter_column users.mood"}
    )
    assert helps == of_error("upgrade-fails", "CompileError: PostgreSQL Enum type requires a name.")


def test_values_that_env_leaves_out_of_offline_sql() -> None:
    rule = RULES["offline-sql-fails"]
    said = "the values are not in the SQL of 0002: env.py runs offline without literal_binds=True"
    assert "literal_binds=True" in remedy_for(rule, "mysql", said, {})
    assert remedy_for(rule, "mysql", "upgrade: it reads from the database", {}) == rule.remedy


def test_rows_that_the_revision_deletes_itself() -> None:
    rule = RULES["upgrade-loses-rows"]
    assert "deletes them itself" in remedy_for(rule, "mysql", "", {"statements": ["DELETE FROM users"]})
    assert remedy_for(rule, "mysql", "", {"statements": ["DROP TABLE users"]}) == rule.remedy


@pytest.mark.parametrize(
    ("product", "message", "helps"),
    [
        ("sqlite", "a crash of the upgrade after CREATE TABLE a", 'connect_args={"autocommit": False}'),
        ("mysql", "a crash of the upgrade after CREATE TABLE a", "committed at once"),
        ("mariadb", "a crash after the last statement of a step", "flask db stamp"),
        ("postgres", "a crash of the upgrade after CREATE TABLE a", "looks before it acts"),
    ],
)
def test_a_crash_is_mended_by_what_its_product_can_do(product: str, message: str, helps: str) -> None:
    assert helps in remedy_for(RULES["stuck-after-crash"], product, message, {})
