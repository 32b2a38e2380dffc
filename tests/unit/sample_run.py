"""One fixed run that every report is compared on: each verdict, a finding on two backends, hostile text."""

from __future__ import annotations

from datetime import UTC, datetime

from flask_lab.results import BackendReport, Cell, Finding, ProjectReport, Revision, Run, Severity, Verdict

REVISIONS = (
    Revision("0001", (), "Create users", "migrations/versions/0001.py"),
    Revision("0002", ("0001",), "Add | phone", "migrations/versions/0002.py"),
)
ENUM = Finding(
    "downgrade-leaves-trace",
    Severity.ERROR,
    "stairway",
    ("postgres", "mysql"),
    "0002",
    "enumeration state is left, <b>100%</b>",
    {"left": [{"object": "enumeration state"}]},
    "Drop it too.",
    None,
    "flask --app shop lab run stairway --on postgres,mysql --only 0002",
)
DRIFT = Finding(
    "model-drift",
    Severity.ERROR,
    "drift",
    ("sqlite",),
    None,
    "users.email: the models say NOT NULL, the database says NULL",
    {"statement": "ALTER TABLE users\n  ADD email text"},
    "Write the revision.",
    None,
    "flask --app shop lab run drift --on sqlite",
)
RUN = Run(
    id="20261121-120000-ab12",
    started=datetime(2026, 11, 21, 12, tzinfo=UTC),
    seconds=12.5,
    lab_version="0.1.0",
    command=("lab", "run"),
    project=ProjectReport("shop", ("0002",), REVISIONS),
    backends=(
        BackendReport("sqlite", "sqlite", "3.45.1", "embedded", Verdict.PASSED),
        BackendReport("postgres", "postgres", "18.6", "docker", Verdict.PASSED),
        BackendReport("mysql", "mysql", "9.7.4", "url", Verdict.PASSED),
        BackendReport("mariadb", "mariadb", "", "", Verdict.SKIPPED, "no server: start Docker"),
    ),
    cells=(
        Cell("stairway", "sqlite", "0001", Verdict.PASSED, "", 0.25, {"trace": []}),
        Cell("stairway", "sqlite", "0002", Verdict.PASSED, "", 0.5),
        Cell("stairway", "postgres", "0002", Verdict.FAILED, "downgrade-leaves-trace", 0.75),
        Cell("stairway", "mysql", "0002", Verdict.FAILED, "downgrade-leaves-trace", 1.0),
        Cell("stairway", "mariadb", None, Verdict.SKIPPED, "no server: start Docker"),
        Cell("drift", "sqlite", None, Verdict.FAILED, "model-drift"),
        Cell("drift", "mysql", None, Verdict.ERRORED, "the server went away \x00"),
    ),
    findings=(ENUM, DRIFT),
    not_compared=("3 CHECK constraints",),
)
