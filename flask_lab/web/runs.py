"""Stored runs: all of them, one of them, and one revision in it."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Response, abort, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue

from flask_lab import comparing, listing, store
from flask_lab.errors import ConfigError
from flask_lab.reports import difference, html
from flask_lab.reports.advice import Told, grouped
from flask_lab.reports.view import View
from flask_lab.results import Run
from flask_lab.tree import Tree
from flask_lab.web.filters import Filter, paged
from flask_lab.web.pages import Broken, folder, render

RUNS, ROWS, FINDINGS = 25, 100, 40
"""How many stand on a page."""
TREND = 60
"""Runs of which the list shows how many findings there were."""


class Linked(View):
    """A run whose revisions and findings have pages of their own."""

    @property
    def home(self) -> str:
        return url_for(".run", run=self.run.id)

    def href(self, revision: str | None) -> str:
        if revision is None:
            return url_for(".tree", run=self.run.id)
        return url_for(".revision", run=self.run.id, revision=revision)

    def link(self, told: Told) -> str:
        return f"{self.href(told.finding.revision)}#{told.anchor}"


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
        app=next((each.summary.app for each in lately if each.summary), ""),
        folder=folder(),
    )


def show(run: str) -> ResponseReturnValue:
    """One run, as its report has it; what is many comes in pages."""
    if run == store.LATEST:
        return redirect(url_for(".run", run=_latest()))
    view = opened(run)
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
        plots={} if wanted.is_on else view.times | view.graph,
        before=_before(view.run),
    )


def about(run: str, revision: str | None = None) -> ResponseReturnValue:
    """One revision on every database of a run, or the whole tree."""
    view = opened(run)
    row = view.row_of(revision)
    if row is None:
        abort(404, f"The run {run} knows no revision {revision}.")
    place = view.rows.index(row)
    newer = view.rows[place - 1] if place and view.rows[place - 1].revision else None
    around = {"newer": newer, "older": [*view.rows, None][place + 1]}
    return render("revision.html", run=view.run, view=view, row=row, plots=view.plots_of(row), **around)


def since(run: str, before: str) -> ResponseReturnValue:
    """What is not in a run as it was in an earlier one."""
    now, then = opened(run), opened(before)
    seen = comparing.difference(then.run, now.run)
    return render(
        "since.html",
        now=now,
        then=then,
        seen=seen,
        words=difference,
        turns=[difference.turn(each) for each in (*seen.accepted, *seen.severity)],
        databases=[difference.backend(each) for each in seen.backends],
    )


def report(run: str) -> ResponseReturnValue:
    """The report as one file, to be kept."""
    view = opened(run)
    named = {"Content-Disposition": f'attachment; filename="lab-{view.run.id}.html"'}
    return Response(html.render(view.run), mimetype="text/html", headers=named)


def facts(run: str) -> ResponseReturnValue:
    """Everything that the run saw."""
    return send_file(_place(run).resolve(), as_attachment=True, download_name=f"lab-{run}.json")


def opened(run: str) -> Linked:
    """A stored run; Broken where there is none to be seen."""
    place = _place(run)
    try:
        return Linked(_load(place, place.stat().st_mtime_ns))
    except (ConfigError, OSError) as error:
        (entry,) = listing.entries(folder(), [run])
        raise Broken(run, entry.problem or str(error)) from error


def newest_of(tree: Tree) -> View | None:
    """The newest run of that tree that can be read, if there is any: of it, or of what it was before."""
    known = {each.id for each in tree.revisions}
    for entry in listing.entries(folder(), listing.ids(folder())[:TREND]):
        if entry.summary and entry.summary.heads and known.issuperset(entry.summary.heads):
            with suppress(Broken):
                return opened(entry.id)
    return None


def _place(run: str) -> Path:
    if run not in listing.ids(folder()):
        abort(404, f"There is no run {run}.")
    return folder() / run / "run.json"


def _before(run: Run) -> str:
    """The run of the same project before one, if there is any that can be read."""
    names = [each for each in listing.ids(folder()) if each < run.id]
    older = listing.entries(folder(), names[:TREND])
    return next((each.id for each in older if each.summary and each.summary.app == run.project.app), "")


def _latest() -> str:
    names = listing.ids(folder())
    return names[0] if names else abort(404, "There is no run yet.")


# A few, as one of a thousand revisions takes two hundred megabytes.
@lru_cache(maxsize=2)
def _load(place: Path, _written: int) -> Run:
    return store.load(str(place), place.parent)


def _trend(lately: list[listing.Entry]) -> list[dict[str, Any]]:
    """Of each run of the newest one's project what its bar shows, the oldest first."""
    found = [each.summary for each in reversed(lately) if each.summary]
    return [
        {"id": each.id, "verdict": each.verdict.value, **each.findings}
        for each in found
        if each.app == found[-1].app
    ]
