"""The whole tree in one run, which goes on beside the walk: what disturbs the one is not told of the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from flask_lab.results import Run, Verdict
from tests.engine.projects import TREES, make_project
from tests.engine.test_project import change
from tests.engine.test_traps import LOADED, assert_clean, seen
from tests.harness.plugin import ReadyBackend

GOOD = TREES / "model-drift" / "good"
RUN = "            context.run_migrations()"
WHERE = "'walk' if op.get_context().opts['transaction_per_migration'] else 'whole'"


REVISION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = {revision!r}, {down!r}


def upgrade():
    op.{upgrade}


def downgrade():
    op.{downgrade}
"""
LENGTH = 80
"""Of a tree that is walked in halves."""


def long_tree(project: Path, *, broken: dict[int, str]) -> None:
    """Revisions that add columns, in a line with a branch at the tenth; what `broken` says is done instead."""
    versions = project / "migrations" / "versions"
    for each in versions.glob("*.py"):
        each.unlink()
    table = 'create_table("t", sa.Column("id", sa.Integer, primary_key=True))'
    for number in range(LENGTH):
        upgrade = broken.get(
            number, f'add_column("t", sa.Column("c{number}", sa.Integer))' if number else table
        )
        downgrade = f'drop_column("t", "c{number}")' if number else 'drop_table("t")'
        down = None if number == 0 else f"r{10 if number == 60 else number - 1:03}"
        text = REVISION.format(revision=f"r{number:03}", down=down, upgrade=upgrade, downgrade=downgrade)
        (versions / f"r{number:03}.py").write_text(text)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = make_project(tmp_path / "project", GOOD)
    monkeypatch.chdir(folder)
    return folder


def add(project: Path, code: str) -> None:
    """Let the first revision do more on its way up."""
    revision = min((project / "migrations" / "versions").glob("*.py"))
    change(revision, "def upgrade():\n", f"def upgrade():\n    import os, pathlib\n    {code}\n")


def processes(project: Path) -> dict[str, str]:
    """Which process ran the walk, and which the whole tree."""
    return {each.suffix[1:]: each.read_text() for each in project.glob("pid.*")}


NOTE = f"pathlib.Path('pid.' + ({WHERE})).write_text(str(os.getpid()))"


@pytest.mark.suffices("sqlite", "mysql")
def test_whole_tree_is_run_in_a_process_of_its_own(
    project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(project, NOTE)
    assert_clean(seen(backend, monkeypatch, "stairway"))
    found = processes(project)
    assert found["walk"] != found["whole"]


@pytest.mark.suffices("sqlite", "mysql")
def test_process_with_threads_of_an_app_is_not_forked(
    project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(project / "app.py", LOADED, f"    {THREAD}\n{LOADED}")
    add(project, NOTE)
    assert_clean(seen(backend, monkeypatch, "stairway"))
    found = processes(project)
    assert found["walk"] == found["whole"]


THREAD = "import threading\n    threading.Thread(target=threading.Event().wait, daemon=True).start()"
NOWHERE = 'drop_column("nowhere", "c")'


@pytest.mark.suffices("sqlite", "mariadb")
@pytest.mark.parametrize("broken", [{}, {5: NOWHERE, 70: NOWHERE}])
def test_a_long_walk_in_halves_finds_what_a_whole_one_finds(
    broken: dict[int, str], project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_halves_find_the_same(broken, project, backend, monkeypatch)


@pytest.mark.suffices("sqlite")
@pytest.mark.parametrize("broken", [{20: NOWHERE}, {50: NOWHERE}, {30: 'execute("SELECT 1")'}])
def test_a_fault_is_found_whichever_half_it_is_in(
    broken: dict[int, str], project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_halves_find_the_same(broken, project, backend, monkeypatch)


def assert_halves_find_the_same(
    broken: dict[int, str], project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_tree(project, broken=broken)
    halves = seen(backend, monkeypatch, "stairway")
    change(project / "app.py", LOADED, f"    {THREAD}\n{LOADED}")
    whole = seen(backend, monkeypatch, "stairway")
    assert len(halves.cells) == LENGTH + 1
    assert outcome(halves) == outcome(whole)


def outcome(found: Run) -> tuple[list[object], ...]:
    cells = sorted((str(each.revision), each.verdict.value, each.reason) for each in found.cells)
    findings = sorted((each.rule, str(each.revision), each.message) for each in found.findings)
    return [*cells], [*findings]


@pytest.mark.suffices("sqlite", "postgres")
def test_a_long_walk_goes_on_in_two_processes(
    project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_tree(project, broken={})
    add(project, f"print(({WHERE}), os.getpid(), file=open('met', 'a'))")
    assert_clean(seen(backend, monkeypatch, "stairway"))
    walked = {line for line in (project / "met").read_text().splitlines() if line.startswith("walk")}
    assert len(walked) > 1


@pytest.mark.parametrize("first", ["walk", "whole"])
@pytest.mark.suffices("sqlite", "mysql")
def test_env_that_lets_only_one_run_at_a_time(
    first: str, project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever comes second is turned away at once; the other one waits for that.
    lock = f"""
            import fcntl, time
            from alembic import op
            mine = {WHERE.replace("op.get_context()", "context.get_context()")}
            if mine != {first!r} and not open("met", "a").tell():
                for _ in range(500):
                    if open("begun", "a").tell():
                        break
                    time.sleep(0.01)
            held = open("lock", "w")
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                print(mine, file=open("met", "a"))
                raise RuntimeError("another one is at it") from None
            print(mine, file=open("begun", "a"), flush=True)
            if mine == {first!r}:
                for _ in range(500):
                    if open("met", "a").tell():
                        break
                    time.sleep(0.01)
"""
    change(project / "migrations" / "env.py", RUN, f"{lock}{RUN}\n            held.close()")
    assert_clean(seen(backend, monkeypatch, "stairway"))
    assert (project / "met").read_text().split() == ["whole" if first == "walk" else "walk"]


@pytest.mark.sqlite
def test_killed_process_is_told(
    project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(project, f"({WHERE}) == 'whole' and os.kill(os.getpid(), 9)")
    found = seen(backend, monkeypatch, "stairway")
    assert found.verdict is Verdict.ERRORED
    (whole,) = [each for each in found.cells if each.revision is None]
    assert whole.reason == "a process beside it was killed by SIGKILL before it was done"
    assert all(each.verdict is Verdict.PASSED for each in found.cells if each.revision)
