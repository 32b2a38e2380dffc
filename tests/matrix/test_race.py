"""Replicas that start together: one migrates, the others wait and find nothing to do."""

from __future__ import annotations

import re
import subprocess
import time

import sqlalchemy as sa

from tests.matrix.bench import Bench
from tests.matrix.project import Project

REPLICAS = 4
STARTED = "started"
SLOW = f"""
import pathlib, time
pathlib.Path({STARTED!r}).touch()
time.sleep({{seconds}})
op.create_table("slow", sa.Column("id", sa.Integer, primary_key=True))
"""


def test_replicas_upgrade_a_new_database_together(project: Project, bench: Bench) -> None:
    replicas = [project.start("db", "upgrade") for _ in range(REPLICAS)]
    outputs = [replica.communicate(timeout=120)[0] for replica in replicas]
    assert [replica.returncode for replica in replicas] == [0] * REPLICAS, "\n".join(outputs)
    applied = [re.findall(r"Applied (\S+)", output) for output in outputs]
    # Who migrates and who waits is the database's choice, but each revision is applied once.
    assert sorted(revision for each in applied for revision in each) == sorted(bench.revisions())
    assert sorted(map(len, applied)) == [0, 0, 0, len(bench.revisions())]
    bench.check()


def test_who_waits_says_so_and_finishes_after_a_slow_winner(project: Project, bench: Bench) -> None:
    bench.upgrade()
    project.add_revision("0036_slow", SLOW.format(seconds=3))
    winner = project.start("db", "upgrade")
    wait_until_started(winner, project)
    loser = project.flask("db", "upgrade")
    winner.communicate(timeout=60)
    assert (winner.returncode, loser.returncode) == (0, 0), loser.stderr
    assert "waiting for it, up to 300 s" in loser.stderr
    assert "It finished after" in loser.stderr
    assert "Applied" not in loser.stderr


def test_waiting_ends_in_time_with_the_reason(project: Project, bench: Bench) -> None:
    bench.upgrade()
    project.add_revision("0036_slow", SLOW.format(seconds=8))
    winner = project.start("db", "upgrade")
    try:
        wait_until_started(winner, project)
        started = time.monotonic()
        loser = project.flask("db", "upgrade", MIGRATE_LOCK_WAIT="1")
        assert time.monotonic() - started < 6
        assert loser.returncode == 1
        assert "did not finish within 1 s. Raise MIGRATE_LOCK_WAIT" in loser.stderr.splitlines()[-1]
    finally:
        winner.kill()
        winner.communicate()


def test_the_lock_is_free_when_its_holder_is_killed(project: Project, bench: Bench) -> None:
    bench.upgrade()
    project.add_revision("0036_slow", SLOW.format(seconds=30))
    winner = project.start("db", "upgrade")
    wait_until_started(winner, project)
    winner.kill()
    winner.communicate()
    project.add_revision("0036_slow", SLOW.format(seconds=0))
    next_one = project.flask("db", "upgrade", MIGRATE_LOCK_WAIT="20")
    assert next_one.returncode == 0, next_one.stderr
    assert sa.inspect(bench.engine).has_table("slow")


def wait_until_started(process: subprocess.Popen[str], project: Project, seconds: float = 30) -> None:
    """Return when the slow revision runs, so that the lock is surely held."""
    deadline = time.monotonic() + seconds
    while not (project.folder / STARTED).exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "the slow revision did not start in time"
        time.sleep(0.05)
