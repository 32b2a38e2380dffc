"""Servers, connections and disks that fail in the middle of a run: the lab says so, and blames no revision."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from flask_lab.errors import LabError
from flask_lab.sources import Server, Watch, open_server, plan
from flask_lab.sources.base import connect
from flask_lab.sources.docker import LABEL
from tests.engine.held import WAIT, Held, held, held_project, reached, urls
from tests.engine.projects import TOGETHER
from tests.harness.plugin import ReadyBackend

FILL = """import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    op.execute("INSERT INTO users (id, name) VALUES (4711, hex(zeroblob(400000)))")"""
KILL = {"postgres": "SELECT pg_terminate_backend({})", "mysql": "KILL {}", "mariadb": "KILL {}"}


def told(run: Held) -> dict[str, Any]:
    """The JSON report of a run in which something broke off."""
    code, out, err = run.end()
    assert (code, err) == (3, "")
    found: dict[str, Any] = json.loads(out)
    return found


def reasons(found: dict[str, Any], backend: str) -> dict[str, str]:
    """Why experiments broke off on a backend."""
    return {
        each["experiment"]: each["reason"]
        for each in found["cells"]
        if (each["backend"], each["verdict"]) == (backend, "errored")
    }


def blamed(found: dict[str, Any]) -> list[str]:
    """The rules that are said to be broken, but for notes: `portability` has asked no server."""
    return [each["rule"] for each in found["findings"] if each["severity"] != "note"]


@pytest.mark.needs("server")
def test_connection_that_is_cut_once_is_no_finding(backend: ReadyBackend, tmp_path: Path) -> None:
    project = held_project(tmp_path, WAIT)
    arguments = (*TOGETHER, "--on", f"sqlite,{backend.name}", "--format", "json")
    with held(project, *arguments, **urls(backend)) as run:
        _, url = reached(run, backend)
        with connect(backend.server.url) as connection:
            for session in backend.product.sessions(connection, str(url.database)):
                connection.execute(sa.text(KILL[backend.name].format(session)))
        run.go_on()
        found = told(run)
    assert blamed(found) == []
    lost = reasons(found, backend.name)
    assert list(lost) == ["stairway"]
    assert f"the connection to the server of {backend.name} was lost: " in lost["stairway"]
    assert reasons(found, "sqlite") == {}
    assert {each["verdict"] for each in found["cells"] if each["experiment"] == "data"} == {"passed"}


@pytest.mark.postgres
def test_server_that_dies_is_no_finding(own: str, tmp_path: Path) -> None:
    arguments = (*TOGETHER, "--on", "sqlite,postgres", "--format", "json")
    with held(held_project(tmp_path, WAIT), *arguments) as run:
        _, url = run.wait_until_reached("postgresql")
        kill_server(own, int(url.port or 0))
        run.go_on()
        found = told(run)
    assert blamed(found) == []
    lost = reasons(found, "postgres")
    assert set(lost) >= {"stairway", "data", "drift"}
    assert [
        each for each in lost.values() if "the connection to the server of postgres was lost: " not in each
    ] == []
    assert reasons(found, "sqlite") == {}


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True).stdout


def kill_server(source: str, port: int) -> None:
    """End what serves a port, at once."""
    if source == "docker":
        mine = docker("ps", "-q", "--filter", f"label={LABEL}").split()
        for each in json.loads(docker("inspect", *mine)):
            if f"-p{port}" in each["Args"] or f'"HostPort": "{port}"' in json.dumps(each):
                docker("rm", "-f", each["Id"])
        return
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        if f"-p{port}" in each.read_text().split("\0"):
            os.kill(int(each.parent.name), signal.SIGKILL)


@pytest.mark.sqlite
def test_disk_that_is_full_is_no_finding(tmp_path: Path) -> None:
    with held(held_project(tmp_path, FILL), "--on", "sqlite", "--format", "json") as run:
        found = told(run)
    assert blamed(found) == []
    assert reasons(found, "sqlite").keys() >= {"stairway", "data", "drift"}
    for reason in reasons(found, "sqlite").values():
        assert "the server of sqlite failed: " in reason
        assert "disk" in reason


@pytest.fixture(params=["postgres", "mysql", "mariadb"])
def small(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server whose disk is nearly full from the start."""
    monkeypatch.delenv(f"LAB_{request.param.upper()}_URL", raising=False)
    monkeypatch.setattr("flask_lab.sources.docker.MEMORY", "300m")
    try:
        found, _ = plan(request.param)
    except LabError as error:
        pytest.skip(str(error))
    if found != "docker":
        pytest.skip("only Docker gives a server a disk of its own")
    with open_server(request.param) as server:
        if server.source != "docker":
            pytest.skip(f"Docker's container did not start; {server.source} took its place")
        yield server


def fill(connection: sa.Connection, insert: sa.TextClause, rows: list[dict[str, str]]) -> None:
    """Insert until the server gives up; 300 MB are full long before this ends."""
    for _ in range(1000):
        connection.execute(insert, rows)


@pytest.mark.docker
def test_full_disk_of_a_server_is_told_from_a_wrong_statement(small: Server) -> None:
    # Not dropped again: the server may well have ended by then.
    with Watch(small) as watch, connect(small.create()) as connection:
        with pytest.raises(sa.exc.DBAPIError):
            connection.execute(sa.text("SELECT * FROM nothing"))
        assert watch.loss is None
        connection.execute(sa.text("CREATE TABLE filler (t TEXT)"))
        insert = sa.text("INSERT INTO filler VALUES (:t)")
        rows = [{"t": os.urandom(30_000).hex()}] * 20
        with pytest.raises(sa.exc.DBAPIError):
            fill(connection, insert, rows)
        assert watch.loss is not None
        assert "failed: " in str(watch.loss) or "was lost: " in str(watch.loss)
