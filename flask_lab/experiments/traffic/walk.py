"""Along the tree on one bind: once without rows, to learn what each revision works on; then over rows."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alembic.runtime.migration import RevisionStep

from flask_lab.errors import MigrationFailed
from flask_lab.experiments.base import Stage
from flask_lab.experiments.traffic.measuring import Facts, Measured, Scene, touched
from flask_lab.experiments.traffic.tracing import Ladder
from flask_lab.migrator import Stepper
from flask_lab.project import Bind
from flask_lab.schema import differences
from flask_lab.traffic.seeding import Seeded
from flask_lab.tree import Applied


@dataclass(slots=True)
class Rehearsal:
    """A revision on an empty database."""

    seconds: float
    touched: set[str]
    """The tables that were there before and that it works on."""
    algorithms: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def alone() -> Iterator[None]:
    """One measurement at a time on this machine: those of other backends would be load to it."""
    with (Path(tempfile.gettempdir()) / f"flask-lab-traffic-{os.getuid()}.lock").open("w") as file:
        # Freed by the system too, however this process ends.
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Walk:
    """One way through the tree, on databases of its own; starts anew where a step fails."""

    def __init__(self, stage: Stage, order: Sequence[str], bind: Bind) -> None:
        self.stage = stage
        self.bind = bind
        self.waiting = list(order)
        self.applied = Applied(stage.project.tree)
        self.skipped: dict[str, str] = {}
        self.at: str | None = None
        """The revision that is being tried."""
        self.version_table = ""
        self.has_run = False
        """Whether env.py has a run for this bind."""

    def go(self, visit: Callable[[str], bool]) -> None:
        """To the end; `visit` takes the step across a revision, or says that it is only to be passed through."""
        while self.waiting and any(map(self.stage.asks, self.waiting)):
            with self.stage.databases():
                self._pass(self.applied.revisions)
                if not self.has_run and not self._runs():
                    self.waiting.clear()
                self._go_on(visit)

    def _go_on(self, visit: Callable[[str], bool]) -> None:
        passing: list[str] = []
        while self.waiting:
            self.at = self.waiting[0]
            if self._wants_another(self.at):
                return
            try:
                if not visit(self.at):
                    passing = [self.at]
                    self._pass(passing)
            except MigrationFailed as failure:
                self._fail(self.at, failure)
                return
            self.applied.add(self.waiting.pop(0))

    def _wants_another(self, _revision: str) -> bool:
        """Whether to go on across a revision on another database."""
        return False

    def _fail(self, revision: str, failure: MigrationFailed) -> None:
        raise NotImplementedError

    def _runs(self) -> bool:
        """Whether env.py opens a connection for the bind at all."""

        def plan(stepper: Stepper) -> Iterator[RevisionStep]:
            if stepper.bind == self.bind:
                self.has_run = True
                self.version_table = stepper.context.version_table
            yield from ()

        self.stage.migrator.follow(plan)
        return self.has_run

    def _pass(self, revisions: Collection[str]) -> None:
        """Up across revisions, in one run of env.py."""
        if not revisions:
            return

        def plan(stepper: Stepper) -> Iterator[RevisionStep]:
            if stepper.bind == self.bind:
                for revision in revisions:
                    yield stepper.move(revision, "upgrade")

        self.stage.migrator.follow(plan)


class Rehearsing(Walk):
    """Without rows: what each revision touches, and what its statements need the server to do."""

    def __init__(self, stage: Stage, order: Sequence[str], bind: Bind) -> None:
        super().__init__(stage, order, bind)
        self.found: dict[str, Rehearsal] = {}

    def observe(self) -> None:
        """Walk to the end."""
        self.go(self._visit)

    def _visit(self, revision: str) -> bool:
        if not self.stage.asks(revision):
            return False
        ladder = Ladder(self.stage.server.product.watching)
        seen: list[Rehearsal] = []

        def plan(stepper: Stepper) -> Iterator[RevisionStep]:
            if stepper.bind != self.bind:
                return
            before = self.stage.schema(stepper.connection, stepper.context.version_table)
            tables = {name.name for name in before if name.kind == "table"}
            begun = time.monotonic()
            with ladder.on(stepper.connection):
                yield stepper.move(revision, "upgrade")
            seconds = time.monotonic() - begun
            after = self.stage.schema(stepper.connection, stepper.context.version_table)
            differing = {each.name.table or each.name.name for each in differences(before, after)}
            names = touched(stepper.steps[-1], tables, differing)
            seen.append(Rehearsal(seconds, names, ladder.seen))

        with alone():
            self.stage.migrator.follow(plan)
        self.found[revision] = seen[0]
        return True

    def _fail(self, revision: str, failure: MigrationFailed) -> None:
        self.skipped[revision] = "the upgrade fails: see stairway"
        above = self.stage.project.tree.above(revision)
        for each in filter(above.__contains__, self.waiting):
            self.skipped[each] = f"it needs {revision}, whose upgrade fails: see stairway"
        self.waiting = [each for each in self.waiting if each != revision and each not in above]


class Measuring(Walk):
    """Over rows, and under traffic, at one size."""

    def __init__(
        self,
        rehearsed: Rehearsing,
        revisions: Collection[str],
        scene: Scene,
        fillings: Mapping[str, bool],
        apart: Collection[str] = (),
    ) -> None:
        stage = rehearsed.stage
        order = [each for each in stage.project.tree.orders()[0] if each not in rehearsed.skipped]
        super().__init__(stage, order, rehearsed.bind)
        self.version_table = rehearsed.version_table
        self.has_run = True
        self.revisions = set(revisions)
        self.rehearsed = rehearsed
        self.found: dict[str, Measured] = {}
        self.scene = scene
        self.fillings = dict(fillings)
        """The revisions whose tables get rows before, those measured among them; and whether with NULLs."""
        self.apart = apart
        """The revisions that are passed on a database without rows, as they would take too long."""
        self.filled: set[str] = set()
        """The revisions for which the database got rows."""
        self.failed: Measured | None = None
        """What was seen of the revision that is to be tried without traffic, as it failed under it."""

    def observe(self) -> None:
        """Walk as far as there is anything to measure."""
        self.go(self._visit)

    def _wants_another(self, revision: str) -> bool:
        is_in_the_way = revision in self.apart and bool(self.filled)
        if is_in_the_way:
            self.filled.clear()
        return is_in_the_way

    def _visit(self, revision: str) -> bool:
        if revision not in self.fillings:
            return False
        touched = self.rehearsed.found[revision].touched
        self.filled.add(revision)
        with alone():
            seeded = self.scene.fill(touched, self.version_table, has_gaps=self.fillings[revision])
            if revision not in self.revisions:
                return False
            self.found[revision] = self._measured(revision, seeded)
        self.revisions.discard(revision)
        if not self.revisions:
            self.waiting = [revision]
        return True

    def _measured(self, revision: str, seeded: Seeded) -> Measured:
        """What was seen of a step under traffic; of one that failed under it, once it has passed without."""
        if self.failed is not None:
            seen, self.failed = self.failed, None
            self._pass([revision])
            return seen
        touched = self.rehearsed.found[revision].touched
        seen = self.scene.measure(revision, touched, self.version_table, seeded)
        if seen.failure is not None:
            self.failed = seen
            raise seen.failure
        return seen

    def _fail(self, revision: str, failure: MigrationFailed) -> None:
        filled, self.filled = self.filled, set()
        if self.failed is not None:
            # Whether that comes of the rows or of the traffic is seen next; first of all, if it comes of older rows.
            if filled != {revision}:
                self.failed = None
            return
        had_gaps = self.fillings.pop(revision, False)
        if revision not in self.revisions:
            # Rows for an earlier revision need not suit this one, which is passed on a database without any.
            if not filled:
                raise failure
            return
        if had_gaps:
            self.fillings[revision] = False
            return
        said = f"it fails over {self.scene.rows} rows: {failure.message}"
        self.skipped[revision] = said
        self.revisions.discard(revision)
        if not self.revisions:
            self.waiting.clear()


class Tasting(Measuring):
    """Over few rows, and without traffic."""

    def _measured(self, revision: str, seeded: Seeded) -> Measured:
        begun = time.monotonic()
        self._pass([revision])
        return Measured(max(seeded.rows.values(), default=0), time.monotonic() - begun)


def sizes(rows: int) -> list[int]:
    """The sizes at which a step is measured whose time depends on rows, the largest first."""
    return [rows, *(rows // part for part in (4, 16) if rows // part >= 3)]


def facts_of(rehearsal: Rehearsal, measured: Measured) -> Facts:
    """What was seen of a revision, as JSON values."""
    facts: dict[str, Any] = {
        "rows": measured.rows,
        "seconds": measured.seconds,
        "empty_seconds": round(rehearsal.seconds, 4),
        "algorithms": rehearsal.algorithms,
        **measured.facts,
    }
    return facts
