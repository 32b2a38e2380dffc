"""The processes of a race, as the one who starts and ends them has them: lets them upgrade at once, and takes notes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any

from flask_lab.errors import BackendLost, LabError
from flask_lab.experiments.base import Stage
from flask_lab.experiments.race.racer import Exit, Order, boot
from flask_lab.project import Bind

OPENING_SECONDS = 180.0
SHOWN = 20
"""How many steps of one process the facts list."""


@dataclass(slots=True)
class Track:
    """What one process did in one upgrade; times are seconds since all were told to begin."""

    process: int
    read: float | None = None
    """When it knew where the database stands, and what it knew."""
    versions: list[str] = field(default_factory=list)
    steps: list[tuple[str, float, float | None]] = field(default_factory=list)
    """Revision, begin and end, None where it came to none."""
    ended: float | None = None
    outcome: str = ""
    """`succeeded`, `failed`, `killed` by the lab as was planned, `stuck` until it was killed, or `died`."""
    error: dict[str, Any] | None = None
    tables: Mapping[Bind, tuple[str, str | None]] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """The same, as JSON values."""
        steps = [[name, _round(begun), _round(ended)] for name, begun, ended in self.steps[:SHOWN]]
        facts = {
            "process": self.process,
            "outcome": self.outcome,
            "seconds": _round(self.ended),
            "read": _round(self.read),
            "versions": self.versions,
            "steps": steps,
            "steps in all": len(self.steps),
        }
        return facts | ({"error": self.error} if self.error else {})


@dataclass(slots=True)
class Racer:
    """One process, and this end of its pipe."""

    number: int
    process: subprocess.Popen[bytes]
    pipe: Connection

    def end(self) -> int:
        """Kill it, unless it is gone; its exit code."""
        self.process.kill()
        self.pipe.close()
        return self.process.wait()


@dataclass(frozen=True, slots=True)
class Heat:
    """How one race is run."""

    delays: Sequence[float]
    """For each process: how many seconds after the start signal it goes on."""
    quiet: float
    """After how many seconds without anyone coming to the barrier the others are thought to wait for a lock."""
    limit: float
    """Seconds until whoever has not ended is stuck."""
    pauses: Sequence[float] = ()
    """How many seconds the winner waits before its first revisions."""
    kills_winner: bool = False
    """Whether the winner is killed before its first revision does anything."""

    @property
    def is_directed(self) -> bool:
        """Whether processes ask before each revision."""
        return bool(self.pauses) or self.kills_winner


class Racers:
    """Processes that have opened the project, ready to upgrade whatever databases they are given."""

    def __init__(self, stage: Stage, stack: ExitStack) -> None:
        self._stage = stage
        self._stack = stack
        self._racers: list[Racer] = []

    def start(self, count: int) -> None:
        """Let there be as many; LabError when one cannot open the project."""
        numbers = set(range(1, count + 1)) - {each.number for each in self._racers}
        new = [self._start(number) for number in sorted(numbers)]
        self._racers = sorted([*self._racers, *new], key=lambda each: each.number)
        deadline = time.monotonic() + OPENING_SECONDS
        opening = {each.pipe: each for each in new}
        while opening:
            ready = wait(list(opening), max(0.0, deadline - time.monotonic()))
            if not ready:
                raise LabError(f"a process could not open the project within {OPENING_SECONDS:.0f} s")
            for pipe in ready:
                if self._hear_opening(opening[pipe]):  # type: ignore[index]  # a pipe of the list
                    del opening[pipe]  # type: ignore[arg-type]

    def _start(self, number: int) -> Racer:
        ours, theirs = Pipe()
        with theirs:
            racer = Racer(number, boot(theirs.fileno()), ours)
        self._stack.callback(racer.end)
        racer.pipe.send((self._stage.opening, self._stage.product.name))
        return racer

    def _hear_opening(self, racer: Racer) -> bool:
        """Take a message of one that opens the project; whether it is ready."""
        try:
            message = racer.pipe.recv()
        except EOFError:
            raise LabError(f"a process that opened the project ended with {racer.end()}") from None
        if message[0] == "scratch":
            racer.pipe.send(self._stack.enter_context(self._stage.server.scratch()))
        elif message[0] == "unopened":
            raise LabError(f"a process of its own cannot open the project: {message[1]}")
        return message[0] == "ready"  # type: ignore[no-any-return]  # as it was sent

    def alone(self, limit: float) -> Track:
        """One process upgrades what the project points at, with nobody beside it."""
        return self._race(self._racers[:1], Heat([0.0], 0.0, limit))[0]

    def race(self, heat: Heat) -> list[Track]:
        """All of them upgrade what the project points at; those that had to be killed are gone afterwards."""
        return self._race(self._racers, heat)

    def _race(self, racers: Sequence[Racer], heat: Heat) -> list[Track]:
        urls = dict(self._stage.project.urls)
        contest = Contest(racers, heat, Order(urls, heat.is_directed, is_alone=len(racers) == 1))
        contest.run()
        self._racers = [each for each in self._racers if each.process.poll() is None and not each.pipe.closed]
        if contest.blame:
            raise BackendLost.failed(self._stage.server.name, contest.blame)
        return list(contest.tracks.values())


class Contest:
    """One upgrade by several processes, from the first message to the last."""

    def __init__(self, racers: Sequence[Racer], heat: Heat, order: Order) -> None:
        self.heat = heat
        self.order = order
        self.tracks = {each.number: Track(each.number) for each in racers}
        self.blame = ""
        """What the server said of itself, if it did."""
        self._running: dict[Any, Racer] = {each.pipe: each for each in racers}
        self._delays = dict(zip(self.tracks, heat.delays, strict=False))
        self._begun = time.monotonic()
        self._at_barrier: list[Racer] = []
        self._came_last = 0.0
        self._is_open = False
        self._winner: Racer | None = None
        self._pauses = list(heat.pauses)

    def run(self) -> None:
        """Until everyone has ended, or is killed at the limit."""
        for racer in self._running.values():
            racer.pipe.send(self.order)
        deadline = self._begun + self.heat.limit
        while self._running and (now := time.monotonic()) < deadline:
            until = min(deadline, self._came_last + self.heat.quiet) if self._is_held() else deadline
            for pipe in wait(list(self._running), max(0.0, until - now)):
                self._hear(self._running[pipe])
            if self._is_held() and self._is_time():
                self._open()
        for racer in list(self._running.values()):
            self._end(racer, "stuck")

    def _is_held(self) -> bool:
        return bool(self._at_barrier) and not self._is_open

    def _is_time(self) -> bool:
        """Whether all are at the barrier, or those that are not wait for one who is: it holds env.py's lock."""
        everyone = len(self._at_barrier) == len(self._running)
        return everyone or time.monotonic() >= self._came_last + self.heat.quiet

    def _open(self) -> None:
        self._is_open = True
        for racer in self._at_barrier:
            self._answer(racer, self._delays[racer.number])

    def _hear(self, racer: Racer) -> None:
        try:
            what, moment, *more = racer.pipe.recv()
        except (EOFError, ConnectionError):
            self._end(racer, "died")
            return
        track, since = self.tracks[racer.number], moment - self._begun
        if what == "read":
            track.read, (track.versions,) = since, more
            self._arrive(racer)
        elif what == "step":
            track.steps.append((more[0], since, None))
            self._admit(racer)
        elif what == "done":
            track.steps[-1] = (*track.steps[-1][:2], since)
        elif what == "exit":
            self._leave(racer, track, since, more[0])

    def _arrive(self, racer: Racer) -> None:
        if self._is_open:
            self._answer(racer, 0.0)
        else:
            self._at_barrier.append(racer)
            self._came_last = time.monotonic()

    def _admit(self, racer: Racer) -> None:
        """Let a process that asks go on with a revision, but for the winner, who is held up or killed."""
        if not self.order.is_asking:
            return
        if self._winner is None:
            self._winner = racer
            if self.heat.kills_winner:
                self._end(racer, "killed")
                return
        is_held_up = racer is self._winner and self._pauses
        self._answer(racer, self._pauses.pop(0) if is_held_up else 0.0)

    def _leave(self, racer: Racer, track: Track, since: float, end: Exit) -> None:
        del self._running[racer.pipe]
        track.ended, track.error, track.tables = since, end.error, end.tables
        track.outcome = "failed" if end.error else "succeeded"
        if end.is_blaming and end.error:
            self.blame = end.error["message"]

    def _end(self, racer: Racer, outcome: str) -> None:
        """Kill a process, or bury one that has died by itself."""
        del self._running[racer.pipe]
        track = self.tracks[racer.number]
        track.ended, track.outcome = time.monotonic() - self._begun, outcome
        code = racer.end()
        if outcome == "died":
            track.error = {"type": "Exit", "message": f"the process ended with {code}"}

    def _answer(self, racer: Racer, seconds: float) -> None:
        # One that has died meanwhile is heard of soon.
        with suppress(ConnectionError):
            racer.pipe.send(seconds)


@contextmanager
def racers(stage: Stage) -> Iterator[Racers]:
    """Nobody yet; whoever is started is gone at the end, with its databases."""
    with ExitStack() as stack:
        yield Racers(stage, stack)


def _round(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)
