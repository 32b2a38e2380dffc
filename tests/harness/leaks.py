"""Detectors that fail a test which leaves a thread running, or, when it had a database, a child process."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flask_lab.sources.owner import PREFIX
from tests.harness.servers import THREAD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = 2.0
# Processes that outlive a test on purpose: the session's local servers, and multiprocessing's own.
LASTING = (PREFIX, "resource_tracker", "forkserver")


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """A thread that is no daemon would keep the session from ending."""
    yield from _compare("thread", _threads)


@pytest.fixture
def no_process_is_left() -> Iterator[None]:
    """A child process would go on writing to a database that is gone."""
    yield from _compare("process", _children)


def _compare(kind: str, look: Callable[[], dict[int, str]]) -> Iterator[None]:
    before = look()
    yield
    deadline = time.monotonic() + PATIENCE
    while (
        left := {key: name for key, name in look().items() if key not in before}
    ) and time.monotonic() < deadline:
        time.sleep(0.02)
    if left:
        pytest.fail(f"this test left a {kind}: {', '.join(left.values())}", pytrace=False)


def _threads() -> dict[int, str]:
    alive = [
        thread for thread in threading.enumerate() if not thread.daemon and not thread.name.startswith(THREAD)
    ]
    return {id(thread): thread.name for thread in alive}


def _children() -> dict[int, str]:
    """The command lines of this process's children by id, where the system lists processes."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        # The parent is the second field after the program's name, which stands in parentheses.
        fields = _read(folder / "stat").rpartition(")")[2].split()
        if fields[1:2] == [str(os.getpid())] and fields[0] != "Z":
            command = _read(folder / "cmdline").replace("\0", " ").strip()
            if not any(mark in command for mark in LASTING):
                found[int(folder.name)] = command
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
