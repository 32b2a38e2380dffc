"""Moves a project's databases along its tree, by running its own env.py.

One run of env.py carries as many steps as asked for: what Alembic takes from `fn` may be a generator, which is asked
for the next step when the one before is done. So a walk costs one run of env.py, and each step meets the project's
own connection, settings and locks.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from alembic.operations import AbstractOperations, MigrateOperation
from alembic.operations.batch import BatchOperationsImpl
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, MigrationStep, RevisionStep
from sqlalchemy import Connection, event

from flask_lab.errors import MigrationFailed, TreeError, behind, reason
from flask_lab.project import Bind, Project

Direction = Literal["upgrade", "downgrade"]
# Of an object its address, of a table or its file the scratch database, and what MySQL calls its copy of one.
PASSING = re.compile(
    r" object at 0x[0-9a-f]+|`?\blab_r[0-9a-f]{10}_\d+`?\.|\./lab_r[0-9a-f]{10}_\d+/|(?<=#sql)-[\w-]+"
)


@dataclass(slots=True)
class Step:
    """One upgrade or downgrade across one revision, as it was seen to happen."""

    revision: str
    direction: Direction
    bind: Bind = None
    statements: list[str] = field(default_factory=list)
    direct: list[str] = field(default_factory=list)
    """Those of them that the revision sent by itself, not by an operation of Alembic's."""
    operations: list[MigrateOperation] = field(default_factory=list)
    seconds: float = 0.0
    error: BaseException | None = None
    """What the revision's own function raised."""


class Stepper:
    """What a plan leans on while env.py runs: the connection it opened, and steps to yield to Alembic."""

    def __init__(self, project: Project, context: MigrationContext, bind: Bind, notes: Notes) -> None:
        self.context = context
        # Offline it is one that renders what it is given.
        self.connection = cast("Connection", context.connection)
        self.bind = bind
        self.steps: list[Step] = []
        self._script = project.script
        self._imports = project.imports
        self._notes = notes

    def settle(self) -> None:
        """Commit what the lab itself wrote, unless env.py holds one transaction around everything."""
        if not self.context._in_external_transaction:
            self.connection.commit()

    def move(self, revision: str, direction: Direction) -> RevisionStep:
        """A step to yield; what happens in it is added to `steps`."""
        script = self._script.get_revision(revision)
        if script is None:
            raise TreeError.unknown_revision(revision)
        self._imports.renew(script)
        if not hasattr(script.module, direction):
            # Alembic would not even make the step; so it fails as one that refuses.
            setattr(script.module, direction, _refuse)
        make = (
            MigrationStep.upgrade_from_script
            if direction == "upgrade"
            else MigrationStep.downgrade_from_script
        )
        step = self.watched(make(self._script.revision_map, script))
        function = step.migration_fn

        def migrate(**arguments: Any) -> None:
            # Alembic remembers which enumerations it has made, as long as a run lasts; each step is a run of its own.
            self.context.impl.memo.clear()
            function(**arguments)
            # As the next command would, whatever it is.
            self._imports.repeat()

        step.migration_fn = migrate
        return step

    def watched(self, step: RevisionStep) -> RevisionStep:
        """`step`, with what happens in it added to `steps`."""
        seen = Step(step.revision.revision, "upgrade" if step.is_upgrade else "downgrade", self.bind)
        function = step.migration_fn

        def migrate(**arguments: Any) -> None:
            self.steps.append(seen)
            self._notes.step = seen
            begun = time.perf_counter()
            try:
                function(**arguments)
            except BaseException as error:
                seen.error = error
                raise
            finally:
                seen.seconds = time.perf_counter() - begun
                self._notes.step = None

        step.migration_fn = migrate
        _shorten(step)
        return step


Plan = Callable[[Stepper], Iterator[RevisionStep]]


