"""GitHub's workflow commands: each finding becomes a note beside its revision in the pull request."""

from __future__ import annotations

from flask_lab.results import Finding, Run, Severity, Verdict

LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(run: Run) -> str:
    """The run as text."""
    paths = {revision.id: revision.path for revision in run.project.revisions}
    lines = [
        _line(each, paths.get(each.revision or "", "")) for each in run.worst_first if each.accepted is None
    ]
    lines += [
        f"::error title=flask lab::{_data(f'{cell.experiment} on {cell.backend} broke off: {cell.reason}')}"
        for cell in run.cells
        if cell.verdict is Verdict.ERRORED
    ]
    return "".join(f"{line}\n" for line in lines)


def _line(finding: Finding, path: str) -> str:
    line = str(finding.evidence.get("at", "")).rpartition(":")[2] or "1"
    place = f"file={_property(path)},line={line}," if path else ""
    title = _property(f"{finding.rule} on {', '.join(finding.backends)}")
    said = _data(f"{finding.message}\n{finding.remedy}\n{finding.repeat}")
    return f"::{LEVELS[finding.severity]} {place}title={title}::{said}"


def _data(said: str) -> str:
    return said.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(said: str) -> str:
    return _data(said).replace(":", "%3A").replace(",", "%2C")
