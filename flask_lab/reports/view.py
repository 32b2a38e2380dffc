"""A run as its page shows it: the verdict, the grid, the findings, and what is known of each revision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from typing import Any

from flask_lab.reports import plots
from flask_lab.reports.advice import Advice, Told, advice, grouped
from flask_lab.reports.brief import brief
from flask_lab.reports.fates import Fate, fates
from flask_lab.reports.lanes import Dot, graph
from flask_lab.reports.terminal import LOOKS
from flask_lab.results import Cell, Revision, Run, Severity, Verdict
from flask_lab.rules import Rule

# The shapes that people know from their terminals.
SIGNS = {verdict: shape for verdict, (shape, _) in LOOKS.items()}
WHOLE = "the whole tree"
DRAWN = 400
"""Dots of a graph beyond which nobody sees it any more."""


def plural(count: int, word: str) -> str:
    """`1 revision`, `2 revisions`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Script:
    """SQL of one step, and the backends that ran exactly this."""

    backends: Sequence[str]
    statements: Sequence[str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One experiment at one revision, on one backend, in a few words."""

    verdict: Verdict
    told: tuple[str, ...]


@dataclass
class Row:
    """A revision of the grid, or the whole tree."""

    number: int
    revision: Revision | None
    cells: dict[tuple[str, str], list[Cell]] = field(default_factory=dict)
    """By backend and experiment; several where there are several binds."""
    findings: list[Told] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        return f"r{self.number}"

    @property
    def id(self) -> str | None:
        return self.revision.id if self.revision else None

    @property
    def name(self) -> str:
        return self.revision.id if self.revision else WHOLE

    @property
    def verdict(self) -> Verdict:
        cells = [each.verdict for found in self.cells.values() for each in found]
        return Verdict.worst([each for each in cells if each is not Verdict.SKIPPED] or cells)

    def at(self, backend: str, experiment: str) -> Verdict | None:
        """The verdict there; None where nobody asked."""
        found = self.cells.get((backend, experiment))
        return Verdict.worst(each.verdict for each in found) if found else None

    def tells(self, experiment: str) -> bool:
        """Whether there is more to say of an experiment than that it passed."""
        return experiment not in self.quiet and any(each == experiment for _, each in self.cells)

    @cached_property
    def quiet(self) -> set[str]:
        """The experiments that passed here wherever they were asked, and have nothing to show."""
        loud = {
            experiment
            for (_, experiment), cells in self.cells.items()
            for each in cells
            if each.verdict is not Verdict.PASSED or brief(each)
        }
        return {experiment for _, experiment in self.cells} - loud

    def seen(self, experiment: str, backends: Sequence[str]) -> list[tuple[list[Entry], int]]:
        """What was seen in each backend's column, and over how many it stands: once where it is the same on all."""
        found = [
            [
                Entry(each.verdict, (*self._rules(experiment, backend, each), *brief(each)))
                for each in self.cells.get((backend, experiment), ())
            ]
            for backend in backends
        ]
        if all(each == found[0] for each in found):
            return [(found[0], len(found))]
        return [(each, 1) for each in found]

    def _rules(self, experiment: str, backend: str, cell: Cell) -> tuple[str, ...]:
        """What a cell has failed for, in one line."""
        if cell.verdict is not Verdict.FAILED:
            return ()
        told = [
            each.finding.rule
            for each in self.findings
            if each.finding.experiment == experiment and backend in each.finding.backends
        ]
        return (", ".join(dict.fromkeys(told)),) if told else ()

    @property
    def fates(self) -> list[Fate]:
        """What became of the rows that were there."""
        return fates(each for found in self.cells.values() for each in found)

    def sql(self, direction: str) -> list[Script]:
        """What the backends ran in a step, each text once."""
        found: dict[tuple[str, ...], list[str]] = {}
        for (backend, experiment), cells in self.cells.items():
            for cell in cells:
                step: Mapping[str, Any] = cell.facts.get(direction) or {}
                if experiment == "stairway" and "sql" in step:
                    more = step["statements"] - len(step["sql"])
                    left_out = [f"-- and {plural(more, 'more statement')}"] if more else []
                    texts = found.setdefault((*map(str.strip, step["sql"]), *left_out), [])
                    texts += [] if backend in texts else [backend]
        return [Script(backends, statements) for statements, backends in found.items()]


class View:
    """All that the page shows of a run."""

    PASSED = Verdict.PASSED

    def __init__(self, run: Run) -> None:
        self.run = run
        self.backends = [each.name for each in run.backends]
        self.experiments = list(dict.fromkeys(cell.experiment for cell in run.cells))
        self.signs = SIGNS
        self.told = [Told(number, each) for number, each in enumerate(run.worst_first)]
        self._plots: dict[str, dict[str, Any]] = {}

    @cached_property
    def rows(self) -> list[Row]:
        """The whole tree, then its revisions, the newest first."""
        newest = [None, *reversed(self.run.project.revisions)]
        rows = {each.id if each else None: Row(number, each) for number, each in enumerate(newest)}
        for cell in self.run.cells:
            if cell.revision in rows:
                rows[cell.revision].cells.setdefault((cell.backend, cell.experiment), []).append(cell)
        for each in self.told:
            if each.finding.revision in rows:
                rows[each.finding.revision].findings.append(each)
        return [each for each in rows.values() if each.revision or each.cells]

    @cached_property
    def plots(self) -> dict[str, Any]:
        """What all plots are drawn from, by the names of their figures."""
        found = {name: data for row in self.rows for name, data in self.plots_of(row).items()}
        return found | self.times | self.graph

    def plots_of(self, row: Row) -> dict[str, Any]:
        """What the plots of one revision are drawn from."""
        if row.anchor not in self._plots:
            self._plots[row.anchor] = dict(_plots(row))
        return self._plots[row.anchor]

    @cached_property
    def times(self) -> dict[str, Any]:
        """What the plot of each upgrade's time is drawn from, if there is any."""
        points = list(plots.durations(self.run.cells))
        if not points:
            return {}
        places = {each.id: place for place, each in enumerate(self.run.project.revisions)}
        points = [[backend, places.get(revision), *more] for backend, revision, *more in points]
        return {"durations": {"revisions": list(places), "points": points}}

    @cached_property
    def graph(self) -> dict[str, Any]:
        """What the graph of a branched tree is drawn from; nothing for a straight line."""
        found = graph(self.run.project.revisions, {row.id for row in self.rows if row.findings and row.id})
        if not found.dots or len(found.dots) > DRAWN:
            return {}
        dots = [
            {
                "name": dot.name,
                "said": dot.revisions[0].message if len(dot.revisions) == 1 else "",
                "lane": dot.lane,
                "verdict": self._verdict(dot).value,
                "href": self.href(dot.revisions[0].id),
            }
            for dot in found.dots
        ]
        links = [[each.newer, each.older, each.is_dependency] for each in found.links]
        return {"graph": {"dots": dots, "links": links}}

    def _verdict(self, dot: Dot) -> Verdict:
        rows = [row for each in dot.revisions if (row := self.row_of(each.id))]
        return Verdict.worst(row.verdict for row in rows)

    def figures(self, row: Row, kind: str, backend: str) -> list[str]:
        """The names of a row's figures of a kind."""
        found = self.plots_of(row)
        names = (f"{row.anchor}-{kind}-{backend}-{number}" for number in range(len(found)))
        return list(takewhile(found.__contains__, names))

    def href(self, revision: str | None) -> str:
        """Where a revision is shown, or the whole tree."""
        return f"#{self._by_revision[revision].anchor}"

    def link(self, told: Told) -> str:
        """Where a finding is shown."""
        return f"#{told.anchor}"

    def row_of(self, revision: str | None) -> Row | None:
        """The row of a revision, or of the whole tree."""
        return self._by_revision.get(revision)

    @cached_property
    def _by_revision(self) -> dict[str | None, Row]:
        return {each.id: each for each in self.rows}

    @cached_property
    def experiments_on(self) -> dict[str, list[str]]:
        """The experiments that have anything to say of each backend."""
        found = {(cell.backend, cell.experiment) for cell in self.run.cells}
        return {
            backend: [each for each in self.experiments if (backend, each) in found]
            for backend in self.backends
        }

    @property
    def headline(self) -> str:
        """The verdict in one line."""
        found = Counter(each.severity for each in self.run.findings if each.accepted is None)
        counts = [plural(found[severity], severity) for severity in Severity if found[severity]]
        broken = sum(cell.verdict is Verdict.ERRORED for cell in self.run.cells)
        if broken:
            counts.insert(0, f"{plural(broken, 'question')} that broke off")
        where = f"{plural(len(self.run.project.revisions), 'revision')} on {_listed(self.backends)}"
        return f"{_listed(counts) or 'nothing found'} in {where}"

    @property
    def advice(self) -> list[Advice]:
        """What the findings mean for a deployment to each database."""
        return advice(self.run, self.told)

    @property
    def groups(self) -> list[tuple[Rule, list[Told]]]:
        """The findings by rule, those that were accepted last."""
        return grouped(self.told)

    @property
    def unasked(self) -> list[tuple[str, list[str]]]:
        """What was passed over or broke off, by reason, and where."""
        found: dict[str, list[str]] = {}
        for cell in self.run.cells:
            if cell.verdict in (Verdict.SKIPPED, Verdict.ERRORED):
                reason = f"{cell.verdict.value}: {cell.reason}"
                place = f"{cell.experiment} on {cell.backend} at {cell.revision or WHOLE}"
                found.setdefault(reason, []).append(place)
        return list(found.items())

    @property
    def tally(self) -> list[tuple[Verdict, int]]:
        """How many questions went how."""
        return [
            (verdict, count)
            for verdict in Verdict
            if (count := sum(cell.verdict is verdict for cell in self.run.cells))
        ]


def _listed(words: Iterable[str]) -> str:
    *most, last = list(words) or [""]
    return f"{', '.join(most)} and {last}" if most else last


def _plots(row: Row) -> Iterator[tuple[str, Any]]:
    """The figures of a row, by name, and what they are drawn from."""
    growing = {}
    for (backend, _), cells in row.cells.items():
        for number, cell in enumerate(cells):
            if data := plots.latency(cell):
                yield f"{row.anchor}-latency-{backend}-{number}", data
            if data := plots.growth(cell):
                growing[backend] = data
            for place, race in enumerate(plots.races(cell)):
                yield f"{row.anchor}-race-{backend}-{place}", race
    if growing:
        yield f"{row.anchor}-growth", growing
