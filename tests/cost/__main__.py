"""Measures what the lab costs, beside raw SQL, pytest-alembic and pytest-mrt on the same trees and servers.

    python -m tests.cost --on "sqlite postgres" --revisions 100,1000

Exit code 1 when a limit is not kept, 3 when the lab or the raw SQL could not be measured.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from flask_lab.errors import BackendUnavailable
from flask_lab.experiments import EXPERIMENTS
from flask_lab.sources import Server, open_server
from tests.cost.contestants import CONTESTANTS, LeftOut, Place, command, installed
from tests.cost.limits import LAB, RAW, Line, Timing, compare, growth
from tests.cost.plot import draw
from tests.cost.table import show
from tests.cost.tree import write_tree

PROGRESS = Console(stderr=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--on", default="sqlite", help="backends, with spaces between")
    parser.add_argument("--revisions", default="100,1000", help="sizes of trees, with commas between")
    parser.add_argument("--repeat", type=int, default=3, help="how often each is measured; medians count")
    parser.add_argument("--patience", type=float, default=300, help="seconds after which a peer is ended")
    parser.add_argument("--plot", type=Path, default=Path("reports/bench.svg"))
    given = parser.parse_args()
    lines: list[Line] = []
    left_out: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        trees = {int(size): Path(folder) / size for size in given.revisions.split(",")}
        for size, tree in trees.items():
            write_tree(tree, size)
        for backend in given.on.split():
            try:
                with open_server(backend) as server:
                    lines += measure(server, trees, given, left_out)
            except BackendUnavailable as reason:
                left_out[backend] = str(reason)
    show(lines, left_out, os.getloadavg()[2])
    draw_to(given.plot, lines, left_out)
    must = any(name.endswith((LAB, RAW)) for name in left_out) or not lines
    return 3 if must else int(any(line.held is False for line in lines))


def measure(
    server: Server, trees: dict[int, Path], given: argparse.Namespace, left_out: dict[str, str]
) -> Iterator[Line]:
    """Everything on one server: the contestants in turn, again and again, then the lab's own commands."""
    environment = {}
    if server.source != "embedded":
        setting = f"LAB_{server.product.name.upper()}_URL"
        environment[setting] = server.url.render_as_string(hide_password=False)
    places = {size: Place(tree, server.name, environment, given.patience) for size, tree in trees.items()}
    for size, place in places.items():
        timings = compete(place, given.repeat, f"{server.name}, {size} revisions", left_out)
        if LAB in timings:
            yield from compare(server.name, size, timings)
    if len(places) > 1:
        yield from grow(server.name, places, left_out)


def compete(place: Place, repeat: int, where: str, left_out: dict[str, str]) -> dict[str, Timing]:
    """What each contestant took; one that cannot be measured, or had to be ended, is not tried again."""
    timings: dict[str, Timing] = {}
    out: set[str] = set()
    for turn in range(repeat):
        for name, run in CONTESTANTS.items():
            if name in out:
                continue
            try:
                timing = run(place)
                PROGRESS.print(f"{where}: {name}, {turn + 1} of {repeat}: {timing.told} s", style="dim")
            except LeftOut as reason:
                left_out[f"{where}: {name}"] = str(reason)
                out.add(name)
                timings.pop(name, None)
                continue
            before = timings[name].seconds if name in timings else ()
            timings[name] = replace(timing, seconds=(*before, *timing.seconds))
            if timing.stopped:
                out.add(name)
    return timings


def grow(backend: str, places: dict[int, Place], left_out: dict[str, str]) -> Iterator[Line]:
    """How `flask lab run` grows with the tree: each experiment by itself, and all of them.

    One that compares backends has nothing to do on one.
    """
    ends = (min(places), max(places))
    alone = [name for name, each in EXPERIMENTS.items() if not each.compares and not each.around]
    for experiments in (*((name,) for name in alone), tuple(alone)):
        what = " ".join(("lab run", *experiments))
        try:
            line = growth(backend, what, {size: command(places[size], experiments) for size in ends})
            PROGRESS.print(f"{backend}: {what}: {line.told} s", style="dim")
            yield line
        except LeftOut as reason:
            left_out[f"{backend}: {what}"] = str(reason)


def draw_to(path: Path, lines: list[Line], left_out: dict[str, str]) -> None:
    """The plot, where there is what draws it."""
    try:
        installed("matplotlib")
    except LeftOut as reason:
        PROGRESS.print(f"no plot: {reason}")
        return
    if lines:
        draw(path, lines)
        PROGRESS.print(f"plot: {path}")


if __name__ == "__main__":
    raise SystemExit(main())
