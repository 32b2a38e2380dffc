"""A run of any size with facts as the experiments leave them, for the reports that draw them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from flask_lab.results import BackendReport, Cell, Finding, ProjectReport, Revision, Run, Severity, Verdict
from tests.unit.sample_run import RUN

BACKENDS = ("sqlite", "postgres", "mysql", "mariadb")
EXPERIMENTS = ("stairway", "data", "portability", "crash", "rolling", "traffic")
SOURCE = '''"""Add users.phone_{number}

Revision ID: {id}
Revises: {down}
"""

import sqlalchemy as sa
from alembic import op

revision = "{id}"
down_revision = "{down}"


def upgrade():
    with op.batch_alter_table("users") as batch_op:
        batch_op.add_column(sa.Column("phone_{number}", sa.String(20), nullable=True))
        batch_op.create_index("ix_users_phone_{number}", ["phone_{number}"])


def downgrade():
    with op.batch_alter_table("users") as batch_op:
        batch_op.drop_index("ix_users_phone_{number}")
        batch_op.drop_column("phone_{number}")
'''


def big_run(revisions: int) -> Run:
    """So many revisions on four backends, by six experiments and a race; every seventh fails on MySQL."""
    tree = tuple(_revision(number) for number in range(1, revisions + 1))
    cells = [
        _cell(experiment, backend, number)
        for number in range(1, revisions + 1)
        for backend in BACKENDS
        for experiment in EXPERIMENTS
    ]
    cells.append(Cell("race", "mysql", None, Verdict.FAILED, "unsafe-concurrent-upgrade", 2.0, RACE))
    cells.append(Cell("crash", "mariadb", None, Verdict.ERRORED, "the server went away"))
    reports = [BackendReport(each, each, "1.0", "docker", Verdict.PASSED) for each in BACKENDS]
    return replace(
        RUN,
        project=ProjectReport("shop", (tree[-1].id,), tree),
        backends=tuple(reports),
        cells=tuple(cells),
        findings=tuple(_findings(revisions)),
        not_compared=tuple(f"mysql: CHECK constraint {number}" for number in range(20)),
    )


def name(number: int) -> str:
    return f"{number:04}_phone" if number else ""


def _revision(number: int) -> Revision:
    down = (name(number - 1),) if number > 1 else ()
    source = SOURCE.format(number=number, id=name(number), down=name(number - 1))
    return Revision(
        name(number),
        down,
        f"Add users.phone_{number}",
        f"migrations/versions/{name(number)}.py",
        source=source,
    )


def _cell(experiment: str, backend: str, number: int) -> Cell:
    fails = experiment == "traffic" and backend == "mysql" and number % 7 == 0
    verdict = Verdict.FAILED if fails else Verdict.PASSED
    return Cell(experiment, backend, name(number), verdict, "", 0.1, _facts(experiment, backend, number))


def _facts(experiment: str, backend: str, number: int) -> dict[str, Any]:
    sql = [
        f"ALTER TABLE users ADD COLUMN phone_{number} VARCHAR(20)",
        f"CREATE INDEX ix_users_phone_{number} ON users (phone_{number})",
    ]
    if backend == "mysql":
        sql = [f"{each} /* MySQL */" for each in sql]
    match experiment:
        case "stairway":
            step = {"seconds": 0.0123, "statements": 2, "sql": sql}
            return {"upgrade": step, "downgrade": step, "again": {"seconds": 0.01, "statements": 2}}
        case "data":
            kind = {
                "rows": 120,
                "lost": [],
                "changed": [],
                "back_lost": [],
                "back_changed": [],
                "failed": None,
            }
            return {"ordinary": kind, "hostile": kind}
        case "crash":
            death = {"way": "process", "after": sql[0], "before": sql[1], "again": "works"}
            return {"upgrade": {"boundaries": 3, "left_out": 1, "crashes": [death] * 4}}
        case "traffic":
            return traffic(backend, sql)
        case _:
            return {}


def traffic(backend: str, sql: list[str]) -> dict[str, Any]:
    """A step of a second over two tables, one of which is closed for half of it."""
    quiet = [[place * 40.0, 1.2] for place in range(25)]
    busy = [[place * 40.0, max(1.1, 480.0 - place * 40.0)] for place in range(25)]

    def stream(series: list[list[float]]) -> dict[str, Any]:
        return {"operations": 25, "longest": max(wait for _, wait in series), "errors": {}, "series": series}

    return {
        "rows": 100_000,
        "seconds": 1.0,
        "budget": {"reads": 400.0, "writes": 400.0},
        "tables": {
            "users": {"reads": stream(quiet), "writes": stream(busy), "rewritten": backend == "mysql"},
            "teams": {"reads": stream(quiet), "writes": stream(quiet), "rewritten": False},
        },
        "statements": [
            {"statement": sql[0], "at_ms": 2.0, "ms": 480.0},
            {"statement": sql[1], "at_ms": 482.0, "ms": 510.0},
        ],
        "locks": {"users": {"lock": "SHARED_NO_WRITE", "at_ms": 2.0, "held_ms": 480.0, "all_ms": {}}},
        "sizes": [[6250, 0.08], [25_000, 0.27], [100_000, 1.0]],
        "growth": {"exponent": 0.92, "error": 0.05},
        "forecast": {
            "rows": 5_000_000,
            "seconds": [30.0, 38.0, 47.0],
            "reads": [0, 0, 0],
            "writes": [1, 2, 3],
        },
    }


def _process(number: int, outcome: str, steps: list[list[Any]]) -> dict[str, Any]:
    return {"process": number, "outcome": outcome, "seconds": 0.4 + number / 10, "read": 0.1, "steps": steps}


RACE = {
    "rounds": [
        {
            "from": "nothing",
            "outcomes": {"succeeded": 1, "failed": 1},
            "processes": [
                _process(1, "succeeded", [["0001_phone", 0.15, 0.3], ["0002_phone", 0.31, 0.4]]),
                _process(2, "failed", []),
            ],
        }
    ],
    "slow": {"skipped": "processes fail, or leave something else, without that"},
    "killed": {"skipped": "processes fail, or leave something else, without that"},
}


def _findings(revisions: int) -> Iterator[Finding]:
    yield Finding(
        "unsafe-concurrent-upgrade",
        Severity.WARNING,
        "race",
        ("mysql",),
        None,
        "several processes at once, from nothing: some fail",
        {"said": "Table 'users' already exists"},
        "Take a lock in env.py.",
        None,
        "flask --app shop lab run race --on mysql",
    )
    for number in range(7, revisions + 1, 7):
        yield Finding(
            "blocks-writes",
            Severity.WARNING,
            "traffic",
            ("mysql",),
            name(number),
            "writes of users wait 480 ms at 100,000 rows (COPY, SHARED)",
            {"statement": f"ALTER TABLE users ADD COLUMN phone_{number} VARCHAR(20)"},
            "Add it without the index first.",
            None,
            f"flask --app shop lab run traffic --on mysql --only {name(number)}",
        )
    yield Finding(
        "upgrade-changes-values",
        Severity.ERROR,
        "data",
        ("postgres", "mysql"),
        name(1),
        "users.name: 3 of 120 values are others after the upgrade",
        {"examples": [{"before": {"name": "<b>Ä</b>"}, "after": {"name": "A"}}]},
        "Keep the collation.",
        None,
        f"flask --app shop lab run data --on postgres,mysql --only {name(1)}",
    )
