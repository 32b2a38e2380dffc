"""Which revisions are measured, over how many rows, and what is put on record of each; on one bind."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_lab.experiments.base import Observation, Stage
from flask_lab.experiments.traffic.growth import Growth, depends, grown
from flask_lab.experiments.traffic.measuring import TIMES, Facts, Measured, Scene
from flask_lab.experiments.traffic.walk import Measuring, Rehearsing, Tasting, facts_of, sizes
from flask_lab.traffic.crowd import Crowd

NOTHING = "it works on no table that was there before"
NOBODY = "nobody could read or write the tables that it works on"
KINDS = ("reads", "writes")
FEW = 500
"""Rows that tell a revision that takes its time over each one."""
SURELY = 0.25
"""Seconds over so few rows that no set of them takes."""
LONGEST = 10.0
"""Seconds that one revision may take, or it is measured over fewer rows."""


@dataclass(frozen=True, slots=True)
class Course:
    """What is done about one bind, after its revisions have been rehearsed."""

    stage: Stage
    rehearsed: Rehearsing
    crowd: Crowd

    def run(self) -> None:
        """Measure what the rehearsal has found, and record it."""
        for revision, why in self.rehearsed.skipped.items():
            if self.stage.asks(revision):
                self._record(revision, skipped=why)
        for revision, rehearsal in self.rehearsed.found.items():
            if not rehearsal.touched:
                facts = {"rows": self.stage.options.rows, "idle": NOTHING, "budget": budget(self.stage)}
                self._record(revision, facts, rehearsal.seconds)
        asked = [revision for revision, each in self.rehearsed.found.items() if each.touched]
        tasted = self._tasted(asked)
        for revision, why in tasted.skipped.items():
            self._record(revision, skipped=why)
        slow = self._slow(tasted)
        apart = {*slow, *tasted.skipped}
        rows = self.stage.options.rows
        fillings = {each: gaps for each, gaps in tasted.fillings.items() if each not in apart}
        self._measure(rows, fillings, apart)
        for revision, fewer in slow.items():
            self._measure(fewer, {revision: tasted.fillings[revision]}, apart - {revision})

    def _tasted(self, asked: Collection[str]) -> Measuring:
        """What the revisions do over few rows: which fail, which do not take NULLs, how long each takes."""
        scene = self._scene(min(FEW, self.stage.options.rows))
        return _walked(Tasting(self.rehearsed, asked, scene, dict.fromkeys(asked, True)))

    def _slow(self, tasted: Measuring) -> dict[str, int]:
        """The revisions that would take longer than anybody waits, and how many rows they take in time."""
        found = {}
        for revision, each in tasted.found.items():
            seconds = each.seconds - self.rehearsed.found[revision].seconds
            rows = int(tasted.scene.rows * LONGEST / max(seconds, SURELY))
            if seconds > SURELY and rows < self.stage.options.rows:
                found[revision] = rows
        return found

    def _measure(self, rows: int, fillings: Mapping[str, bool], apart: Collection[str]) -> None:
        """Measure revisions over so many rows, and over fewer those whose time depends on them; and record that."""
        largest, *others = map(self._scene, sizes(rows))
        first = _walked(Measuring(self.rehearsed, list(fillings), largest, fillings, apart))
        for revision, why in first.skipped.items():
            self._record(revision, skipped=why)
        growing = [
            revision
            for revision, each in first.found.items()
            if depends(each.seconds, self.rehearsed.found[revision].seconds)
            and not (self.stage.options.blocker or each.failure)
        ]
        # With rows from where they were at the largest size, as a column that came later is NULL in them.
        walks = [Measuring(self.rehearsed, growing, each, first.fillings, apart) for each in others]
        smaller = [_walked(each).found for each in walks]

        def points_of(revision: str) -> list[Measured]:
            found = [each[revision] for each in reversed(smaller) if revision in each]
            return [*(each for each in found if not each.failure), first.found[revision]]

        # What the machine did beside it may hide how the time grows: the quicker one of two tells more of the revision.
        unclear = [revision for revision in growing if self._growth(revision, points_of(revision)) is None]
        for found, scene in zip(smaller, others, strict=True):
            again = _walked(Measuring(self.rehearsed, unclear, scene, first.fillings, apart)).found
            found |= {each: min(again[each], found[each], key=_time) for each in again if each in found}
        for revision in first.found:
            self._record_measured(revision, points_of(revision))

    def _growth(self, revision: str, points: Sequence[Measured]) -> Growth | None:
        times = [(each.rows, each.seconds) for each in points]
        return grown(times, self.rehearsed.found[revision].seconds)

    def _scene(self, rows: int) -> Scene:
        return Scene(self.stage, self.rehearsed.bind, self.crowd, rows)

    def _record(
        self, revision: str, facts: Facts | None = None, seconds: float = 0.0, skipped: str = ""
    ) -> None:
        bind = self.stage.named(self.rehearsed.bind)
        self.stage.record(Observation(revision, facts or {}, seconds, skipped, bind=bind))

    def _record_measured(self, revision: str, points: list[Measured]) -> None:
        rehearsal, measured, options = self.rehearsed.found[revision], points[-1], self.stage.options
        facts = facts_of(rehearsal, measured)
        facts |= {
            "product": self.stage.server.product.name,
            "budget": budget(self.stage),
            "blocker": options.blocker,
        }
        facts["sizes"] = [[each.rows, each.seconds] for each in points]
        growth = self._growth(revision, points)
        facts["growth"] = growth and {"exponent": round(growth.exponent, 2), "error": round(growth.error, 2)}
        if growth and options.forecast:
            facts["forecast"] = _forecast(growth, options.forecast, measured)
        facts["not_compared"] = list(_not_compared(revision, measured, facts["budget"], options.rows))
        if len(points) > 1 and growth is None:
            facts["not_compared"].append(
                f"{revision}: how its time grows: at {len(points)} sizes it fits no line"
            )
        seconds = sum(each.seconds for each in points)
        is_seen = any(facts["tables"].get(table) for table in facts["touched"])
        skipped = "" if is_seen else f"{NOBODY}: {next(iter(facts['failed'].values()), 'they are too many')}"
        self._record(revision, facts, seconds, skipped)


def _time(measured: Measured) -> tuple[bool, float]:
    return measured.failure is not None, measured.seconds


def _walked(walk: Measuring) -> Measuring:
    if walk.revisions:
        walk.observe()
    return walk


def _forecast(growth: Growth, rows: int, measured: Measured) -> Facts:
    """What is to be expected over so many rows: seconds of the step, and milliseconds of the longest waits."""
    times = growth.times(rows)
    longest = {
        kind: max(
            (each[kind]["longest"] for each in measured.facts["tables"].values() if kind in each), default=0.0
        )
        for kind in KINDS
    }
    return {
        "rows": rows,
        "seconds": [round(measured.seconds * each, 2) for each in times],
        **{kind: [round(longest[kind] * each) for each in times] for kind in KINDS},
    }


def budget(stage: Stage) -> dict[str, float]:
    """How many milliseconds reads and writes may wait on the backend that is asked about."""
    return stage.options.budget_of(stage.server.product.name)


def _not_compared(revision: str, measured: Measured, budget: Mapping[str, float], rows: int) -> Iterator[str]:
    facts: Any = measured.facts
    if measured.rows < rows:
        each = measured.seconds / measured.rows * 1000
        yield f"{revision}: more than {measured.rows:,} rows, each of which takes {each:.1f} ms"
    if facts["blind"]:
        yield f"locks: {facts['blind']}"
    for table, why in facts["short"].items():
        yield f"{revision}: {table} has fewer than {measured.rows} rows: {why}"
    for stream, why in facts["failed"].items():
        yield f"{revision}: {stream}: {why}"
    for table, each in facts["tables"].items():
        for kind in KINDS:
            errors = each.get(kind, {}).get("errors", {})
            # What fails at once has not waited, and tells nothing of who would.
            if errors and sum(errors.values()) >= each[kind]["operations"]:
                yield f"{revision}: {kind} of {table}, which all failed: {next(iter(errors))}"
            seen = each.get(kind, {"longest": 0.0, "before": 0.0})
            if budget[kind] < seen["longest"] <= TIMES * seen["before"]:
                yield (
                    f"{revision}: whose doing it is that {kind} of {table} waited {seen['longest']:.0f} ms, as they "
                    f"waited {seen['before']:.0f} ms before: the machine is busy with other things"
                )
    for table in facts["left_out"]:
        yield f"{revision}: no traffic on {table}, as there is some on others already"
