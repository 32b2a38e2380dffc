"""One step, up or down, that dies again and again on copies of one database: at every boundary, in every way."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from alembic.runtime.migration import RevisionStep
from sqlalchemy import URL

from flask_lab.errors import MigrationFailed
from flask_lab.experiments.base import Stage, error_facts
from flask_lab.experiments.crash import repair
from flask_lab.experiments.crash.snapshot import Snapshot, VersionTable
from flask_lab.faults import COMMIT, Death, Fuse, Sent, Strike, boundaries, struck
from flask_lab.migrator import Direction, Step, Stepper
from flask_lab.project import Bind
from flask_lab.sources.base import connect

Facts = dict[str, Any]
T = TypeVar("T")
SHOWN = 200
NEVER = "never got there"
"""What came of a run that did not do again what it did undisturbed, and so was not struck."""
PATIENCE = 30.0
"""Seconds that a run may take beyond ten times what it took undisturbed."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The database of one bind as it is before a step, which is only copied, and the step."""

    stage: Stage
    bind: Bind
    urls: Mapping[Bind, URL]
    table: VersionTable
    revision: str
    direction: Direction
    ways: Mapping[str, Strike]
    limit: int
    """How many boundaries are tried."""

    @contextmanager
    def copy(self) -> Iterator[URL]:
        """A copy of the database, which the project is pointed at meanwhile."""
        project, server = self.stage.project, self.stage.server
        outer = dict(project.urls)
        # Nobody may be connected to what is copied, nor be led from there to another copy.
        project.point_at(self.urls)
        url = server.clone(self.urls[self.bind])
        try:
            project.point_at({**self.urls, self.bind: url})
            yield url
        finally:
            project.point_at(outer)
            server.drop(url)

    def run(self, fuse: Fuse, done: frozenset[str] | None = None) -> list[Step]:
        """Take the step; not if the database has the versions `done` already."""

        def plan(stepper: Stepper) -> Iterator[RevisionStep]:
            if stepper.bind != self.bind or done == frozenset(stepper.context.get_current_heads()):
                return
            fuse.is_lit = True
            yield stepper.move(self.revision, self.direction)

        with fuse.hearing():
            return self.stage.migrator.follow(plan, commit_each=False)


