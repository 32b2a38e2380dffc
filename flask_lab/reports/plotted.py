"""The report for terminals with the page's plots in brief: time by revision, waits, growth and races."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from flask_lab.reports.brief import counted, duration, longest, rounds
from flask_lab.reports.plots import KINDS, LEAST, durations, growth, latency, races
from flask_lab.reports.terminal import report as terminal_report
from flask_lab.reports.terminal import text
from flask_lab.results import Cell, Run

LEVELS, ASCII_LEVELS = "▁▂▃▄▅▆▇█", "12345678"
WIDEST, BAR = 40, 16
SLOWEST, MOST = 3, 10


@dataclass(frozen=True, slots=True)
class Sparkline:
    """Numbers as a line of blocks, each as high as its share of the largest; digits where there is only ASCII."""

    values: Sequence[float | None]
    """None where nothing was measured."""

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        levels = ASCII_LEVELS if options.ascii_only else LEVELS
        most = max((each for each in self.values if each is not None), default=0) or 1
        heights = [each and min(int(each / most * len(levels)), len(levels) - 1) for each in self.values]
        yield Text("".join(" " if each is None else levels[int(each)] for each in heights), "cyan")

    def __rich_measure__(self, _console: Console, _options: ConsoleOptions) -> Measurement:
        return Measurement(len(self.values), len(self.values))


@dataclass(frozen=True, slots=True)
class Time:
    """How long an upgrade took."""

    backend: str
    revision: str
    seconds: float
    condition: str
    """Over how many rows; empty where there were none."""


def render(run: Run) -> str:
    """The report as plain text of 100 columns."""
    return text(report(run))


def report(run: Run) -> RenderableType:
    """The whole report, with the plots between its findings and its last line."""
    return terminal_report(run, plots(run))


def plots(run: Run) -> Iterator[RenderableType]:
    """What there is to draw of a run; nothing of what it does not hold."""
    found = [*_times(run), *_waits(run.cells), *_growths(run.cells), *_races(run.cells)]
    yield from found
    if found:
        yield Text("")


def _section(title: str, rows: Iterable[Sequence[RenderableType]], more: int = 0) -> Iterator[RenderableType]:
    table = Table.grid(padding=(0, 2))
    for row in rows:
        if not table.columns:
            for each in row:
                # A bar and a line keep their width, and words give way.
                table.add_column(no_wrap=isinstance(each, (Sparkline, ProgressBar)), overflow="fold")
        table.add_row(*row)
    yield Text(f"\n{title}", "bold")
    yield Padding(table, (0, 0, 0, 2))
    if more:
        yield Text(f"  and {more} more: flask lab show --format html:lab.html", "dim")


def _times(run: Run) -> Iterator[RenderableType]:
    """How long each upgrade took, by backend along the tree, and which took longest."""
    order = [each.id for each in run.project.revisions]
    found: dict[bool, list[Time]] = {}
    for backend, revision, seconds, condition in durations(run.cells):
        if revision in order:
            found.setdefault(bool(condition), []).append(Time(backend, revision, seconds, condition))
    for times in found.values():
        usual = Counter(each.condition for each in times).most_common(1)[0][0]
        backends = dict.fromkeys(each.backend for each in times)
        rows = (_time([each for each in times if each.backend == name], order, usual) for name in backends)
        how = usual or "of an empty database"
        yield from _section(f"Upgrades {how}, in the order of the tree; each line by its longest", rows)


def _time(times: Sequence[Time], order: Sequence[str], usual: str) -> tuple[RenderableType, ...]:
    by_revision = {each.revision: each.seconds for each in times}
    slowest = sorted(times, key=lambda each: -each.seconds)[:SLOWEST]
    named = (
        f"{each.revision} {duration(each.seconds * 1000)}"
        + (f" {each.condition}" if each.condition != usual else "")
        for each in slowest
    )
    line = Sparkline(narrowed([by_revision.get(each) for each in order]))
    return Text(times[0].backend), line, Text(", ".join(named))


def narrowed(values: Sequence[float | None], width: int = WIDEST) -> list[float | None]:
    """As many values as there is room for, each the largest of those that share a place."""
    if len(values) <= width:
        return list(values)
    parts: list[list[float]] = [[] for _ in range(width)]
    for place, each in enumerate(values):
        if each is not None:
            parts[place * width // len(values)].append(each)
    return [max(part, default=None) for part in parts]


@dataclass(frozen=True, slots=True)
class Wait:
    """The worse of the longest read and the longest write while a revision was applied."""

    cell: Cell
    kind: str
    table: str
    longest: float
    """Milliseconds."""
    budget: float

    @property
    def is_over(self) -> bool:
        return self.longest > self.budget

    @property
    def said(self) -> str:
        allowed = f", {duration(self.budget)} allowed" if self.is_over else ""
        return f"{self.kind} {duration(self.longest)} ({self.table}{allowed})"

    def line(self) -> Sparkline:
        """The longest wait over time, until the last that was due had ended."""
        seen: dict[str, Any] = latency(self.cell) or {}
        span = max([seen["seconds"] * 1000, *(at for at, _ in seen[self.kind])]) or 1
        values = [0.0] * BAR
        for at, wait in seen[self.kind]:
            place = min(max(int(at / span * BAR), 0), BAR - 1)
            values[place] = max(values[place], wait)
        return Sparkline(values)


def waits(cells: Iterable[Cell]) -> list[Wait]:
    """How long traffic waited, where that was too long; or else wherever it was felt. The longest first."""
    found = sorted(filter(None, map(_worst, cells)), key=lambda each: -each.longest)
    return [each for each in found if each.is_over] or found


def _waits(cells: Iterable[Cell]) -> Iterator[RenderableType]:
    chosen = waits(cells)
    if not chosen:
        return
    told = "over the budget" if chosen[0].is_over else "none over its budget"
    rows = (_wait(each, chosen[0].longest) for each in chosen[:MOST])
    yield from _section(
        f"Longest waits, {told}; and when, from the beginning of the revision to its end",
        rows,
        len(chosen[MOST:]),
    )


def _worst(cell: Cell) -> Wait | None:
    if latency(cell) is None:
        return None
    felt = [
        Wait(cell, kind, *found, cell.facts["budget"][kind])
        for kind in KINDS
        if (found := longest(cell.facts, kind)) and found[1] >= LEAST
    ]
    return max(felt, key=lambda each: (each.is_over, each.longest), default=None)


def _wait(wait: Wait, most: float) -> tuple[RenderableType, ...]:
    bar = ProgressBar(most, wait.longest, BAR, complete_style="yellow", finished_style="yellow")
    return Text(_where(wait.cell)), bar, Text(wait.said), wait.line()


def _growths(cells: Iterable[Cell]) -> Iterator[RenderableType]:
    """How the time of a revision grows with the rows, those first that take longest."""
    found = [(cell, seen) for cell in cells if (seen := growth(cell))]
    found.sort(key=lambda each: -(each[1].get("forecast") or [0, 0, each[1]["sizes"][-1][1]])[2])
    if found:
        rows = (_growth(cell, seen) for cell, seen in found[:MOST])
        yield from _section("Growth with the rows of a table", rows, len(found[MOST:]))


def _growth(cell: Cell, seen: dict[str, Any]) -> tuple[RenderableType, ...]:
    (few, least), *_, (many, most) = seen["sizes"]
    said = (
        f"{duration(least * 1000)} to {duration(most * 1000)} over {few:,} to {many:,} rows, "
        f"as rows^{seen['exponent']} (± {seen['error']})"
    )
    if "forecast" in seen:
        rows, least, likely, most = seen["forecast"]
        expected = [duration(each * 1000) for each in (likely, least, most)]
        said += f"; {expected[0]} ({expected[1]} to {expected[2]}) expected over {rows:,}"
    return Text(_where(cell)), Sparkline([seconds for _, seconds in seen["sizes"]]), Text(said)


def _races(cells: Iterable[Cell]) -> Iterator[RenderableType]:
    """How many processes of a race got through, by where it began and what was done to one of them."""
    rows = [row for cell in cells for row in _race(cell)]
    if rows:
        yield from _section("Races, and how many of their processes succeeded", rows)


def _race(cell: Cell) -> Iterator[tuple[RenderableType, ...]]:
    if cell.experiment != "race":
        return
    together: dict[str, list[dict[str, int]]] = {}
    for start, outcomes in rounds(cell.facts):
        together.setdefault(f"from {start}", []).append(dict(outcomes))
    for race in races(cell):
        if not race["title"].startswith("all at once"):
            ends = [each["outcome"] for each in race["processes"]]
            together[race["title"]] = [{each: ends.count(each) for each in dict.fromkeys(ends)}]
    for title, ended in together.items():
        total = {
            what: sum(each.get(what, 0) for each in ended)
            for what in dict.fromkeys(name for each in ended for name in each)
        }
        number = sum(total.values())
        bar = ProgressBar(
            number, total.get("succeeded", 0), BAR, complete_style="red", finished_style="green"
        )
        times = f" in {len(ended)} rounds" if len(ended) > 1 else ""
        yield Text(cell.backend), Text(title), bar, Text(f"{counted(total)}{times}")


def _where(cell: Cell) -> str:
    return f"{cell.backend} {cell.revision or 'the whole tree'}"
