"""What is wrong in what was seen of a revision under traffic; touches no database."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from flask_lab.experiments.base import Fault
from flask_lab.experiments.traffic.measuring import TIMES, Facts

LEAST = 5.0
"""Milliseconds that are nothing."""
STEP = 0.05
"""The same for the whole revision, which may commit many statements one by one."""
WORTH = 0.1
"""Seconds from which on it is worth a word that a table is written anew."""
SAME = 100
"""Characters by which a statement is known again."""
PART = 0.25
"""How much of the slowest statement a wait must last for to be taken for one that grows with it."""


def faults(facts: Any) -> Iterator[Fault]:
    """One for each cause: who has to wait now, else who will have to, else what makes it so."""
    if "tables" not in facts:
        return
    reads, writes = _over(facts, "reads"), _over(facts, "writes")
    if reads:
        kinds = "reads and writes" if writes else "reads"
        yield Fault(
            "blocks-reads", _told(facts, kinds, {**writes, **reads}), _evidence(facts, {**writes, **reads})
        )
    elif writes:
        yield Fault("blocks-writes", _told(facts, "writes", writes), _evidence(facts, writes))
    elif facts.get("error") and not facts.get("blocker"):
        yield Fault(
            "blocks-writes",
            f"writes and the revision wait for each other{_failing(facts)}",
            _evidence(facts, {}),
        )
    elif grows := _grows(facts):
        yield grows
    elif rewritten := _rewritten(facts):
        yield Fault(
            "rewrites-table",
            f"{', '.join(rewritten)}: every row is written anew, in {facts['seconds']:.2f} s at {facts['rows']:,} rows"
            f"{_by(facts, rewritten)}",
            _evidence(facts, {}),
        )


def _concerned(facts: Facts) -> dict[str, Any]:
    """The tables that the revision works on or has locked, with what traffic saw on them."""
    return {
        name: each
        for name, each in facts["tables"].items()
        if name in facts["touched"] or name in facts["locks"]
    }


def _over(facts: Facts, kind: str) -> dict[str, float]:
    """The tables on which traffic of a kind waited longer than it may, with the milliseconds."""
    found = {}
    for name, each in _concerned(facts).items():
        seen = each.get(kind)
        if seen and seen["longest"] > max(facts["budget"][kind], TIMES * seen["before"]):
            found[name] = seen["longest"]
    return found


def _told(facts: Facts, kinds: str, waits: dict[str, float]) -> str:
    tables = ", ".join(sorted(waits, key=lambda name: -waits[name]))
    longest = max(waits.values())
    behind = f", behind a transaction of {facts['blocker']:g} s" if facts.get("blocker") else ""
    return (
        f"{kinds} of {tables} wait {_seconds(longest)} at {facts['rows']:,} rows{behind}{_by(facts, waits)}"
        f"{_failing(facts)}"
    )


def _failing(facts: Facts) -> str:
    """That the revision has failed, which it does not without traffic."""
    return ", until the revision fails" if facts.get("error") else ""


def _by(facts: Facts, tables: Collection[str]) -> str:
    """By what, as the product calls it: the algorithm and lock of ALTER TABLE, else the lock that was held longest."""
    statement = _slowest(facts)["statement"]
    for each in facts["algorithms"]:
        if each["statement"][:SAME] == statement[:SAME]:
            return f" ({', '.join(each[name] for name in ('algorithm', 'lock') if name in each)})"
    held = [each for name, each in facts["locks"].items() if name in {"", *tables} and "all_ms" in each]
    modes = {mode: ms for each in held for mode, ms in each["all_ms"].items()}
    return f" ({max(modes, key=lambda mode: modes[mode])})" if modes else ""


def _slowest(facts: Facts) -> Facts:
    return max(facts["statements"], key=lambda each: each["ms"], default={"statement": "", "ms": 0.0})


def _grows(facts: Facts) -> Fault | None:
    forecast = facts.get("forecast")
    if not forecast:
        return None
    over = [
        kind
        for kind in ("reads", "writes")
        if forecast[kind][1] > facts["budget"][kind] and _waits(facts, kind)
    ]
    if not over:
        return None
    least, likely, most = forecast[over[-1]]
    message = (
        f"{' and '.join(over)} of {', '.join(facts['touched'])} would wait {_seconds(likely)} "
        f"({_seconds(least)} to {_seconds(most)}) at {forecast['rows']:,} rows"
    )
    return Fault("grows-with-rows", message, _evidence(facts, {}))


def _waits(facts: Facts, kind: str) -> bool:
    """Whether traffic of a kind waits for the revision at all, be it shortly."""
    return any(
        # What lasts for a part of a statement only comes of the load, or of an instant at its end, and does not grow.
        each[kind]["longest"]
        > max(
            TIMES * max(each[kind]["before"], LEAST),
            PART * _slowest(facts)["ms"],
            STEP * facts["seconds"] * 1000,
        )
        for each in _concerned(facts).values()
        if kind in each
    )


def _rewritten(facts: Facts) -> list[str]:
    # SQLite has no other way to change a table, nor would anybody who runs it at such a size be surprised.
    if facts["product"] == "sqlite" or facts["seconds"] - facts["empty_seconds"] < WORTH:
        return []
    return [name for name, each in _concerned(facts).items() if each["rewritten"]]


def _evidence(facts: Facts, waits: dict[str, float]) -> dict[str, Any]:
    slowest = _slowest(facts)
    evidence: dict[str, Any] = {"statement": slowest["statement"], "slowest ms": slowest["ms"]}
    if waits:
        evidence["waited ms"] = waits
        evidence["budget"] = facts["budget"]
    held = {name: each["lock"] for name, each in facts["locks"].items() if "lock" in each}
    if held:
        evidence["locks"] = {name or "the file": lock for name, lock in held.items()}
    if rewritten := [name for name, each in _concerned(facts).items() if each["rewritten"]]:
        evidence["rewritten"] = rewritten
    if by := _by(facts, waits):
        evidence["by"] = by.strip(" ()")
    if facts["growth"]:
        growth = facts["growth"]
        evidence["grows"] = f"with rows to the power of {growth['exponent']} ± {2 * growth['error']:.2f}"
    if facts.get("forecast"):
        evidence["forecast"] = facts["forecast"]
    if facts.get("blocker"):
        evidence["blocker"] = facts["blocker"]
    if facts.get("error"):
        evidence["said"] = facts["error"]
    return evidence


def _seconds(ms: float) -> str:
    return f"{ms / 1000:.1f} s" if ms >= 1000 else f"{ms:.0f} ms"
