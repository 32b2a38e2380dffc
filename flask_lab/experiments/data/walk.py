"""One way through the tree on one bind, with rows of one kind in every table."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from alembic.runtime.migration import RevisionStep

from flask_lab.errors import MigrationFailed
from flask_lab.experiments.base import Stage
from flask_lab.experiments.data import recorded
from flask_lab.experiments.data.insertion import Probe, Refusal
from flask_lab.experiments.data.state import State
from flask_lab.experiments.data.trial import Facts, Trial, is_bad
from flask_lab.experiments.walking import RowWalk
from flask_lab.migrator import Direction, Step, Stepper
from flask_lab.project import Bind
from flask_lab.rows import Filled, Kind, Loader, Order, Row, Theme, load, sorted_tables

DIRECTIONS: tuple[Direction, ...] = ("upgrade", "downgrade", "upgrade")


@dataclass(frozen=True, slots=True)
class Control:
    """How a revision does without rows: how many steps of up, down and up pass, and whether the next one fails."""

    passed: int
    fails: bool

    @property
    def goes_back(self) -> bool:
        return not self.fails


@dataclass(slots=True)
class Knowledge:
    """What walks tell each other: how revisions do without rows, and what was tried already."""

    controls: dict[tuple[Bind, str], Control] = field(default_factory=dict)
    met: set[tuple[Bind, Kind, str, int]] = field(default_factory=set)
    enforces: bool = True
    """Whether the app has foreign keys enforced by itself."""
    relaxed: dict[tuple[Bind, str], Facts] = field(default_factory=dict)
    """Revisions that foreign keys stopped which the lab alone enforces, with what failed: tried on without them."""
    writers: dict[Bind, list[str]] = field(default_factory=dict)
    """Revisions that write rows in a transaction which may be that of the next ones too, in their order."""

    def take(self, other: Knowledge) -> None:
        """Know also what a walk has learnt that went on in another process."""
        self.controls |= other.controls
        self.met |= other.met
        self.relaxed |= other.relaxed
        for bind, writers in other.writers.items():
            mine = self.writers.setdefault(bind, [])
            mine += [each for each in writers if each not in mine]


class Walk(RowWalk):
    """Tries every revision with rows of one kind."""

    def __init__(
        self, stage: Stage, order: tuple[str, ...], bind: Bind, kind: Kind, known: Knowledge
    ) -> None:
        super().__init__(stage, order, bind)
        self.kind = kind
        self.known = known
        self.trial: Trial | None = None
        self.suspect: Trial | None = None
        """A trial that failed, of which nobody knows whether it fails without rows too."""
        self.passed = 0
        self.refused: set[tuple[str, str]] = set()
        """Tables that do not take a row, with what the server says of it."""
        self.opened: int | None = None
        """Whether foreign keys are enforced on SQLite as env.py opens the connection; None before it does."""

    def _is_wanted(self) -> bool:
        return self._is_unsure or super()._is_wanted()

    @property
    def _is_unsure(self) -> bool:
        return self.suspect is not None

    def _begin(self) -> None:
        super()._begin()
        self.trial = None
        self.passed = 0

    def _steps(self, stepper: Stepper) -> Iterator[RevisionStep]:
        if stepper.bind != self.bind:
            return
        for revision in self.applied.revisions:
            yield from self._pass(stepper, revision)
        if self.suspect is not None:
            yield from self._control(stepper, self.suspect)
        while self._is_wanted():
            revision = self.waiting[0]
            key = (self.bind, self.kind, revision, self.applied.mark)
            control = self.known.controls.get((self.bind, revision))
            if control is not None and not control.passed:
                self._leave_out(revision)
            elif key in self.known.met or not self.stage.asks(revision):
                self.passing = revision
                yield from self._pass(stepper, revision)
                self.passing = self.state = None
                self.applied.add(self.waiting.pop(0))
            else:
                self.known.met.add(key)
                yield from self._try(stepper, revision)
                if self.done[-1][1].get("kept"):
                    return

    def _try(self, stepper: Stepper, revision: str) -> Iterator[RevisionStep]:
        """Across one revision with rows: up, rows of the new schema, down, up again."""
        begun = time.perf_counter()
        self._open_anew(stepper)
        if self.state is None:
            self.state = self._filled(stepper)
        self.trial = trial = Trial(revision, self.kind, states=[self.state], not_filled=dict(self.not_filled))
        trial.steps = stepper.steps = []
        relaxed = (self.bind, revision) in self.known.relaxed
        with self._foreign_keys(stepper, enforced=False if relaxed else None):
            yield stepper.move(revision, "upgrade")
            if stepper.context.impl.transactional_ddl:
                self._note_writes(trial.steps[0])
            self._look(stepper, trial)
            added = self._insert(stepper, trial)
            control = self.known.controls.get((self.bind, revision))
            if control is None or control.goes_back:
                for direction in DIRECTIONS[1:]:
                    yield stepper.move(revision, direction)
                    self._look(stepper, trial)
        if self.stage.keep and is_bad(trial.facts()):
            trial.kept = self.stage.kept()
        else:
            self.state = self._tidied(stepper, trial, added)
        trial.seconds = time.perf_counter() - begun
        self.trial = None
        self._put_down(trial)
        self.applied.add(revision)
        self.waiting.remove(revision)

    def _put_down(self, trial: Trial) -> None:
        enforced = self.known.relaxed.get((self.bind, trial.revision))
        self.done.append((trial.revision, trial.facts() | {"enforced": enforced}))

    def _note_writes(self, step: Step) -> None:
        writers = self.known.writers.setdefault(self.bind, [])
        if recorded.writes_rows(step) and step.revision not in writers:
            writers.append(step.revision)

    def _control(self, stepper: Stepper, suspect: Trial) -> Iterator[RevisionStep]:
        """The steps of a trial that failed, without rows; then on from there."""
        for direction in DIRECTIONS[: len(suspect.steps)]:
            yield stepper.move(suspect.revision, direction)
            self.labels.take(stepper.steps[-1])
            self.passed += 1
        self._learn(suspect, fails=False)
        if self.passed == 2:
            self.passing = suspect.revision
            yield from self._pass(stepper, suspect.revision)
            self.passing = None

    def _fail(self, failure: MigrationFailed) -> None:
        """Find out what failed, and where to go on."""
        if self.suspect is not None:
            self._learn(self.suspect, fails=True)
        elif self.trial is not None and self.trial.steps:
            trial, self.trial = self.trial, None
            trial.error = failure.cause
            if self._may_relax(trial, failure):
                return
            trial.kept = self.stage.kept()
            self.waiting.remove(trial.revision)
            step = trial.steps[-1]
            known = self.known.controls.get((self.bind, trial.revision))
            if known is not None and len(trial.steps) <= known.passed:
                self._conclude(trial, known)
            elif step.error is not None and not step.statements:
                # It gave up before it asked the database anything.
                self.passed = len(trial.steps) - 1
                self._learn(trial, fails=True)
            else:
                self.suspect = trial
        elif self.passing is not None:
            if self.passing in self.waiting and self.state is None:
                self._leave_out(self.passing)
        else:
            raise failure

    def _may_relax(self, trial: Trial, failure: MigrationFailed) -> bool:
        """Whether to try the revision once more without the foreign keys that stopped it."""
        place = (self.bind, trial.revision)
        if self.known.enforces or place in self.known.relaxed or "FOREIGN KEY" not in failure.message:
            return False
        self.known.relaxed[place] = trial.facts()["failed"]
        self.known.met.discard((self.bind, self.kind, trial.revision, self.applied.mark))
        return True

    def _learn(self, trial: Trial, *, fails: bool) -> None:
        control = Control(self.passed, fails)
        self.known.controls[self.bind, trial.revision] = control
        self.suspect = None
        self._conclude(trial, control)

    def _conclude(self, trial: Trial, control: Control) -> None:
        """Put a failed trial on record, now that it is known what rows have to do with it."""
        trial.passes_empty = len(trial.steps) <= control.passed
        if control.passed:
            self.applied.add(trial.revision)
            self._put_down(trial)
        else:
            self._leave_out(trial.revision)

    def _leave_out(self, revision: str) -> None:
        """Pass by a revision that cannot be applied, and those that need it."""
        above = self.stage.project.tree.above(revision)
        gone = [each for each in self.waiting if each in above or each == revision]
        for each in dict.fromkeys([revision, *gone]):
            why = "the upgrade" if each == revision else f"it needs {revision}, whose upgrade"
            self.done.append((each, {"skipped": f"{why} fails without rows too: see stairway"}))
        self.waiting = [each for each in self.waiting if each not in gone]

    def _filled(self, stepper: Stepper) -> State:
        """Rows in every table of a database that has none of the lab's yet."""
        state = State.read(stepper.connection, self._ignored(stepper), self._schema(stepper))
        state = state.with_labels(self.labels)
        self.not_filled = dict(self._load(stepper, state, set(state.shapes)).not_filled)
        state = state.with_rows(stepper.connection, set(state.shapes))
        stepper.settle()
        return state

    def _look(self, stepper: Stepper, trial: Trial) -> None:
        """Add the state after the last step to a trial."""
        step = trial.steps[-1]
        schema = self._schema(stepper)
        state = trial.states[-1].after(step, stepper.connection, trial.states, self._ignored(stepper), schema)
        if step.direction == "upgrade":
            self.labels.take(step)
        trial.states.append(state.with_labels(self.labels))
        stepper.settle()

    def _insert(self, stepper: Stepper, trial: Trial) -> dict[str, list[Row]]:
        """Write rows as the new schema wants them, which the way back will meet; their keys."""
        before, up = trial.states
        touched = trial.touched() & set(up.shapes)
        shapes = {**up.shapes, **recorded.as_asked(trial.steps[0], before.shapes, up.shapes, touched)}
        numbered = recorded.numbered(trial.steps[0], before.shapes, up.shapes)
        probe = Probe(stepper.connection, before, up, numbered, self._number())
        if self.kind is Kind.ORDINARY:
            for table in sorted(touched):
                trial.refused += probe.left_to_server(table)
        # Renamed ones under their new names, or else they would pass for new.
        domains = recorded.as_called(trial.steps[0], before.shapes, up.shapes)
        order = Order(touched, self._number(), 1, domains=domains)
        plain = load(stepper.connection, Kind.ORDINARY, recorded.as_distinct(domains, shapes), order)
        trial.refused += [*probe.with_all_values(plain), *probe.never_taken(plain)]
        trial.refused = [each for each in trial.refused if self._is_news(each, before)]
        trial.not_filled |= {
            name: said for name, said in plain.not_filled.items() if name not in before.shapes
        }
        added = {name: list(rows) for name, rows in plain.keys.items()}
        if self.kind is Kind.HOSTILE:
            # Not the longest or largest: that a wider column holds more than the old one took is why it was made so.
            themes = (Theme.NULLS, Theme.TWICE, Theme.TWICE, Theme.TWICE)
            order = Order(touched, self._number(), themes=themes, domains=domains)
            for name, rows in load(stepper.connection, Kind.HOSTILE, shapes, order).keys.items():
                added.setdefault(name, []).extend(rows)
        stepper.settle()
        return added

    def _is_news(self, refusal: Refusal, before: State) -> bool:
        """Whether a table that was there takes a row no more since this revision, rather than since an earlier one."""
        told = refusal.table, re.sub(r"\d+", "", refusal.said)
        if refusal.table in before.shapes and told in self.refused:
            return False
        self.refused.add(told)
        return True

    def _tidied(self, stepper: Stepper, trial: Trial, added: dict[str, list[Row]]) -> State:
        """Take the rows for the way back out again, and fill what is new: tables, columns, tables emptied."""
        before, last = trial.before, trial.states[-1]
        # The lab must leave no orphans.
        with self._foreign_keys(stepper, enforced=True):
            for name in reversed(
                sorted_tables({each: last.shapes[each] for each in added if each in last.shapes})
            ):
                self._delete(stepper, last, name, added[name])
        touched = (trial.touched() | set(added)) & set(last.shapes)
        state = last.with_rows(stepper.connection, touched)
        empty = {name for name in touched if not state.rows[name].rows}
        self.not_filled = {name: said for name, said in self.not_filled.items() if name not in touched}
        self.not_filled |= self._load(stepper, state, empty).not_filled
        loader = Loader(stepper.connection, self.kind, state.shapes)
        for name in touched - empty:
            old = before.shapes.get(name)
            loader.fill_columns(
                state.shapes[name], set(state.shapes[name].columns).difference(old.columns if old else ())
            )
        state = state.with_rows(stepper.connection, touched)
        stepper.settle()
        return state

    def _delete(self, stepper: Stepper, state: State, name: str, rows: list[Row]) -> None:
        key = state.shapes[name].key
        found = [[row[each] for each in key] for row in rows if all(each in row for each in key)]
        if not key or not found:
            return
        table = sa.table(name, *(sa.column(each) for each in key))
        statement = sa.delete(table).where(*(table.c[each] == sa.bindparam(f"of {each}") for each in key))
        bound = [{f"of {each}": value for each, value in zip(key, values, strict=True)} for values in found]
        for chosen in [bound, *([each] for each in bound)]:
            # What the revision has made refer to a row since stays, and so does the row.
            with suppress(sa.exc.DBAPIError), stepper.connection.begin_nested():
                stepper.connection.execute(statement, chosen)
                if chosen is bound:
                    break

    def _open_anew(self, stepper: Stepper) -> None:
        """Take back what an earlier revision has set on the connection: each is tried as in a run of its own."""
        if stepper.connection.dialect.name != "sqlite":
            return
        stepper.settle()
        cursor: Any = stepper.connection.connection.cursor()
        if self.opened is None:
            cursor.execute("PRAGMA foreign_keys")
            self.opened = int(cursor.fetchone()[0])
        cursor.execute(f"PRAGMA foreign_keys = {self.opened}")
        cursor.close()

    def _load(self, stepper: Stepper, state: State, names: Collection[str]) -> Filled:
        if not names:
            return Filled({}, {})
        return load(stepper.connection, self.kind, state.shapes, Order(names))
