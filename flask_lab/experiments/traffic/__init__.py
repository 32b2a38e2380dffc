"""Every revision over many rows, while others read and write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask_lab.errors import TreeError
from flask_lab.experiments.base import Experiment, Fault, Observation, Stage
from flask_lab.experiments.traffic.growth import Growth, depends, grown
from flask_lab.experiments.traffic.judging import faults
from flask_lab.experiments.traffic.measuring import Facts, Measured, Scene
from flask_lab.experiments.traffic.walk import Measuring, Rehearsal, Rehearsing, facts_of, sizes
from flask_lab.project import Bind
from flask_lab.traffic.crowd import Crowd

NOTHING = "it works on no table that was there before"
NOBODY = "nobody could read or write the tables that it works on"
KINDS = ("reads", "writes")


class Traffic(Experiment):
    """How long do readers and writers wait while a revision is applied to many rows?

    Question: does a revision make the app wait? For how long, by which lock, is the table written anew, and how does
    it grow with the rows?
    Method: the tree is walked once on an empty database, to learn which tables each revision works on. On MySQL and
    MariaDB each ALTER TABLE is asked there for the cheapest algorithm that the server agrees to. Then it is walked over
    rows (--rows): the tables that a revision works on are filled on the server, a process of its own reads and writes
    single rows of every table by their keys, and the revision is applied. Operations are due by a timetable, and count
    from when they were due, so that a stall is counted in full, also by those that could not be begun. Another session
    looks at the locks of the one that migrates. Where the time depends on rows, it is measured at a quarter and at a
    sixteenth of them too; --forecast says what that means for the rows that you have. --blocker puts a transaction in
    the way that has read the tables and stays open.
    A revision that fails under traffic is tried over the same rows without any.
    Passes when: no read and no write waits longer than its budget ([tool.flask_lab.budget], in milliseconds; a second
    where nothing is said), here or, by the forecast, over --forecast rows; and traffic makes no revision fail, but one
    that gives up behind --blocker.
    Cannot see: your hardware, your indices' order, your load. Several revisions in one transaction, which hold what the
    first has locked until the last is done. Locks on MariaDB without its plugin metadata_lock_info.
    """

    name = "traffic"
    of_tree = False
    around = True

    def run(self, stage: Stage) -> None:
        seen = False
        for bind in stage.project.engines:
            rehearsed = Rehearsing(stage, stage.project.tree.orders()[0], bind)
            rehearsed.observe()
            seen = seen or rehearsed.has_run
            with Crowd() as crowd:
                _measure(stage, rehearsed, crowd)
        if not seen and any(stage.asks(each.id) for each in stage.project.tree.revisions):
            raise TreeError.no_steps(stage.project.script.dir)

    def judge(self, observation: Observation) -> Iterator[Fault]:
        yield from faults(observation.facts)


def _measure(stage: Stage, rehearsed: Rehearsing, crowd: Crowd) -> None:
    """Measure what a rehearsal has found, and record it."""
    bind = rehearsed.bind
    for revision, why in rehearsed.skipped.items():
        if stage.asks(revision):
            stage.record(Observation(revision, skipped=why, bind=stage.named(bind)))
    for revision, rehearsal in rehearsed.found.items():
        if not rehearsal.touched:
            facts = {"rows": stage.options.rows, "idle": NOTHING, "budget": budget(stage)}
            stage.record(Observation(revision, facts, rehearsal.seconds, bind=stage.named(bind)))
    asked = [revision for revision, each in rehearsed.found.items() if each.touched]
    largest, *others = (Scene(stage, rehearsed.bind, crowd, rows) for rows in sizes(stage.options.rows))
    first = _walked(Measuring(rehearsed, asked, largest, dict.fromkeys(asked, True)))
    for revision, why in first.skipped.items():
        stage.record(Observation(revision, skipped=why, bind=stage.named(bind)))
    growing = [
        revision
        for revision, each in first.found.items()
        if depends(each.seconds, rehearsed.found[revision].seconds)
        and not (stage.options.blocker or each.failure)
    ]
    # With rows from where they were at the largest size, as a column that came later is NULL in them.
    smaller = [_walked(Measuring(rehearsed, growing, each, first.fillings)).found for each in others]
    for revision, measured in first.found.items():
        points = [found[revision] for found in smaller if revision in found and not found[revision].failure]
        _record(stage, bind, revision, rehearsed.found[revision], [*reversed(points), measured])


def _walked(walk: Measuring) -> Measuring:
    if walk.revisions:
        walk.observe()
    return walk


def _record(stage: Stage, bind: Bind, revision: str, rehearsal: Rehearsal, points: list[Measured]) -> None:
    measured = points[-1]
    facts = facts_of(rehearsal, measured)
    facts |= {
        "product": stage.server.product.name,
        "budget": budget(stage),
        "blocker": stage.options.blocker,
    }
    facts["sizes"] = [[each.rows, each.seconds] for each in points]
    growth = grown([(each.rows, each.seconds) for each in points], rehearsal.seconds)
    facts["growth"] = growth and {"exponent": round(growth.exponent, 2), "error": round(growth.error, 2)}
    if growth and stage.options.forecast:
        facts["forecast"] = _forecast(growth, stage.options.forecast, measured)
    facts["not_compared"] = list(_not_compared(revision, measured))
    seconds = sum(each.seconds for each in points)
    is_seen = any(facts["tables"].get(table) for table in facts["touched"])
    skipped = "" if is_seen else f"{NOBODY}: {next(iter(facts['failed'].values()), 'they are too many')}"
    stage.record(Observation(revision, facts, seconds, skipped, bind=stage.named(bind)))


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


def _not_compared(revision: str, measured: Measured) -> Iterator[str]:
    facts: Any = measured.facts
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
    for table in facts["left_out"]:
        yield f"{revision}: no traffic on {table}, as there is some on others already"
