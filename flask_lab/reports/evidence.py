"""What a finding rests on, as labelled lines that every report for people shows in the same order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask_lab.results import Finding

SQL = "SQL"
NOTHING = "nothing"
WIDEST = 40
# Shown as they are; all else has a form of its own, or is for programs.
PLAIN = ("because of", "foreign keys", "rebuilt", "kept", "bind")

Line = tuple[str, str]
"""A label, and what there is to say."""


def evidence(finding: Finding) -> list[Line]:
    """Expected and found, the SQL that brought it about, and whatever else helps to understand."""
    facts = finding.evidence
    lines = [*_expected_and_found(facts), *_sides(facts)]
    lines += [(name, str(facts[name])) for name in PLAIN if facts.get(name)]
    return lines + [(SQL, each) for each in _statements(facts)]


def _expected_and_found(facts: Mapping[str, Any]) -> Iterator[Line]:
    if examples := facts.get("examples"):
        yield "expected", _row(examples[0]["before"])
        yield "found", _row(examples[0]["after"]) or NOTHING
    elif rows := facts.get("gone") or facts.get("values"):
        yield "expected", _row(rows[0])
        yield "found", NOTHING
    elif isinstance(facts.get("rows"), Mapping):
        # Of a step that failed: what was there.
        for table, there in facts["rows"].items():
            yield from (("with", f"{table}: {_row(row)}") for row in there)


def _sides(facts: Mapping[str, Any]) -> Iterator[Line]:
    for said, backends in facts.get("sides", {}).items():
        yield ", ".join(backends), str(said)


def _statements(facts: Mapping[str, Any]) -> list[str]:
    if statement := facts.get("statement"):
        return [str(statement)]
    return [str(each) for each in facts.get("statements", ())]


def _row(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {_short(repr(value))}" for name, value in row.items())


def _short(value: str) -> str:
    return value if len(value) <= WIDEST else f"{value[: WIDEST - 1]}…"
