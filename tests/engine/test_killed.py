"""Runs that are killed or interrupted: what ends, what is said, and what is left for the next run to sweep."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import URL

from flask_lab.errors import LabError
from flask_lab.sources import open_server
from flask_lab.sources.base import connect
from tests.engine.held import (
    SLEEP,
    WAIT,
    Held,
    folders,
    held,
    held_project,
    is_alive,
    reached,
    urls,
    wait_for,
)
from tests.harness.plugin import ReadyBackend

SAID = "Interrupted; what the lab had made is gone."


def scratch(backend: ReadyBackend) -> set[str]:
    """The scratch databases on the session's server."""
    if backend.product.image is None:
        return set()
    with connect(backend.server.url) as connection:
        return {name for name in backend.product.databases(connection) if name.startswith("lab_r")}


def stuck(backend: ReadyBackend, folder: Path) -> Path:
    """A project whose second revision waits for the server, for a minute."""
    return held_project(folder, SLEEP[backend.name])


def test_workers_end_with_a_killed_run(backend: ReadyBackend, tmp_path: Path) -> None:
    before = scratch(backend)
    with held(stuck(backend, tmp_path), "--on", backend.name, **urls(backend)) as run:
        pid, _ = reached(run, backend)
        made = folders(run)
        assert run.end(signal.SIGKILL)[0] == -signal.SIGKILL
        wait_for(lambda: not is_alive(pid), "the worker ends")
    assert not any(map(Path.exists, made))
    assert scratch(backend) == before


def to_run(run: Held) -> None:
    run.process.send_signal(signal.SIGINT)


def to_group(run: Held) -> None:
    os.killpg(run.process.pid, signal.SIGINT)


def terminated(run: Held) -> None:
    run.process.send_signal(signal.SIGTERM)


def twice(run: Held) -> None:
    to_group(run)
    to_group(run)


@pytest.mark.parametrize("interrupt", [to_run, to_group, terminated, twice])
@pytest.mark.suffices("sqlite", "mysql")
def test_interrupted_run_says_so_and_leaves_nothing(
    backend: ReadyBackend, tmp_path: Path, interrupt: Callable[[Held], None]
) -> None:
    before = scratch(backend)
    with held(stuck(backend, tmp_path), "--on", backend.name, **urls(backend)) as run:
        pid, _ = reached(run, backend)
        made = folders(run)
        interrupt(run)
        assert run.end() == (130, "", f"{SAID}\n")
        assert not is_alive(pid)
    assert not any(map(Path.exists, made))
    assert scratch(backend) == before
    assert not (tmp_path / "runs").exists()


@pytest.mark.sqlite
def test_killed_worker_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    project = held_project(tmp_path, WAIT)
    with held(project, "--on", "sqlite", "--format", "terminal", "--format", "json:run.json") as run:
        pid, _ = run.wait_until_reached("sqlite")
        made = folders(run)
        os.kill(pid, signal.SIGKILL)
        code, out, err = run.end()
    assert made
    assert not any(map(Path.exists, made))
    assert code == 3
    assert "sqlite errored: its process was killed by SIGKILL before it was done" in " ".join(out.split())
    assert err == ""


def answers(url: URL) -> bool:
    try:
        with connect(url.set(database="postgres"), connect_timeout=2):
            return True
    except LabError:
        return False


@pytest.mark.postgres
@pytest.mark.usefixtures("own")
def test_server_ends_with_a_killed_run(tmp_path: Path) -> None:
    with held(held_project(tmp_path, SLEEP["postgres"]), "--on", "postgres") as run:
        pid, url = run.wait_until_reached("postgresql")
        assert answers(url)
        run.end(signal.SIGKILL)
        wait_for(lambda: not is_alive(pid), "the worker ends")
    assert not answers(url)


@pytest.mark.postgres
@pytest.mark.usefixtures("own")
def test_server_of_a_killed_worker_is_ended_by_the_run(tmp_path: Path) -> None:
    with held(held_project(tmp_path, WAIT), "--on", "postgres,sqlite", "--format", "json") as run:
        pid, url = run.wait_until_reached("postgresql")
        os.kill(pid, signal.SIGKILL)
        run.go_on()
        code, out, _ = run.end()
    assert code == 3
    assert not answers(url)
    postgres, sqlite = json.loads(out)["backends"]
    assert (postgres["verdict"], sqlite["verdict"]) == ("errored", "passed")
    assert postgres["reason"] == "its process was killed by SIGKILL before it was done"


@pytest.mark.postgres
@pytest.mark.usefixtures("own")
def test_interrupted_start_leaves_no_server(tmp_path: Path) -> None:
    project = held_project(tmp_path, WAIT)
    with held(project, "--on", "sqlite,postgres") as run:
        # SQLite is there at once, while the server is still being made.
        run.wait_until_reached("sqlite")
        made = folders(run)
        to_group(run)
        assert run.end() == (130, "", f"{SAID}\n")
    assert not any(map(Path.exists, made))


@pytest.mark.needs("server")
def test_killed_workers_databases_are_swept_by_the_next_run(backend: ReadyBackend, tmp_path: Path) -> None:
    with held(held_project(tmp_path, WAIT), "--on", backend.name, **urls(backend)) as run:
        pid, url = reached(run, backend)
        os.kill(pid, signal.SIGKILL)
        assert run.end()[0] == 3
    database = url.database
    assert database in scratch(backend)
    with open_server(backend.name, urls(backend)):
        assert database not in scratch(backend)
