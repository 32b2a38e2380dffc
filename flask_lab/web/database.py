"""This app's own databases: where they stand, who holds them, and what the newest run says of what is pending."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import current_app
from flask.typing import ResponseReturnValue

from flask_lab.errors import TreeError
from flask_lab.experiments import EXPERIMENTS
from flask_lab.reports.advice import Told
from flask_lab.reports.view import View
from flask_lab.results import Cell, Severity, Verdict
from flask_lab.web import position, runs
from flask_lab.web.drift import drift
from flask_lab.web.pages import render
from flask_lab.web.position import Position


@dataclass(frozen=True, slots=True)
class Said:
    """What a run says of the revisions that a database has yet to meet."""

    found: Mapping[str, Sequence[Told]]
    """By revision, on this product: all but notes, what was accepted among it."""
    unasked: Sequence[str]
    """Revisions that the run knows nothing of, on this product."""
    experiments: Sequence[str]
    """What was asked of the others."""
    left_out: Sequence[str]
    """The experiments that were not."""

    @property
    def against(self) -> int:
        """How many revisions something speaks against that nobody has accepted."""
        return sum(any(each.finding.accepted is None for each in told) for told in self.found.values())


def show() -> ResponseReturnValue:
    """Applied and pending, drift, and who holds a lock now."""
    if "migrate" not in current_app.extensions:
        return render("database.html", problem="This app has no Flask-Migrate.")
    try:
        tree, found = position.read(current_app)
    except TreeError as error:
        return render("database.html", problem=str(error))
    view = runs.newest_of(tree)
    said = {each.bind: of_pending(each, view) for each in found} if view else {}
    compared = drift(current_app, found)
    return render(
        "database.html", tree=tree, positions=found, drift=compared, view=view, said=said, problem=""
    )


def of_pending(place: Position, view: View) -> Said:
    """What a run says of what is pending in a database."""
    names = {each.name for each in view.run.backends if each.product == place.product}
    pending = [each.id for each in place.pending]
    found: dict[str, list[Told]] = {}
    for each in view.told:
        finding = each.finding
        is_of_here = finding.revision in pending and names.intersection(finding.backends)
        if is_of_here and finding.severity is not Severity.NOTE:
            found.setdefault(str(finding.revision), []).append(each)
    asked = [
        cell
        for cell in view.run.cells
        if cell.backend in names and cell.verdict not in (Verdict.SKIPPED, Verdict.ERRORED)
    ]
    known = {cell.revision for cell in asked}
    known_pending = {each for each in pending if each in known}
    # One that has answered of some of them only has not answered.
    answered = [name for name in EXPERIMENTS if _has_answered(name, asked, known_pending)]
    return Said(
        found,
        [each for each in pending if each not in known],
        answered,
        [each for each in EXPERIMENTS if each not in answered],
    )


def _has_answered(experiment: str, asked: Sequence[Cell], revisions: set[str]) -> bool:
    """Whether an experiment says something of each of the revisions, or of the tree where it asks of no other."""
    told = {cell.revision for cell in asked if cell.experiment == experiment}
    return revisions <= told if EXPERIMENTS[experiment].of_revisions else None in told
