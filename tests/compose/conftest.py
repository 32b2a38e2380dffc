"""A stack per database, started once per session from a copy of this checkout."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose.stack import Stack, copy_checkout, remove_project, run
from tests.harness.servers import chosen

SERVERS = [name for name in chosen() if name != "sqlite"]
RUN = "LAB_COMPOSE_RUN"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is marked `compose`."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.compose)


def pytest_configure(config: pytest.Config) -> None:
    """Name the session's stacks so that its controller knows those of its workers, which inherit the environment."""
    if RUN not in os.environ or not hasattr(config, "workerinput"):
        os.environ[RUN] = secrets.token_hex(4)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what is left by workers that were not given the time to do it themselves."""
    if not hasattr(config, "workerinput") and not config.option.collectonly and not trouble():
        for db in SERVERS:
            remove_project(project_of(db))


def project_of(db: str) -> str:
    """The name of this session's Compose project on a database."""
    return f"lab-test-{os.environ[RUN]}-{db}"


def trouble() -> str:
    """Why no stack can run on this machine; empty when it can."""
    for command in (["docker", "version"], ["docker", "compose", "version"]):
        try:
            done = run(command)
        except FileNotFoundError:
            return "there is no docker on PATH"
        if done.returncode:
            return f"`{' '.join(command)}` says: {' '.join(done.stderr.split())}"
    return ""


@pytest.fixture(scope="session")
def engine() -> None:
    """Skips where there is no Docker with Compose; fails there if LAB_REQUIRE_COMPOSE=1."""
    if reason := trouble():
        said = f"the stack in containers was not tried, {reason}. Install Docker with Compose, and start its engine"
        if os.environ.get("LAB_REQUIRE_COMPOSE") == "1":
            pytest.fail(said, pytrace=False)
        pytest.skip(said)


@pytest.fixture(scope="session", params=[pytest.param(db, marks=getattr(pytest.mark, db)) for db in SERVERS])
def stack(
    request: pytest.FixtureRequest, engine: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A stack on one of the databases, in whatever state the test before has left it."""
    folder = tmp_path_factory.mktemp(request.param) / "checkout"
    copy_checkout(folder)
    made = Stack(request.param, folder, project_of(request.param))
    try:
        yield made
    finally:
        remove_project(made.project)


@pytest.fixture
def up(stack: Stack) -> Stack:
    """The stack, up and ready."""
    if not stack.ready():
        stack.made("up")
    return stack


@pytest.fixture
def empty(stack: Stack) -> Stack:
    """The stack without containers and data."""
    stack.made("destroy", "FORCE=1")
    return stack


@pytest.fixture
def release(up: Stack) -> Iterator[Stack]:
    """The stack, up, for a test that changes its models or its tree."""
    yield up
    up.restore()
    up.made("destroy", "FORCE=1")
