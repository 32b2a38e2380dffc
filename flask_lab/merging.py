"""Findings of several backends as one, and several runs as one; touches no database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from flask_lab.across import compared
from flask_lab.errors import ConfigError
from flask_lab.results import BackendReport, Cell, Finding, Run, Verdict

Each = TypeVar("Each", BackendReport, Cell)


def merged(runs: Sequence[Run]) -> Run:
    """Several runs of one tree as one; ConfigError when they are not of the same revisions."""
    first = runs[0]
    for each in runs[1:]:
        if {revision.id for revision in each.project.revisions} != {
            revision.id for revision in first.project.revisions
        }:
            raise ConfigError(
                f"the runs {first.id} and {each.id} are of different trees", "merge runs of one commit"
            )
    seen = replace(
        first,
        seconds=max(run.seconds for run in runs),
        backends=_once([backend for run in runs for backend in run.backends], lambda each: each.name),
        cells=_once(
            [cell for run in runs for cell in run.cells],
            lambda cell: (cell.experiment, cell.backend, cell.revision),
        ),
        findings=together(finding for run in runs for finding in run.findings),
        not_compared=tuple(dict.fromkeys(said for run in runs for said in run.not_compared)),
    )
    return compared(seen)


def together(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """One finding for all backends on which the same rule is broken at the same revision in the same words."""
    groups: dict[tuple[str, str | None, str, str], list[Finding]] = {}
    for finding in findings:
        key = (finding.rule, finding.revision, finding.message, finding.experiment)
        groups.setdefault(key, []).append(finding)
    return tuple(_one(group) for group in groups.values())


def _one(group: list[Finding]) -> Finding:
    first = group[0]
    backends = tuple(dict.fromkeys(name for finding in group for name in finding.backends))
    repeat = first.repeat.replace(f"--on {first.backends[0]}", f"--on {','.join(backends)}")
    others = {
        name: dict(finding.evidence)
        for finding in group
        for name in finding.backends
        if finding.evidence != first.evidence
    }
    evidence = {**first.evidence, "others": others} if others else first.evidence
    return replace(first, backends=backends, repeat=repeat, evidence=evidence, remedy=_remedy(group))


def _remedy(group: Sequence[Finding]) -> str:
    """What helps; where that is something else on each, by backend."""
    found: dict[str, list[str]] = {}
    for finding in group:
        found.setdefault(finding.remedy, []).extend(finding.backends)
    if len(found) == 1:
        return next(iter(found))
    # Once more merged, they are as they were.
    told = [
        remedy if remedy.startswith("On ") else f"On {', '.join(names)}: {remedy}"
        for remedy, names in found.items()
    ]
    return " ".join(told)


def _once(found: Sequence[Each], key: Callable[[Each], object]) -> tuple[Each, ...]:
    """Each once, the worst of those that are about the same thing."""
    about: dict[object, Each] = {}
    for each in found:
        known = about.setdefault(key(each), each)
        if Verdict.worst((known.verdict, each.verdict)) is not known.verdict:
            about[key(each)] = each
    return tuple(about.values())
