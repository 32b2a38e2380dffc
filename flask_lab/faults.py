"""Ways for a migration to die in the middle: where it can, who ends it, and what it was about to send."""

from __future__ import annotations

import os
import re
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection as Wire
from typing import TYPE_CHECKING, Any, NoReturn

from sqlalchemy import Connection, Engine, event

from flask_lab.errors import LabError, MigrationFailed
from flask_lab.leash import Leash
from flask_lab.sources.base import ADMINISTRATORS

if TYPE_CHECKING:
    from flask_lab.experiments.base import Stage
    from flask_lab.sources import Server

COMMIT = "COMMIT"
# What leaves a database as it was, and those of its functions that do not.
READS = re.compile(
    r"\s*(?:SELECT|SHOW|PRAGMA|DESC(?:RIBE)?|EXPLAIN|SAVEPOINT|RELEASE|SET|USE|VALUES)\b", re.IGNORECASE
)
WRITES = re.compile(r"\b(?:setval|nextval|set_config|lo_\w+|INTO)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sent:
    """Something that a step sends to the database."""

    text: str
    has_values: bool = False
    """Whether values went with it that do not stand in the text."""

    @property
    def changes(self) -> bool:
        """Whether the database may be another afterwards, committed or not."""
        return not READS.match(self.text) or bool(WRITES.search(self.text))


@dataclass(slots=True)
class Fuse:
    """Notes all that is sent to databases, through whatever engine, and burns just before one of it."""

    at: int | None = None
    """How many things are sent before it burns; None for never."""
    burn: Callable[[Connection], None] = lambda _: None
    sent: list[Sent] = field(default_factory=list)
    is_lit: bool = False
    """Set it where the step begins: what env.py sends before is none of the step's."""

    @contextmanager
    def hearing(self) -> Iterator[None]:
        """Note, from here to the end of the block, as soon as it is lit."""
        heard = (("before_cursor_execute", self._statement), ("commit", self._commit))
        for name, hear in heard:
            event.listen(Engine, name, hear)
        try:
            yield
        finally:
            for name, hear in heard:
                event.remove(Engine, name, hear)

    def _statement(
        self, connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any
    ) -> None:
        self._come(connection, Sent(statement.strip(), bool(parameters)))

    def _commit(self, connection: Connection) -> None:
        self._come(connection, Sent(COMMIT))

    def _come(self, connection: Connection, sent: Sent) -> None:
        if not self.is_lit or connection.dialect in ADMINISTRATORS:
            return
        if self.at is not None and len(self.sent) == self.at:
            # Once: what env.py does about the error is its own business.
            self.at = None
            self.burn(connection)
        self.sent.append(sent)


def boundaries(sent: list[Sent]) -> list[int]:
    """Where a death may leave another database than one before it: how many things were sent by then, each above 0.

    After the last commit there is nothing left to lose.
    """
    ends = [place for place, each in enumerate(sent) if each.text == COMMIT]
    return [place for place in range(1, ends[-1] + 1 if ends else len(sent)) if sent[place - 1].changes]


Strike = Callable[[int, int], None]
"""Ends something, given the process that migrates and the id of its session."""


def end_process(process: int, _session: int) -> None:
    """What a kernel short of memory does, or an orchestrator that is out of patience."""
    os.kill(process, signal.SIGKILL)


def end_session(server: Server) -> Strike:
    """What an administrator does, or a failover."""
    return lambda _process, session: server.end_session(session)


def end_server(server: Server) -> Strike:
    """What a power cut does; the server is there again afterwards."""
    return lambda _process, _session: server.kill()


@dataclass(frozen=True, slots=True)
class Death:
    """How a run ended that was struck."""

    was_struck: bool
    """False where the run never came to its end's place."""
    said: str = ""
    """What the run said of it; empty for one that could not, or that got over it."""


def struck(stage: Stage, part: Callable[[Fuse], object], at: int, strike: Strike, patience: float) -> Death:
    """Do `part` in a fork, with a fuse that it has to light; when so many things were sent, `strike` ends it.

    LabError when it does not end within `patience` seconds, which ends it.
    """
    # What is connected to a database here must not be used there.
    stage.project.let_go()
    ours, theirs = Pipe()
    with warnings.catch_warnings():
        # Of threads: those of the app are not there, and it is asked nothing that needs them.
        warnings.simplefilter("ignore", DeprecationWarning)
        process = os.fork()
    if process == 0:
        ours.close()
        _be_struck(stage, part, at, theirs)
    theirs.close()
    try:
        return _attend(process, ours, strike, patience)
    finally:
        ours.close()
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def _attend(process: int, wire: Wire, strike: Strike, patience: float) -> Death:
    was_struck = False
    try:
        while wire.poll(patience):
            said = wire.recv()
            if isinstance(said, str):
                return Death(was_struck, said)
            was_struck = True
            strike(process, said)
            wire.send(None)
    except (EOFError, OSError):
        return Death(was_struck)
    raise LabError(f"a run that was to die in the middle had not ended after {patience:.0f} seconds")


def _be_struck(stage: Stage, part: Callable[[Fuse], object], at: int, wire: Wire) -> NoReturn:
    """The fork's whole life. It leaves alone what it shares with its parent: no clean-up is run at its end."""
    with suppress(BaseException):

        def burn(connection: Connection) -> None:
            wire.send(stage.server.product.session(connection))
            wire.recv()

        leash = Leash(wire)
        leash.hear()
        said = ""
        try:
            part(Fuse(at, burn))
        except MigrationFailed as failure:
            said = failure.message
        leash.slacken()
        wire.send(said)
    os._exit(1)
