"""The experiment `race`: real processes that upgrade at once, with locks in env.py that are good, bad or none."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flask_lab.experiments import Options
from flask_lab.results import Run, Verdict
from flask_lab.rules import RULES
from flask_lab.runner import Request, run
from tests.engine.projects import TREES, make_project
from tests.engine.test_project import ROOT, change
from tests.engine.test_trees import Silent
from tests.engine.test_unopened import url_of
from tests.harness.plugin import ReadyBackend

RULE = "unsafe-concurrent-upgrade"
BAD, GOOD = TREES / RULE / "bad", TREES / RULE / "good"
PAGE = ROOT / "docs" / "upgrade-lock.md"
CONNECT = "    with connectable.connect() as connection:\n"
LOCKED = "    with upgrade_lock(connectable), connectable.connect() as connection:\n"
BEGIN = "        with context.begin_transaction():\n            context.run_migrations()"
IMPORT = "from alembic import context\n"
QUICK = Options(processes=2, rounds=1, slow=0.6)

Race = Callable[..., Run]


@pytest.fixture
def race(backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch) -> Race:
    """Runs the experiment on the project in a folder."""
    for name, url in url_of(backend).items():
        monkeypatch.setitem(os.environ, name, url)

    def ask(folder: Path, options: Options = QUICK, **more: Any) -> Run:
        monkeypatch.chdir(folder)
        request = Request("app", (backend.name,), ("race",), options=options)
        return run(replace(request, **more), Silent())

    return ask


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", BAD)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", GOOD)


def env_of(project: Path) -> Path:
    return project / "migrations" / "env.py"


def page_s_code() -> str:
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    return str(code)


def facts_of(seen: Run) -> Any:
    (cell,) = seen.cells
    assert cell.verdict in (Verdict.PASSED, Verdict.FAILED), cell.reason
    return cell.facts


def messages(seen: Run) -> list[str]:
    facts_of(seen)
    assert {each.rule for each in seen.findings} <= {RULE}
    return [each.message for each in seen.findings]


def test_flask_migrates_own_env_fails_in_every_round(race: Race, bad: Path) -> None:
    seen = race(bad, Options())
    assert messages(seen) == ["several processes at once, from nothing: some fail"]
    facts = facts_of(seen)
    states = [each["from"] for each in facts["rounds"]]
    assert states == ["nothing"] * 3 + ["the revision before 0002_phone"] * 3
    for each in facts["rounds"]:
        assert set(each["outcomes"]) <= {"succeeded", "failed"}
        assert sum(each["outcomes"].values()) == 4
        assert each["outcomes"]["failed"] >= 3
        for process in each["processes"]:
            assert (process["outcome"] == "failed") == bool(process.get("error"))
    (finding,) = seen.findings
    assert "upgrade_lock" in finding.remedy
    assert re.search(r"exist|duplicate", finding.evidence["said"], re.IGNORECASE)
    assert facts["slow"]["skipped"]


@pytest.mark.suffices("sqlite", "mariadb")
def test_a_lock_lets_one_migrate_and_the_others_wait(race: Race, good: Path) -> None:
    seen = race(good, Options(processes=4, rounds=2, slow=1.0))
    assert messages(seen) == []
    facts = facts_of(seen)
    assert [each["outcomes"] for each in facts["rounds"]] == [{"succeeded": 4}] * 4
    for each in facts["rounds"]:
        assert sorted(process["steps in all"] for process in each["processes"])[:3] == [0, 0, 0]
    # One was slow, and the others waited for it.
    waited = [each for each in facts["slow"]["processes"] if not each["steps"]]
    assert len(waited) == 3
    assert all(each["seconds"] > 1.0 for each in waited)
    # One was killed when it was to begin, another did its work, and one more upgrade found nothing to do.
    assert facts["killed"]["outcomes"] == {"succeeded": 3, "killed": 1}
    assert facts["killed"]["after"]["outcome"] == "succeeded"
    assert facts["killed"]["after"]["steps"] == []
    assert facts["killed"]["differs"] == []


def test_the_page_s_lock_ends_the_finding_in_flask_migrates_own_env(race: Race, bad: Path) -> None:
    before, after = re.findall(r"^```text\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)[:2]
    assert (before, after) == (CONNECT, LOCKED)
    change(env_of(bad), IMPORT, f"{IMPORT}\n{page_s_code()}")
    change(env_of(bad), before, after)
    assert messages(race(bad)) == []
    assert page_s_code() in (GOOD / "env.py").read_text()
    assert RULES[RULE].code.endswith(f'"""\n\n{page_s_code()}')


