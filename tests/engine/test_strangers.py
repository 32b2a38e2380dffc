"""Servers that are not what they should be, and other runs beside this one."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.engine.held import WAIT, held, held_project, reached, urls
from tests.engine.projects import TREES, make_project
from tests.engine.test_project import lab
from tests.harness.plugin import ReadyBackend

pytestmark = [pytest.mark.needs("server"), pytest.mark.suffices("postgres", "mysql")]


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return make_project(tmp_path / "good", TREES / "downgrade-missing" / "good")


@pytest.mark.parametrize("change", ["password", "host", "port"])
def test_server_that_does_not_let_us_in_is_skipped_or_required(
    backend: ReadyBackend, good: Path, change: str
) -> None:
    url = backend.server.url
    wrong = {
        "password": url.set(password="no-such-secret"),
        "host": url.set(host="nowhere.invalid"),
        "port": url.set(host="127.0.0.1", port=1),
    }[change]
    name = f"LAB_{backend.name.upper()}_URL"
    arguments = (
        "run",
        "stairway",
        "--on",
        f"sqlite,{backend.name}",
        "--format",
        "json",
        "--format",
        "terminal:out",
    )
    environment = {name: wrong.render_as_string(hide_password=False)}
    done = lab(good, *arguments, **environment)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    seen = json.loads(done.stdout)["backends"][1]
    assert seen["verdict"] == "skipped"
    assert seen["reason"].startswith(f"no server for {backend.name}: {name}: ")
    assert lab(good, *arguments, "--require", **environment).returncode == 3
    for secret in ("no-such-secret", str(url.password)):
        assert secret not in done.stdout + (good / "out").read_text()


def test_password_is_in_no_command_line(backend: ReadyBackend, tmp_path: Path) -> None:
    with held(held_project(tmp_path, WAIT), "stairway", "--on", backend.name, **urls(backend)) as run:
        reached(run, backend)
        secret = str(backend.server.url.password).encode()
        assert not [each for each in Path("/proc").glob("[0-9]*/cmdline") if secret in read(each)]
        run.go_on()
        assert run.end()[0] == 0


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_two_runs_at_once_do_not_meet(backend: ReadyBackend, good: Path, tmp_path: Path) -> None:
    """The second sweeps, starts and ends while the first is in the middle of a revision."""
    arguments = ("stairway", "--on", f"sqlite,{backend.name}")
    with held(held_project(tmp_path, WAIT), *arguments, **urls(backend)) as run:
        reached(run, backend)
        second = lab(good, "run", *arguments, **urls(backend))
        assert second.returncode == 0, second.stdout
        run.go_on()
        code, out, err = run.end()
    assert (code, err) == (0, ""), out


def test_killed_run_does_not_disturb_another(backend: ReadyBackend, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    arguments = ("stairway", "--on", backend.name)
    with held(held_project(tmp_path / "one", WAIT), *arguments, **urls(backend)) as first:
        reached(first, backend)
        with held(held_project(tmp_path / "two", WAIT), *arguments, **urls(backend)) as second:
            pid, _ = reached(second, backend)
            os.kill(pid, signal.SIGKILL)
            assert second.end()[0] == 3
        first.go_on()
        code, out, _ = first.end()
    assert code == 0, out
