"""Does a part of an experiment beside the rest: in a fork of this process, on databases of its own on the same server.

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
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from flask_lab.errors import LabError, reason
from flask_lab.leash import GOODBYE_SECONDS, Leash

if TYPE_CHECKING:
    from flask_lab.experiments.base import Stage

T = TypeVar("T")
POLL = 0.01


class Beside(Generic[T]):
    """A part that may be at work already; one that cannot be begun is done when it is asked for."""

    def __init__(self, stage: Stage, part: Callable[[Stage], T]) -> None:
        self._stage = stage
        self._part = part
        self._child = 0
        self._pipe: Connection | None = None

    def begin(self) -> None:
        """Begin, if a fork of this process can be trusted; nothing may be connected to the project's databases."""
        # What another thread holds in this moment, a fork would wait for in vain. A kept database belongs to one.
        if self._stage.keep or any(not _is_ours(each) for each in threading.enumerate()):
            return
        self._stage.project.let_go()
        ours, theirs = Pipe(duplex=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            self._child = os.fork()
        if self._child == 0:
            ours.close()
            _do(self._stage, self._part, theirs)
        theirs.close()
        self._pipe = ours

    def result(self) -> T:
        """What came of it; waits for it, and raises what it raised."""
        if self._pipe is None:
            return self._part(self._stage)
        try:
            error, result = self._pipe.recv()
        except EOFError:
            raise LabError(f"a process beside it {self.end()} before it was done") from None
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]  # as it was sent

    def end(self) -> str:
        """Tell it to go, and wait until it is gone; how it ended, if it was begun. Whoever asks then has it done."""
        if not self._child:
            return ""
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
        deadline = time.monotonic() + GOODBYE_SECONDS
        while not (ended := os.waitpid(self._child, os.WNOHANG))[0]:
            if time.monotonic() > deadline:
                os.kill(self._child, signal.SIGKILL)
            time.sleep(POLL)
        self._child = 0
        code = os.waitstatus_to_exitcode(ended[1])
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"


@contextmanager
def beside(stage: Stage, part: Callable[[Stage], T]) -> Iterator[Beside[T]]:
    """Do `part` while the block does the rest; at the end of the block it is gone, done or not."""
    doing = Beside(stage, part)
    doing.begin()
    try:
        yield doing
    finally:
        doing.end()


def _is_ours(thread: threading.Thread) -> bool:
    return thread is threading.main_thread() or thread.name == Leash.NAME


def _do(stage: Stage, part: Callable[[Stage], T], pipe: Connection) -> NoReturn:
    """The fork's whole life. What it shares with its parent is left as it is: no clean-up is run at its end."""
    code = 1
    with suppress(BaseException):
        leash = Leash(pipe)
        leash.server = stage.server
        leash.hear()
        answer: tuple[LabError | None, Any]
        try:
            with stage.server.forked():
                result = part(stage)
                stage.check()
                answer = (None, result)
        except LabError as error:
            answer = (error, None)
        except Exception as error:  # noqa: BLE001  (whatever it is, the parent tells it)
            answer = (LabError(reason(error)), None)
        leash.slacken()
        pipe.send(answer)
        code = 0
    os._exit(code)
