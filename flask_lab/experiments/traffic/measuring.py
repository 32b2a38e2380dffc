"""One step under traffic: tables filled, readers and writers at work, the step, and what was seen of it."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from alembic.runtime.migration import RevisionStep
from sqlalchemy import URL, Connection, inspect

from flask_lab.backends.watching import Watching
from flask_lab.errors import MigrationFailed
from flask_lab.experiments.base import Stage
from flask_lab.experiments.traffic.tracing import Trace
from flask_lab.migrator import Step, Stepper
from flask_lab.project import Bind
from flask_lab.sources.base import connect
from flask_lab.traffic.crowd import Crowd
from flask_lab.traffic.seeding import Demand, Seeded, seed

Facts = dict[str, Any]
RATE = 25.0
"""How often a table is read and written in a second, each; less where there are many."""
TOTAL = 100.0
"""Reads in a second over all tables, and as many writes."""
MOST = 10
"""Tables with traffic: each takes two sessions."""
TIMES = 3.0
"""A wait is the revision's where it is so many times the longest one before."""
QUIET_SECONDS, PATIENCE = 0.3, 5.0
"""How long traffic goes on before the revision, and how long at most where the machine is busy with other things."""
LONG = 300
"""Characters of a statement that are kept, and how many statements are."""
KEPT = 10
# What a revision only looks up is not what it works on.
LOOKED_UP = re.compile(r"\s*(?:PRAGMA|SHOW)\b|sqlite_master|pg_catalog|information_schema", re.IGNORECASE)
CONCERNED = re.compile(r"\w+")


@dataclass(slots=True)
class Measured:
    """What was seen of one step at one size."""

    rows: int
    seconds: float
    facts: Facts = field(default_factory=dict)
    failure: MigrationFailed | None = None
    """What ended it before its end."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a step is measured."""

    stage: Stage
    bind: Bind
    crowd: Crowd
    rows: int

    @property
    def url(self) -> URL:
        return self.stage.url(self.bind)

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """One that commits each statement by itself."""
        with connect(self.url) as connection:
            yield connection

    def fill(self, tables: Collection[str], version_table: str, *, has_gaps: bool) -> Seeded:
        """Give the tables their rows, in some of which is NULL whatever may be."""
        watching = self.stage.server.product.watching
        with self.session() as connection:
            connection.execution_options(isolation_level=connection.default_isolation_level)
            demand = Demand(tables, self.rows, {version_table}, has_gaps)
            seeded = seed(connection, self.stage.server.product, demand)
        with self.session() as connection:
            watching.settle(connection, [each for each in seeded.rows if seeded.rows[each] >= self.rows])
        return seeded

    def measure(
        self, revision: str, touched: Collection[str], version_table: str, seeded: Seeded
    ) -> Measured:
        """Take one step up over rows and under traffic."""
        watching = self.stage.server.product.watching
        with self.session() as connection:
            before, written = watching.storage(connection), watching.written(connection)
            tables = sorted(set(inspect(connection).get_table_names()) - {version_table})
        tables.sort(key=lambda name: name not in touched)
        rate = min(RATE, max(5.0, TOTAL / max(len(tables[:MOST]), 1)))
        blind = self.crowd.start(self.stage.server.product.name, self.url, tables[:MOST], rate)
        budget = self.stage.options.budget_of(self.stage.server.product.name)
        # Whose doing a wait is can be told where it is long beside those before.
        self.crowd.settle(QUIET_SECONDS, min(budget.values()) / TIMES, PATIENCE)
        trace = Trace(watching, time.monotonic())
        steps: list[Step] = []
        failure = None
        try:
            steps = self.stage.migrator.follow(_plan(self, revision, sorted(touched), trace))
        except MigrationFailed as failed:
            failure = failed
        finally:
            end = time.monotonic()
            seen = self.crowd.stop(trace.begin, end)
        with self.session() as connection:
            after, more = watching.storage(connection), watching.written(connection)
        for name, each in seen["tables"].items():
            is_rewritten = name in before and name in after and before[name] != after[name]
            each |= {"rows": seeded.rows.get(name, 0), "rewritten": is_rewritten}
        facts: Facts = {
            "tables": seen["tables"],
            "touched": [each for each in tables if each in touched],
            "statements": _statements(trace),
            "locks": _locks(trace, seen["locks"], watching, {"", *tables}),
            "rows_locked": seen["rows_locked"],
            "row_locks": _row_locks(seen["row_locks"], tables),
            "bytes": {watching.log: more - written},
            "rate": rate,
            "blind": blind,
            "short": seeded.short,
            "failed": seen["failed"],
            "left_out": [each for each in tables[MOST:] if each in touched],
        }
        facts["step_seconds"] = _seconds(steps)
        facts["error"] = "" if failure is None else failure.message
        return Measured(self.rows, round(end - trace.begin, 4), facts, failure)


