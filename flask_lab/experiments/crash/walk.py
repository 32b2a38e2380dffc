"""One way through the tree on one bind, with ordinary rows in every table; each step dies on copies of the database."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sa
from alembic.runtime.migration import RevisionStep

from flask_lab.errors import MigrationFailed
from flask_lab.experiments.base import Observation, Stage
from flask_lab.experiments.crash.snapshot import Snapshot, VersionTable
from flask_lab.experiments.crash.trial import NEVER, Facts, Scene, Trial
from flask_lab.faults import Strike
from flask_lab.migrator import Direction, Stepper
from flask_lab.project import Bind
from flask_lab.rows import Kind, Order, load, read_shapes

FAILS = "the {} fails without a crash ({}): see stairway and data"
NEEDED = "it needs {}, whose upgrade fails"


class Walk:
    """Steps across every revision; those that nobody asks about are only passed through."""

    def __init__(
        self, stage: Stage, order: Sequence[str], bind: Bind, ways: Mapping[str, Strike], limit: int
    ) -> None:
        self.stage = stage
        self.bind = bind
        self.waiting = list(order)
        self.applied: list[str] = []
        self.table: VersionTable | None = None
        """None as long as env.py has not run on this bind."""
        self.not_filled: dict[str, str] = {}
        self.ways = ways
        self.limit = limit
        self.doubtful: str | None = None
        """The revision that has failed over rows, and is passed without any, if it can be."""
        self.said = ""

    def observe(self) -> Iterator[Observation]:
        """Walk to the end, over as many databases as it takes."""
        while self.doubtful or any(map(self.stage.asks, self.waiting)):
            with self.stage.databases():
                try:
                    self._advance(None)
                except MigrationFailed as failure:
                    if self.doubtful is None:
                        raise
                    yield from self._leave_out(self.doubtful, str(failure))
                    continue
                if self.table is None:
                    return
                if self.doubtful is not None:
                    yield from self._skip(self.doubtful, FAILS.format("upgrade", self.said))
                    self.doubtful = None
                yield from self._go()

    def _go(self) -> Iterator[Observation]:
        """Until a step fails with the rows that are there; the next database goes past it without rows."""
        while any(map(self.stage.asks, self.waiting)):
            revision, begun = self.waiting[0], time.perf_counter()
            facts: Facts = {}
            if self.stage.asks(revision):
                facts["upgrade"] = self._tried(revision, "upgrade")
            try:
                self._advance(revision)
            except MigrationFailed as failure:
                self.doubtful, self.said = revision, str(failure)
                self.applied.append(self.waiting.pop(0))
                return
            self.applied.append(self.waiting.pop(0))
            if self.stage.asks(revision):
                facts["downgrade"] = self._tried(revision, "downgrade")
                yield self._observation(revision, facts, time.perf_counter() - begun)

    def _observation(self, revision: str, facts: Facts, seconds: float) -> Observation:
        if all("skipped" in each for each in facts.values()):
            return Observation(
                revision, skipped=facts["upgrade"]["skipped"], bind=self.stage.named(self.bind)
            )
        left = [f"{revision}: {each}" for each in self._not_compared(facts)]
        facts |= {"not_filled": dict(self.not_filled), "not_compared": left}
        return Observation(revision, facts, seconds, bind=self.stage.named(self.bind))

    def _not_compared(self, facts: Mapping[str, Facts]) -> Iterator[str]:
        for direction, each in facts.items():
            if why := each.get("skipped"):
                yield why
            if (left := each.get("left_out")) and self.limit > 1:
                yield f"{left} of the {each['boundaries']} places where the {direction} can die"
            if missed := [death for death in each.get("crashes", ()) if death["again"] == NEVER]:
                yield f"{len(missed)} deaths of the {direction}, whose run did not come to the same place again"

    def _tried(self, revision: str, direction: Direction) -> Facts:
        """What came of a step's deaths."""
        table = self.table or VersionTable()
        scene = Scene(
            self.stage,
            self.bind,
            dict(self.stage.project.urls),
            table,
            revision,
            direction,
            self.ways,
            self.limit,
        )
        try:
            return Trial(scene, Snapshot.take(scene.urls[self.bind], table)).facts()
        except MigrationFailed as failure:
            return {"skipped": FAILS.format(direction, failure)}

    def _advance(self, revision: str | None) -> None:
        """Take the walk's own database one step on, or to where the walk is, and fill what has no rows."""

        def plan(stepper: Stepper) -> Iterator[RevisionStep]:
            if stepper.bind != self.bind:
                return
            self.table = VersionTable(stepper.context.version_table, stepper.context.version_table_schema)
            for each in self.applied if revision is None else [revision]:
                yield stepper.move(each, "upgrade")
            self._fill(stepper)

        self.stage.migrator.follow(plan)

    def _fill(self, stepper: Stepper) -> None:
        connection = stepper.connection
        shapes = read_shapes(connection, {stepper.context.version_table})
        tables = {name: sa.table(name) for name in shapes}
        empty = {
            name
            for name, table in tables.items()
            if connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is None
        }
        if empty:
            filled = load(connection, Kind.ORDINARY, shapes, Order(empty))
            self.not_filled = dict(filled.not_filled)
        stepper.settle()

    def _leave_out(self, revision: str, said: str) -> Iterator[Observation]:
        """Pass by a revision that cannot be applied, and those that need it."""
        self.applied.remove(revision)
        self.doubtful = None
        above = self.stage.project.tree.above(revision)
        yield from self._skip(revision, FAILS.format("upgrade", said))
        for each in filter(above.__contains__, list(self.waiting)):
            self.waiting.remove(each)
            yield from self._skip(each, NEEDED.format(revision))

    def _skip(self, revision: str, why: str) -> Iterator[Observation]:
        if self.stage.asks(revision):
            yield Observation(revision, skipped=why, bind=self.stage.named(self.bind))
