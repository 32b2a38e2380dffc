"""What a finding rests on, as labelled lines that every report for people shows in the same order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask_lab.results import Finding

SQL = "SQL"
FOUND = "found"
KEPT = "kept"
REPAIR = "repair"
NOTHING = "nothing"
WIDEST = 40
MOST = 3
# Shown as they are; all else has a form of its own, or is for programs.
PLAIN = ("because of", "foreign keys", "rebuilt", "grows", "bind", "writes", "says")

Line = tuple[str, str]
"""A label, and what there is to say."""


def evidence(finding: Finding) -> list[Line]:
    """Expected and found, the SQL that brought it about, and whatever else helps to understand.

    As the first of the finding's backends has it, and what the others found where that is something else.
    """
    lines = _lines(finding.evidence)
    for backend, facts in finding.evidence.get("others", {}).items():
        own = [line for line in _lines(facts) if line[0] in (FOUND, REPAIR) and line not in lines]
        lines += [(f"{label} on {backend}", said) for label, said in own]
        lines += [(f"{KEPT} on {backend}", said) for label, said in _lines(facts) if label == KEPT]
    return sorted(lines, key=lambda line: line[0] == SQL)


def evidence_on(finding: Finding, backend: str) -> list[Line]:
    """The same, as one of the finding's backends has it."""
    return _lines(finding.evidence.get("others", {}).get(backend, finding.evidence))


def statements(finding: Finding) -> list[tuple[list[str], list[str]]]:
    """The SQL that brought it about, each text once with the backends that ran it."""
    found: dict[tuple[str, ...], list[str]] = {}
    others = finding.evidence.get("others", {})
    for backend in finding.backends:
        told = tuple(_statements(others.get(backend, finding.evidence)))
        found.setdefault(told, []).append(backend)
    return [(backends, list(told)) for told, backends in found.items() if told]


def _lines(facts: Mapping[str, Any]) -> list[Line]:
    lines = [("at", f"{facts['at']}: {facts.get('code', '')}")] if facts.get("at") else []
    lines += _expected_and_found(facts)
    lines += [(name, str(facts[name])) for name in PLAIN if facts.get(name)]
    if REPAIR in facts:
        lines.append((REPAIR, f"tried: {'; '.join(facts[REPAIR])}" if facts[REPAIR] else "none was found"))
    lines += [(KEPT, f"{each} (until: {facts[f'{KEPT} until']})") for each in facts.get(KEPT, ())]
    return lines + [(SQL, each) for each in _statements(facts)]


def _expected_and_found(facts: Mapping[str, Any]) -> Iterator[Line]:
    if said := facts.get("said"):
        yield FOUND, str(said)
    elif examples := facts.get("examples"):
        yield "expected", row_text(examples[0]["before"])
        yield FOUND, row_text(examples[0]["after"]) or NOTHING
    elif rows := facts.get("gone") or facts.get("values"):
        yield "expected", row_text(rows[0])
        yield FOUND, NOTHING
    elif isinstance(facts.get("rows"), Mapping):
        # Of a step that failed: what was there, a row of each table, first of those that the failure names, or the
        # revision's line where it is Python that failed.
        said = " ".join(str(facts.get(name, "")) for name in ("statement", "message", "code")).lower()
        tables = sorted(facts["rows"], key=lambda table: str(table).lower() not in said)
        for table in tables[:MOST]:
            yield from (("with", f"{table}: {row_text(row)}") for row in facts["rows"][table][:1])


def _statements(facts: Mapping[str, Any]) -> list[str]:
    if statement := facts.get("statement"):
        return [str(statement)]
    return [str(each) for each in facts.get("statements", ())]


def row_text(row: Mapping[str, Any]) -> str:
    """A row on one line."""
    return ", ".join(f"{name} = {_short(repr(value))}" for name, value in row.items())


def _short(value: str) -> str:
    return value if len(value) <= WIDEST else f"{value[: WIDEST - 1]}…"
