"""Up, down and up again across every revision, from one walk; then the whole tree in one run each way."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from alembic.runtime.migration import RevisionStep

from flask_lab.beside import both
from flask_lab.errors import MigrationFailed, TreeError
from flask_lab.experiments.base import (
    Experiment,
    Fault,
    Observation,
    Stage,
    error_facts,
    refuses,
    step_facts,
)
from flask_lab.experiments.touched import lost
from flask_lab.migrator import Direction, Step, Stepper
from flask_lab.project import Bind
from flask_lab.schema import Difference, Schema, differences
from flask_lab.tree import Applied


class Stairway(Experiment):
    """Does every revision go up, down and up again, and does the whole tree go up and down in one run?

    Question: can each revision be applied to an empty database, taken back without a trace, and applied again with
    the same result? Does `flask db upgrade` from nothing to the head, and all the way back, do the same?
    Method: one walk from nothing to the heads. Across each revision the database goes up, down and up again, and its
    schema is read from the product's own catalogue after each step. Where a step fails or leaves a trace, the
    database is made anew at that revision and the walk goes on. A tree with branches is walked once more with the
    branches in the other order. Then everything up in one run and down in one run, committed as env.py says.
    Passes when: no step fails, the schema after the downgrade is the one before the upgrade, and the second upgrade
    makes the schema that the first made.
    Cannot see: what depends on rows (ask `data`), and what no catalogue shows, such as the position of a sequence.
    """

    name = "stairway"

    def run(self, stage: Stage) -> None:
        seen, (facts, seconds) = both(stage, self._walk, one_run)
        if any(_error(facts, way) for way in WAYS):
            # Alone, as the walk may have been in its way.
            facts, seconds = one_run(stage)
        stepwise = [facts for _, _, facts in seen]
        facts["stepwise"] = {way: not any(_error(each, way) for each in stepwise) for way in WAYS}
        silent = [each for each in stage.project.engines if all(bind != each for bind, _, _ in seen)]
        asleep = [f"the bind {each or 'default'}: env.py ran no revision on it" for each in silent if seen]
        facts["not_compared"] = [*stage.project.notes, *asleep]
        stage.record(Observation(None, facts, seconds))

    def _walk(self, stage: Stage) -> list[tuple[Bind, str, Facts]]:
        """Step across every revision, on each bind and each way through the tree; what was seen."""
        met: Met = set()
        seen = [
            (bind, revision, facts)
            for order in stage.project.tree.orders()
            for bind in stage.project.engines
            for revision, facts in _in_halves(stage, order, bind, met)
        ]
        if not seen and any(stage.asks(revision.id) for revision in stage.project.tree.revisions):
            raise TreeError.no_steps(stage.project.script.dir)
        return seen

    def judge(self, observation: Observation) -> Iterator[Fault]:
        facts = observation.facts
        if observation.revision is None:
            yield from _judge_one_run(facts)
            return
        if facts["lost"]:
            yield Fault("upgrade-loses-schema", _told(facts["lost"]), {"lost": facts["lost"]})
        if error := _error(facts, "upgrade"):
            yield Fault("upgrade-fails", error["message"], error)
        elif facts["downgrade"].get("missing"):
            yield Fault("downgrade-missing", facts["downgrade"]["missing"])
        elif error := _error(facts, "downgrade"):
            yield Fault("downgrade-fails", error["message"], error)
        elif facts["trace"]:
            message, evidence = _told(facts["trace"]), {"left": facts["trace"]}
            if error := _error(facts, "again"):
                message += f". The next upgrade fails on it: {error['message']}"
                evidence |= {"upgrade again": error}
            yield Fault("downgrade-leaves-trace", message, evidence)
        elif error := _error(facts, "again"):
            yield Fault("reupgrade-fails", error["message"], error)
        elif facts["differs"]:
            yield Fault("reupgrade-differs", _told(facts["differs"]), {"differs": facts["differs"]})


Facts = dict[str, Any]
Met = set[tuple[Bind, str, int]]
"""What was tried: the revision, and on top of which others."""
LONG = 64
"""How many revisions it takes that two processes are quicker than one."""
MOST, LONGEST = 100, 5_000
"""Statements of a step that are kept as facts, and characters of each."""
WAYS: tuple[Direction, ...] = ("upgrade", "downgrade")


@dataclass(slots=True)
class Visit:
    """What is known so far of one revision while it is stepped across."""

    revision: str
    begun: float = field(default_factory=time.perf_counter)
    steps: list[Step] = field(default_factory=list)
    trace: list[Difference] = field(default_factory=list)
    differs: list[Difference] = field(default_factory=list)
    lost: list[Difference] = field(default_factory=list)
    kept: Facts = field(default_factory=dict)
    error: BaseException | None = None
    """Raised by env.py around the last step, not by the revision."""

    @property
    def is_applied(self) -> bool:
        """Whether the first upgrade got through."""
        return len(self.steps) > 1 or (
            len(self.steps) == 1 and self.steps[0].error is None and self.error is None
        )

    def facts(self) -> Facts:
        steps: list[Step | None] = [*self.steps, None, None, None]
        facts: Facts = {
            name: step_facts(step)
            for name, step in zip(("upgrade", "downgrade", "again"), steps, strict=False)
        }
        for step in self.steps[:2]:
            # What it did is the same when it goes up again.
            facts[step.direction]["sql"] = [_cut(each) for each in step.statements[:MOST]]
        if self.error is not None and self.steps and self.steps[-1].error is None:
            last = ("upgrade", "downgrade", "again")[len(self.steps) - 1]
            facts[last]["error"] = error_facts(self.error, self.steps[-1].statements)
        if len(self.steps) > 1 and (missing := self._missing()):
            facts["downgrade"]["missing"] = missing
        found = {"trace": self.trace, "differs": self.differs, "lost": self.lost}
        return facts | {name: _plain(each) for name, each in found.items()} | self.kept

    def _missing(self) -> str:
        """In what way there is no downgrade, else empty."""
        down = self.steps[1]
        if refuses(down):
            return f"the downgrade refuses: {down.error}" if str(down.error) else "the downgrade refuses"
        if self.trace and not down.operations and not down.statements:
            return f"the downgrade does nothing; what is left: {_told(_plain(self.trace))}"
        return ""


def _in_halves(stage: Stage, order: tuple[str, ...], bind: Bind, met: Met) -> list[tuple[str, Facts]]:
    """What a walk sees; a long one is walked from its middle at the same time."""
    asked = [place for place, revision in enumerate(order) if stage.asks(revision)]
    if len(asked) < LONG:
        return list(Walk(stage, order, bind, met).observe())
    middle = asked[len(asked) // 2]
    first = Walk(stage, order[:middle], bind, met)

    def go_on(stage: Stage) -> tuple[list[tuple[str, Facts]], Met]:
        # All is well as far as anyone knows, until the first half was walked.
        below = order[:middle] if first.waiting else first.applied.revisions
        second = Walk(stage, order[middle:], bind, met, below)
        second.leave_out(order[:middle])
        return list(second.observe()), met

    seen, (more, also_met) = both(stage, lambda _: list(first.observe()), go_on)
    met |= also_met
    return seen + more


class Walk:
    """One way through the tree on one bind, or a part of it."""

    def __init__(
        self, stage: Stage, order: Sequence[str], bind: Bind, met: Met, below: Iterable[str] = ()
    ) -> None:
        self.stage = stage
        self.bind = bind
        self.met = met
        self.waiting = list(order)
        self.applied = Applied(stage.project.tree)
        for revision in below:
            self.applied.add(revision)
        self.visit: Visit | None = None
        self.seen: list[tuple[str, Facts]] = []

    def observe(self) -> Iterator[tuple[str, Facts]]:
        """Walk to the end, over as many databases as it takes; what was seen at each revision."""
        while self.waiting:
            with self.stage.databases():
                self._go()
            yield from self.seen
            self.seen.clear()

    def _go(self) -> None:
        """Walk on a new database until a step fails or leaves a trace, or the end is reached."""
        self.visit = None
        try:
            self.stage.migrator.follow(self._steps)
        except MigrationFailed as failure:
            if self.visit is None:
                raise
            self.visit.error = failure.cause
        if self.visit is not None:
            self.visit.kept = self.stage.kept()
            self._leave(self.visit)
        elif not self.seen:
            # env.py has no run for this bind.
            self.waiting.clear()

    def _steps(self, stepper: Stepper) -> Iterator[RevisionStep]:
        if stepper.bind != self.bind:
            return
        for revision in self.applied.revisions:
            yield stepper.move(revision, "upgrade")
        before: Schema | None = None
        while self.waiting:
            revision = self.waiting[0]
            key = (self.bind, revision, self.applied.mark)
            if key in self.met or not self.stage.asks(revision):
                yield stepper.move(revision, "upgrade")
                self.applied.add(self.waiting.pop(0))
                before = None
                continue
            self.met.add(key)
            self.visit = visit = Visit(revision)
            before = self._schema(stepper) if before is None else before
            visit.steps = stepper.steps = []
            yield stepper.move(revision, "upgrade")
            after = self._schema(stepper)
            visit.lost = lost(differences(before, after), visit.steps[0])
            yield stepper.move(revision, "downgrade")
            visit.trace = differences(before, self._schema(stepper))
            yield stepper.move(revision, "upgrade")
            before = self._schema(stepper)
            visit.differs = differences(after, before)
            if visit.trace or visit.differs or (visit.lost and self.stage.keep):
                return
            self._leave(visit)

    def _leave(self, visit: Visit) -> None:
        """Be done with a revision; those that need it are left out when it could not be applied."""
        self.visit = None
        facts, seconds = visit.facts(), time.perf_counter() - visit.begun
        self.stage.record(Observation(visit.revision, facts, seconds, bind=self.stage.named(self.bind)))
        self.seen.append((visit.revision, facts))
        self.waiting.remove(visit.revision)
        if visit.is_applied:
            self.applied.add(visit.revision)
        else:
            self.leave_out([visit.revision])

    def leave_out(self, below: Iterable[str]) -> None:
        """Record those as skipped that need one of these which is not applied."""
        for missing in set(below).difference(self.applied.revisions):
            above = self.stage.project.tree.above(missing)
            for revision in filter(above.__contains__, self.waiting):
                why = f"it needs {missing}, which cannot be applied"
                self.stage.record(Observation(revision, skipped=why, bind=self.stage.named(self.bind)))
            self.waiting = [revision for revision in self.waiting if revision not in above]

    def _schema(self, stepper: Stepper) -> Schema:
        return self.stage.schema(stepper.connection, stepper.context.version_table)


def one_run(stage: Stage) -> tuple[Facts, float]:
    """The whole tree up in one run, and down in one run; with the seconds that it took."""
    facts: Facts = {}
    start = time.perf_counter()
    with stage.databases():
        for way in WAYS:
            begun = time.perf_counter()
            try:
                steps = stage.migrator.run_command(way)
            except MigrationFailed as failure:
                facts[way] = {"error": {"type": type(failure.cause).__name__, "message": failure.message}}
                facts |= stage.kept()
                break
            facts[way] = {"seconds": round(time.perf_counter() - begun, 3), "steps": len(steps)}
    return facts, time.perf_counter() - start


def _judge_one_run(facts: Any) -> Iterator[Fault]:
    for way in WAYS:
        error = _error(facts, way)
        if error and facts["stepwise"][way]:
            yield Fault("one-run-fails", f"{way} in one run: {error['message']}", error)


def _error(facts: Any, step: str) -> Any:
    return (facts.get(step) or {}).get("error")


def _plain(found: list[Difference]) -> list[dict[str, Any]]:
    return [
        {
            "object": str(each),
            "kind": each.name.kind,
            "table": each.name.table,
            "name": each.name.name,
            "attribute": each.attribute,
            "is_left": each.attribute is None and each.before is None,
        }
        for each in found
    ]


def _told(found: list[dict[str, Any]]) -> str:
    return "; ".join(each["object"] for each in found[:5]) + (
        f"; and {len(found) - 5} more" if len(found) > 5 else ""
    )


def _cut(statement: str) -> str:
    """A statement as far as it is kept, and how much of it is not."""
    left_out = len(statement) - LONGEST
    return f"{statement[:LONGEST]} -- and {left_out:,} more characters" if left_out > 0 else statement
