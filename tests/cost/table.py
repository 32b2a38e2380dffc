"""The table that `make bench` ends with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from tests.cost.limits import Line

WIDTH = 100
MARKS = {True: "✓ held", False: "✗ broken", None: ""}


def show(
    lines: Sequence[Line], left_out: Mapping[str, str], load: float, console: Console | None = None
) -> None:
    """Print what was measured, then what was not and why."""
    console = console or Console(width=WIDTH, highlight=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("backend", "revisions", "what", "seconds", "lab's part", "limit", ""):
        table.add_column(name, justify="right" if name in {"revisions", "lab's part", "limit"} else "left")
    for line in lines:
        table.add_row(
            line.backend,
            str(line.revisions),
            line.what,
            line.told,
            "" if line.ratio is None else f"{'< ' if line.at_most else ''}{line.ratio:.2f}",
            "" if line.most is None else f"{line.most:.2f}",
            MARKS[line.held],
        )
    console.print(table)
    console.print(
        "Medians, with the lowest and highest. The lab's part is what `stairway` takes in parts of each;"
    )
    console.print(
        "of raw SQL it is that per step. A command's is the larger tree's time in parts of the smaller's."
    )
    console.print(f"The machine's load in the last 15 minutes was {load:.1f}.")
    for name, reason in left_out.items():
        console.print(f"left out: {name}: {reason}")
