"""The plot that `make bench` leaves: what the lab takes in parts of each of the others, and the limits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.cost.limits import Line

HELD, BROKEN, FREE = "#2a7f62", "#b3261e", "#6b7280"


def draw(path: Path, lines: Sequence[Line]) -> None:
    """Write an SVG or PNG, by the name of `path`: a bar per comparison, a mark at its limit."""
    # Only here, as the table does without it.
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("agg")
    mpl.rcParams["svg.hashsalt"] = "bench"
    from matplotlib import pyplot as plt  # noqa: PLC0415

    bars = [line for line in lines if line.ratio is not None]
    # Letters, not their outlines: a tenth of the size.
    plt.rcParams["svg.fonttype"] = "none"
    figure, axes = plt.subplots(figsize=(9, 1 + 0.28 * len(bars)), layout="constrained")
    names = [f"{line.backend} {line.revisions}: {line.what}" for line in bars]
    colours = [{True: HELD, False: BROKEN, None: FREE}[line.held] for line in bars]
    axes.barh(range(len(bars)), [line.ratio for line in bars], color=colours, height=0.7)
    for place, line in enumerate(bars):
        if line.most is not None:
            axes.plot([line.most] * 2, [place - 0.45, place + 0.45], color="black", linewidth=2)
    axes.set_xscale("log")
    axes.set_yticks(range(len(bars)), names, fontsize=8)
    axes.set_ylim(len(bars) - 0.3, -0.7)
    axes.set_xlabel("what the lab takes, in parts of each (a command: of the smaller tree); black: the limit")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(figure)
