"""Markdown that fits a pull request comment: the verdict, the grid, what speaks against a deployment, the findings."""

from __future__ import annotations

from collections.abc import Iterator

from flask_lab.reports.evidence import SQL, evidence
from flask_lab.reports.plotted import waits
from flask_lab.reports.view import WHOLE, View, plural
from flask_lab.results import Finding, Run, Verdict
from flask_lab.rules import RULES

SIGNS = {
    Verdict.PASSED: "✅ passed",
    Verdict.FAILED: "❌ failed",
    Verdict.ERRORED: "💥 errored",
    Verdict.SKIPPED: "⚪ skipped",
    Verdict.KNOWN: "☑️ known",
}

LONGEST = 60_000
"""Characters: GitHub refuses a comment of more than 65,536."""
SHOWN, MOST, LISTED = 200, 10, 100
"""Characters of a message in a line; waits; and reasons."""


def render(run: Run) -> str:
    """The run as text, as long as GitHub takes a comment: what does not fit is told in a line, or counted."""
    view = View(run)
    head = [*_head(view), *_deployment(view), *_waits(run)]
    tail = list(_missing(view))
    room = LONGEST - sum(len(each) + 1 for each in (*head, *tail))
    return "\n".join((*head, *_findings(view, room), *tail)) + "\n"


def _head(view: View) -> Iterator[str]:
    run = view.run
    yield f"## Migrations: {SIGNS[run.verdict]}"
    yield ""
    yield f"{inline(view.headline[0].upper() + view.headline[1:])}. {run.seconds:.1f} s"
    yield ""
    yield "| | " + " | ".join(f"{each.name} {each.version}".strip() for each in run.backends) + " |"
    yield "| --- |" + " --- |" * len(run.backends)
    for experiment in view.experiments:
        marks = (_mark(run, experiment, each.name) for each in run.backends)
        yield f"| {experiment} | {' | '.join(marks)} |"
    for backend in run.backends:
        if backend.verdict is not Verdict.PASSED:
            yield ""
            yield f"{SIGNS[backend.verdict]} **{backend.name}**: {inline(backend.reason)}"


def _deployment(view: View) -> Iterator[str]:
    """What speaks against a deployment, database by database, in a line for each revision."""
    for each in view.advice:
        if not each.aspects and not each.broken_off:
            continue
        yield from ("", f"### {each.backend.name} {each.backend.version}".rstrip(), "")
        if each.broken_off:
            first = each.broken_off[0]
            count = plural(len(each.broken_off), "question")
            yield f"- **{count} broke off**, the first of {first.experiment}: {inline(first.reason)}"
        for aspect in each.aspects:
            yield f"- **{aspect.title}:**"
            for told in aspect.shown:
                finding = told[0].finding
                more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
                yield f"  - `{finding.revision or WHOLE}` {inline(finding.message)[:SHOWN]}{more}"
            if aspect.folded:
                yield f"  - and {plural(len(aspect.folded), 'more revision')}"


def _waits(run: Run) -> Iterator[str]:
    """The table of those that waited longest under traffic."""
    found = waits(run.cells)[:MOST]
    if found:
        yield from ("", "| under traffic | | longest wait |", "| --- | --- | --- |")
    for each in found:
        yield f"| {each.cell.revision or WHOLE} | {each.cell.backend} | {inline(each.said)} |"


def _findings(view: View, room: int) -> Iterator[str]:
    """Each finding folded away, by rule; where there is no more room a line each, and then their number."""
    left_out = 0
    for rule, told in view.groups:
        lines = ["", f"### {rule.title} ({len(told)})", "", f"{rule.why}"]
        for each in told:
            whole, short = list(details(each.finding)), _in_short(each.finding)
            for form in (whole, ["", short]):
                size = sum(len(line) + 1 for line in (*lines, *form))
                if size <= room:
                    yield from (*lines, *form)
                    room -= size
                    lines = []
                    break
            else:
                left_out += 1
    if left_out:
        yield from (
            "",
            f"**{plural(left_out, 'finding')} more than a comment can hold**: see the HTML report.",
        )


def _in_short(finding: Finding) -> str:
    return f"- {finding.severity.value}: {finding.rule}, {_where(finding)}: {inline(finding.message)[:SHOWN]}"


def _missing(view: View) -> Iterator[str]:
    """What was passed over, broke off or could not be compared, each reason once."""
    found = [f"{inline(reason)}: {plural(len(places), 'place')}" for reason, places in view.unasked]
    compared = [inline(each) for each in view.run.not_compared]
    for title, lines in (("not asked", found), ("not compared", compared)):
        if not lines:
            continue
        yield from ("", f"<details><summary>{len(lines)} {title}</summary>", "")
        yield from (f"- {each}" for each in lines[:LISTED])
        if len(lines) > LISTED:
            yield f"- and {len(lines) - LISTED} more"
        yield from ("", "</details>")


def _mark(run: Run, experiment: str, backend: str) -> str:
    cells = [cell for cell in run.cells if (cell.experiment, cell.backend) == (experiment, backend)]
    return SIGNS[Verdict.worst(cell.verdict for cell in cells)]


def _where(finding: Finding) -> str:
    return f"{finding.revision or WHOLE} on {', '.join(finding.backends)}"


def details(finding: Finding) -> Iterator[str]:
    """A finding, folded away behind one line."""
    accepted = f" (accepted: {inline(finding.accepted)})" if finding.accepted else ""
    yield ""
    yield f"<details><summary>{finding.severity.value}: <b>{finding.rule}</b>, {_where(finding)}{accepted}</summary>"
    yield ""
    yield f"**{RULES[finding.rule].title}.** {inline(finding.message)}"
    lines = evidence(finding)
    if told := [f"- {label}: {inline(said)}" for label, said in lines if label != SQL]:
        yield ""
        yield from told
    if statements := [said for label, said in lines if label == SQL]:
        # A longer fence than any inside, so that a statement cannot end it.
        yield ""
        yield "````sql\n{}\n````".format(";\n".join(statements))
    yield ""
    yield f"Remedy: {finding.remedy}"
    yield ""
    yield f"Again: `{finding.repeat}`"
    yield ""
    yield "</details>"


def inline(said: str) -> str:
    """Text as text: what a database says may look like a table, a tag or a heading."""
    flat = " ".join(said.split())
    for sign in ("\\", "|", "<", "*", "_", "`", "#", "["):
        flat = flat.replace(sign, f"\\{sign}")
    return flat
