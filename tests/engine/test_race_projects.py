"""The experiment `race` on projects of other kinds, and what becomes of its processes when something breaks off."""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from flask_lab.project import AlembicFile
from flask_lab.results import Verdict
from tests.engine.held import SLEEP, Held, held, is_alive, urls, wait_for
from tests.engine.projects import make_project
from tests.engine.test_binds import FIRST, MODELS, REVISION, TEMPLATE
from tests.engine.test_killed import SAID, scratch, terminated, to_group
from tests.engine.test_plain import plain
from tests.engine.test_project import change
from tests.engine.test_race import (
    CONNECT,
    GOOD,
    IMPORT,
    LOCKED,
    Race,
    env_of,
    facts_of,
    messages,
    page_s_code,
    race,
)
from tests.harness.plugin import ReadyBackend

pytestmark = pytest.mark.suffices("sqlite", "mariadb")

__all__ = ["race"]
FOUND = ["several processes at once, from nothing: some fail"]


@pytest.mark.suffices("sqlite")
def test_a_project_with_several_binds(race: Race, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", GOOD)
    binds = '    app.config["SQLALCHEMY_BINDS"] = {"log": "sqlite:////nowhere/log.db"}\n'
    change(project / "app.py", "    db.init_app", f"{binds}    db.init_app")
    shutil.copy(TEMPLATE / "env.py", env_of(project))
    shutil.copy(TEMPLATE / "alembic.ini.mako", project / "migrations" / "alembic.ini")
    (project / "models.py").write_text(MODELS)
    for each in (project / "migrations" / "versions").glob("*.py"):
        each.unlink()
    first = REVISION.format(revision="0001", down=None, **FIRST)
    (project / "migrations" / "versions" / "0001.py").write_text(first)
    assert messages(race(project)) == FOUND
    change(env_of(project), IMPORT, f"{IMPORT}\n{page_s_code()}")
    text = env_of(project).read_text()
    assert text.endswith("    run_migrations_online()\n")
    body = text.removesuffix("    run_migrations_online()\n")
    env_of(project).write_text(
        f"{body}    with upgrade_lock(get_engine()):\n        run_migrations_online()\n"
    )
    seen = race(project)
    assert messages(seen) == []
    assert facts_of(seen)["alone"]["versions"] == {"default": ["0001"], "log": ["0001"]}


@pytest.mark.suffices("sqlite")
def test_a_plain_project(race: Race, tmp_path: Path) -> None:
    project = plain(tmp_path / "project")
    named = {"app": "", "alembic": AlembicFile.parse("alembic.ini")}
    env = project / "alembic" / "env.py"
    assert messages(race(project, **named)) == FOUND
    change(env, IMPORT, f"{IMPORT}\n{page_s_code()}")
    change(env, CONNECT, LOCKED)
    assert messages(race(project, **named)) == []


def test_a_tree_with_two_heads(race: Race, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", GOOD)
    versions = project / "migrations" / "versions"
    text = (versions / "0002_phone.py").read_text()
    (versions / "0002_mail.py").write_text(text.replace("phone", "mail"))
    seen = race(project)
    assert messages(seen) == []
    assert facts_of(seen)["alone"]["versions"] == {"": ["0002_mail", "0002_phone"]}
    assert len(facts_of(seen)["rounds"]) == 2


CUT = {
    "postgres": "SELECT pg_terminate_backend(pg_backend_pid())",
    "mysql": "KILL CONNECTION_ID()",
    "mariadb": "KILL CONNECTION_ID()",
}


@pytest.mark.needs("server")
def test_a_connection_that_is_cut_is_no_finding(race: Race, backend: ReadyBackend, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", GOOD)
    cut = f"    op.execute({CUT[backend.name]!r})\n    op.add_column"
    change(project / "migrations" / "versions" / "0002_phone.py", "    op.add_column", cut)
    seen = race(project)
    (cell,) = seen.cells
    assert (cell.verdict, seen.findings) == (Verdict.ERRORED, ())


def stuck(project: Path, backend: ReadyBackend) -> Path:
    """Let the first revision wait for the server; where it says so, whose child it is, and on what database."""
    reached = project.parent / "reached"
    stop = f"""
    import os, pathlib, time
    part = pathlib.Path({str(reached.with_suffix(".part"))!r})
    part.write_text(f"{{os.getpid()}} {{os.getppid()}} {{op.get_bind().engine.url.database}}")
    part.rename({str(reached)!r})
    {SLEEP[backend.name]}
"""
    change(project / "migrations" / "versions" / "0001_users.py", "def upgrade():", f"def upgrade():{stop}")
    return reached


def killed(run: Held) -> None:
    run.process.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("interrupt", [to_group, terminated, killed])
def test_nothing_is_left_of_a_race_that_is_broken_off(
    backend: ReadyBackend, tmp_path: Path, interrupt: Callable[[Held], None]
) -> None:
    project = make_project(tmp_path / "project", GOOD)
    reached = stuck(project, backend)
    with held(project, "race", "--on", backend.name, **urls(backend)) as run:
        wait_for(lambda: reached.exists() or run.process.poll() is not None, "a process is in the revision")
        pids, database = reached.read_text().rsplit(" ", 1)
        racer, worker = map(int, pids.split())
        children = _children(worker)
        assert racer in children
        assert len(children) == 4
        interrupt(run)
        code, out, err = run.end()
        assert (code, out, err) == (
            (-signal.SIGKILL, "", "") if interrupt is killed else (130, "", f"{SAID}\n")
        )
        wait_for(lambda: not any(map(is_alive, [worker, *children])), "all processes end")
    # Others may use the server, too.
    (this_run,) = re.findall(r"lab_r[0-9a-f]{10}_", database)
    assert not [each for each in scratch(backend) if each.startswith(this_run)]
    assert backend.product.image is not None or not Path(database).parent.exists()


def test_processes_end_with_a_killed_worker(backend: ReadyBackend, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", GOOD)
    reached = stuck(project, backend)
    with held(project, "race", "--on", backend.name, **urls(backend)) as run:
        wait_for(lambda: reached.exists() or run.process.poll() is not None, "a process is in the revision")
        worker = int(reached.read_text().split()[1])
        children = _children(worker)
        os.kill(worker, signal.SIGKILL)
        assert run.end()[0] == 3
        wait_for(lambda: not any(map(is_alive, children)), "all processes end")


def _children(parent: int) -> list[int]:
    return [
        int(each.name)
        for each in Path("/proc").glob("[0-9]*")
        if _parent(each / "stat") == parent and is_alive(int(each.name))
    ]


def _parent(stat: Path) -> int:
    try:
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except OSError:
        # Gone since it was listed.
        return 0