class Migrator:
    """Runs plans through a project's env.py, on the databases that the project points at."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def follow(self, plan: Plan, *, commit_each: bool = True) -> list[Step]:
        """Run the steps that `plan` yields, for each bind in turn; all steps, in the order in which they ran.

        Each step is committed by itself, unless `commit_each` leaves that to what env.py says. Raises MigrationFailed
        for whatever goes wrong inside, SystemExit included.
        """
        steppers: list[Stepper] = []
        ours: list[Exception] = []

        def upgrade(_heads: Any, context: MigrationContext) -> Iterator[RevisionStep]:
            if context.connection is None:
                raise TreeError.offline_env(self.project.script.dir)
            self.project.imports.repeat()
            notes.listen(context.connection)
            bind = self.project.bind_of(context.connection.engine)
            steppers.append(Stepper(self.project, context, bind, notes))
            try:
                yield from plan(steppers[-1])
            except Exception as error:
                # The plan's own, which must not be taken for a fault of the tree.
                ours.append(error)
                raise

        try:
            with noting() as notes, _environment(self.project, upgrade, commit_each=commit_each):
                self.project.script.run_env()
        except (Exception, SystemExit) as error:
            if ours:
                raise ours[0] from None
            if isinstance(behind(error), TreeError):
                # The lab's own: what env.py or a revision wanted is not allowed.
                raise behind(error) from None
            raise _failure([step for each in steppers for step in each.steps], error) from error
        return [step for each in steppers for step in each.steps]

    def run_command(self, direction: Direction, steps: list[Step] | None = None) -> list[Step]:
        """All the way in one run, committed as env.py says: `flask db upgrade heads`, or `flask db downgrade base`.

        What ran is added to `steps` too, in which it is found also after a failure.
        """
        script = self.project.script

        def plan(stepper: Stepper) -> Iterator[RevisionStep]:
            for each in script.walk_revisions():
                self.project.imports.renew(each)
            if steps is not None:
                stepper.steps = steps
            heads: Any = stepper.context.get_current_heads()
            up = direction == "upgrade"
            yield from map(
                stepper.watched,
                script._upgrade_revs("heads", heads) if up else script._downgrade_revs("base", heads),
            )

        return self.follow(plan, commit_each=False)


def _environment(project: Project, fn: Any, *, commit_each: bool) -> EnvironmentContext:
    """Alembic's environment, in which env.py's settings stand but for how often it commits."""
    environment = EnvironmentContext(project.alembic, project.script, fn=fn, destination_rev="heads")
    if commit_each:
        # On the instance, as Alembic finds what `context` offers by the exact class.
        configure = environment.configure
        environment.configure = lambda *args, **options: configure(  # type: ignore[method-assign]
            *args, **options | {"transaction_per_migration": True}
        )
    return environment


def _refuse(**_: Any) -> None:
    raise NotImplementedError("the revision has no such function")


def _failure(steps: list[Step], error: BaseException) -> MigrationFailed:
    """What went wrong, with the revision's own error rather than what env.py made of it."""
    cause = next((step.error for step in reversed(steps[-1:]) if step.error is not None), behind(error))
    return MigrationFailed(describe(cause), cause)


def describe(error: BaseException) -> str:
    """An error on one line: what the driver said, else its type and text; without what differs from run to run."""
    original = getattr(error, "orig", None)
    return PASSING.sub("", " ".join(str(original).split()) if original is not None else reason(error))


Operation = MigrateOperation | BatchOperationsImpl


class Notes:
    """What is noted in the step that runs: statements, and the operations that are asked for."""

    def __init__(self) -> None:
        self.step: Step | None = None
        self.doing: list[Operation] = []
        """The operations of Alembic's that are at work, the innermost last; a batch is one when it runs at its end."""
        self.batches: dict[int, list[MigrateOperation]] = {}
        """What each batch was asked for, by its id()."""
        self.forgives: Callable[[Exception], bool] = lambda error: False
        """Asked about what an operation raises; the step goes on where it says so."""
        self._heard: list[Connection] = []

    def listen(self, connection: Connection) -> None:
        """Hear what goes through `connection`."""
        event.listen(connection, "before_cursor_execute", self._hear)
        self._heard.append(connection)

    def stop(self) -> None:
        """Hear no connection any more."""
        for connection in self._heard:
            event.remove(connection, "before_cursor_execute", self._hear)

    def statement(self, text: str) -> None:
        """Note a statement."""
        if self.step is not None:
            self.step.statements.append(text)
            if not self.doing:
                self.step.direct.append(text)

    @contextmanager
    def during(self, operation: Operation) -> Iterator[None]:
        """While an operation is at work."""
        self.doing.append(operation)
        try:
            yield
        except Exception as error:
            if not self.forgives(error):
                raise
        finally:
            self.doing.pop()

    def _hear(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self.statement(statement)


@contextmanager
def noting() -> Iterator[Notes]:
    """Someone who notes all that steps do; statements as far as he is told of them."""
    # Alembic has no hook for operations. What a batch collects runs later, in `flush`.
    operations: Any = AbstractOperations
    batch: Any = BatchOperationsImpl
    invoke, flush = operations.invoke, batch.flush
    notes = Notes()

    def note_operation(self: AbstractOperations, operation: MigrateOperation) -> Any:
        if notes.step is not None:
            notes.step.operations.append(operation)
            notes.batches.setdefault(id(self.impl), []).append(operation)
        with notes.during(operation):
            return invoke(self, operation)

    def note_flush(self: BatchOperationsImpl) -> None:
        with notes.during(self):
            flush(self)
        notes.batches.pop(id(self), None)

    operations.invoke, batch.flush = note_operation, note_flush
    try:
        yield notes
    finally:
        operations.invoke, batch.flush = invoke, flush
        notes.stop()


def _shorten(step: RevisionStep) -> None:
    """Spare Alembic to list all that lies below `step` where that changes nothing: on a line, going down."""
    # It does so at each step, which makes a walk quadratic. Without this attribute it is slower, not wrong.
    if isinstance(step, MigrationStep) and step.is_downgrade and len(step.to_revisions) == 1:
        unmerge = step._unmerge_to_revisions

        def below(heads: set[str]) -> tuple[str, ...]:
            return step.to_revisions if heads == {step.revision.revision} else unmerge(heads)

        step._unmerge_to_revisions = below  # type: ignore[method-assign]
