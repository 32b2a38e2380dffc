"""What is new, gone, and no longer asked about, from one run to another. Reads no database, decides nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from flask_lab.experiments import EXPERIMENTS
from flask_lab.paces import Machine, Pace, changed, conditions, is_slower, machines
from flask_lab.results import BackendReport, Cell, Finding, Revision, Run, Severity, Verdict

MEASURED = ("traffic", "race", "crash")
"""Experiments whose findings tell what was measured, which is other words for the same thing in each run."""
NEW_REVISION = "the revision is new"
NUMBER = re.compile(r"\d[\d,.]*")

Place = tuple[str, str, str | None]
"""Experiment, backend and revision."""
OnBackend = tuple[str, Finding]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A finding of one run only, on those of its backends for which that is so."""

    finding: Finding
    reason: str = ""
    """Why nobody could have found it in the other run; or what else there is to know."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A finding of both runs that is looked at in another way in the later one."""

    finding: Finding
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class BackendChange:
    """A backend that only one of the runs had, or not at the same version; None where it was not asked for."""

    name: str
    before: BackendReport | None
    after: BackendReport | None


@dataclass(frozen=True, slots=True)
class TreeChange:
    """The revisions that only one of the runs knows, and those whose script is another."""

    added: tuple[Revision, ...] = ()
    removed: tuple[Revision, ...] = ()
    edited: tuple[Revision, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """How many places were asked in both runs, and in one of them only."""

    both: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Difference:
    """All that is not in `after` as it was in `before`."""

    before: Run
    after: Run
    places: Counts
    new: tuple[Sighting, ...] = ()
    gone: tuple[Sighting, ...] = ()
    not_asked: tuple[Sighting, ...] = ()
    newly_asked: tuple[Sighting, ...] = ()
    accepted: tuple[Turn, ...] = ()
    """The reasons for which a finding was accepted, and is."""
    severity: tuple[Turn, ...] = ()
    errored: tuple[Cell, ...] = ()
    backends: tuple[BackendChange, ...] = ()
    revisions: TreeChange = field(default_factory=TreeChange)
    slower: tuple[Pace, ...] = ()
    quicker: tuple[Pace, ...] = ()
    machines: tuple[Machine, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the runs tell the same; how quick their machines were is not their doing."""
        findings = (self.new, self.gone, self.not_asked, self.newly_asked, self.accepted, self.severity)
        others = (self.errored, self.backends, self.slower, self.quicker)
        return not any((*findings, *others)) and self.revisions == TreeChange()


def difference(before: Run, after: Run) -> Difference:
    """What a run shows that an earlier one did not, and the other way round."""
    then, now = Asked(before, NEW_REVISION), Asked(after, "the revision is gone")
    same, only_before, only_after = _matched(before, after)
    new, newly_asked = _parted(only_after, then, lambda each: _other_conditions(each, then, now))
    appeared = {_place(*each) for each in only_after}
    gone, not_asked = _parted(
        only_before, now, lambda each: _covered(each, appeared, after) or _other_conditions(each, then, now)
    )
    speeds = machines(before, after)
    paces = changed(before, after, speeds)
    return Difference(
        before,
        after,
        places=_counts(then.places, now.places),
        new=new,
        gone=gone,
        not_asked=not_asked,
        newly_asked=newly_asked,
        accepted=_turned(same, lambda finding: finding.accepted, only=lambda was, now: None in (was, now)),
        severity=_turned(same, lambda finding: finding.severity.value),
        errored=_errored(before, after),
        backends=tuple(_backends(before, after)),
        revisions=_tree(before, after),
        slower=tuple(each for each in paces if is_slower(each)),
        quicker=tuple(each for each in paces if not is_slower(each)),
        machines=speeds,
    )


def _counts(then: set[Place], now: set[Place]) -> Counts:
    return Counts(len(then & now), len(then - now), len(now - then))


class Asked:
    """What a run really looked at."""

    def __init__(self, run: Run, no_revision: str) -> None:
        self.run = run
        self.no_revision = no_revision
        self.cells: dict[Place, Cell] = {}
        for cell in run.cells:
            known = self.cells.setdefault((cell.experiment, cell.backend, cell.revision), cell)
            if Verdict.worst((known.verdict, cell.verdict)) is not known.verdict:
                self.cells[cell.experiment, cell.backend, cell.revision] = cell
        self.revisions = {each.id for each in run.project.revisions}
        self.backends = {each.name: each for each in run.backends}

    @property
    def places(self) -> set[Place]:
        """Where somebody looked; what is compared between backends is looked at as a whole."""
        return {
            place
            for place, cell in self.cells.items()
            if _is_asked(cell) and not (_compares(cell.experiment) and cell.revision)
        }

    def why_not(self, place: Place) -> str:
        """Why nobody looked at a place; empty where somebody did."""
        experiment, backend, revision = place
        whole = self.cells.get((experiment, backend, None))
        cell = self.cells.get(place)
        if cell and _is_asked(cell):
            return ""
        if revision is not None and self.revisions and revision not in self.revisions:
            return self.no_revision
        if whole and _is_asked(whole) and _compares(experiment):
            # These have a cell of a revision only where something is wrong.
            asked = whole.facts.get("asked")
            return "" if asked is None or revision in asked else f"only {', '.join(asked)} was asked about"
        for each in filter(None, (cell, whole)):
            if not _is_asked(each):
                return f"{each.verdict.value}: {each.reason}"
        return self._why_no_cell(experiment, backend)

    def _why_no_cell(self, experiment: str, backend: str) -> str:
        if backend not in self.backends:
            return f"{backend} was not asked for"
        report = self.backends[backend]
        if report.verdict is not Verdict.PASSED:
            return f"{report.verdict.value}: {report.reason}"
        if any((experiment, backend) == (cell.experiment, cell.backend) for cell in self.run.cells):
            return "only other revisions were asked about"
        return f"{experiment} was not asked"


def _is_asked(cell: Cell) -> bool:
    return cell.verdict not in (Verdict.SKIPPED, Verdict.ERRORED)


def _compares(experiment: str) -> bool:
    return experiment in EXPERIMENTS and EXPERIMENTS[experiment].compares


def _place(backend: str, finding: Finding) -> Place:
    return finding.experiment, backend, finding.revision


def _matched(
    before: Run, after: Run
) -> tuple[list[tuple[OnBackend, Finding]], list[OnBackend], list[OnBackend]]:
    """The findings of both runs, by backend as they are in the later one; then those of one run only."""
    old, new = _by_story(before), _by_story(after)
    same: list[tuple[OnBackend, Finding]] = []
    only_before: list[OnBackend] = []
    only_after: list[OnBackend] = []
    for story in dict.fromkeys((*old, *new)):
        left, right = list(old.get(story, ())), list(new.get(story, ()))
        # Of several at one place those belong together that say the same, or nearly so.
        for likeness in (_message, _wording, lambda _: ""):
            for each in tuple(right):
                twin = next((one for one in left if likeness(one[1]) == likeness(each[1])), None)
                if twin:
                    left.remove(twin)
                    right.remove(each)
                    same.append((each, twin[1]))
        only_before += left
        only_after += right
    return same, only_before, only_after


def _by_story(run: Run) -> dict[object, list[OnBackend]]:
    """Findings that are the same thing in two runs: at a revision by their rule, of the whole tree by their words."""
    stories: dict[object, list[OnBackend]] = {}
    for finding in run.worst_first:
        is_told_by_rule = finding.revision is not None or finding.experiment in MEASURED
        words = "" if is_told_by_rule else finding.message
        for backend in finding.backends:
            stories.setdefault((finding.rule, finding.revision, backend, words), []).append(
                (backend, finding)
            )
    return stories


def _message(finding: Finding) -> str:
    return finding.message


def _wording(finding: Finding) -> str:
    return NUMBER.sub("", finding.message)


def _parted(
    found: Iterable[OnBackend], other: Asked, remark: Callable[[OnBackend], str]
) -> tuple[tuple[Sighting, ...], tuple[Sighting, ...]]:
    """Findings of one run, by whether the other one had looked there."""
    looked: list[tuple[OnBackend, str]] = []
    not_looked: list[tuple[OnBackend, str]] = []
    for each in found:
        why = other.why_not(_place(*each))
        if why:
            not_looked.append((each, why))
        else:
            looked.append((each, remark(each)))
    return _sightings(looked), _sightings(not_looked)


def _sightings(found: Sequence[tuple[OnBackend, str]]) -> tuple[Sighting, ...]:
    """One for all backends of a finding of which the same is to be told, the worst first."""
    groups: dict[tuple[int, str], list[OnBackend]] = {}
    for each, reason in found:
        groups.setdefault((id(each[1]), reason), []).append(each)
    seen = [Sighting(_on(group), reason) for (_, reason), group in groups.items()]
    return tuple(sorted(seen, key=lambda each: list(Severity).index(each.finding.severity)))


def _on(group: Sequence[OnBackend]) -> Finding:
    return replace(group[0][1], backends=tuple(backend for backend, _ in group))


def _covered(gone: OnBackend, appeared: set[Place], after: Run) -> str:
    """What is found now at the place of a finding that is gone, which may have kept it from being found again."""
    place = _place(*gone)
    if place not in appeared:
        return ""
    rules = [
        each.rule
        for each in after.findings
        if place in ((each.experiment, on, each.revision) for on in each.backends)
    ]
    return f"there is now {', '.join(dict.fromkeys(rules))}"


def _other_conditions(found: OnBackend, then: Asked, now: Asked) -> str:
    """How traffic was measured in both runs, where that is not the same."""
    place = _place(*found)
    was, is_now = (conditions(each.cells[place]) if place in each.cells else "" for each in (then, now))
    return f"measured {is_now}, and before {was}" if was and is_now and was != is_now else ""


def _turned(
    same: Iterable[tuple[OnBackend, Finding]],
    aspect: Callable[[Finding], str | None],
    only: Callable[[str | None, str | None], bool] = lambda was, now: True,
) -> tuple[Turn, ...]:
    """The findings of both runs of which something is not as it was."""
    groups: dict[tuple[int, str | None], list[OnBackend]] = {}
    for each, twin in same:
        was, now = aspect(twin), aspect(each[1])
        if was != now and only(was, now):
            groups.setdefault((id(each[1]), was), []).append(each)
    return tuple(Turn(_on(group), was, aspect(group[0][1])) for (_, was), group in groups.items())


def _errored(before: Run, after: Run) -> tuple[Cell, ...]:
    """Where something broke off that had not before."""
    known = {
        (each.experiment, each.backend, each.revision)
        for each in before.cells
        if each.verdict is Verdict.ERRORED
    }
    return tuple(
        each
        for each in after.cells
        if each.verdict is Verdict.ERRORED and (each.experiment, each.backend, each.revision) not in known
    )


def _backends(before: Run, after: Run) -> Iterator[BackendChange]:
    old, new = ({each.name: each for each in run.backends} for run in (before, after))
    for name in dict.fromkeys((*old, *new)):
        was, now = old.get(name), new.get(name)
        if was is None or now is None or (was.version, was.verdict) != (now.version, now.verdict):
            yield BackendChange(name, was, now)


def _tree(before: Run, after: Run) -> TreeChange:
    old, new = ({each.id: each for each in run.project.revisions} for run in (before, after))
    return TreeChange(
        added=tuple(each for name, each in new.items() if name not in old),
        removed=tuple(each for name, each in old.items() if name not in new),
        # Runs of an older version have no scripts.
        edited=tuple(
            each
            for name, each in new.items()
            if name in old and each.source and old[name].source and each.source != old[name].source
        ),
    )
