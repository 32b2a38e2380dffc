"""The offline SQL against the revisions themselves: do both make the same schema?

The tree is walked once online, for a digest after each revision, and once with the offline SQL in place of each
revision that could be rendered. Where the two part, the database is made anew online up to there, and the walk goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from alembic.runtime.migration import RevisionStep

from flask_lab.errors import MigrationFailed
from flask_lab.experiments.base import Stage, error_facts
from flask_lab.experiments.portability.reading import stripped
from flask_lab.migrator import Stepper
from flask_lab.offline import Book, Page
from flask_lab.project import Bind
from flask_lab.schema import Schema, differences, digest

MOST = 5
"""How often the two may part before the rest is left alone: each time costs a walk."""
Place = tuple[Bind, str]


class Script:
    """One comparison; `run` fills the rest."""

    def __init__(self, stage: Stage, book: Book, order: Sequence[str]) -> None:
        self.stage = stage
        self.book = book
        self.order = order
        self.failed: tuple[str, str] | None = None
        """The revision that failed online, and why: nothing is compared from there on."""
        self.compared: set[str] = set()
        self.parted: dict[str, dict[str, Any]] = {}
        """What was wrong with the offline SQL of a revision."""
        self._digests: dict[Place, str] = {}
        self._behind: set[Place] = set()
        """What runs online from now on, because it has been compared."""
        self._at: Place | None = None
        self._made: tuple[Place, Schema] | None = None
        """Where the SQL made another schema, and which; the next walk tells how it should have been."""

    def run(self) -> None:
        """Walk as often as it takes."""
        with self.stage.databases():
            try:
                self.stage.migrator.follow(self._online)
            except MigrationFailed as failure:
                self.failed = (self._at[1] if self._at else "", failure.message)
        for _ in range(MOST + 1):
            self._at = None
            with self.stage.databases():
                try:
                    self.stage.migrator.follow(self._offline)
                except MigrationFailed as failure:
                    if self._at is None:
                        # A revision that got through the first time: what it needs, the SQL before it did not leave.
                        self.failed = ("", failure.message)
                        return
                    sent = [str(getattr(failure.cause, "statement", ""))]
                    self.parted[self._at[1]] = {"fails": error_facts(failure.cause, sent)}
                    self._leave(self._at)
                    continue
            if self._made is None:
                return

    def passed_online(self, revision: str) -> bool:
        """Whether a revision got through online, on all binds."""
        return all((bind, revision) in self._digests for bind in self.stage.project.engines)

    def _online(self, stepper: Stepper) -> Iterator[RevisionStep]:
        for revision in self.order:
            self._at = (stepper.bind, revision)
            yield stepper.move(revision, "upgrade")
            self._digests[self._at] = digest(stepper.connection, {stepper.context.version_table})

    def _offline(self, stepper: Stepper) -> Iterator[RevisionStep]:
        earlier = self._made
        for revision in self.order:
            place = (stepper.bind, revision)
            if place not in self._digests or self._made is not earlier:
                return
            step = stepper.move(revision, "upgrade")
            page = self.book.page(revision, "upgrade", stepper.bind)
            if place in self._behind or page is None or not comparable(page) or not self.stage.asks(revision):
                yield step
                if earlier is not None and earlier[0] == place:
                    self._tell(revision, earlier[1], self._schema(stepper))
                    self._made = earlier = None
                continue
            self._at = place
            step.migration_fn = _playing(stepper, page, self.stage.product.name)
            yield step
            self._at = None
            self.compared.add(revision)
            if digest(stepper.connection, {stepper.context.version_table}) != self._digests[place]:
                self._made = (place, self._schema(stepper))
                self._leave(place)
                return

    def _tell(self, revision: str, made: Schema, wanted: Schema) -> None:
        if found := differences(wanted, made):
            self.parted[revision] = {"differs": [str(each) for each in found]}

    def _leave(self, place: Place) -> None:
        """Run it online from now on, with all before it."""
        self.compared.add(place[1])
        until = self.order.index(place[1]) + 1
        self._behind.update((place[0], each) for each in self.order[:until])

    def _schema(self, stepper: Stepper) -> Schema:
        return self.stage.schema(stepper.connection, stepper.context.version_table)


def comparable(page: Page) -> bool:
    """Whether a page is a script: whole, and not what env.py did on a database of its own."""
    return page.is_whole and page.context.as_sql


def _playing(stepper: Stepper, page: Page, product: str) -> Any:
    def play(**_: Any) -> None:
        for statement in page.step.statements:
            if not stripped(statement, product).strip("; \n\t"):
                # A comment for whoever reads the script.
                continue
            # As a script has it: a driver would look for parameters in it.
            stepper.connection.exec_driver_sql(statement, execution_options={"no_parameters": True})

    return play
