"""Which steps became slower or quicker from one run to another, whatever the speed of the machines that ran them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median

from flask_lab.results import Cell, Run, Verdict

TIMES = 2.0
"""How many times slower or quicker a step has to be: on a quiet machine, a step takes up to half as long again."""
LEAST = 0.1
"""Seconds by which it has to differ: below that it is the disk, the scheduler and the cache that are compared."""
ENOUGH = 5
"""Steps that it takes for their median to be the machine's doing, and not the tree's."""
SETTLED = 1.1
"""How many times slower a whole machine has to be for anyone to care."""
WAYS = ("upgrade", "downgrade")
KINDS = ("reads", "writes")

Name = tuple[str, str, str | None, str, str]
"""Experiment, backend, revision, what was done, and under which conditions."""


@dataclass(frozen=True, slots=True)
class Pace:
    """One step, or the longest wait for it, in both runs: seconds, as they were measured."""

    experiment: str
    backend: str
    revision: str | None
    what: str
    before: float
    after: float
    times: float | None
    """How many times as long as it would have been at the later machine's own speed; None where it had taken none."""


@dataclass(frozen=True, slots=True)
class Machine:
    """How many times as long all steps of an experiment took on a backend, by their median."""

    backend: str
    experiment: str
    times: float

    @property
    def is_other(self) -> bool:
        """Whether it is worth a word."""
        return not 1 / SETTLED < self.times < SETTLED


def machines(before: Run, after: Run) -> tuple[Machine, ...]:
    """Each backend's own speed in each experiment, where there are steps enough to tell it."""
    old, new = dict(_steps(before)), dict(_steps(after))
    ratios: dict[tuple[str, str], list[float]] = {}
    for name in filter(new.__contains__, old):
        if old[name] > 0 and new[name] > 0:
            ratios.setdefault((name[1], name[0]), []).append(new[name] / old[name])
    return tuple(
        Machine(*place, round(median(each), 3)) for place, each in ratios.items() if len(each) >= ENOUGH
    )


def changed(before: Run, after: Run, speeds: tuple[Machine, ...]) -> tuple[Pace, ...]:
    """The steps and waits that are not what they were, the most changed first; see `is_slower`."""
    known = {(each.backend, each.experiment): each.times for each in speeds}
    old = dict(_steps(before)) | dict(_waits(before))
    new = dict(_steps(after)) | dict(_waits(after))
    found = []
    for name in filter(new.__contains__, old):
        experiment, backend, revision, what, _ = name
        was, now = old[name], new[name] / known.get((backend, experiment), 1.0)
        if max(was, now) >= TIMES * min(was, now) and abs(now - was) >= LEAST:
            times = round(now / was, 2) if was else None
            found.append((abs(now - was), Pace(experiment, backend, revision, what, was, new[name], times)))
    return tuple(each for _, each in sorted(found, key=lambda one: -one[0]))


def is_slower(pace: Pace) -> bool:
    """Whether it takes longer than before, by the speed of its machine."""
    return pace.times is None or pace.times > 1


def conditions(cell: Cell) -> str:
    """Under which traffic was measured, as other rows take another time."""
    facts = cell.facts
    if cell.experiment != "traffic" or "rows" not in facts:
        return ""
    blocker = f", behind a transaction of {facts['blocker']:g} s" if facts.get("blocker") else ""
    return f"over {facts['rows']:,} rows{blocker}"


def _steps(run: Run) -> Iterator[tuple[Name, float]]:
    """The seconds of each step that got through."""
    for cell in _asked(run):
        if cell.experiment == "stairway":
            for way in WAYS:
                step: Mapping[str, object] = cell.facts.get(way) or {}
                if isinstance(seconds := step.get("seconds"), (int, float)) and "error" not in step:
                    yield (cell.experiment, cell.backend, cell.revision, way, ""), float(seconds)
        elif cell.experiment == "traffic" and "tables" in cell.facts and not cell.facts.get("error"):
            name = (cell.experiment, cell.backend, cell.revision, "upgrade", conditions(cell))
            yield name, float(cell.facts["seconds"])


def _waits(run: Run) -> Iterator[tuple[Name, float]]:
    """The longest wait on each table while a revision was applied, in seconds.

    They are held against the speed of the steps, which they last as long as; most are too short to have one.
    """
    for cell in _asked(run):
        if cell.experiment != "traffic" or cell.facts.get("error"):
            continue
        for table, seen in cell.facts.get("tables", {}).items():
            for kind in filter(seen.__contains__, KINDS):
                what = f"{kind} of {table} wait"
                name = (cell.experiment, cell.backend, cell.revision, what, conditions(cell))
                yield name, seen[kind]["longest"] / 1000


def _asked(run: Run) -> Iterator[Cell]:
    return (cell for cell in run.cells if cell.verdict not in (Verdict.SKIPPED, Verdict.ERRORED))
