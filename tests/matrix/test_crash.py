"""A migration that dies half way can simply be run again, on every backend, wherever it died."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from alembic.util import CommandError

from tests.matrix.bench import Bench, bench_on
from tests.matrix.crash import counted, crashing_before
from tests.matrix.sample import fill
from tests.matrix.snapshot import rows_of, schema_of


def test_a_crash_before_any_statement_leaves_what_can_be_run_again(bench: Bench) -> None:
    crashes = 0
    for revision in bench.revisions():
        fill(bench.engine)
        up, down = (
            lambda revision=revision: bench.upgrade(revision),
            lambda revision=revision: bench.take_back(revision),
        )
        steps = max(count(bench, up), count(bench, down))
        bench.upgrade(revision)
        above = schema_of(bench.engine)
        bench.take_back(revision)
        below, rows = schema_of(bench.engine), rows_of(bench.engine)
        for number in range(2, steps + 1):
            crashes += crash_and_rerun(bench, up, number, f"{revision}, up, before statement {number}")
            assert schema_of(bench.engine) == above, f"{revision}, up, crashed before statement {number}"
            crashes += crash_and_rerun(bench, down, number, f"{revision}, down, before statement {number}")
            assert schema_of(bench.engine) == below, f"{revision}, down, crashed before statement {number}"
            assert {t: len(r) for t, r in rows_of(bench.engine).items()} == {
                t: len(r) for t, r in rows.items()
            }
        bench.upgrade(revision)
    assert crashes > len(bench.revisions()), (
        "every revision has at least one statement, and its version's row"
    )
    bench.check()


def count(bench: Bench, move: Callable[[], None]) -> int:
    with counted(bench.engine) as statements:
        move()
    return len(statements)


def crash_and_rerun(bench: Bench, move: Callable[[], None], number: int, where: str) -> int:
    try:
        with crashing_before(bench.engine, number):
            move()
    except AssertionError:
        # This direction has fewer statements than the other: it ran to its end.
        return 0
    try:
        move()
    except CommandError as error:
        pytest.fail(f"{where}: {error}")
    return 1


DIES = """
import os, sys
from sqlalchemy import event
from app import create_app
from app.extensions import db
from flask_migrate import upgrade

app = create_app()
with app.app_context():
    @event.listens_for(db.engine, "before_cursor_execute")
    def die(connection, cursor, statement, *rest):
        if "ix_projects_team_id" in statement:
            os.kill(os.getpid(), 9)
    upgrade()
"""


def test_a_killed_process_frees_the_lock_and_the_next_one_finishes(database: str) -> None:
    environment = os.environ | {"DATABASE_URL": database, "MIGRATE_LOCK_WAIT": "20"}
    killed = subprocess.run(
        [sys.executable, "-c", DIES], env=environment, capture_output=True, text=True, check=False
    )
    assert killed.returncode == -9, killed.stderr
    with bench_on(database) as bench:
        assert bench.current() == ("0003_create_memberships",)
        bench.upgrade()
        bench.check()
        assert sa.inspect(bench.engine).has_table("profiles")
