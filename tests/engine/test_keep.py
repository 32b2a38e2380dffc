"""--keep: the databases of failed cells are there after the run, opened and ended as it says."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from flask_lab.backends import PRODUCTS
from flask_lab.errors import LabError
from flask_lab.sources import open_server, plan
from tests.engine.held import is_alive, urls, wait_for
from tests.engine.projects import TREES, make_project
from tests.engine.test_project import lab
from tests.harness.plugin import ReadyBackend


@contextmanager
def kept(folder: Path, *arguments: str, **environment: str) -> Iterator[list[str]]:
    """How a run of a bad tree says its databases are opened; then they are ended as it says, and gone."""
    done = lab(folder, "run", *arguments, "--keep", "--fail-on", "warning", "--format", "json", **environment)
    assert done.returncode == 1, done.stderr
    findings = json.loads(done.stdout)["findings"]
    assert findings
    commands = [command for finding in findings for command in finding["evidence"]["kept"]]
    holders = {int(finding["evidence"]["kept until"].split()[1].rstrip(",")) for finding in findings}
    try:
        yield commands
    finally:
        for pid in holders:
            os.kill(pid, signal.SIGTERM)
        wait_for(lambda: not any(map(is_alive, holders)), "the holders end")


def look(url: str | sa.URL, table: str = "users") -> None:
    """Read from a database; OperationalError when it is gone."""
    engine = sa.create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f"SELECT count(*) FROM {table}"))


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("rule", "experiment", "table"),
    [
        ("reupgrade-differs", "stairway", "users"),
        ("upgrade-fails-on-data", "data", "users"),
        ("upgrade-loses-rows", "data", "sqlite_master"),
        ("model-drift", "drift", "users"),
        ("unsafe-concurrent-upgrade", "race", "users"),
    ],
)
def test_sqlite_file_is_as_it_was_when_the_step_failed(
    tmp_path: Path, rule: str, experiment: str, table: str
) -> None:
    project = make_project(tmp_path / "project", TREES / rule / "bad")
    with kept(project, experiment, "--on", "sqlite") as commands:
        program, path = commands[0].split()
        assert program == "sqlite3"
        look(f"sqlite:///{path}", table)
        # A run that sweeps what the dead have left.
        lab(project, "backends", "--on", "sqlite")
        look(f"sqlite:///{path}", table)
    assert not Path(path).parent.exists()


@pytest.mark.needs("server")
def test_database_on_a_named_server_is_kept(backend: ReadyBackend, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", TREES / "model-drift" / "bad")
    with kept(project, "drift", "--on", backend.name, **urls(backend)) as commands:
        assert not [each for each in commands if str(backend.server.url.password) in each]
        name = commands[0].split()[-1].rpartition("/")[2]
        url = backend.server.url.set(database=name)
        with open_server(backend.name, urls(backend)):
            look(url)
    with pytest.raises(sa.exc.OperationalError):
        look(url)


@pytest.mark.postgres
@pytest.mark.parametrize("source", ["docker", "local"])
def test_server_that_the_lab_started_stays_and_its_command_works(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LAB_POSTGRES_URL", raising=False)
    if source == "local":
        monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent")
    try:
        found, _ = plan("postgres")
    except LabError as error:
        pytest.skip(str(error))
    if found != source:
        pytest.skip(f"PostgreSQL comes from {found} here")
    project = make_project(tmp_path / "project", TREES / "model-drift" / "bad")
    with kept(project, "drift", "--on", "postgres") as commands:
        program, command = commands[0].split()
        assert program == "psql"
        url = PRODUCTS["postgres"].read_url(command, "the command")
        look(url)
    with pytest.raises(sa.exc.OperationalError):
        look(url)
