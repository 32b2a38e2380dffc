"""One way through the tree on one bind: what the release before each revision sends, on the schema after it."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from alembic.runtime.migration import RevisionStep

from flask_lab.errors import MigrationFailed
from flask_lab.experiments.base import Stage
from flask_lab.experiments.data import recorded
from flask_lab.experiments.data.state import State
from flask_lab.experiments.rolling.causes import Change, breaks, unknown_labels
from flask_lab.experiments.rolling.models import ask_models
from flask_lab.experiments.rolling.rollback import Written, neither_order, read_by_old
from flask_lab.experiments.rolling.statements import Script, play, write_script
from flask_lab.experiments.walking import RowWalk
from flask_lab.migrator import Stepper
from flask_lab.project import Bind
from flask_lab.rows import Kind, Loader, Order, load
from flask_lab.rows.values import labels
from flask_lab.schema import Difference, differences

Facts = dict[str, Any]
SCRIPTED = 9_000_000
"""Where the numbers of rows begin that are written only to be taken back."""
GONE_ALONG = ("enumeration", "domain", "function", "sequence", "composite type")
"""What columns and triggers of any table may lean on."""
FAILS = "does not get through over rows: see stairway and data"


@dataclass(slots=True)
class Visit:
    """What is known so far of one revision."""

    revision: str
    begun: float = field(default_factory=time.perf_counter)
    is_up: bool = False
    """Whether the upgrade got through."""
    facts: Facts = field(default_factory=dict)
    not_compared: list[str] = field(default_factory=list)

    def done(self) -> Facts:
        """Everything as JSON values."""
        return self.facts | {"not_compared": self.not_compared, "seconds": time.perf_counter() - self.begun}


@dataclass(frozen=True, slots=True)
class Asked:
    """One revision's two schemas, and what of them is asked about."""

    change: Change
    before: State
    up: State
    tables: tuple[str, ...]
    """Those of the old release that the revision may have broken."""
    new: tuple[str, ...]
    """What they are called afterwards, and the tables that are new."""


