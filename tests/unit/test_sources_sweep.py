"""What a killed run leaves behind is gone at the latest when the next one starts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import URL, make_url

from flask_lab.errors import BackendUnavailable, LabError
from flask_lab.sources import open_server, plan
from flask_lab.sources.base import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_DOCKER = {"DOCKER_HOST": "unix:///nonexistent"}


@contextmanager
def held(name: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Another process that has opened a server, and what it says of it."""
    command = [sys.executable, "-m", "tests.unit.held_server", name]
    process = subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline() or "null")
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(params=["docker", "local"])
def source(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A way to a PostgreSQL server, when this machine has it."""
    monkeypatch.delenv("LAB_POSTGRES_URL", raising=False)
    if request.param == "local":
        monkeypatch.setenv("DOCKER_HOST", NO_DOCKER["DOCKER_HOST"])
    try:
        found, _ = plan("postgres")
    except LabError as error:
        pytest.skip(str(error))
    if found != request.param:
        pytest.skip(f"PostgreSQL comes from {found} here")
    return found


def answers(url: URL) -> bool:
    try:
        with connect(url, connect_timeout=2):
            return True
    except BackendUnavailable:
        return False


def wait_until_silent(url: URL) -> None:
    deadline = time.monotonic() + 5
    while answers(url):
        assert time.monotonic() < deadline, "the server is still there"
        time.sleep(0.05)


def test_server_of_a_killed_run_is_swept(source: str) -> None:
    with held("postgres") as (victim, facts):
        assert facts["source"] == source
        url = make_url(facts["url"])
        victim.kill()
        victim.wait()
        assert answers(url)
        with open_server("postgres") as server:
            assert server.url != url
            assert not answers(url)


def test_server_of_a_living_run_is_left_alone(source: str) -> None:
    with held("postgres") as (_, facts), open_server("postgres") as server:
        assert server.source == source
        assert answers(make_url(facts["url"]))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.usefixtures("source")
def test_server_ends_with_its_run(number: signal.Signals) -> None:
    with held("postgres") as (victim, facts):
        victim.send_signal(number)
        victim.wait(10)
        wait_until_silent(make_url(facts["url"]))
