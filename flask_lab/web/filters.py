"""What a reader of a large run asks for, and which part of it fits on a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from werkzeug.datastructures import MultiDict

from flask_lab.reports.advice import Told
from flask_lab.reports.view import Row, View

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some of many: counted from 1."""

    items: Sequence[Item]
    number: int
    pages: int
    total: int
    first: int


def paged(items: Sequence[Item], number: int, size: int) -> Page[Item]:
    """The page of that number, or the nearest that there is."""
    pages = max(1, -(-len(items) // size))
    number = min(max(number, 1), pages)
    begin = (number - 1) * size
    return Page(items[begin : begin + size], number, pages, len(items), begin + 1)


@dataclass(frozen=True, slots=True)
class Filter:
    """A text, a verdict, an experiment and a backend; empty for any."""

    text: str = ""
    verdict: str = ""
    experiment: str = ""
    backend: str = ""

    @classmethod
    def of(cls, arguments: MultiDict[str, str]) -> Filter:
        return cls(*(arguments.get(name, "").strip() for name in cls.__slots__))

    @property
    def is_on(self) -> bool:
        return any((self.text, self.verdict, self.experiment, self.backend))

    def row(self, row: Row) -> bool:
        """Whether a revision has what is asked for."""
        verdicts = {
            cell.verdict.value
            for (backend, experiment), cells in row.cells.items()
            if self.backend in ("", backend) and self.experiment in ("", experiment)
            for cell in cells
        }
        if self.verdict and self.verdict not in verdicts:
            return False
        if (self.experiment or self.backend) and not verdicts:
            return False
        source = (row.revision.message, row.revision.source) if row.revision else ()
        return self._says(row.name, *source, *(each.finding.message for each in row.findings))

    def finding(self, told: Told) -> bool:
        """Whether a finding is one that is asked for."""
        found = told.finding
        verdict = "known" if found.accepted is not None else "failed"
        return (
            self.verdict in ("", verdict)
            and self.experiment in ("", found.experiment)
            and (not self.backend or self.backend in found.backends)
            and self._says(found.rule, found.revision or "", found.message, str(dict(found.evidence)))
        )

    def columns(self, view: View) -> dict[str, list[str]]:
        """The experiments of each backend that the grid then has."""
        return {
            backend: [each for each in experiments if self.experiment in ("", each)]
            for backend, experiments in view.experiments_on.items()
            if self.backend in ("", backend)
        }

    def _says(self, *texts: str) -> bool:
        return not self.text or any(self.text.lower() in each.lower() for each in texts)
