"""What make says when it is asked for what cannot be, on a machine with Docker and on one without; two at once."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.compose.stack import Done, Stack, copy_checkout, docker, outer_environment, run, wait_until


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this checkout in which nothing was started yet."""
    folder = tmp_path_factory.mktemp("make") / "checkout"
    copy_checkout(folder)
    return folder


@pytest.fixture
def without_docker(tmp_path: Path) -> str:
    """A PATH that holds what the scripts need and no docker."""
    for program in ("make", "bash", "sh", "env", "id", "dirname"):
        found = shutil.which(program)
        assert found, program
        (tmp_path / program).symlink_to(found)
    return str(tmp_path)


def refused(done: Done) -> str:
    """The one line that a refusal consists of, beside make's own."""
    assert done.returncode == 2
    assert done.stdout == ""
    said = [line for line in done.stderr.splitlines() if not line.startswith("make: ")]
    assert len(said) == 1, said
    return said[0]


@pytest.mark.parametrize("db", ["oracle", "", "mysql postgres", "a'b"])
@pytest.mark.parametrize("verb", ["up", "destroy", "current"])
def test_unknown_database_is_refused(checkout: Path, verb: str, db: str) -> None:
    assert "choose one of sqlite postgres mysql mariadb" in run_make(checkout, verb, f"DB={db}")


def run_make(folder: Path, *words: str, **environment: str) -> str:
    return refused(run(["make", *words], folder, **environment))


@pytest.mark.parametrize(
    "words", [("migrate",), ("migrate", "m="), ("stamp",), ("stamp", "rev=")], ids=" ".join
)
def test_what_is_missing_is_named_with_an_example(checkout: Path, words: tuple[str, ...]) -> None:
    example = 'make migrate m="add phone"' if words[0] == "migrate" else "make stamp rev=head"
    assert example in run_make(checkout, *words, "DB=postgres")


@pytest.mark.parametrize("verb", ["up", "down", "logs", "migrate", "db-shell"])
def test_without_docker_a_server_is_refused(checkout: Path, without_docker: str, verb: str) -> None:
    said = run_make(checkout, verb, "DB=mysql", "m=x", PATH=without_docker)
    assert said == (
        "DB=mysql needs Docker, which is not on this machine's PATH. "
        "Install it, or use SQLite, which needs none: leave DB=mysql out"
    )


def test_engine_that_does_not_answer_is_told(checkout: Path, engine: None) -> None:
    said = run_make(checkout, "up", "DB=postgres", DOCKER_HOST="unix:///nowhere/docker.sock")
    assert said.startswith("The Docker engine does not answer. Start it")


@pytest.mark.parametrize("port", ["abc", "-1", "65536", "80 81", "8000; id"])
def test_port_that_is_none_is_refused(checkout: Path, engine: None, port: str) -> None:
    said = run_make(checkout, "up", "DB=postgres", f"PORT={port}")
    assert said == f"PORT is '{port}': expected a number up to 65535, as in: make up DB=postgres PORT=8001"


def test_taken_port_is_refused_before_anything_starts(checkout: Path, engine: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        said = run_make(checkout, "up", "DB=postgres", f"PORT={port}", COMPOSE_PROJECT_NAME="lab-test-taken")
    assert said == f"Port {port} is taken. Choose another: make up DB=postgres PORT={port + 1}"
    assert docker("ps", "--all", "--quiet", "--filter", "name=lab-test-taken") == ""


def test_port_taken_by_a_stack_names_it(up: Stack, checkout: Path) -> None:
    said = run_make(checkout, "up", f"DB={up.db}", f"PORT={up.port}", COMPOSE_PROJECT_NAME="lab-test-taken")
    assert said.startswith(f"Port {up.port} is taken by {up.project}-web-1. Choose another: ")


@pytest.mark.parametrize("rev", ["nonsense", "x; touch told $(shell touch told)"])
def test_unknown_revision_is_refused(up: Stack, rev: str) -> None:
    done = up.make("upgrade", f"rev={rev}")
    assert done.returncode == 2
    assert f"Can't locate revision identified by '{rev}'" in done.stderr.replace('"', "'")
    assert not (up.folder / "told").exists()
    assert up.ready()


@pytest.mark.parametrize("count", ["abc", "0"])
def test_number_of_rows_that_is_none_is_refused(up: Stack, count: str) -> None:
    done = up.make("seed", f"n={count}")
    assert done.returncode == 2
    assert "Error: Invalid value for '--count'" in done.stderr
    assert "Traceback" not in done.stderr


def start_up(stack: Stack) -> subprocess.Popen[str]:
    """`make up`, which goes on while the test looks on, in a session of its own as in a terminal."""
    given = outer_environment() | stack.environment
    pipe = subprocess.PIPE
    return subprocess.Popen(
        ["make", "up", f"DB={stack.db}"],
        cwd=stack.folder,
        env=given,
        stdout=pipe,
        stderr=pipe,
        text=True,
        start_new_session=True,
    )


def test_two_at_once_take_turns(empty: Stack) -> None:
    two = [start_up(empty), start_up(empty)]
    ended = [process.communicate() for process in two]
    assert [process.returncode for process in two] == [0, 0], ended
    assert all("Ready: " in said for said, _ in ended)
    assert sum("waiting for it" in complaints for _, complaints in ended) == 1
    assert empty.ready()


def test_interrupted_up_is_finished_by_the_next(empty: Stack) -> None:
    process = start_up(empty)
    wait_until(lambda: empty.containers(empty.db), "the database's container is made")
    os.killpg(process.pid, signal.SIGINT)
    _, complaints = process.communicate(timeout=30)
    assert process.returncode not in (0, None)
    assert "is not up" not in complaints
    assert "Ready: " in empty.made("up")
