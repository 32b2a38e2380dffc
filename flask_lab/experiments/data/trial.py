"""One revision up, down and up again over rows: what became of them, as facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from flask_lab.experiments.base import error_facts, step_facts
from flask_lab.experiments.data import recorded
from flask_lab.experiments.data.insertion import Refusal
from flask_lab.experiments.data.state import State
from flask_lab.experiments.data.telling import telling
from flask_lab.migrator import Step
from flask_lab.results import plain
from flask_lab.rows import Change, Kind, Renames, TableRows, compare

STEPS = ("upgrade", "downgrade", "again")
SHOWN = 3
Facts = dict[str, Any]
HARM = ("lost", "changed", "invented", "destroyed", "refused", "back_lost", "back_changed")


@dataclass(slots=True)
class Trial:
    """What is known so far of one revision while it is stepped across with rows."""

    revision: str
    kind: Kind
    seconds: float = 0.0
    steps: list[Step] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    """Before the first step, and after each."""
    not_filled: dict[str, str] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    error: BaseException | None = None
    """Why the last step did not get through."""
    passes_empty: bool = True
    """Whether that step does get through without rows."""
    kept: Facts = field(default_factory=dict)

    @property
    def before(self) -> State:
        return self.states[0]

    def touched(self) -> set[str]:
        """The tables that any step so far may have changed: those that were read again."""
        return {
            name
            for old, new in pairwise(self.states)
            for name in {**old.rows, **new.rows}
            if old.rows.get(name) is not new.rows.get(name)
        }

    def facts(self) -> Facts:
        """Everything as JSON values."""
        steps: list[Step | None] = [*self.steps, None, None, None]
        facts: Facts = {name: step_facts(step) for name, step in zip(STEPS, steps, strict=False)}
        facts["rows"] = sum(len(each.rows) for each in self.before.rows.values()) if self.states else 0
        facts["not_filled"] = dict(self.not_filled)
        facts["failed"] = self._failure()
        facts["fails_empty"] = STEPS[len(self.steps) - 1] if self.error and not self.passes_empty else None
        found = Findings(self) if len(self.states) > 1 else None
        facts |= found.facts() if found else {}
        if facts["failed"] and (origin := self._origin(facts)):
            # One story: the way back meets what the upgrade has made of the values.
            origin["then"] = f"{facts['failed']['step']} fails: {facts['failed']['message']}"
            facts["failed"] = None
        facts["refused"] = [plain(each) for each in self.refused]
        return facts | self.kept

    def _origin(self, facts: Facts) -> Facts | None:
        """What the upgrade changed in a table that a later step failed over."""
        names = recorded.renames(self.steps[0], self.before.shapes).tables
        changed = facts.get("changed", ()) if len(self.steps) > 1 else ()
        return next(
            (each for each in changed if names.get(each["table"], each["table"]) in facts["failed"]["rows"]),
            None,
        )

    def _failure(self) -> Facts | None:
        if self.error is None or not self.passes_empty:
            return None
        step = self.steps[-1]
        last = self.states[-1]
        touched = recorded.touched(step, last.shapes, last.shapes)
        said = error_facts(self.error, step.statements)
        return {
            "step": STEPS[len(self.steps) - 1],
            **said,
            "rows": {
                name: _rows(telling(last.rows[name].rows, said["message"]))
                for name in sorted(touched)
                if last.rows[name].rows
            },
        }


def is_bad(facts: Facts) -> bool:
    """Whether a step that got through did harm."""
    return any(facts.get(name) for name in HARM)


class Findings:
    """What became of the rows of a trial, from state to state."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.before, self.up = trial.states[:2]
        self.step = trial.steps[0]
        self.renames = recorded.renames(self.step, self.before.shapes)
        self.updated = [recorded.updated(step) for step in trial.steps]
        touched = trial.touched()
        self.old = {name: rows for name, rows in self.before.rows.items() if name in touched}

    def facts(self) -> Facts:
        gone = [
            each for each in self._compared(self.up, self.renames) if not self._is_set(each, self.updated[0])
        ]
        dropped = list(self._dropped())
        back = list(self._round_trip(gone))
        missing = [place for place in dropped if not self._is_back(place, [each for _, each in back])]
        aside = [place for place in missing if self._is_kept_aside(*place)]
        destroyed = [place for place in missing if place not in aside]
        # Where nothing went back, what is kept aside is not lost yet.
        absent = [self._went(*place) | {"after": STEPS[1]} for place in aside if self._is_absent(*place)]
        told: Facts = {
            "lost": _lost(gone, self.before, [self.step]),
            "changed": _changed(gone, self.before, [self.step]),
            "invented": list(self._invented()),
            "destroyed": [self._went(*place) for place in destroyed],
            "back_lost": [each for each in absent if not each["column"]],
            "back_changed": [each for each in absent if each["column"]],
        }
        for place, step in enumerate(self.trial.steps[1 : len(self.trial.states) - 1], 2):
            rest = [
                each
                for after, each in back
                if after == step and not {(each.table, None), (each.table, each.column)} & set(destroyed)
            ]
            for name, tell in (("back_lost", _lost), ("back_changed", _changed)):
                found = tell(rest, self.before, self.trial.steps[:place])
                told[name] += [each | {"after": STEPS[place - 1]} for each in found]
        return told

    def _compared(self, state: State, renames: Renames) -> list[Change]:
        return compare(self._rows_before(), state.rows, renames)

    def _rows_before(self) -> dict[str, TableRows]:
        """The rows; without their key where the step gives a new one."""
        return {
            name: replace(rows, key=())
            if any((name.lower(), key.lower()) in self.updated[0] for key in rows.key)
            else rows
            for name, rows in self.old.items()
        }

    def _is_set(self, change: Change, updated: set[tuple[str, str]]) -> bool:
        """Whether an UPDATE sets the column, under its old name or its new one."""
        if change.column is None:
            return False
        table = self.renames.tables.get(change.table, change.table)
        column = self.renames.columns.get((change.table, change.column), change.column)
        places = {(t.lower(), c.lower()) for t in (table, change.table) for c in (column, change.column)}
        return not places.isdisjoint(updated)

    def _is_lasting(self, change: Change) -> bool:
        """Whether a value is meant to stay after the way back: what filled a NULL, or put an odd row in order."""
        if change.column is None:
            return False
        if change.before[change.column] is None:
            return any(self._is_set(change, each) for each in self.updated)
        return self.trial.kind is Kind.HOSTILE and self._is_set(change, self.updated[0])

    def _invented(self) -> Iterator[Facts]:
        """New columns that the server filled, because they may not be NULL and nobody said with what."""
        for old_name, old in self.old.items():
            name = self.renames.table(old_name, self.up.rows)
            if not old.rows or name not in self.up.rows or not self.up.rows[name].rows:
                continue
            known = {
                self.renames.columns.get((old_name, each), each)
                for each in (*old.columns, *self.before.shapes[old_name].columns)
            }
            for column in self.up.shapes[name].written:
                if column.name in known or column.nullable or column.default is not None or column.numbered:
                    continue
                values = {repr(row[column.name]) for row in self.up.rows[name].rows}
                if len(values) == 1 and not recorded.asked_for(self.step, column.name):
                    yield {
                        "table": name,
                        "column": column.name,
                        "value": values.pop(),
                        "rows": len(old.rows),
                        "statements": recorded.speaking_of([self.step], name, column.name),
                    }

    def _dropped(self) -> Iterator[tuple[str, str | None]]:
        """Tables, and columns of tables that stay, that held values and are gone after the upgrade."""
        for name, old in self.old.items():
            if not old.rows:
                continue
            new = self.renames.table(name, self.up.shapes)
            if new not in self.up.shapes:
                yield name, None
                continue
            there = self.up.shapes[new].columns
            for column in old.columns:
                held = any(row[column] is not None for row in old.rows)
                if held and self.renames.column(name, column, there) not in there:
                    yield name, column

    def _is_kept_aside(self, table: str, column: str | None) -> bool:
        """Whether the values that went are now all in one other column, or columns, that the step filled."""
        old = self.before.rows[table]
        columns = [column] if column else [each for each in old.columns if each not in old.key]
        held = [{repr(row[name]) for row in self.up.rows[place].rows} for place, name in self._filled()]
        values = [{repr(row[name]) for row in old.rows if row[name] is not None} for name in columns]
        return bool(columns) and all(not each or any(each <= other for other in held) for each in values)

    def _filled(self) -> Iterator[tuple[str, str]]:
        """The tables and columns that the step put values into: an old column only if an UPDATE or INSERT did."""
        written, inserted = recorded.written(self.step), recorded.inserted(self.step)
        for place, rows in self.up.rows.items():
            old = self.before.shapes.get(place)
            for name in rows.columns if place.lower() in written else ():
                is_new = old is None or name not in old.columns
                if is_new or place.lower() in inserted or (place.lower(), name.lower()) in self.updated[0]:
                    yield place, name

    def _is_back(self, place: tuple[str, str | None], changes: list[Change]) -> bool:
        """Whether the downgrade has brought a table or column back as it was."""
        if len(self.trial.states) < 3 or self._is_absent(*place):
            return False
        table, column = place
        return not any(each.table == table and column in (None, each.column) for each in changes)

    def _is_absent(self, table: str, column: str | None) -> bool:
        """Whether a table or column is not there after the downgrade."""
        if len(self.trial.states) < 3:
            return False
        shape = self.trial.states[2].shapes.get(table)
        return shape is None or (column is not None and column not in shape.columns)

    def _round_trip(self, gone: list[Change]) -> Iterator[tuple[Step, Change]]:
        """What is another after down, or after up again, that was not so after the first upgrade; with that step."""
        known = {_place(each) for each in gone}
        later = zip(self.trial.steps[1:], self.trial.states[2:4], (Renames(), self.renames), strict=False)
        for step, state, renames in later:
            for change in self._compared(state, renames):
                if _place(change) not in known and not self._is_lasting(change):
                    known.add(_place(change))
                    yield step, change
            # The second upgrade may do whatever the first one did.
            known |= {_place(each) for each in self._compared(self.up, self.renames)}

    def _went(self, table: str, column: str | None) -> Facts:
        old = self.before.rows[table]
        return {
            "table": table,
            "column": column,
            "rows": len(old.rows),
            "of": len(old.rows),
            "values": _rows(({column: row[column]} if column else row) for row in old.rows),
            "statements": recorded.speaking_of([self.step], table, column),
        }


