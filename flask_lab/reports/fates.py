"""What became of the rows of a revision: before and after, as far as a run kept examples of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask_lab.reports.evidence import NOTHING, row_text
from flask_lab.results import Cell

Facts = Mapping[str, Any]
WORDS = {
    "lost": "gone after the upgrade",
    "changed": "changed by the upgrade",
    "invented": "filled by the server",
    "destroyed": "dropped, and not brought back",
    "back_lost": "gone after the way back",
    "back_changed": "changed by the way back",
}
KINDS = ("ordinary", "hostile")


@dataclass(frozen=True, slots=True)
class Fate:
    """One thing that became of rows of a table or column, alike on these backends."""

    place: str
    what: str
    rows: str
    """How many, of how many."""
    pairs: Sequence[tuple[str, str]]
    """Some of them, before and after."""
    backends: tuple[str, ...]
    kind: str


def fates(cells: Iterable[Cell]) -> list[Fate]:
    """What became of the rows in the cells of one revision; of what ordinary rows show, hostile ones are not told."""
    found: dict[tuple[object, ...], Fate] = {}
    for cell in cells:
        told: set[tuple[str, str]] = set()
        for kind in KINDS if cell.experiment == "data" else ():
            for each in _of(cell, kind):
                if (each.place, each.what) in told:
                    continue
                told.add((each.place, each.what))
                key = (each.place, each.what, each.rows, tuple(each.pairs), each.kind)
                known = found.get(key)
                found[key] = replace(each, backends=(*known.backends, cell.backend)) if known else each
    return list(found.values())


def _of(cell: Cell, kind: str) -> Iterator[Fate]:
    seen: Facts = cell.facts.get(kind) or {}
    for name, what in WORDS.items():
        for each in seen.get(name) or ():
            place = f"{each['table']}.{each['column']}" if each.get("column") else str(each["table"])
            rows = f"{each['rows']} of {each['of']}" if "of" in each else str(each["rows"])
            yield Fate(place, what, rows, list(_pairs(each)), (cell.backend,), kind)


def _pairs(fact: Facts) -> Iterator[tuple[str, str]]:
    for example in fact.get("examples") or ():
        yield row_text(example["before"]), row_text(example["after"]) or NOTHING
    for row in fact.get("gone") or fact.get("values") or ():
        yield row_text(row), NOTHING
    if "value" in fact:
        yield NOTHING, f"{fact['column']} = {fact['value']}"
