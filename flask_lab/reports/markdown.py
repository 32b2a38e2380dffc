"""Markdown that fits a pull request comment: the verdict, the grid, and each finding folded away."""

from __future__ import annotations

from collections.abc import Iterator

from flask_lab.reports.evidence import SQL, evidence
from flask_lab.results import Finding, Run, Verdict
from flask_lab.rules import RULES

SIGNS = {
    Verdict.PASSED: "✅ passed",
    Verdict.FAILED: "❌ failed",
    Verdict.ERRORED: "💥 errored",
    Verdict.SKIPPED: "⚪ skipped",
    Verdict.KNOWN: "☑️ known",
}


def render(run: Run) -> str:
    """The run as text."""
    return "\n".join(_lines(run)) + "\n"


def _lines(run: Run) -> Iterator[str]:
    count = len(run.project.revisions)
    yield f"## Migrations: {SIGNS[run.verdict]}"
    yield ""
    yield f"{count} revisions, {len(run.findings)} findings, {run.seconds:.1f} s"
    yield ""
    yield "| | " + " | ".join(f"{each.name} {each.version}".strip() for each in run.backends) + " |"
    yield "| --- |" + " --- |" * len(run.backends)
    for experiment in dict.fromkeys(cell.experiment for cell in run.cells):
        yield (
            f"| {experiment} | "
            + " | ".join(_mark(run, experiment, each.name) for each in run.backends)
            + " |"
        )
    for backend in run.backends:
        if backend.verdict is not Verdict.PASSED:
            yield ""
            yield f"{SIGNS[backend.verdict]} **{backend.name}**: {inline(backend.reason)}"
    for finding in run.worst_first:
        yield from details(finding)
    if run.not_compared:
        yield ""
        yield f"<details><summary>{len(run.not_compared)} not compared</summary>"
        yield ""
        yield from (f"- {inline(each)}" for each in run.not_compared)
        yield ""
        yield "</details>"


def _mark(run: Run, experiment: str, backend: str) -> str:
    cells = [cell for cell in run.cells if (cell.experiment, cell.backend) == (experiment, backend)]
    return SIGNS[Verdict.worst(cell.verdict for cell in cells)]


def details(finding: Finding) -> Iterator[str]:
    """A finding, folded away behind one line."""
    where = f"{finding.revision or 'the whole tree'} on {', '.join(finding.backends)}"
    accepted = f" (accepted: {inline(finding.accepted)})" if finding.accepted else ""
    yield ""
    yield f"<details><summary>{finding.severity.value}: <b>{finding.rule}</b>, {where}{accepted}</summary>"
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