def _place(change: Change) -> tuple[str, str | None, str]:
    return change.table, change.column, repr(sorted(change.before.items(), key=lambda item: item[0]))


def _lost(changes: Iterable[Change], before: State, steps: list[Step]) -> list[Facts]:
    tables: dict[str, list[Change]] = {}
    for change in changes:
        if change.column is None:
            tables.setdefault(change.table, []).append(change)
    return [
        {
            "table": table,
            "rows": len(found),
            "of": len(before.rows[table].rows),
            "gone": _rows(each.before for each in found),
            "statements": recorded.speaking_of(steps, table),
        }
        for table, found in tables.items()
    ]


def _changed(changes: Iterable[Change], before: State, steps: list[Step]) -> list[Facts]:
    columns: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        if change.column is not None:
            columns.setdefault((change.table, change.column), []).append(change)
    return [
        {
            "table": table,
            "column": column,
            "rows": len(found),
            "of": len(before.rows[table].rows),
            "examples": [
                {"before": _short(each.before), "after": _short(each.after or {})} for each in found[:SHOWN]
            ],
            "statements": recorded.speaking_of(steps, table, column),
        }
        for (table, column), found in columns.items()
    ]


def _rows(rows: Iterable[Mapping[str, Any]]) -> list[Facts]:
    """The first of them, fit to be shown."""
    return [_short(row) for row, _ in zip(rows, range(SHOWN), strict=False)]


def _short(row: Mapping[str, Any]) -> Facts:
    shown = {name: plain(value) for name, value in row.items()}
    return {name: value[:80] if isinstance(value, str) else value for name, value in shown.items()}
