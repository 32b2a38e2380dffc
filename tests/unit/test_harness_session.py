"""Whole sessions of pytest with the harness: what they print, and what they leave when they are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flask_lab.sources import plan

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
NO_DOCKER = {"DOCKER_HOST": "unix:///nonexistent", "PATH": "/bin", "LAB_MYSQL_URL": ""}


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts a session on the given test code, with options and environment."""
    (tmp_path / "conftest.py").write_text((ROOT / "tests/conftest.py").read_text())
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")

    def session(code: str, *options: str, **environment: str) -> subprocess.Popen[str]:
        (tmp_path / "test_it.py").write_text(code)
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rs", *options, str(tmp_path)]
        variables = os.environ | {"PYTHONPATH": str(ROOT)} | environment
        variables.pop("PYTEST_XDIST_WORKER", None)
        return subprocess.Popen(command, cwd=tmp_path, env=variables, stdout=subprocess.PIPE, text=True)

    return session


TRIVIAL = "def test_it(database): assert database\n"


def test_unreachable_backend_is_skipped_and_said(start: Callable[..., subprocess.Popen[str]]) -> None:
    session = start(TRIVIAL, LAB_ON="sqlite mysql", **NO_DOCKER)
    said, _ = session.communicate()
    assert session.returncode == 0
    assert "backend mysql: does not run: no server for mysql: LAB_MYSQL_URL is not set; no Docker" in said
    assert "mysql did not run: no server for mysql" in said
    assert "1 passed, 1 skipped" in said


def test_what_no_chosen_backend_can_do_is_left_out(start: Callable[..., subprocess.Popen[str]]) -> None:
    needs = f"import pytest\n{TRIVIAL}\n@pytest.mark.needs('server')\ndef test_server(database): assert database\n"
    session = start(needs, "-n", "1", LAB_ON="sqlite")
    said, _ = session.communicate()
    assert session.returncode == 0, said
    assert "1 passed in" in said


def test_required_backend_fails_and_says_what_to_do(start: Callable[..., subprocess.Popen[str]]) -> None:
    session = start(TRIVIAL, LAB_ON="sqlite,mysql", LAB_REQUIRE="mysql", **NO_DOCKER)
    said, _ = session.communicate()
    assert session.returncode == 1
    assert "1 passed, 1 error" in said
    assert "install mysql-server, or start Docker, or set LAB_MYSQL_URL" in said


def test_misspelt_backend_ends_the_session(start: Callable[..., subprocess.Popen[str]]) -> None:
    session = start(TRIVIAL, LAB_REQUIRE="postgresql")
    session.communicate()
    assert session.returncode == pytest.ExitCode.USAGE_ERROR


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "parallel"])
def test_table_counts_each_backend(
    start: Callable[..., subprocess.Popen[str]], workers: tuple[str, ...]
) -> None:
    tests = [
        "def test_a(backend): pass",
        "def test_b(backend): assert 0",
        "def test_c(backend): pytest.skip()",
    ]
    code = "\n".join(["import pytest", *tests])
    said, _ = start(code, *workers, LAB_ON="sqlite").communicate()
    row = next(line.split() for line in said.splitlines() if line.startswith("sqlite"))
    assert row[2:6] == ["embedded", "1", "1", "1"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "kept = []\nimport sqlite3\ndef test_it(database): kept.append(sqlite3.connect(database[10:]))",
            "1 connection",
        ),
        (
            "import threading, time\ndef test_it(): threading.Thread(target=time.sleep, args=[4]).start()",
            "a thread",
        ),
        (
            "import os\ndef test_it(database): os.fork() or os.execlp('sleep', 'sleep', '4')",
            "a process: sleep 4",
        ),
    ],
    ids=["connection", "thread", "process"],
)
def test_leak_fails_the_test(start: Callable[..., subprocess.Popen[str]], code: str, said: str) -> None:
    session = start(code, LAB_ON="sqlite")
    output, _ = session.communicate()
    assert session.returncode == 1
    assert said in output


SLOW = """
import pathlib, time
def test_it(backend):
    pathlib.Path("url").write_text(backend.server.url.render_as_string(hide_password=False))
    time.sleep(30)
"""


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "parallel"])
def test_terminated_session_takes_its_server_along(
    start: Callable[..., subprocess.Popen[str]], workers: tuple[str, ...], tmp_path: Path
) -> None:
    session = start(SLOW, *workers, LAB_ON="sqlite")
    folder = wait_for_url(tmp_path / "url").parent
    assert folder.exists()
    session.send_signal(signal.SIGTERM)
    session.communicate(timeout=20)
    assert session.returncode == pytest.ExitCode.INTERRUPTED
    assert not folder.exists()


def wait_for_url(path: Path) -> Path:
    """The file that the SQLite URL written to `path` names."""
    deadline = time.monotonic() + 20
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline, "the session did not get to its test"
        time.sleep(0.05)
    return Path(path.read_text().removeprefix("sqlite:///"))


def test_plan_of_sqlite_needs_nothing() -> None:
    assert plan("sqlite", {}) == ("embedded", "Python's own sqlite3")