@pytest.mark.suffices("sqlite", "mysql")
def test_this_repository_s_own_tree_passes(race: Race) -> None:
    assert messages(race(ROOT)) == []


@pytest.mark.suffices("sqlite", "postgres")
def test_an_old_release_is_told_of_and_no_finding_where_it_stops(race: Race, good: Path) -> None:
    old = facts_of(race(good))["old release"]
    assert old["outcome"] == "failed"
    assert "lab_of_a_newer_release" in old["error"]["message"]
    assert (old["versions"], old["steps"], old["changed"]) == (["lab_of_a_newer_release"], [], [])


@pytest.mark.suffices("sqlite")
def test_an_old_release_that_changes_a_newer_schema_is_found(race: Race, good: Path) -> None:
    stamp = """
    from alembic.script import ScriptDirectory
    from sqlalchemy import inspect, text
    if inspect(connectable).has_table("alembic_version"):
        known = {each.revision for each in ScriptDirectory(context.script.dir).walk_revisions()}
        with connectable.begin() as connection:
            if set(connection.scalars(text("SELECT version_num FROM alembic_version"))) - known:
                connection.execute(text("UPDATE alembic_version SET version_num = '0002_phone'"))
"""
    change(env_of(good), LOCKED, f"{stamp}{LOCKED}")
    (message,) = messages(race(good))
    assert message == (
        "an old release that starts on a newer schema changes it: the version is 0002_phone, not lab_of_a_newer_release"
    )


@pytest.mark.suffices("sqlite", "postgres")
def test_a_lock_that_is_given_up_at_once_is_found(race: Race, bad: Path) -> None:
    turned_away = """
    import fcntl
    held = open(str(connectable.url.database).replace("/", "_") + ".lock", "w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise RuntimeError("another one is at it") from None
"""
    change(env_of(bad), CONNECT, f"{turned_away}{CONNECT}")
    seen = race(bad)
    assert messages(seen) == ["several processes at once, from nothing: some fail"]
    assert seen.findings[0].evidence["said"] == "RuntimeError: another one is at it"


@pytest.mark.suffices("sqlite", "mariadb")
@pytest.mark.parametrize("condition", ["is_new", "True"])
def test_rows_that_each_process_writes_for_itself_are_found_where_one_after_the_other_writes_them_once(
    race: Race, good: Path, condition: str
) -> None:
    looks = """
    from sqlalchemy import inspect, text
    is_new = not inspect(connectable).has_table("users")
"""
    writes = f"""
    if {condition}:
        with connectable.begin() as connection:
            connection.execute(text("INSERT INTO users (name) VALUES ('the first')"))
"""
    change(env_of(good), LOCKED, f"{looks}{LOCKED}")
    change(env_of(good), BEGIN, f"{BEGIN}\n{writes}")
    seen = race(good, Options(processes=2, rounds=1, slow=0.0))
    if condition == "True":
        assert messages(seen) == []
        return
    assert messages(seen) == [
        "several processes at once, from nothing: all succeed, and leave something else than one alone"
    ]
    assert seen.findings[0].evidence["said"] == "users has 2 rows, not 1"


@pytest.mark.suffices("sqlite", "postgres")
def test_a_process_that_succeeds_before_all_is_applied_is_found(race: Race, bad: Path) -> None:
    passed_over = """
    import fcntl
    held = open(str(connectable.url.database).replace("/", "_") + ".lock", "w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return
"""
    change(env_of(bad), CONNECT, f"{passed_over}{CONNECT}")
    assert messages(race(bad)) == ["several processes at once, from nothing: some succeed too early"]


@pytest.mark.suffices("sqlite")
def test_a_lock_that_is_waited_for_too_shortly_is_found_where_the_winner_is_slow(
    race: Race, good: Path
) -> None:
    change(env_of(good), "wait: float = 300.0", "wait: float = 2.5")
    seen = race(good, Options(processes=2, rounds=1, slow=8.0))
    assert messages(seen) == ["while one takes 8 s: some fail"]
    assert "has been upgrading this database for 2.5 s" in seen.findings[0].evidence["said"]


ROW = """
    import contextlib, os, time

    @contextlib.contextmanager
    def row(path):
        for _ in range({tries}):
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL))
                break
            time.sleep(0.1)
        else:
            raise RuntimeError("the lock is never free")
        try:
            yield
        finally:
            os.unlink(path)

    lock = row(str(connectable.url.database).replace("/", "_") + ".lock")
"""


