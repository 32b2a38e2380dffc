"""Every revision over rows: what survives the upgrade, the way back, and the second upgrade."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import Engine, event

from flask_lab.beside import both
from flask_lab.experiments.base import Experiment, Fault, Observation, Stage
from flask_lab.experiments.data.one_run import OneRun
from flask_lab.experiments.data.trial import Facts
from flask_lab.experiments.data.walk import Knowledge, Walk
from flask_lab.project import Bind
from flask_lab.results import Severity
from flask_lab.rows import Kind, Theme

KINDS = (Kind.ORDINARY, Kind.HOSTILE)


class Data(Experiment):
    """Do rows survive every revision, up, down and up again?

    Question: what happens to the rows of a populated database? Does the new schema take new ones?
    Method: every table is filled with rows that its keys, references, checks and enumerations allow: three ordinary
    ones, with every column filled; then, on another database, hostile ones: NULL and duplicates wherever allowed,
    longest texts, extreme numbers and times, quotes and emoji. Across each revision the database goes up, takes new
    rows, goes down and up again; what both sides have is compared row by row after each step. Renames are taken from
    the revision's own operations and statements. What fails is tried once more without rows, to tell whether they are
    the reason. Where a product keeps several revisions in one transaction, the rest of the tree is upgraded in one run
    too, over rows, from a revision that writes some. On SQLite every connection opens with foreign keys enforced, as
    an app's own would that sets the pragma; if the app or env.py sets it otherwise afterwards, that stands.
    Passes when: no step fails because of rows, no row or value of what survived is another than before, but for what
    the revision's own UPDATE statements set, the new schema takes an ordinary row, and what passes a revision at a
    time passes in one run.
    Cannot see: rows that only your data has; tables whose rows cannot be made, which are named; values written after
    the upgrade that are wider than the old column; whether an UPDATE sets the right value.
    """

    name = "data"
    of_tree = False

    def run(self, stage: Stage) -> None:
        enforces = enforces_foreign_keys(stage)
        known = Knowledge(enforces=enforces)
        with _foreign_keys_enforced():
            for order in stage.project.tree.orders():
                for bind in stage.project.engines:
                    failing: set[str] = set()
                    for revision, both in _walked(stage, order, bind, known):
                        failing |= {revision for each in both if each.get("failed") or each.get("skipped")}
                        stage.record(_observation(revision, *both, enforces=enforces, bind=stage.named(bind)))
                    writers = known.writers.pop(bind, [])
                    for revision, fact in OneRun(stage, order, bind).faults(writers, failing):
                        stage.record(Observation(revision, {"one_run": fact}, bind=stage.named(bind)))

    def judge(self, observation: Observation) -> Iterator[Fault]:
        if one_run := observation.facts.get("one_run"):
            yield _one_run(one_run)
            return
        told: set[tuple[str, str]] = set()
        for kind in KINDS:
            facts = observation.facts.get(kind) or {}
            for place, fault in _faults(facts, kind, enforces=observation.facts["enforces_foreign_keys"]):
                if (fault.rule, place) in told:
                    continue
                told.add((fault.rule, place))
                yield fault if kind is Kind.ORDINARY else _only_hostile(fault)


def _walked(
    stage: Stage, order: tuple[str, ...], bind: Bind, known: Knowledge
) -> Iterator[tuple[str, tuple[Facts, Facts]]]:
    """What was seen at each revision over ordinary rows and over hostile ones."""

    def walk(kind: Kind, stage: Stage) -> tuple[dict[str, Facts], Knowledge]:
        return dict(Walk(stage, order, bind, kind, known).observe()), known

    (ordinary, _), (hostile, learnt) = both(stage, partial(walk, Kind.ORDINARY), partial(walk, Kind.HOSTILE))
    known.take(learnt)
    for revision in dict.fromkeys((*hostile, *ordinary)):
        yield revision, (ordinary.get(revision, {}), hostile.get(revision, {}))


def _observation(revision: str, ordinary: Facts, hostile: Facts, *, enforces: bool, bind: str) -> Observation:
    if skipped := ordinary.get("skipped") or hostile.get("skipped"):
        return Observation(revision, skipped=skipped, bind=bind)
    named = {**ordinary.get("not_filled", {}), **hostile.get("not_filled", {})}
    facts = {
        Kind.ORDINARY.value: ordinary,
        Kind.HOSTILE.value: hostile,
        "enforces_foreign_keys": enforces,
        "not_compared": [
            *(f"rows of {table}: {said}" for table, said in named.items()),
            *(f"{revision}: {_LEFT[step]}" for step in _left(ordinary, hostile)),
        ],
    }
    if kept := [*ordinary.get("kept", ()), *hostile.get("kept", ())]:
        facts["kept"] = kept
        facts["kept until"] = ordinary.get("kept until") or hostile["kept until"]
    seconds = sum(
        (each.get(name) or {}).get("seconds", 0.0)
        for each in (ordinary, hostile)
        for name in ("upgrade", "downgrade", "again")
    )
    return Observation(revision, facts, seconds, bind=bind)


_LEFT = {
    "downgrade": "the way back over rows, whose downgrade does not get through without them either: see stairway",
    "again": "the second upgrade over rows, which does not get through without them either: see stairway",
}


def _left(*trials: Facts) -> Iterator[str]:
    """The steps that were left, as rows have nothing to do with it that they fail."""
    yield from dict.fromkeys(step for each in trials if (step := each.get("fails_empty")) in _LEFT)


def enforces_foreign_keys(stage: Stage) -> bool:
    """Whether the app enforces foreign keys by itself; of the products, only SQLite leaves that to it."""
    if stage.server.product.name != "sqlite":
        return True
    with stage.databases():
        engine = next(iter(stage.project.engines.values()))
        with engine.connect() as connection:
            return bool(connection.exec_driver_sql("PRAGMA foreign_keys").scalar())


@contextmanager
def _foreign_keys_enforced() -> Iterator[None]:
    """Open SQLite connections, env.py's own too, with foreign keys enforced."""

    # Before what the app itself does with a new connection: a class's listeners come before an object's.
    def enforce(connection: Any, _record: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA foreign_keys = ON")

    event.listen(Engine, "connect", enforce)
    try:
        yield
    finally:
        event.remove(Engine, "connect", enforce)


def _only_hostile(fault: Fault) -> Fault:
    return replace(fault, message=f"{fault.message} (only with hostile rows)", severity=Severity.WARNING)


Found = tuple[str, Fault]
"""Where, within the revision, and what."""


def _faults(facts: Facts, kind: Kind, *, enforces: bool) -> Iterator[Found]:
    failed, enforced = facts.get("failed"), facts.get("enforced")
    # A transaction round everything keeps the lab from trying without: then both are the same.
    if failed and not (enforced and failed["message"] == enforced["message"]):
        yield failed["step"], _failure(failed, kind)
    if enforced:
        fault = _failure(enforced, kind)
        told = replace(fault, message=f"{fault.message}{_ENFORCED}", severity=Severity.WARNING)
        yield f"{enforced['step']}, enforced", told
    for name, tell in _TOLD.items():
        for each in facts.get(name) or ():
            fault = tell(each)
            yield _place(each), fault if enforces else _unenforced(fault)


_ENFORCED = ", where foreign keys are enforced: the lab sets PRAGMA foreign_keys, and the app does not"


def _one_run(failed: Facts) -> Fault:
    message = f"upgrade in one run from {failed['since']} on, over rows: {failed['message']}"
    fault = Fault("one-run-fails", message, failed)
    return fault if failed["kind"] == Kind.ORDINARY else _only_hostile(fault)


def _failure(failed: Facts, kind: Kind) -> Fault:
    rule = "downgrade-fails-on-data" if failed["step"] == "downgrade" else "upgrade-fails-on-data"
    message = failed["message"]
    if failed["step"] == "again":
        message = f"the second upgrade: {message}"
    reason = _culprit(failed["message"]) if kind is Kind.HOSTILE else ""
    evidence = failed | ({"because of": reason} if reason else {})
    return Fault(rule, message, evidence)


def _unenforced(fault: Fault) -> Fault:
    """A fault as it is where foreign keys are not enforced but by the lab; one that is about them is a warning."""
    if "foreign key" not in fault.message.lower():
        return fault
    said = "enforced by the lab; neither the app nor its engine sets PRAGMA foreign_keys"
    return replace(fault, evidence={**fault.evidence, "foreign keys": said}, severity=Severity.WARNING)


def _culprit(message: str) -> str:
    """Which rows a server's message is about, as far as it can be told."""
    words = {
        ("null",): str(Theme.NULLS),
        ("unique", "duplicate"): "values that are there twice",
        ("too long",): str(Theme.LARGEST),
        # MariaDB says so of both.
        ("truncated",): f"{Theme.NULLS}, or {Theme.LARGEST}",
        ("out of range", "overflow"): "extreme numbers",
        ("foreign key",): "parents with children",
    }
    said = message.lower()
    return next((rows for marks, rows in words.items() if any(mark in said for mark in marks)), "")


def _place(each: Facts) -> str:
    return f"{each.get('table')}.{each.get('column') or each.get('what') or ''}"


def _count(each: Facts) -> str:
    return f"{each['rows']} of {each['of']} rows" if each["rows"] != each["of"] else f"all {each['of']} rows"


def _lost(each: Facts, way: str) -> str:
    return f"{each['table']}: {_count(each)} are gone after {way}"


def _changed(each: Facts, way: str) -> str:
    return f"{each['table']}.{each['column']}: {_count(each)} hold another value after {way}"


def _destroyed(each: Facts) -> str:
    what = f"{each['table']}.{each['column']}" if each["column"] else f"table {each['table']}"
    return f"{what} is dropped while it holds values, and the downgrade does not bring them back"


_WAYS = {"downgrade": "the downgrade", "again": "the downgrade and a second upgrade"}
_TOLD: dict[str, Callable[[Facts], Fault]] = {
    "lost": lambda each: Fault("upgrade-loses-rows", _lost(each, "the upgrade"), each),
    "changed": lambda each: Fault("upgrade-changes-values", _changed(each, "the upgrade"), each),
    "invented": lambda each: Fault(
        "upgrade-invents-values",
        f"{each['table']}.{each['column']} is NOT NULL without a default, and the server has filled the rows that were "
        f"there with {each['value']}",
        each,
    ),
    "destroyed": lambda each: Fault("upgrade-destroys-data", _destroyed(each), each),
    "refused": lambda each: Fault(
        "insert-fails-after-upgrade", f"{each['table']} does not take {each['what']}: {each['said']}", each
    ),
    "back_lost": lambda each: Fault("round-trip-loses-rows", _lost(each, _WAYS[each["after"]]), each),
    "back_changed": lambda each: Fault(
        "round-trip-changes-values", _changed(each, _WAYS[each["after"]]), each
    ),
}
