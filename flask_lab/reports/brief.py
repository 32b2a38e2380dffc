"""What an experiment saw in one cell, in a few words; facts of an older version may lack anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask_lab.results import Cell

Facts = Mapping[str, Any]
STEPS = {"upgrade": "up", "downgrade": "down", "again": "up again"}


def brief(cell: Cell) -> list[str]:
    """A few words each; the reason alone where it was not asked."""
    if not cell.facts:
        return [cell.reason] if cell.reason else []
    told = BRIEFS.get(cell.experiment)
    return list(told(cell.facts)) if told else []


def _stairway(facts: Facts) -> Iterator[str]:
    for name, word in STEPS.items():
        step: Facts = facts.get(name) or {}
        if "seconds" in step:
            yield f"{word} {duration(step['seconds'] * 1000)}"


def _data(facts: Facts) -> Iterator[str]:
    for kind in ("ordinary", "hostile"):
        seen: Facts = facts.get(kind) or {}
        if "rows" in seen:
            lost = len(seen.get("lost") or ()) + len(seen.get("back_lost") or ())
            changed = len(seen.get("changed") or ()) + len(seen.get("back_changed") or ())
            what = ", ".join(
                word
                for word, is_so in (
                    ("some lost", lost),
                    ("some changed", changed),
                    ("fails", seen.get("failed")),
                )
                if is_so
            )
            yield f"{seen['rows']} {kind} rows: {what or 'all kept'}"


def _crash(facts: Facts) -> Iterator[str]:
    for name, word in STEPS.items():
        seen: Facts = facts.get(name) or {}
        if "crashes" in seen:
            deaths = seen["crashes"]
            stuck = sum(each.get("again") == "fails" for each in deaths)
            tried = seen["boundaries"] - seen["left_out"]
            yield f"{word}: {len(deaths)} deaths at {tried} of {seen['boundaries']} places, {stuck or 'none'} stuck"


def _race(facts: Facts) -> Iterator[str]:
    for start, outcomes in rounds(facts):
        yield f"from {start}: {counted(outcomes)}"


def rounds(facts: Facts) -> list[tuple[str, Mapping[str, int]]]:
    """Where each round of a race began, and how many processes ended how."""
    return [(each["from"], each["outcomes"]) for each in facts.get("rounds") or ()]


def counted(outcomes: Mapping[str, int]) -> str:
    """How processes ended, in words."""
    return ", ".join(f"{count} {what}" for what, count in outcomes.items())


def _traffic(facts: Facts) -> Iterator[str]:
    if "tables" not in facts:
        yield facts.get("idle", "")
        return
    yield f"{facts['seconds']:.2f} s over {facts['rows']:,} rows"
    if facts.get("error"):
        yield f"the revision then fails: {facts['error']}"
    for kind in ("reads", "writes"):
        if wait := longest(facts, kind):
            yield f"{kind} wait {duration(wait[1])} ({wait[0]})"
    for name, lock in facts.get("locks", {}).items():
        if "lock" in lock:
            yield f"{lock['lock']} on {name or 'the file'} for {duration(lock['held_ms'])}"
    if locked := facts.get("rows_locked"):
        modes = "; ".join(
            f"{' and '.join(each)} on {name}" for name, each in facts.get("row_locks", {}).items()
        )
        yield f"{locked:,} rows locked" + (f": {modes}" if modes else "")
    rewritten = [name for name, each in facts["tables"].items() if each.get("rewritten")]
    if rewritten:
        yield f"written anew: {', '.join(rewritten)}"
    if growth := facts.get("growth"):
        yield f"grows as rows^{growth['exponent']} (± {growth['error']})"


def longest(facts: Facts, kind: str) -> tuple[str, float] | None:
    """The table on which reads or writes waited longest, and how many milliseconds."""
    waits = {name: each[kind]["longest"] for name, each in facts["tables"].items() if kind in each}
    return max(waits.items(), key=lambda each: each[1]) if waits else None


def duration(value: float) -> str:
    """Milliseconds as people read them."""
    return (
        f"{value / 1000:.1f} s" if value >= 1000 else f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"
    )


BRIEFS: Mapping[str, Callable[[Facts], Iterator[str]]] = {
    "stairway": _stairway,
    "data": _data,
    "crash": _crash,
    "race": _race,
    "traffic": _traffic,
}