class Walk(RowWalk):
    """Asks both releases at every revision."""

    def __init__(
        self, stage: Stage, order: tuple[str, ...], bind: Bind, met: set[Any], *, enforces: bool
    ) -> None:
        super().__init__(stage, order, bind)
        self.met = met
        self.enforces = enforces
        self.visit: Visit | None = None
        self.uncertain: str | None = None
        """A revision that did not get through over rows, and may without."""
        self.scripts: dict[str, Script] = {}

    @property
    def _is_unsure(self) -> bool:
        return self.uncertain is not None

    def _begin(self) -> None:
        super()._begin()
        self.visit = None
        self.scripts = {}

    def _steps(self, stepper: Stepper) -> Iterator[RevisionStep]:
        if stepper.bind != self.bind:
            return
        for revision in self.applied.revisions:
            yield from self._pass(stepper, revision)
        while self._is_unsure or self._is_wanted():
            revision = self.uncertain or self.waiting[0]
            key = (self.bind, revision, self.applied.mark)
            if self.uncertain or key in self.met or not self.stage.asks(revision):
                self.passing = revision
                yield from self._pass(stepper, revision)
                self.passing = self.uncertain = self.state = None
                self._apply(revision)
            else:
                self.met.add(key)
                yield from self._try(stepper, revision)

    def _apply(self, revision: str) -> None:
        self.applied.add(revision)
        if revision in self.waiting:
            self.waiting.remove(revision)

    def _try(self, stepper: Stepper, revision: str) -> Iterator[RevisionStep]:
        """Across one revision: up, the old release's statements, rows of the new one, down, up again."""
        if self.state is None:
            self._fill(stepper)
        before, known = self._state, self._state.with_labels(self.labels)
        self.visit = visit = Visit(revision)
        stepper.steps = []
        yield stepper.move(revision, "upgrade")
        visit.is_up = True
        up = self._look(stepper, before, [before])
        asked = self._asked(stepper, known, up.with_labels(self.labels))
        if asked is None:
            self.state = up
        else:
            self._ask(stepper, visit, asked)
            written = self._write_as_new(stepper, asked)
            yield stepper.move(revision, "downgrade")
            back = self._look(stepper, up, [before, up])
            self._ask_back(stepper, visit, asked, back, written)
            yield stepper.move(revision, "upgrade")
            self.state = self._look(stepper, back, [before, up])
            written.take_out(stepper.connection, self.state.shapes)
        self._tidy(stepper, before)
        self.visit = None
        self.done.append((revision, visit.done()))
        self._apply(revision)

    def _asked(self, stepper: Stepper, before: State, up: State) -> Asked | None:
        """What there is to ask; None where the revision leaves the schema as it was."""
        found = differences(before.schema, up.schema)
        relabelled = _relabelled(before, up)
        if not found and not relabelled:
            return None
        step = stepper.steps[0]
        renames = recorded.renames(step, before.shapes)
        reached = _reached(found) & set(before.shapes) | relabelled
        # Apps name the whole table, and partitions come and go with time.
        reached -= {
            name.name
            for name, each in before.schema.items()
            if name.kind == "table" and each.get("partition")
        }
        if any(_moves_all(each) for each in found):
            reached |= recorded.touched(step, before.shapes, set(before.shapes)) or set(before.shapes)
        kept = {renames.table(name, up.shapes) for name in reached} & set(up.shapes)
        new = kept | (set(up.shapes) - {renames.table(name, up.shapes) for name in before.shapes})
        change = Change(step, before.shapes, up.shapes, renames, tuple(found))
        return Asked(change, before, up, tuple(sorted(reached)), tuple(sorted(new)))

    def _ask(self, stepper: Stepper, visit: Visit, asked: Asked) -> None:
        """Run what the old release sends on the new schema."""
        ran, broken = 0, []
        with self._as_app(stepper):
            for table in asked.tables:
                script = self.scripts[table]
                outcomes = play(stepper.connection, script)
                ran += len(outcomes)
                found, unsaid = breaks(stepper.connection, asked.change, script, outcomes)
                broken += found
                visit.not_compared += [f"{visit.revision}: {each}" for each in unsaid]
                if script.not_made:
                    visit.not_compared.append(f"what is written to {table}: {script.not_made}")
        visit.facts |= {
            "tables": list(asked.tables),
            "statements": ran,
            "old_on_new": broken,
            "new_labels": list(unknown_labels(asked.change, self.labels)),
        }

    def _write_as_new(self, stepper: Stepper, asked: Asked) -> Written:
        """Make the new release's statements, and write rows as it does, which the way back will meet."""
        for name in set(self.scripts) - set(asked.up.shapes) | set(asked.tables):
            self.scripts.pop(name, None)
        with self._as_app(stepper):
            for table in asked.new:
                self.scripts[table] = self._make_script(stepper, asked.up, table)
            return Written.write(stepper.connection, asked.change, asked.new, self._number())

    def _ask_back(self, stepper: Stepper, visit: Visit, asked: Asked, back: State, written: Written) -> None:
        """Read with the old release what the new one wrote, and run the new one's statements on the old schema."""
        if left := differences(asked.before.schema, back.schema):
            visit.not_compared.append(
                f"{visit.revision}: the way back, after which the schema is not what it was: see stairway ({left[0]})"
            )
            return
        step = stepper.steps[1]
        failed, ran = [], 0
        emptied = {name for name, rows in back.rows.items() if not rows.rows}
        with self._as_app(stepper):
            visit.facts["back"] = list(read_by_old(stepper.connection, asked.change, step, written, emptied))
            for table in asked.new:
                outcomes = play(stepper.connection, self.scripts[table])
                ran += len(outcomes)
                failed += [each for each in outcomes if each.said]
            if visit.revision in self.stage.project.tree.heads:
                metadata = self.stage.project.metadata(self.bind)
                visit.facts["models_on_old"] = ask_models(stepper.connection, metadata, self.scripts)
        visit.facts["new_on_old"] = {"statements": ran, "failed": len(failed)}
        visit.facts["neither_order"] = list(
            neither_order(stepper.connection, asked.change, failed, visit.facts["old_on_new"])
        )

    def _tidy(self, stepper: Stepper, before: State) -> None:
        """Fill what is new, as an app would in time, and make anew the statements of tables that are others now."""
        state = self._state
        touched = {name for name, rows in state.rows.items() if before.rows.get(name) is not rows}
        empty = {name for name in touched if not state.rows[name].rows}
        self.not_filled = {name: said for name, said in self.not_filled.items() if name not in touched}
        shapes = self.labels.on(state.shapes)
        if empty:
            self.not_filled |= load(stepper.connection, Kind.ORDINARY, shapes, Order(empty)).not_filled
        loader = Loader(stepper.connection, Kind.ORDINARY, shapes)
        for name in touched - empty:
            known = before.shapes[name].columns if name in before.shapes else ()
            loader.fill_columns(shapes[name], set(shapes[name].columns).difference(known))
        self.state = state.with_rows(stepper.connection, touched)
        state = self.state.with_labels(self.labels)
        stepper.settle()
        reached = {name for name in touched if before.rows.get(name) != state.rows[name]}
        reached |= {
            name
            for name, shape in state.shapes.items()
            if any(each.parent in reached for each in shape.references)
        }
        self.scripts = {
            name: script
            for name, script in self.scripts.items()
            if name in state.shapes and name not in reached
        }
        with self._as_app(stepper):
            for name in state.shapes:
                if name not in self.scripts:
                    self.scripts[name] = self._make_script(stepper, state, name)

    def _fill(self, stepper: Stepper) -> None:
        """Rows in every table of a database that has none of the lab's yet."""
        state = State.read(stepper.connection, self._ignored(stepper), self._schema(stepper))
        shapes = self.labels.on(state.shapes)
        self.not_filled = dict(load(stepper.connection, Kind.ORDINARY, shapes).not_filled)
        self.state = state.with_rows(stepper.connection, set(shapes))
        stepper.settle()
        state = self.state.with_labels(self.labels)
        with self._as_app(stepper):
            self.scripts = {name: self._make_script(stepper, state, name) for name in state.shapes}

    def _make_script(self, stepper: Stepper, state: State, table: str) -> Script:
        rows = state.rows[table].rows
        return write_script(stepper.connection, state.shapes, table, SCRIPTED, rows[0] if rows else None)

    def _look(self, stepper: Stepper, last: State, known: Collection[State]) -> State:
        """The state after the last step."""
        step = stepper.steps[-1]
        state = last.after(step, stepper.connection, known, self._ignored(stepper), self._schema(stepper))
        if any(_moves_all(each) for each in differences(last.schema, state.schema)):
            # No statement names the tables that lean on it.
            state = State.read(stepper.connection, self._ignored(stepper), state.schema)
        if step.direction == "upgrade":
            self.labels.take(step)
        stepper.settle()
        return state

    def _fail(self, failure: MigrationFailed) -> None:
        """Put on record what there is, and find out where to go on."""
        if self.visit is not None:
            visit, self.visit = self.visit, None
            if visit.is_up:
                visit.not_compared.append(f"{visit.revision}: the way back, which {FAILS}")
                self.done.append((visit.revision, visit.done()))
            else:
                self.done.append((visit.revision, {"skipped": f"the upgrade {FAILS} ({failure.message})"}))
            self.waiting.remove(visit.revision)
            self.uncertain = visit.revision
        elif self.passing is not None:
            self._leave_out(self.passing, failure.message)
            self.uncertain = None
        else:
            raise failure

    def _leave_out(self, revision: str, said: str) -> None:
        """Pass by a revision that cannot be applied, and those that need it."""
        above = self.stage.project.tree.above(revision)
        if revision in self.waiting:
            self.done.append((revision, {"skipped": f"the upgrade fails: see stairway ({said})"}))
        for each in (each for each in self.waiting if each in above):
            self.done.append((each, {"skipped": f"it needs {revision}, whose upgrade fails: see stairway"}))
        self.waiting = [each for each in self.waiting if each not in above and each != revision]

    @contextmanager
    def _as_app(self, stepper: Stepper) -> Iterator[None]:
        """With foreign keys enforced on SQLite as the app has them; and nothing left open before and after."""
        stepper.settle()
        with self._foreign_keys(stepper, enforced=self.enforces):
            yield
        stepper.settle()

    @property
    def _state(self) -> State:
        if self.state is None:
            raise AssertionError("no database has been filled yet")
        return self.state


def _reached(found: Collection[Difference]) -> set[str]:
    """The tables that differences are about."""
    return {
        each.name.table or each.name.name for each in found if each.name.table or each.name.kind == "table"
    }


def _relabelled(before: State, up: State) -> set[str]:
    """The tables in which an enumeration has other labels; a product that keeps texts for them shows no difference."""
    return {
        name
        for name, shape in before.shapes.items()
        if name in up.shapes and shape is not up.shapes[name]
        for each, column in shape.columns.items()
        if each in up.shapes[name].columns and labels(column) != labels(up.shapes[name].columns[each])
    }


def _moves_all(difference: Difference) -> bool:
    """Whether it is about something that any table may lean on, and that is not merely new."""
    is_new = difference.attribute is None and difference.before is None
    return difference.name.kind in GONE_ALONG and not is_new
