"""Replicas that start together: one migrates, the others wait and find nothing to do."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from tests.matrix.bench import Bench
from tests.matrix.project import Project

REPLICAS = 4
# A revision that goes on when it is told to, so that no test depends on how quick the machine is.
GATED = """
import pathlib, time
pathlib.Path("started").touch()
deadline = time.monotonic() + 60
while not pathlib.Path("go").exists() and time.monotonic() < deadline:
    time.sleep(0.05)
op.create_table("gated", sa.Column("id", sa.Integer, primary_key=True))
"""


@pytest.fixture
def winner(project: Project, bench: Bench) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the upgrade lock in the middle of a revision."""
    bench.upgrade()
    project.add_revision("0036_gated", GATED)
    with project.start("db", "upgrade") as process:
        try:
            wait_until_started(process, project)
            yield process
        finally:
            process.kill()


def test_replicas_upgrade_a_new_database_together(project: Project, bench: Bench) -> None:
    replicas = [project.start("db", "upgrade") for _ in range(REPLICAS)]
    outputs = [replica.communicate(timeout=120)[0] for replica in replicas]
    assert [replica.returncode for replica in replicas] == [0] * REPLICAS, "\n".join(outputs)
    applied = [re.findall(r"Applied (\S+)", output) for output in outputs]
    # Who migrates and who waits is the database's choice, but each revision is applied once.
    assert sorted(revision for each in applied for revision in each) == sorted(bench.revisions())
    assert sorted(map(len, applied)) == [0, 0, 0, len(bench.revisions())]
    bench.check()


def test_who_waits_says_so_and_finishes_after_a_slow_winner(
    project: Project, winner: subprocess.Popen[str]
) -> None:
    with project.start("db", "upgrade") as loser:
        assert loser.stdout is not None
        said = loser.stdout.readline()
        (project.folder / "go").touch()
        rest, _ = loser.communicate(timeout=60)
    winner.communicate(timeout=60)
    assert (winner.returncode, loser.returncode) == (0, 0), rest
    assert "waiting for it, up to 300 s" in said
    assert "It finished after" in rest
    assert "Applied" not in rest


def test_waiting_ends_in_time_with_the_reason(project: Project, winner: subprocess.Popen[str]) -> None:
    loser = project.flask("db", "upgrade", MIGRATE_LOCK_WAIT="1")
    assert winner.poll() is None
    assert loser.returncode == 1
    assert "did not finish within 1 s. Raise MIGRATE_LOCK_WAIT" in loser.stderr.splitlines()[-1]


def test_the_lock_is_free_when_its_holder_is_killed(
    project: Project, bench: Bench, winner: subprocess.Popen[str]
) -> None:
    winner.kill()
    winner.wait()
    (project.folder / "go").touch()
    next_one = project.flask("db", "upgrade", MIGRATE_LOCK_WAIT="20")
    assert next_one.returncode == 0, next_one.stderr
    assert sa.inspect(bench.engine).has_table("gated")


def wait_until_started(process: subprocess.Popen[str], project: Project, seconds: float = 30) -> None:
    """Return when the slow revision runs, so that the lock is surely held."""
    deadline = time.monotonic() + seconds
    while not (project.folder / "started").exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "the slow revision did not start in time"
        time.sleep(0.05)
