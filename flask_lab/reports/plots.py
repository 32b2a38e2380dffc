"""What the page's plots are drawn from: numbers out of facts, as few as it takes. The drawing is static/plots.js's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flask_lab.results import Cell

Facts = Mapping[str, Any]
Data = dict[str, Any]
KINDS = ("reads", "writes")
LEAST = 5.0
"""Milliseconds below which a wait is none, and not drawn."""
SHOWN = 80
"""Characters of a statement."""
RACES = {"slow": "one is held up", "killed": "one is killed"}


def latency(cell: Cell) -> Data | None:
    """How long reads and writes waited while a revision was applied, the statements that ran, and the locks they held.

    Milliseconds since the revision began; of each moment the longest wait on any table.
    """
    facts = cell.facts
    if cell.experiment != "traffic" or "tables" not in facts:
        return None
    spans = [
        [name or "the file", lock["lock"], lock["at_ms"], lock["held_ms"]]
        for name, lock in facts["locks"].items()
        if "at_ms" in lock
    ]
    statements = [
        [each["at_ms"], each["ms"], each["statement"][:SHOWN]]
        for each in facts["statements"]
        if "at_ms" in each
    ]
    return {
        "seconds": facts["seconds"],
        "budget": facts["budget"],
        "statements": statements,
        "locks": spans,
        **{kind: _worst(facts["tables"].values(), kind) for kind in KINDS},
    }


def _worst(tables: Iterable[Facts], kind: str) -> list[list[int]]:
    longest: dict[float, float] = {}
    for each in tables:
        for at, wait in each.get(kind, {}).get("series", ()):
            if wait >= LEAST:
                longest[at] = max(wait, longest.get(at, 0.0))
    return [[round(at), round(wait)] for at, wait in sorted(longest.items())]


def growth(cell: Cell) -> Data | None:
    """Seconds of a revision by rows, and what is expected over more."""
    facts = cell.facts
    if cell.experiment != "traffic" or not facts.get("growth"):
        return None
    forecast = facts.get("forecast")
    expected = {"forecast": [forecast["rows"], *sorted(forecast["seconds"])]} if forecast else {}
    return {"sizes": facts["sizes"], **facts["growth"], **expected}


def durations(cells: Iterable[Cell]) -> Iterator[list[Any]]:
    """Backend, revision, and the seconds of its upgrade on an empty database, and under traffic over rows."""
    for cell in cells:
        if cell.experiment == "stairway" and "seconds" in (step := cell.facts.get("upgrade") or {}):
            yield [cell.backend, cell.revision, step["seconds"], ""]
        elif cell.experiment == "traffic" and "tables" in cell.facts:
            yield [cell.backend, cell.revision, cell.facts["seconds"], f"over {cell.facts['rows']:,} rows"]


def races(cell: Cell) -> list[Data]:
    """Who did what when in a race: of each kind the first, or the first that went wrong."""
    if cell.experiment != "race":
        return []
    rounds = cell.facts.get("rounds") or []
    wrong = [each for each in rounds if set(each["outcomes"]) - {"succeeded"}]
    named = [(f"all at once, from {each['from']}", each) for each in (wrong or rounds)[:1]]
    named += [
        (word, cell.facts[name]) for name, word in RACES.items() if "processes" in cell.facts.get(name, {})
    ]
    return [
        {"title": title, "processes": [_track(each) for each in race["processes"]]} for title, race in named
    ]


def _track(process: Facts) -> Data:
    """When a process knew the version, which it may have waited for; its steps; and how and when it ended."""
    return {name: process[name] for name in ("process", "outcome", "seconds", "read", "steps")}
