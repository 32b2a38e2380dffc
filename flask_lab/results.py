"""What layers exchange: frozen values, which say how they look as JSON. Nothing here runs or decides anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

FORMAT = 1
PROGRAM = "flask lab run"


class Verdict(StrEnum):
    """How something went, the worst first."""

    ERRORED = "errored"
    FAILED = "failed"
    SKIPPED = "skipped"
    KNOWN = "known"
    PASSED = "passed"

    @classmethod
    def worst(cls, verdicts: Iterable[Verdict]) -> Verdict:
        """The worst of them; nothing at all is `skipped`, never `passed`."""
        order = list(cls)
        return min(verdicts, key=order.index, default=cls.SKIPPED)


class Severity(StrEnum):
    """How much a finding matters: breaks any populated database, depends on data or deployment, good to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


Facts = Mapping[str, Any]
"""What an experiment observed in one cell: JSON values by name."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One script of the tree."""

    id: str
    down: tuple[str, ...]
    message: str
    path: str
    depends_on: tuple[str, ...] = ()
    source: str = ""
    """The script as it was run."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a rule is broken, on one backend or on several alike."""

    rule: str
    severity: Severity
    experiment: str
    backends: tuple[str, ...]
    revision: str | None
    message: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    remedy: str = ""
    accepted: str | None = None
    """Why someone accepted it, else None."""
    repeat: str = ""
    """The command that runs this one cell again."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One experiment on one backend at one revision, or at the whole tree where `revision` is None."""

    experiment: str
    backend: str
    revision: str | None
    verdict: Verdict
    reason: str = ""
    seconds: float = 0.0
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BackendReport:
    """One backend of a run: where its server came from, or why there was none."""

    name: str
    product: str
    version: str
    source: str
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ProjectReport:
    """The project that was put to the test."""

    app: str
    heads: tuple[str, ...]
    revisions: tuple[Revision, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that one invocation saw and judged."""

    id: str
    started: datetime
    seconds: float
    lab_version: str
    command: tuple[str, ...]
    project: ProjectReport
    backends: tuple[BackendReport, ...]
    cells: tuple[Cell, ...]
    findings: tuple[Finding, ...]
    not_compared: tuple[str, ...] = ()
    program: str = PROGRAM
    """How a person runs it again, up to the experiment's name."""

    @property
    def verdict(self) -> Verdict:
        """The worst of its backends and cells; what was passed over in one cell does not outweigh what passed."""
        cells = [cell.verdict for cell in self.cells]
        tried = [verdict for verdict in cells if verdict is not Verdict.SKIPPED]
        return Verdict.worst([*(each.verdict for each in self.backends), *(tried or cells)])

    @property
    def worst_first(self) -> tuple[Finding, ...]:
        """Its findings as people want to read them: errors before warnings before notes, else in their order."""
        return tuple(sorted(self.findings, key=lambda each: list(Severity).index(each.severity)))

    def as_json(self) -> dict[str, Any]:
        """The run as JSON values: keys are only ever added within one FORMAT."""
        head = {
            name: getattr(self, name)
            for name in ("id", "started", "seconds", "lab_version", "verdict", "command", "program")
        }
        return {
            "format": FORMAT,
            "run": plain(head),
            "project": plain(self.project),
            "backends": plain(self.backends),
            "cells": plain(self.cells),
            "findings": plain(self.findings),
            "counts": {
                "cells": _tally(cell.verdict for cell in self.cells),
                "findings": _tally(finding.severity for finding in self.findings if finding.accepted is None),
                "not_compared": list(self.not_compared),
            },
        }


def plain(value: Any) -> Any:
    """`value` as what JSON can hold."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(inner) for inner in value]
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, StrEnum):
        return value.value
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _tally(names: Iterable[StrEnum]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name.value] = counts.get(name.value, 0) + 1
    return counts