@pytest.mark.suffices("sqlite", "postgres")
def test_a_lock_that_outlives_its_holder_is_found(race: Race, bad: Path) -> None:
    change(env_of(bad), CONNECT, f"{ROW.format(tries=60)}{CONNECT.replace('with ', 'with lock, ')}")
    seen = race(bad)
    assert messages(seen) == ["when one was killed: some fail"]
    (finding,) = seen.findings
    assert finding.evidence["said"] == "RuntimeError: the lock is never free"
    assert "ends with its holder" in finding.remedy


@pytest.mark.slow
@pytest.mark.suffices("sqlite", "postgres")
def test_a_wait_without_end_is_broken_off_after_a_minute(
    race: Race, bad: Path, backend: ReadyBackend
) -> None:
    if backend.name != "sqlite":
        pytest.skip("the lock is a file's, and no server has to do with it")
    change(env_of(bad), CONNECT, f"{ROW.format(tries=100_000)}{CONNECT.replace('with ', 'with lock, ')}")
    seen = race(bad)
    assert messages(seen) == ["when one was killed: some wait without end"]
    assert facts_of(seen)["killed"]["outcomes"] == {"killed": 1, "stuck": 1}
    assert re.fullmatch(r"still waiting after 6\d s", seen.findings[0].evidence["said"])


@pytest.mark.suffices("sqlite")
def test_a_lock_that_ends_with_the_first_revision_is_found(
    race: Race, bad: Path, backend: ReadyBackend
) -> None:
    """On PostgreSQL one of a transaction; on SQLite that of the database, which is free after each commit."""
    if "transactional_ddl" not in backend.product.abilities:
        pytest.skip("it commits around DDL, and its named lock is a session's")
    lock = {
        "postgres": "connection.exec_driver_sql('SELECT pg_advisory_xact_lock(4711)')",
        "sqlite": "connection.exec_driver_sql('BEGIN IMMEDIATE')",
    }[backend.name]
    run_line = "            context.run_migrations()"
    change(env_of(bad), BEGIN, BEGIN.replace(run_line, f"            {lock}\n{run_line}"))
    change(env_of(bad), "            **conf_args", "            transactional_ddl=True, **conf_args")
    assert messages(race(bad)) == []
    change(env_of(bad), "transactional_ddl=True,", "transactional_ddl=True, transaction_per_migration=True,")
    assert messages(race(bad)) != []


def test_a_lock_that_keeps_the_version_from_being_committed_is_found(
    race: Race, bad: Path, backend: ReadyBackend
) -> None:
    lock = {
        "postgres": "SELECT pg_advisory_lock(4711)",
        "mysql": "SELECT GET_LOCK('migrating', 60)",
        "mariadb": "SELECT GET_LOCK('migrating', 60)",
        "sqlite": "BEGIN IMMEDIATE",
    }[backend.name]
    change(env_of(bad), CONNECT, f"{CONNECT}        connection.exec_driver_sql({lock!r})\n")
    seen = race(bad)
    (message,) = messages(seen)
    assert message.startswith("one process alone says that it succeeded, and leaves ")
    assert "0002_phone out of the version table" in message
    assert "connection.commit()" in seen.findings[0].remedy


@pytest.mark.suffices("sqlite", "postgres")
def test_a_tree_that_cannot_be_applied_is_skipped(race: Race, good: Path) -> None:
    change(good / "migrations" / "versions" / "0002_phone.py", 'column("users"', 'column("nowhere"')
    seen = race(good)
    (cell,) = seen.cells
    assert (cell.verdict, seen.findings) == (Verdict.SKIPPED, ())
    assert cell.reason.startswith("the upgrade fails: see stairway (")
    assert "nowhere" in cell.reason


@pytest.mark.suffices("sqlite")
def test_a_process_that_ends_by_itself_is_found(race: Race, good: Path) -> None:
    mark = good / "mark"
    ends = f"""
    import os
    if not op.get_context().opts["transaction_per_migration"]:
        if os.path.exists({str(mark)!r}):
            os._exit(7)
        open({str(mark)!r}, "w").close()
"""
    change(good / "migrations" / "versions" / "0001_users.py", "def upgrade():", f"def upgrade():{ends}")
    seen = race(good)
    assert messages(seen) == ["several processes at once, from nothing: some fail"]
    assert seen.findings[0].evidence["said"] == "the process ended with 7"
