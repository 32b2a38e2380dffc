"""The rest of the tree in one run over rows: what a revision leaves open in its transaction meets the next one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from alembic.runtime.migration import RevisionStep

from flask_lab.errors import MigrationFailed
from flask_lab.experiments.base import Stage, error_facts
from flask_lab.experiments.data.trial import Facts
from flask_lab.migrator import Step, Stepper
from flask_lab.project import Bind
from flask_lab.rows import Kind, load, read_shapes


class OneRun:
    """Upgrades to the heads that begin with a revision that writes rows, over rows of each kind."""

    def __init__(self, stage: Stage, order: Sequence[str], bind: Bind) -> None:
        self.stage = stage
        self.order = order
        self.bind = bind

    def faults(self, writers: Sequence[str], failing: Collection[str]) -> Iterator[tuple[str, Facts]]:
        """Revisions that fail in one run only, and how; `failing` are those that fail by themselves too."""
        told: set[str] = set()
        for start in self._starts(writers):
            hostile = self._failure(start, Kind.HOSTILE)
            plain = self._failure(start, Kind.ORDINARY) if hostile else None
            for kind, found in ((Kind.ORDINARY, plain), (Kind.HOSTILE, hostile)):
                if found is None or found[0] in told or found[0] in failing:
                    continue
                revision, facts = found
                # Without rows it is the stairway's to tell.
                if self._failure(start, None) is None:
                    told.add(revision)
                    yield revision, facts | {"since": start, "kind": kind.value}

    def _starts(self, writers: Sequence[str]) -> dict[str, None]:
        """The first revision that writes rows, the one before it, and the last: no more, so that the cost is linear."""
        if not writers:
            return {}
        first, *_, last = sorted(map(self.order.index, (writers[0], *writers)))
        return dict.fromkeys((*self.order[max(first - 1, 1) : first + 1], self.order[last]))

    def _failure(self, start: str, kind: Kind | None) -> tuple[str, Facts] | None:
        """The revision that fails, and how, on a database that has rows since before `start`."""
        steps: list[Step] = []
        with self.stage.databases():
            try:
                self.stage.migrator.follow(lambda stepper: self._filled(stepper, start, kind))
                self.stage.migrator.run_command("upgrade", steps)
            except MigrationFailed as failure:
                # Without a step, `start` was not reached: a branch that comes before it cannot be applied.
                last = steps[-1] if steps else None
                return (last.revision, error_facts(failure.cause, last.statements)) if last else None
        return None

    def _filled(self, stepper: Stepper, start: str, kind: Kind | None) -> Iterator[RevisionStep]:
        if stepper.bind != self.bind:
            return
        for revision in self.order[: self.order.index(start)]:
            yield stepper.move(revision, "upgrade")
        if kind is not None:
            shapes = read_shapes(stepper.connection, {stepper.context.version_table})
            load(stepper.connection, kind, shapes)
            stepper.settle()
