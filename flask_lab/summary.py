"""What a list of runs says of each one: kept beside the run, so that a list of many reads little."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_lab.results import BackendReport, Run, Severity, Verdict

FILE = "summary.json"


@dataclass(frozen=True, slots=True)
class Summary:
    """What a list of runs says of one."""

    id: str
    started: datetime
    seconds: float
    verdict: Verdict
    command: tuple[str, ...]
    app: str
    revisions: int
    heads: tuple[str, ...]
    backends: tuple[BackendReport, ...]
    marks: Mapping[str, Mapping[str, Verdict]]
    """The verdict by experiment and backend."""
    findings: Mapping[str, int]
    """How many by severity, those that nobody has accepted."""
    accepted: int
    not_compared: int


def summarize(run: Run) -> Summary:
    """The summary of a run."""
    marks: dict[str, dict[str, Verdict]] = {}
    for cell in run.cells:
        of = marks.setdefault(cell.experiment, {})
        of[cell.backend] = Verdict.worst([cell.verdict, of.get(cell.backend, Verdict.PASSED)])
    return Summary(
        run.id,
        run.started,
        run.seconds,
        run.verdict,
        run.command,
        run.project.app,
        len(run.project.revisions),
        run.project.heads,
        run.backends,
        marks,
        run.as_json()["counts"]["findings"],
        sum(each.accepted is not None for each in run.findings),
        len(run.not_compared),
    )


def read(found: Mapping[str, Any]) -> Summary:
    """A summary from its JSON."""
    return Summary(
        found["id"],
        datetime.fromisoformat(found["started"]),
        found["seconds"],
        Verdict(found["verdict"]),
        tuple(found["command"]),
        found["app"],
        found["revisions"],
        tuple(found["heads"]),
        tuple(BackendReport(**each | {"verdict": Verdict(each["verdict"])}) for each in found["backends"]),
        {
            experiment: {backend: Verdict(verdict) for backend, verdict in of.items()}
            for experiment, of in found["marks"].items()
        },
        {Severity(name).value: int(count) for name, count in found["findings"].items()},
        found["accepted"],
        found["not_compared"],
    )
