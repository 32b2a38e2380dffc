"""GitHub's workflow commands: each finding becomes a note beside its revision in the pull request."""

from __future__ import annotations

from flask_lab.reports.evidence import evidence
from flask_lab.results import Finding, Run, Severity, Verdict

MOST = 10
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(run: Run) -> str:
    """The run as text: findings, what broke off, what was not asked, and how much could not be compared."""
    paths = {revision.id: revision.path for revision in run.project.revisions}
    lines = [
        _line(each, paths.get(each.revision or "", "")) for each in run.worst_first if each.accepted is None
    ]
    lines += [
        _note("error", f"{cell.experiment} on {cell.backend} broke off: {cell.reason}")
        for cell in run.cells
        if cell.verdict is Verdict.ERRORED
    ]
    lines += [
        _note("warning", f"{each.name} was not asked: {each.reason}")
        for each in run.backends
        if each.verdict is Verdict.SKIPPED
    ]
    if run.not_compared:
        told = "\n".join(run.not_compared[:MOST])
        more = f"\nand {len(run.not_compared) - MOST} more" if len(run.not_compared) > MOST else ""
        lines.append(_note("notice", f"{len(run.not_compared)} not compared:\n{told}{more}"))
    return "".join(f"{line}\n" for line in lines)


def _note(level: str, said: str) -> str:
    return f"::{level} title=flask lab::{_data(said)}"


def _line(finding: Finding, path: str) -> str:
    line = str(finding.evidence.get("at", "")).rpartition(":")[2] or "1"
    place = f"file={_property(path)},line={line}," if path else ""
    title = _property(f"{finding.rule} on {', '.join(finding.backends)}")
    told = [f"{label}: {said}" for label, said in evidence(finding)[:MOST]]
    said = "\n".join((finding.message, *told, f"instead: {finding.remedy}", f"again: {finding.repeat}"))
    return f"::{LEVELS[finding.severity]} {place}title={title}::{_data(said)}"


def _data(said: str) -> str:
    return said.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(said: str) -> str:
    return _data(said).replace(":", "%3A").replace(",", "%2C")
