"""Ends a worker when it is told to, and when nobody listens to it any more: the run it belongs to was killed."""

from __future__ import annotations

import os
import select
import signal
import socket
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from flask_lab.errors import LabError
from flask_lab.sources import Server

# A worker starts with these blocked.
INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM)
GOODBYE_SECONDS = 20.0
HOLD_SECONDS = 24 * 60 * 60.0
PATIENCE = 1.0
"""Seconds until a statement is cut off that keeps its thread from hearing of an interruption."""


class Leash:
    """Raises KeyboardInterrupt in the main thread at the first signal, or when the pipe's reader is gone.

    A driver written in C hears of no signal while it waits for its server. So a thread listens too, and drops the
    scratch databases from under a statement that does not end.
    """

    NAME = "leash"
    """Of the thread."""

    def __init__(self, pipe: Connection, *, may_hold: bool = False) -> None:
        self._holds = _outlive() if may_hold else None
        self.server: Server | None = None
        """Once there is one."""
        self._pipe = pipe
        self._heard = threading.Event()
        self._is_slack = False
        self._is_holding = False
        self._woken, self._wake = socket.socketpair()

    def hear(self) -> None:
        """Hear of interruptions from here on, also of one that came before this; call it in the main thread."""
        # A terminal that closes ends the run itself, which is heard by the pipe.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._wake.setblocking(False)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        for each in INTERRUPTIONS:
            signal.signal(each, self._interrupt)
        threading.Thread(target=self._listen, name=self.NAME, daemon=True).start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTIONS)

    def slacken(self) -> None:
        """Let nothing disturb the clean-up that is left to do."""
        self._is_slack = True
        for each in INTERRUPTIONS:
            signal.signal(each, signal.SIG_IGN)

    def hold(self) -> None:
        """Outlive the run, until someone ends this very process or a day is over."""
        if self._holds is None:
            return
        ended = threading.Event()
        for each in INTERRUPTIONS:
            signal.signal(each, lambda *_: ended.set())
        self._is_holding = True
        # Out of reach of the terminal, which belongs to the next command now.
        os.setsid()
        os.write(self._holds, b"!")
        _close_pipes()
        ended.wait(HOLD_SECONDS)
        self._is_holding = False
        self.slacken()

    def _interrupt(self, _number: int, _frame: object) -> None:
        self.slacken()
        self._heard.set()
        raise KeyboardInterrupt

    def _listen(self) -> None:
        poller = select.poll()
        # Without a wish: that the reader is gone is told in any case.
        poller.register(self._pipe.fileno(), 0)
        poller.register(self._woken, select.POLLIN)
        while not self._is_called([file for file, _ in poller.poll()]):
            pass
        if not self._is_slack:
            os.kill(os.getpid(), signal.SIGINT)
            if not self._heard.wait(PATIENCE) and self.server is not None:
                with suppress(LabError, DBAPIError):
                    self.server.cut()
        # The next run sweeps what this leaves.
        while True:
            time.sleep(GOODBYE_SECONDS)
            if not self._is_holding:
                os._exit(1)

    def _is_called(self, files: list[int]) -> bool:
        """Whether the reader is gone, or a signal came that is an interruption, not one of the app's own."""
        if self._woken.fileno() not in files:
            return True
        return any(number in INTERRUPTIONS for number in self._woken.recv(64))


@contextmanager
def interruptions_held() -> Iterator[None]:
    """Raise KeyboardInterrupt for an interruption at the end of the block; workers started in it hold theirs too."""
    held: list[int] = []
    handlers = {each: signal.getsignal(each) for each in INTERRUPTIONS}
    # The mask is what a worker inherits; a thread of the live display may take a signal all the same.
    signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTIONS)
    ours = [each for each, handler in handlers.items() if callable(handler) and _is_main_thread()]
    for each in ours:
        signal.signal(each, lambda number, _: held.append(number))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTIONS)
        for each in ours:
            signal.signal(each, handlers[each])
    if held:
        raise KeyboardInterrupt


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _outlive() -> int:
    """Go on in a child, while this process ends when the child does, or writes to the file that is returned."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        return theirs
    os.close(theirs)
    if os.read(ours, 1):
        os._exit(0)
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _close_pipes() -> None:
    """Let go of multiprocessing's own processes, which live as long as these are open, and with them the run's output.

    Whoever reads that would wait for them.
    """
    for number in [int(each.name) for each in Path("/dev/fd").iterdir()]:
        with suppress(OSError):
            if stat.S_ISFIFO(os.fstat(number).st_mode):
                os.close(number)
