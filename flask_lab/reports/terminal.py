"""The report for people: a grid, a block per finding, and one line to end on."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import IO

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from flask_lab.reports.evidence import SQL, evidence
from flask_lab.results import BackendReport, Finding, Run, Severity, Verdict
from flask_lab.rules import RULES

WIDTH = 100
# A shape and a word for each, so that nothing hangs on colour.
LOOKS = {
    Verdict.PASSED: ("✓", "green"),
    Verdict.FAILED: ("✗", "red"),
    Verdict.ERRORED: ("!", "bold red"),
    Verdict.SKIPPED: ("○", "yellow"),
    Verdict.KNOWN: ("≈", "cyan"),
}


def render(run: Run) -> str:
    """The report as plain text of 100 columns."""
    return text(report(run))


def text(told: RenderableType) -> str:
    """Anything that a terminal can show, as plain text of 100 columns."""
    stream = io.StringIO()
    Console(file=stream, width=WIDTH, no_color=True, force_terminal=False).print(told)
    return stream.getvalue()


def write(told: RenderableType, stream: IO[str]) -> None:
    """The same to a stream, in colour where that is a terminal that wants it."""
    if isinstance(stream, io.TextIOWrapper):
        # Where there is only ASCII, a shape may be lost: the word beside it says the same.
        stream.reconfigure(errors="replace")
    console = Console(file=stream, highlight=False)
    if not console.is_terminal:
        console.width = WIDTH
    console.print(told)


def report(run: Run, more: Iterable[RenderableType] = ()) -> RenderableType:
    """The whole report, and what else there is to show before its last line."""
    return Group(
        _grid(run),
        *_absences(run),
        *(line for group in _groups(run.worst_first) for line in _block(group)),
        *more,
        _summary(run),
    )


def _grid(run: Run) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for backend in run.backends:
        table.add_column(f"{backend.name}\n{backend.version}")
    for experiment in dict.fromkeys(cell.experiment for cell in run.cells):
        table.add_row(experiment, *(_mark(run, experiment, backend) for backend in run.backends))
    return table


def _mark(run: Run, experiment: str, backend: BackendReport) -> Text:
    cells = [cell for cell in run.cells if (cell.experiment, cell.backend) == (experiment, backend.name)]
    verdict = Verdict.worst(cell.verdict for cell in cells)
    glyph, style = LOOKS[verdict]
    count = sum(cell.verdict is verdict for cell in cells)
    tally = f" {count}" if len(cells) == count else f" {count} of {len(cells)}"
    return Text(f"{glyph} {verdict.value}{tally if cells else ''}", style)


def _absences(run: Run) -> Iterator[RenderableType]:
    """Backends that did not run, and what broke off, was passed over or could not be compared; each reason once."""
    missing = [each for each in run.backends if each.verdict is not Verdict.PASSED]
    told: dict[tuple[Verdict, str, str], list[str]] = {}
    for each in missing:
        told.setdefault((each.verdict, each.reason, ""), []).append(each.name)
    names = {each.name for each in missing}
    for cell in run.cells:
        if cell.verdict in (Verdict.ERRORED, Verdict.SKIPPED) and cell.backend not in names:
            told.setdefault((cell.verdict, cell.reason, f"{cell.experiment} on "), []).append(cell.backend)
    for (verdict, reason, what), places in told.items():
        where = f"{what}{', '.join(dict.fromkeys(places))}"
        yield Text(f"{LOOKS[verdict][0]} {where} {verdict.value}: {reason}", LOOKS[verdict][1])
    if run.not_compared:
        yield Text(f"not compared: {len(run.not_compared)}, of which {run.not_compared[0]}", "dim")


def _groups(findings: Iterable[Finding]) -> Iterator[list[Finding]]:
    """Findings that are one story: the same rule, at the same revision, on the same backends, accepted alike."""
    stories: dict[tuple[object, ...], list[Finding]] = {}
    for each in findings:
        story = (
            each.rule,
            each.revision,
            each.backends,
            each.severity,
            each.accepted,
            each.remedy,
            each.repeat,
        )
        stories.setdefault(story, []).append(each)
    yield from stories.values()


def _block(group: list[Finding]) -> Iterator[RenderableType]:
    """One story: what, where, what was seen, what to do, and how to see it again."""
    finding = group[0]
    where = f"{finding.revision or 'the whole tree'} on {', '.join(finding.backends)}"
    if finding.accepted is not None:
        glyph, style = LOOKS[Verdict.KNOWN]
        yield Text(f"{glyph} known: {finding.rule}  {where}: {finding.accepted}", style)
        return
    yield Rule(style="dim")
    style = "bold red" if finding.severity is Severity.ERROR else "bold yellow"
    yield Text.assemble((f"{finding.severity}: {finding.rule}", style), f"  {where}")
    yield Text(RULES[finding.rule].title, "bold")
    for each in group:
        yield Padding(Text(each.message), (0, 0, 0, 2))
        yield from _evidence(each)
    yield Text(f"remedy: {finding.remedy}")
    yield Text(f"again:  {finding.repeat}", "dim")


def _evidence(finding: Finding) -> Iterator[RenderableType]:
    lines = evidence(finding)
    if not lines:
        return
    table = Table.grid(padding=(0, 2))
    for label, said in lines:
        table.add_row(Text(label, "dim"), Text(said, "cyan" if label == SQL else ""))
    yield Padding(table, (0, 0, 0, 2))


def _summary(run: Run) -> Text:
    counts = run.as_json()["counts"]
    cells = ", ".join(f"{number} {name}" for name, number in counts["cells"].items()) or "nothing ran"
    found = ", ".join(
        f"{number} {name}{'s' if number > 1 else ''}" for name, number in counts["findings"].items()
    )
    glyph, style = LOOKS[run.verdict]
    tried = f"{len(run.project.revisions)} revisions, {cells}"
    return Text(
        f"{glyph} {run.verdict.value}: {tried}; findings: {found or 'none'}; {run.seconds:.1f} s", style
    )
