"""What is wrong in what was seen of crashes; touches no database."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask_lab.experiments.base import Fault, Observation
from flask_lab.experiments.crash.trial import Facts
from flask_lab.results import Severity

STEPS = ("upgrade", "downgrade")
MANY = 5
SHORT = 60
"""Characters of a statement of which no more is known than its text."""
_NAME = r"(?:IF (?:NOT )?EXISTS )?[\w.]+"
_CHANGE = re.compile(
    rf"(?:CREATE|ALTER|DROP) (?:OR REPLACE |UNIQUE )*(?:TABLE|INDEX|VIEW|TRIGGER|FUNCTION|TYPE|SEQUENCE)"
    rf"(?: CONCURRENTLY)? {_NAME}"
    rf"(?: (?:ADD|DROP|ALTER|MODIFY|CHANGE)(?: (?:COLUMN|CONSTRAINT|CHECK|FOREIGN KEY|INDEX|KEY))? {_NAME})?"
    rf"|(?:UPDATE|(?:INSERT|REPLACE) (?:INTO|IGNORE INTO)|DELETE (?:FROM)) {_NAME}",
    re.IGNORECASE,
)


def faults(observation: Observation) -> Iterator[Fault]:
    """One for each step and each kind of end that it may come to."""
    facts = observation.facts
    if observation.revision is None:
        yield from _of_tree(facts)
        return
    for step in STEPS:
        crashes = (facts.get(step) or {}).get("crashes", ())
        stuck = [each for each in crashes if each["again"] == "fails" and not is_unnoted(each)]
        if stuck:
            more = {"said": stuck[0]["error"]["message"], "repair": stuck[0]["repair"]}
            yield _fault("stuck-after-crash", step, stuck, "and the next run fails", more)
        otherwise = [each for each in crashes if each["again"] == "ends otherwise"]
        if repeated := [each for each in otherwise if each["rows differ"]]:
            what = f"leaves other rows than an undisturbed one: {', '.join(repeated[0]['rows differ'])}"
            yield _fault("repeated-after-crash", step, repeated, f"and the next run works, but {what}")
        if other := [each for each in otherwise if not each["rows differ"]]:
            what = f"ends in another schema than an undisturbed one: {'; '.join(other[0]['schema differs'])}"
            what = f"and the next run works, but {what}"
            yield replace(_fault("partial-after-crash", step, other, what), severity=Severity.WARNING)
        partial = [each for each in crashes if each["again"] == "works" and _is_between(each)]
        if partial:
            left = "; ".join(partial[0].get("left", ())) or "other rows"
            what = f"leaves it half done, until the next run: {left}"
            yield _fault("partial-after-crash", step, partial, what)


def crashes_of(facts: Mapping[str, Any]) -> list[Facts]:
    """All crashes of a revision, up and down."""
    return [each for step in STEPS for each in (facts.get(step) or {}).get("crashes", ())]


def is_unnoted(crash: Facts) -> bool:
    """Whether all is done but for the version, and the next run stumbles over that."""
    done = ("after", "as ever")
    return (
        crash["again"] == "fails"
        and crash["version"] == "before"
        and crash["schema"] in done
        and crash["rows"] in done
    )


def gist(statement: str) -> str:
    """What a statement is about, in the same words for every product."""
    plain = re.sub(r"[`\"]", "", statement)
    found = _CHANGE.match(plain)
    if found:
        return found[0]
    return plain if len(plain) <= SHORT else f"{plain[: SHORT - 1]}…"


def _is_between(crash: Facts) -> bool:
    """Whether what was left is neither as before nor as after, but for the version."""
    places = {crash["schema"], crash["rows"]} - {"as ever"}
    return "between" in places or len(places) > 1


def _fault(
    rule: str, step: str, crashes: Sequence[Facts], what: str, more: Mapping[str, Any] | None = None
) -> Fault:
    first = crashes[0]
    others = len({(each["after"], each["before"]) for each in crashes}) - 1
    places = f" (and at {others} other places)" if others > 1 else " (and at another place)" * others
    message = f"a crash of the {step} after {gist(first['after'])}{places} {what}"
    evidence = {**(more or {}), "statement": first["after"], "crashes": list(crashes[:MANY])}
    return Fault(rule, message, evidence)


def _of_tree(facts: Mapping[str, Any]) -> Iterator[Fault]:
    unnoted = facts["unnoted"]
    if not unnoted:
        return
    shown = ", ".join(unnoted[:MANY])
    if len(unnoted) > MANY:
        shown += f" and {len(unnoted) - MANY} more"
    yield Fault(
        "stuck-after-crash",
        f"a crash after the last statement of a step and before its version is written leaves it done and not noted, "
        f"so that the next run fails, in {len(unnoted)} of {facts['revisions']} revisions: {shown}",
        {"revisions": unnoted, "repair": ["flask db stamp, with the revision that was done"]},
        Severity.NOTE,
    )
