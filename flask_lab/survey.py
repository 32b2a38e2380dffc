"""Which backends can be had from here: each is really started, all at once, and ended again."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flask_lab.errors import BackendUnavailable
from flask_lab.reports.terminal import LOOKS, WIDTH
from flask_lab.results import Verdict
from flask_lab.sources import open_server


@dataclass(frozen=True, slots=True)
class Found:
    """What became of one backend."""

    backend: str
    version: str = ""
    origin: str = ""
    """Where its server came from."""
    seconds: float = 0.0
    reason: str = ""
    """Why there is none."""
    hint: str = ""


def survey(backends: Sequence[str]) -> list[Found]:
    """Try each backend; ConfigError for a URL that cannot be right."""
    with ThreadPoolExecutor(len(backends)) as pool:
        return list(pool.map(_try, backends))


def _try(backend: str) -> Found:
    try:
        with open_server(backend) as server:
            version = f"{server.product.title} {server.version}"
            return Found(backend, version, f"{server.source}: {server.origin}", server.seconds)
    except BackendUnavailable as unavailable:
        return Found(backend, reason=unavailable.message, hint=unavailable.hint)


def write(found: Sequence[Found]) -> None:
    """Print a table to stdout."""
    console = Console(file=sys.stdout, highlight=False)
    if not console.is_terminal:
        console.width = WIDTH
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("backend", "version", "from", "ready in"):
        table.add_column(column, no_wrap=column != "from", overflow="fold")
    for each in found:
        glyph, style = LOOKS[Verdict.SKIPPED if each.reason else Verdict.PASSED]
        name = Text(f"{glyph} {each.backend}", style)
        if each.reason:
            hint = f"\nto have it: {each.hint}" if each.hint else ""
            reason = each.reason.removeprefix(f"no server for {each.backend}: ")
            table.add_row(name, Text("not here", style), Text(f"{reason}{hint}"), "")
        else:
            table.add_row(name, each.version, Text(each.origin), f"{each.seconds:.1f} s")
    console.print(table)
