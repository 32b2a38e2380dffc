"""Stored runs: all of them, one of them, and one revision in it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue

from flask_lab import listing, store
from flask_lab.errors import ConfigError
from flask_lab.reports import html
from flask_lab.reports.html.advice import Told, grouped
from flask_lab.reports.html.view import View
from flask_lab.results import Run
from flask_lab.tree import Tree
from flask_lab.web.filters import Filter, paged
from flask_lab.web.pages import folder, render

RUNS, ROWS, FINDINGS = 25, 100, 40
"""How many stand on a page."""
TREND = 60
"""Runs of which the list shows how many findings there were."""


class Linked(View):
    """A run whose revisions and findings have pages of their own."""

    def href(self, revision: str | None) -> str:
        if revision is None:
            return url_for(".tree", run=self.run.id)
        return url_for(".revision", run=self.run.id, revision=revision)

    def link(self, told: Told) -> str:
        return f"{self.href(told.finding.revision)}#{told.anchor}"


def register(lab: Blueprint) -> None:
    """Give the pages their addresses."""
    lab.add_url_rule("/", "runs", index)
    lab.add_url_rule("/runs/<run>", "run", show)
    lab.add_url_rule("/runs/<run>/tree", "tree", about)
    lab.add_url_rule("/runs/<run>/revisions/<path:revision>", "revision", about)
    lab.add_url_rule("/runs/<run>/report.html", "report", report)
    lab.add_url_rule("/runs/<run>/run.json", "facts", facts)


def index() -> ResponseReturnValue:
    """All runs, the newest first, and how the numbers of findings went."""
    names = listing.ids(folder())
    page = paged(names, request.args.get("page", 1, int), RUNS)
    lately = listing.entries(folder(), names[:TREND])
    known = {each.id: each for each in lately}
    rest = listing.entries(folder(), [name for name in page.items if name not in known])
    known |= {each.id: each for each in rest}
    return render(
        "runs.html",
        page=page,
        entries=[known[name] for name in page.items],
        plots={"trend": _trend(lately)},
        folder=folder(),
    )


def show(run: str) -> ResponseReturnValue:
    """One run, as its report has it; what is many comes in pages."""
    if run == store.LATEST:
        return redirect(url_for(".run", run=_latest()))
    view = opened(run)
    if isinstance(view, Response):
        return view
    wanted = Filter.of(request.args)
    rows = [each for each in view.rows if wanted.row(each)]
    told = [each for each in view.told if wanted.finding(each)]
    findings = paged(told, request.args.get("found", 1, int), FINDINGS)
    return render(
        "run.html",
        run=view.run,
        view=view,
        wanted=wanted,
        columns=wanted.columns(view),
        rows=paged(rows, request.args.get("page", 1, int), ROWS),
        findings=findings,
        groups=grouped(findings.items),
        plots={} if wanted.is_on else view.times,
    )


def about(run: str, revision: str | None = None) -> ResponseReturnValue:
    """One revision on every database of a run, or the whole tree."""
    view = opened(run)
    if isinstance(view, Response):
        return view
    row = view.row_of(revision)
    if row is None:
        abort(404, f"The run {run} knows no revision {revision}.")
    place = view.rows.index(row)
    around = {"newer": view.rows[place - 1] if place else None, "older": [*view.rows, None][place + 1]}
    return render("revision.html", run=view.run, view=view, row=row, plots=view.plots_of(row), **around)


def report(run: str) -> ResponseReturnValue:
    """The report as one file, to be kept."""
    view = opened(run)
    if isinstance(view, Response):
        return view
    named = {"Content-Disposition": f'attachment; filename="lab-{view.run.id}.html"'}
    return Response(html.render(view.run), mimetype="text/html", headers=named)


def facts(run: str) -> ResponseReturnValue:
    """Everything that the run saw."""
    return send_file(_place(run).resolve(), as_attachment=True, download_name=f"lab-{run}.json")


def opened(run: str) -> View | Response:
    """A stored run, or the page that says why there is none to be seen."""
    place = _place(run)
    try:
        return Linked(_load(place, place.stat().st_mtime_ns))
    except (ConfigError, OSError) as error:
        (entry,) = listing.entries(folder(), [run])
        return Response(render("broken.html", id=run, problem=entry.problem or str(error)))


def newest_of(tree: Tree) -> View | None:
    """The newest run of that tree that can be read, if there is any: of it, or of what it was before."""
    known = {each.id for each in tree.revisions}
    for entry in listing.entries(folder(), listing.ids(folder())[:TREND]):
        is_of_it = entry.summary is not None and entry.summary.heads and known.issuperset(entry.summary.heads)
        if is_of_it and isinstance(view := opened(entry.id), View):
            return view
    return None


def _place(run: str) -> Path:
    if run not in listing.ids(folder()):
        abort(404, f"There is no run {run}.")
    return folder() / run / "run.json"


def _latest() -> str:
    names = listing.ids(folder())
    return names[0] if names else abort(404, "There is no run yet.")


# A few, as one of a thousand revisions takes two hundred megabytes.
@lru_cache(maxsize=2)
def _load(place: Path, _written: int) -> Run:
    return store.load(str(place), place.parent)


def _trend(lately: list[listing.Entry]) -> list[dict[str, Any]]:
    """Of each run what its bar shows, the oldest first."""
    return [
        {"id": each.id, "verdict": found.verdict.value, "backends": len(found.marks), **found.findings}
        for each in reversed(lately)
        if (found := each.summary)
    ]