@dataclass(slots=True)
class Trial:
    """What is known of a step, and what came of its deaths."""

    scene: Scene
    before: Snapshot
    after: Snapshot | None = None
    sent: list[Sent] = field(default_factory=list)
    seconds: float = 0.0
    crashes: list[Facts] = field(default_factory=list)
    _passing: frozenset[tuple[str, str]] | None = None
    _known: list[tuple[Snapshot, Facts]] = field(default_factory=list)
    """What deaths have left so far, and what came of it."""

    def facts(self) -> Facts:
        """All of it, as JSON values; raises MigrationFailed when the step fails undisturbed."""
        self._undisturbed()
        places = boundaries(self.sent)
        # Between two transactions there is most to be seen.
        telling = [at for at in places if self.sent[at - 1].text == COMMIT]
        chosen = spread(telling, self.scene.limit)
        chosen += spread([at for at in places if at not in telling], self.scene.limit - len(chosen))
        chosen.sort()
        for at in chosen:
            self._die(at)
        facts: Facts = {
            "statements": len(self.sent),
            "boundaries": len(places),
            "left_out": len(places) - len(chosen),
            "crashes": self.crashes,
        }
        return facts

    def _undisturbed(self) -> None:
        fuse, begun = Fuse(), time.perf_counter()
        with self.scene.copy() as url:
            self.scene.run(fuse)
            self.seconds = time.perf_counter() - begun
            self.after = Snapshot.take(url, self.scene.table, self.before)
        self.sent = fuse.sent

    def _die(self, at: int) -> None:
        """Die in every way at one boundary; a copy that is as it was serves the next."""
        waiting = list(self.scene.ways.items())
        while waiting:
            with self.scene.copy() as url:
                while waiting:
                    way, strike = waiting.pop(0)
                    crash = self._struck(url, at, way, strike)
                    self.crashes.append(crash)
                    if crash["again"] != "as before":
                        break

    def _struck(self, url: URL, at: int, way: str, strike: Strike) -> Facts:
        death = self._death(url, at, strike)
        left = Snapshot.take(url, self.scene.table, self.before, self._result)
        next_sent = self.sent[at].text if at < len(self.sent) else "the end"
        facts: Facts = {"way": way, "after": self._last(at), "before": _short(next_sent)}
        if not death.was_struck:
            return facts | {"again": NEVER, "said": death.said}
        if death.said:
            facts["said"] = death.said
        facts |= self._place(left)
        return facts | self._outcome(left, url, at)

    def _death(self, url: URL, at: int, strike: Strike) -> Death:
        """Run the step on a copy until it dies, and wait until nobody is connected to it any more."""
        death = struck(self.scene.stage, self.scene.run, at, strike, PATIENCE + 10 * self.seconds)
        # What a dead client has begun is taken back when the server notices.
        self.scene.stage.server.sessions(url)
        return death

    def _last(self, at: int) -> str:
        """What was sent last that changed something, and whether that is committed."""
        sent = [each for each in self.sent[:at] if each.changes]
        said = [each.text for each in sent if each.text != COMMIT]
        if sent[-1].text == COMMIT and said:
            return f"the COMMIT of {_short(said[-1])}"
        return _short(sent[-1].text)

    @property
    def _result(self) -> Snapshot:
        if self.after is None:
            raise RuntimeError("what a step makes is known when it was taken once")
        return self.after

    def _place(self, left: Snapshot) -> Facts:
        """Whether the parts of a database are as they were before the step, after it, or neither."""
        before, after = self.before, self._result

        def of(as_before: bool, as_after: bool) -> str:
            both = "as ever" if as_after else "before"
            return both if as_before else "after" if as_after else "between"

        facts: Facts = {
            "version": of(left.versions == before.versions, left.versions == after.versions),
            "schema": of(left.has_schema_of(before), left.has_schema_of(after)),
            "rows": of(left.has_rows_of(before), left.has_rows_of(after)),
        }
        if found := left.differs_from(before):
            facts["left"] = [str(each) for each in found][:8]
        return facts

    def _outcome(self, left: Snapshot, url: URL, at: int) -> Facts:
        """What the next run makes of what was left; the same as before of what was left before."""
        if left.is_as(self._result):
            return {"again": "not needed"}
        for known, facts in self._known:
            if left.is_as(known):
                return facts
        facts = self._run_again(url, at)
        self._known.append((left, facts))
        if left.is_as(self.before) and facts["again"] == "works":
            # Nobody has to try that twice.
            self._known[-1] = (left, {"again": "as before"})
        return facts

    def _run_again(self, url: URL, at: int) -> Facts:
        error = self._again()
        if error is not None:
            return {"again": "fails", "error": error, "repair": self._repair(url, at)}
        result = Snapshot.take(url, self.scene.table, self._result)
        if self._is_done(result):
            return {"again": "works"}
        found = [str(each) for each in result.differs_from(self._result)][:8]
        return {"again": "ends otherwise", "schema differs": found, "rows differ": self._told(result)}

    def _again(self) -> Facts | None:
        """Run the step again on the database that the project is pointed at; the error, if it fails."""
        try:
            self.scene.run(Fuse(), self._result.versions)
        except MigrationFailed as failure:
            return error_facts(failure.cause, [])
        return None

    def _is_done(self, result: Snapshot) -> bool:
        """Whether all is as after an undisturbed step, but for values that are others each time."""
        return result.is_as(self._result) or (
            result.versions == self._result.versions
            and result.has_schema_of(self._result)
            and result.has_rows_of(self._result, self._columns_that_pass())
        )

    def _told(self, result: Snapshot) -> list[str]:
        """In what tables and columns rows are others than after an undisturbed step."""
        places = [
            f"{each.table}.{each.column}" if each.column else f"rows of {each.table}"
            for one, other in ((self._result, result), (result, self._result))
            for each in one.changes(other, self._columns_that_pass())
        ]
        return list(dict.fromkeys(places))[:8]

    def _columns_that_pass(self) -> frozenset[tuple[str, str]]:
        """Columns whose values are others each time: the moment of the upgrade, a new UUID."""
        if self._passing is None:
            with self.scene.copy() as url:
                self.scene.run(Fuse())
                twin = Snapshot.take(url, self.scene.table, self._result)
            changed = self._result.changes(twin)
            self._passing = frozenset((each.table, each.column) for each in changed if each.column)
        return self._passing

    def _repair(self, url: URL, at: int) -> list[str]:
        """The first repair that works, tried on what the failed run left; none where none was found."""
        now = Snapshot.take(url, self.scene.table, self.before, self._result)
        stamp = f"flask db stamp {self._target}"
        if now.has_schema_of(self._result) and self._is_stamped(url):
            return [stamp]
        statements = repair.undoing(now.differs_from(self.before), url)
        if statements:
            done = repair.carried_out(statements, url)
            as_before = Snapshot.take(url, self.scene.table, self.before).is_as(self.before)
            if as_before and self._again() is None:
                return [*done, f"flask db {self.scene.direction}"]
        for texts in repair.finishing(self.sent, at, self.scene.table.name):
            if self._finishes(texts, at):
                return [*texts, stamp]
        return []

    @property
    def _target(self) -> str:
        """The revision to stamp when the step is done by hand; other branches keep theirs."""
        if self.scene.direction == "upgrade":
            return self.scene.revision
        return next(iter(sorted(self._result.versions - self.before.versions)), "base")

    def _is_stamped(self, url: URL) -> bool:
        """Stamp a database; whether it then is as after an undisturbed step."""
        script = self.scene.stage.project.script
        with connect(url) as connection:
            self.scene.table.context(connection).stamp(script, self._target)
        return self._is_done(Snapshot.take(url, self.scene.table, self._result))

    def _finishes(self, texts: Sequence[str], at: int) -> bool:
        """Whether these statements by hand do the rest, on another copy that dies at the same place."""
        with self.scene.copy() as url:
            self._death(url, at, next(iter(self.scene.ways.values())))
            self._again()
            return repair.carried_out(texts, url) == list(texts) and self._is_stamped(url)


def spread(places: Sequence[T], limit: int) -> list[T]:
    """At most `limit` of the places, as far apart as can be: the one in the middle, or the first and the last too."""
    if len(places) <= limit:
        return list(places)
    if limit < 2:
        return [places[len(places) // 2]] * limit
    return [places[round(number * (len(places) - 1) / (limit - 1))] for number in range(limit)]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"
