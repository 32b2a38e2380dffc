"""How what a crash left is told, in the same words for every product; without a database."""

from __future__ import annotations

from typing import Any

import pytest

from flask_lab.experiments import EXPERIMENTS
from flask_lab.experiments.base import Observation
from flask_lab.experiments.crash.judging import gist
from flask_lab.merging import together
from flask_lab.reports.evidence import evidence
from flask_lab.results import Finding, Severity


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("CREATE TABLE `role` ( id INTEGER NOT NULL AUTO_INCREMENT )", "CREATE TABLE role"),
        ('ALTER TABLE "user" ADD COLUMN "default" BOOLEAN', "ALTER TABLE user ADD COLUMN default"),
        ("ALTER TABLE users DROP FOREIGN KEY fk_team", "ALTER TABLE users DROP FOREIGN KEY fk_team"),
        ("ALTER TABLE users MODIFY age BIGINT NULL", "ALTER TABLE users MODIFY age"),
        ("DROP INDEX ix_name ON users", "DROP INDEX ix_name"),
        ("CREATE UNIQUE INDEX CONCURRENTLY ix ON users (name)", "CREATE UNIQUE INDEX CONCURRENTLY ix"),
        ("DROP TABLE IF EXISTS users", "DROP TABLE IF EXISTS users"),
        ("INSERT INTO users (id) VALUES (1)", "INSERT INTO users"),
        ("UPDATE users SET age = 1", "UPDATE users"),
        ("the COMMIT", "the COMMIT"),
        ("VACUUM " + "x" * 80, "VACUUM " + "x" * 52 + "…"),
    ],
)
def test_a_statement_is_told_by_what_it_is_about(statement: str, told: str) -> None:
    assert gist(statement) == told


def stuck(backend: str, statement: str, said: str, repair: list[str]) -> Finding:
    crash: dict[str, Any] = {
        "after": statement,
        "before": "",
        "again": "fails",
        "version": "before",
        "schema": "between",
        "rows": "as ever",
        "error": {"message": said},
        "repair": repair,
    }
    facts = {"upgrade": {"crashes": [crash]}}
    (fault,) = EXPERIMENTS["crash"].judge(Observation("1", facts))
    return Finding(
        rule=fault.rule,
        severity=Severity.WARNING,
        experiment="crash",
        revision="1",
        backends=(backend,),
        message=fault.message,
        evidence=fault.evidence,
        remedy=f"Do it {backend}'s way.",
        repeat="",
    )


def test_products_share_a_finding_and_keep_their_errors_repairs_and_remedies() -> None:
    (found,) = together(
        [
            stuck("sqlite", "CREATE TABLE role (id INT)", "table role already exists", ["DROP TABLE role"]),
            stuck("mysql", "CREATE TABLE `role` (id INT)", "(1050, 'exists')", ["DROP TABLE `role`"]),
            stuck("mariadb", "CREATE TABLE role (id INT)", "(1050, 'exists')", []),
        ]
    )
    assert found.backends == ("sqlite", "mysql", "mariadb")
    assert found.message == "a crash of the upgrade after CREATE TABLE role and the next run fails"
    lines = evidence(found)
    assert lines[:-1] == [
        ("found", "table role already exists"),
        ("repair", "tried: DROP TABLE role"),
        ("found on mysql", "(1050, 'exists')"),
        ("repair on mysql", "tried: DROP TABLE `role`"),
        ("found on mariadb", "(1050, 'exists')"),
        ("repair on mariadb", "none was found"),
    ]
    assert found.remedy == (
        "On sqlite: Do it sqlite's way. On mysql: Do it mysql's way. On mariadb: Do it mariadb's way."
    )
    # Merged once more, as by `lab merge`, it is the same.
    assert together([found]) == (found,)
