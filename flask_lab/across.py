"""Judges what backends show together, in one run or in several that are merged; touches no database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flask_lab.experiments import EXPERIMENTS, Fault
from flask_lab.results import Cell, Finding, Run, Severity, Verdict
from flask_lab.rules import RULES

ALONE = "no other backend of this run got to the end; flask lab merge compares it with those of other runs"


def compared(run: Run) -> Run:
    """The run with a verdict for every experiment that compares backends."""
    for name in dict.fromkeys(cell.experiment for cell in run.cells):
        if name in EXPERIMENTS and EXPERIMENTS[name].compares:
            run = _compared(run, name)
    return run


def _compared(run: Run, name: str) -> Run:
    # A merged run brings along what was found in its parts.
    cells = [cell for cell in run.cells if cell.experiment != name or cell.revision is None]
    others = [finding for finding in run.findings if finding.experiment != name]
    ready = {cell.backend: cell for cell in cells if cell.experiment == name and _is_ready(cell)}
    if len(ready) < 2:
        alone = tuple(
            replace(cell, verdict=Verdict.SKIPPED, reason=ALONE) if cell in ready.values() else cell
            for cell in cells
        )
        return replace(run, cells=alone, findings=tuple(others))
    together = EXPERIMENTS[name].compare({backend: cell.facts for backend, cell in ready.items()})
    passed = [
        replace(cell, verdict=Verdict.PASSED, reason="") if cell in ready.values() else cell for cell in cells
    ]
    failed = [cell for backend in ready for cell in _failed(name, backend, together.faults)]
    again = f"{run.program} {name} --on {','.join(ready)}"
    found = [_finding(name, tuple(ready), revision, fault, again) for revision, fault in together.faults]
    return replace(
        run,
        cells=(*passed, *failed),
        findings=(*others, *found),
        not_compared=tuple(dict.fromkeys((*run.not_compared, *together.not_compared))),
    )


def _is_ready(cell: Cell) -> bool:
    return cell.verdict is Verdict.PASSED or (cell.verdict is Verdict.SKIPPED and cell.reason == ALONE)


def _failed(name: str, backend: str, faults: tuple[tuple[str | None, Fault], ...]) -> Iterator[Cell]:
    """A cell for each revision at which something is wrong that is more than a note."""
    reasons: dict[str | None, dict[str, None]] = {}
    for revision, fault in faults:
        if (fault.severity or RULES[fault.rule].severity) is not Severity.NOTE:
            reasons.setdefault(revision, {})[fault.rule] = None
    for revision, rules in reasons.items():
        yield Cell(name, backend, revision, Verdict.FAILED, ", ".join(rules))


def _finding(name: str, backends: tuple[str, ...], revision: str | None, fault: Fault, again: str) -> Finding:
    rule = RULES[fault.rule]
    return Finding(
        rule=rule.name,
        severity=fault.severity or rule.severity,
        experiment=name,
        backends=backends,
        revision=revision,
        message=fault.message,
        evidence=fault.evidence,
        remedy=rule.remedy,
        repeat=again,
    )
