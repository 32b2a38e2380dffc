"""Runs of the lab that stop in the middle of a revision, where a test may do them harm."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url

from flask_lab.sources.owner import OWNER, PREFIX
from tests.engine.projects import TREES, make_project
from tests.engine.test_project import ROOT
from tests.harness.plugin import ReadyBackend

TREE = TREES / "downgrade-missing" / "good"
SLEEP = {
    "postgres": "op.execute('SELECT pg_sleep(60)')",
    "mysql": "op.execute('SELECT SLEEP(60)')",
    "mariadb": "op.execute('SELECT SLEEP(60)')",
    "sqlite": "time.sleep(60)",
}
DIALECTS = {"sqlite": "sqlite", "postgres": "postgresql", "mysql": "mysql", "mariadb": "mysql"}
WAIT = "while not go.exists(): time.sleep(0.02)"
"""For someone who lets the revision go on."""
PATIENCE = 25.0


def held_project(folder: Path, block: str) -> Path:
    """A project whose second revision does what `block` says, and in the walk says before that it was reached."""
    project = make_project(folder / "project", TREE)
    revision = project / "migrations" / "versions" / "0002_phone.py"
    lines = f"""
    import os, pathlib, time
    go = pathlib.Path({str(folder)!r}, "go")
    reached = pathlib.Path({str(folder)!r}, "reached." + op.get_bind().engine.url.get_backend_name())
    # In one run, which is beside the walk, env.py decides how often it commits.
    if op.get_context().opts["transaction_per_migration"] and not reached.exists():
        reached.with_suffix(".part").write_text(
            f"{{os.getpid()}} {{op.get_bind().engine.url.render_as_string(hide_password=False)}}"
        )
        reached.with_suffix(".part").rename(reached)
    {block}
"""
    text = revision.read_text()
    revision.write_text(text.replace("def upgrade():\n", f"def upgrade():{lines}", 1))
    return project


@dataclass(slots=True)
class Held:
    """A run whose worker has come to the second revision, or soon will."""

    folder: Path
    process: subprocess.Popen[str]

    def wait_until_reached(self, dialect: str) -> tuple[int, URL]:
        """The worker's process id and the database, once it is in the middle of the revision."""
        mark = self.folder / f"reached.{dialect}"
        wait_for(lambda: mark.exists() or self.process.poll() is not None, "the revision is reached")
        assert mark.exists(), self.process.communicate()
        pid, url = mark.read_text().split()
        return int(pid), make_url(url)

    def go_on(self) -> None:
        """Let the revision go on."""
        (self.folder / "go").touch()

    def end(self, number: signal.Signals | None = None) -> tuple[int, str, str]:
        """Exit code, output and errors of the run, after a signal if one is given."""
        if number is not None:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err


def reached(run: Held, backend: ReadyBackend) -> tuple[int, URL]:
    return run.wait_until_reached(
        DIALECTS.get(backend.name, "sqlite" if backend.name == "sqlite" else "mysql")
    )


def urls(backend: ReadyBackend) -> dict[str, str]:
    """The environment that leads a run to the session's server."""
    if backend.product.image is None:
        return {}
    url = backend.server.url.render_as_string(hide_password=False)
    return {f"LAB_{backend.name.upper()}_URL": url}


@contextmanager
def held(project: Path, *arguments: str, **environment: str) -> Iterator[Held]:
    """`lab run` in a held project, in a process group of its own as a shell would start it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flask_lab", "run", *arguments],
        cwd=project,
        env=os.environ | {"PYTHONPATH": str(ROOT), "LAB_STORE": str(project.parent / "runs")} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield Held(project.parent, process)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_for(happens: Callable[[], bool], what: str) -> None:
    """Return when it happens; fail when it does not for a long time."""
    deadline = time.monotonic() + PATIENCE
    while not happens():
        assert time.monotonic() < deadline, f"not in {PATIENCE:.0f} s: {what}"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has buried yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def folders(run: Held) -> set[Path]:
    """The private folders that processes of a run have made."""
    places = {"/dev/shm", tempfile.gettempdir()}
    return {
        owner.parent
        for place in places
        for owner in Path(place).glob(f"{PREFIX}*/{OWNER}")
        if _session(owner) == run.process.pid
    }


def _session(owner: Path) -> int | None:
    try:
        return os.getsid(json.loads(owner.read_text())["pid"])
    except (OSError, ValueError):
        # Of a run of someone else's, which has just ended.
        return None
