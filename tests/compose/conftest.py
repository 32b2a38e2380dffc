"""A stack per database, started once per session from a copy of this checkout."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose.stack import Stack, copy_checkout, run
from tests.harness.servers import chosen

SERVERS = [pytest.param(name, marks=getattr(pytest.mark, name)) for name in chosen() if name != "sqlite"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is marked `compose`."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.compose)


@pytest.fixture(scope="session")
def engine() -> None:
    """Skips where there is no Docker with Compose; fails there if LAB_REQUIRE_COMPOSE=1."""
    for command in (["docker", "version"], ["docker", "compose", "version"]):
        try:
            done = run(command)
        except FileNotFoundError:
            reason = "there is no docker on PATH"
        else:
            if done.returncode == 0:
                continue
            reason = f"`{' '.join(command)}` says: {' '.join(done.stderr.split())}"
        reason = f"the stack in containers was not tried, {reason}. Install Docker with Compose, and start its engine"
        if os.environ.get("LAB_REQUIRE_COMPOSE") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


def scratch(db: str, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A copy of this checkout for a stack of its own; nothing runs yet."""
    folder = tmp_path_factory.mktemp(db) / "checkout"
    copy_checkout(folder)
    return Stack(db, folder, f"lab-test-{db}-{secrets.token_hex(4)}")


@pytest.fixture(scope="session", params=SERVERS)
def stack(
    request: pytest.FixtureRequest, engine: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A stack on one of the databases, in whatever state the test before has left it."""
    made = scratch(request.param, tmp_path_factory)
    try:
        yield made
    finally:
        made.remove()


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
