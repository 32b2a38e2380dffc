"""What a run shows while it goes on: on a terminal a live line per backend, elsewhere nothing."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from flask_lab.worker import Message


@dataclass(slots=True)
class _Line:
    doing: str = "starting"
    revisions: int = 0
    done: int = 0
    since: float = field(default_factory=time.monotonic)


class Progress:
    """Listens to a run; use as a context."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(file=sys.stderr)
        self.lines: dict[str, _Line] = {}
        self.live = Live(
            get_renderable=self.table, console=self.console, transient=True, refresh_per_second=8
        )

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.live.stop()

    def heard(self, backend: str, message: Message) -> None:
        """Take what a worker sent."""
        line = self.lines.setdefault(backend, _Line())
        match message:
            case ("project", project):
                line.revisions = len(project.revisions)
            case ("started", experiment):
                line.doing, line.done, line.since = experiment, 0, time.monotonic()
            case ("observation", _, observation) if observation.revision:
                line.done += 1
            case ("done",):
                line.doing = "done"

    def table(self) -> Table:
        """One line per backend: what it does, how far it is, elapsed and remaining seconds."""
        table = Table.grid(padding=(0, 2))
        for name, line in self.lines.items():
            elapsed = time.monotonic() - line.since
            counted, remaining = "", ""
            if line.doing not in ("starting", "done") and line.revisions:
                counted = f"{line.done}/{line.revisions}"
                if line.done:
                    remaining = f"{elapsed / line.done * max(0, line.revisions - line.done):.0f} s left"
            table.add_row(
                name, line.doing, counted, "" if line.doing == "done" else f"{elapsed:.0f} s", remaining
            )
        return table