def _plan(scene: Scene, revision: str, tables: Sequence[str], trace: Trace) -> Any:
    """Across one revision, watched; last of all a transaction that has read `tables` gets in the way, if one is to."""

    def plan(stepper: Stepper) -> Iterator[RevisionStep]:
        if stepper.bind != scene.bind:
            return
        connection = stepper.connection
        with _outside(connection):
            session = scene.stage.server.product.watching.session(connection)
        scene.crowd.watch(session)
        if scene.stage.options.blocker:
            scene.crowd.block(list(tables), scene.stage.options.blocker)
        with trace.on(connection):
            yield stepper.move(revision, "upgrade")

    return plan


@contextmanager
def _outside(connection: Connection) -> Iterator[None]:
    """Leave the connection in a transaction only if it was in one."""
    was_in = connection.in_transaction()
    try:
        yield
    finally:
        if not was_in:
            connection.rollback()


def _seconds(steps: Sequence[Step]) -> float:
    return round(sum(each.seconds for each in steps), 4)


def _statements(trace: Trace) -> list[Facts]:
    """The slowest statements, in their order."""
    slowest = sorted(trace.statements, key=lambda each: -each.seconds)[:KEPT]
    return [
        {
            "statement": " ".join(each.text.split())[:LONG],
            "at_ms": round((each.begun - trace.begin) * 1000, 1),
            "ms": round(each.seconds * 1000, 1),
        }
        for each in trace.statements
        if each in slowest
    ]


def _locks(
    trace: Trace, looks: Sequence[Mapping[str, Any]], watching: Watching, tables: Collection[str]
) -> dict[str, Facts]:
    """By table, the strongest lock that was held, for how long, and for how long one was waited for.

    One that no look has met was there between two of them, or, where the session itself told of it, since its first
    statement at most.
    """
    held: dict[str, dict[str, tuple[float, float]]] = {}
    for lock, since, seconds in trace.locks:
        if lock.is_granted and lock.table in tables:
            span = (round((since - trace.begin) * 1000, 1), round(seconds * 1000, 1))
            held.setdefault(lock.table, {})[lock.mode] = span
    seen = [each for each in looks if each["table"] in tables]
    for each in seen:
        if each["granted"]:
            spans = held.setdefault(each["table"], {})
            if each["ms"] >= spans.get(each["mode"], (0.0, 0.0))[1]:
                spans[each["mode"]] = (each["at"], each["ms"])
    found: dict[str, Facts] = {}
    for table, spans in held.items():
        strongest = watching.strongest(spans)
        at, held_ms = spans[strongest]
        modes = {mode: ms for mode, (_, ms) in spans.items()}
        found[table] = {"lock": strongest, "at_ms": at, "held_ms": held_ms, "all_ms": modes}
    for each in seen:
        if not each["granted"]:
            found.setdefault(each["table"], {})["waited_ms"] = each["ms"]
    return found


def _row_locks(seen: Sequence[Sequence[str]], tables: Collection[str]) -> dict[str, list[str]]:
    """By table, in which ways rows of it were locked."""
    found: dict[str, list[str]] = {}
    for table, mode in seen:
        if table in tables:
            found.setdefault(table, []).append(mode)
    return found


def touched(step: Step, before: Collection[str], differing: Collection[str]) -> set[str]:
    """The tables of `before` that a step works on: its statements name them, or they are not as they were."""
    words = {
        word
        for statement in step.statements
        if not LOOKED_UP.search(statement)
        for word in CONCERNED.findall(statement)
    }
    spaced = {each for each in before if not CONCERNED.fullmatch(each)}
    named = {each for each in spaced if any(each in statement for statement in step.statements)}
    return {each for each in before if each in words or each in differing} | named
