"""Does two parts of an experiment at once: one here, one in a fork of this process, each on databases of its own.

Alembic's `op` is one for a process, so that a thread would not do.
"""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar

from flask_lab.errors import LabError, MigrationFailed
from flask_lab.leash import GOODBYE_SECONDS, Leash

if TYPE_CHECKING:
    from flask_lab.experiments.base import Observation, Stage

Here = TypeVar("Here")
There = TypeVar("There")
Answer = tuple[There, "list[Observation]"]
POLL = 0.001


def both(stage: Stage, here: Callable[[Stage], Here], there: Callable[[Stage], There]) -> tuple[Here, There]:
    """What both parts give; `there` is done in a fork meanwhile, where one can be trusted, else afterwards.

    What the fork observes is recorded when both are done. What fails is tried once more alone: a lock that env.py
    takes may be one for the whole server or machine.
    """
    if not _can_fork(stage):
        return here(stage), there(stage)
    with _forked(stage, there) as fork:
        try:
            one = here(stage)
        except MigrationFailed:
            fork.end()
            return here(stage), there(stage)
        answer = fork.answer()
    if answer is None:
        return one, there(stage)
    for observation in answer[1]:
        stage.record(observation)
    return one, answer[0]


class Fork(Generic[There]):
    """A process that does a part; there is only a pipe between it and its parent."""

    def __init__(self, pid: int, pipe: Connection) -> None:
        self._pid = pid
        self._pipe = pipe
        self._status: int | None = None

    def answer(self) -> Answer[There] | None:
        """What came of its part and what it observed, or None when it failed; waits for it."""
        try:
            return self._pipe.recv()  # type: ignore[no-any-return]  # as it was sent
        except EOFError:
            raise LabError(f"a process beside it {self.end()} before it was done") from None

    def end(self) -> str:
        """Tell it to go, and wait until it is gone; how it ended."""
        self._pipe.close()
        deadline = time.monotonic() + GOODBYE_SECONDS
        while not self._is_gone():
            if time.monotonic() > deadline:
                os.kill(self._pid, signal.SIGKILL)
            time.sleep(POLL)
        code = os.waitstatus_to_exitcode(self._status or 0)
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"

    def _is_gone(self) -> bool:
        if self._status is None:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            self._status = status if pid else None
        return self._status is not None


def _can_fork(stage: Stage) -> bool:
    """Whether a fork would not wait in vain for what another thread holds in this moment.

    Who holds a database that is kept is named by its process, which is this one.
    """
    ours = (threading.main_thread().name, Leash.NAME)
    return not stage.keep and all(thread.name in ours for thread in threading.enumerate())


@contextmanager
def _forked(stage: Stage, part: Callable[[Stage], There]) -> Iterator[Fork[There]]:
    """A fork that does `part`; at the end it is gone, done or not."""
    # What is connected to a database here must not be used there.
    stage.project.let_go()
    ours, theirs = Pipe(duplex=False)
    with warnings.catch_warnings():
        # Of threads, which were looked at.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        ours.close()
        _do(stage, part, theirs)
    theirs.close()
    fork = Fork[There](pid, ours)
    try:
        yield fork
    finally:
        fork.end()


def _do(stage: Stage, part: Callable[[Stage], There], pipe: Connection) -> NoReturn:
    """The fork's whole life. It leaves alone what it shares with its parent: no clean-up is run at its end."""
    code = 1
    with suppress(BaseException):
        leash = Leash(pipe)
        leash.server = stage.server
        leash.hear()
        answer: Answer[There] | None = None
        observed: list[Observation] = []
        with suppress(Exception), stage.server.forked():
            result = part(replace(stage, record=observed.append))
            stage.check()
            answer = (result, observed)
        leash.slacken()
        pipe.send(answer)
        code = 0
    os._exit(code)
