"""What ways through the tree over rows have in common: a database after the other, each until a step fails."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from alembic.runtime.migration import RevisionStep

from flask_lab.errors import MigrationFailed
from flask_lab.experiments.base import Stage
from flask_lab.experiments.data.labels import Labels
from flask_lab.experiments.data.state import State
from flask_lab.migrator import Stepper
from flask_lab.project import Bind
from flask_lab.rows import APART, FIRST
from flask_lab.schema import Schema
from flask_lab.tree import Applied

Facts = dict[str, Any]


class RowWalk(ABC):
    """Steps across every revision on one bind; starts anew on a new database when one fails."""

    def __init__(self, stage: Stage, order: Sequence[str], bind: Bind) -> None:
        self.stage = stage
        self.bind = bind
        self.waiting = list(order)
        self.applied = Applied(stage.project.tree)
        self.passing: str | None = None
        self.done: list[tuple[str, Facts]] = []
        self.state: State | None = None
        self.not_filled: dict[str, str] = {}
        self.first = FIRST
        self.labels = Labels()

    def observe(self) -> Iterator[tuple[str, Facts]]:
        """Walk to the end, over as many databases as it takes; what was seen at each revision."""
        while self._is_wanted():
            with self.stage.databases():
                self._go()
            yield from self.done
            self.done.clear()

    def _is_wanted(self) -> bool:
        return any(map(self.stage.asks, self.waiting))

    @property
    @abstractmethod
    def _is_unsure(self) -> bool:
        """Whether a revision failed that may get through on another database."""

    def _begin(self) -> None:
        """Forget what was so on the last database."""
        self.passing = self.state = None
        self.labels = Labels()

    @abstractmethod
    def _steps(self, stepper: Stepper) -> Iterator[RevisionStep]:
        """What is done on one database."""

    @abstractmethod
    def _fail(self, failure: MigrationFailed) -> None:
        """Find out what failed, and where to go on."""

    def _go(self) -> None:
        """Walk on a new database until a step fails, or the end is reached."""
        self._begin()
        ahead = len(self.waiting)
        try:
            self.stage.migrator.follow(self._steps)
        except MigrationFailed as failure:
            self._fail(failure)
            return
        if len(self.waiting) == ahead and not self._is_unsure:
            # env.py has no run for this bind.
            self.waiting.clear()

    def _pass(self, stepper: Stepper, revision: str) -> Iterator[RevisionStep]:
        """Across one revision that nobody asks about."""
        yield stepper.move(revision, "upgrade")
        self.labels.take(stepper.steps[-1])

    @contextmanager
    def _foreign_keys(self, stepper: Stepper, *, enforced: bool | None) -> Iterator[None]:
        """Have foreign keys enforced on SQLite, or not, whatever env.py says; None lets it have its way."""
        if stepper.connection.dialect.name != "sqlite" or enforced is None:
            yield
            return
        stepper.settle()
        # Past SQLAlchemy, which would begin a transaction, in which the pragma does nothing.
        cursor: Any = stepper.connection.connection.cursor()
        cursor.execute("PRAGMA foreign_keys")
        (was,) = cursor.fetchone() or (0,)
        cursor.execute(f"PRAGMA foreign_keys = {int(enforced)}")
        yield
        stepper.settle()
        cursor.execute(f"PRAGMA foreign_keys = {was}")
        cursor.close()

    def _number(self) -> int:
        self.first += APART
        return self.first

    def _ignored(self, stepper: Stepper) -> set[str]:
        return {stepper.context.version_table}

    def _schema(self, stepper: Stepper) -> Schema:
        return self.stage.schema(stepper.connection, stepper.context.version_table)
