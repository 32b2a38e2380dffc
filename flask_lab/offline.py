"""Renders a tree as SQL for any product, by running the project's own env.py in offline mode; needs no server.

As in the migrator, one run of env.py carries all steps. What the database would have been asked is noted, and nothing
is sent. A step that cannot be rendered is left out, and the next one follows.
"""

from __future__ import annotations

import builtins
import contextlib
import inspect
import io
import logging
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alembic.operations import MigrateOperation
from alembic.operations.batch import BatchOperationsImpl
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, RevisionStep
from sqlalchemy import URL, Dialect
from sqlalchemy.schema import ExecutableDDLElement

from flask_lab.backends import Product
from flask_lab.migrator import Direction, Notes, Step, Stepper, describe, noting
from flask_lab.project import Bind, Project

READS = re.compile(r"\s*(SELECT|SHOW|EXPLAIN)\b|\s*PRAGMA \w+\.", re.IGNORECASE)


class UnboundValues(Exception):
    """Offline SQL that would be sent without its values, as Alembic does not mind."""

    def __str__(self) -> str:
        return "its values are not in the SQL: env.py lacks literal_binds=True where it runs offline"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that could not be rendered: what the operation or the statement that the revision sent ran into."""

    error: Exception
    doing: tuple[MigrateOperation, ...] = ()
    """The operation, or those of a batch that ran at its end; none for a statement of the revision's own."""
    construct: Any = None
    """What would not compile, if it got that far."""
    is_rebuild: bool = False
    """Whether a table was to be rebuilt, which takes a database to look at."""
    is_offline: bool = False
    """Whether it is offline mode that stands in the way, and not the product."""


@dataclass(slots=True)
class Page:
    """One step across one revision, as SQL."""

    step: Step
    context: MigrationContext
    refused: list[Refusal] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether all of it could be rendered."""
        return not self.refused and self.step.error is None


@dataclass(frozen=True, slots=True)
class Book:
    """A tree as SQL for one product."""

    pages: Mapping[tuple[str, str, Bind], Page]
    env_error: str = ""
    """Why env.py could not be run offline to the end, else empty."""

    def page(self, revision: str, direction: Direction, bind: Bind = None) -> Page | None:
        """One of the pages, if there is such."""
        return self.pages.get((revision, direction, bind))


def _book(pages: Iterable[Page], env_error: str) -> Book:
    return Book(
        {(each.step.revision, each.step.direction, each.step.bind): each for each in pages}, env_error
    )


def render(
    project: Project, product: Product, order: Sequence[str], start: Sequence[str] = (), driver: str = ""
) -> Book:
    """The revisions of `order` up, and down again in the opposite order, from the revisions `start` or from nothing.

    Where env.py cannot run offline, its settings are left out and the reason is told.
    """
    urls = {bind: offline_url(product, bind, driver) for bind in project.engines}
    with project.posing(urls, lambda url: offline_dialect(product, url)), _silent(Path(project.script.dir)):
        first = _Rendering(project, product, order, start)
        reason = first.run(project.script.run_env)
        if first.pages or not reason:
            return _book(first.pages, reason)
        second = _Rendering(project, product, order, start)
        return _book(second.pages, second.run_without_env(urls) or reason)


def offline_url(product: Product, bind: Bind, driver: str = "") -> URL:
    """Where a bind seems to lead; nobody connects to it."""
    host = None if product.image is None else "localhost"
    name = f"offline_{bind}" if bind else "offline"
    return URL.create(driver or product.driver, product.admin or None, host=host, database=name)


def offline_dialect(product: Product, url: URL) -> Dialect:
    """A dialect that knows of the product what a connection would have told it; no driver is imported."""
    options = _dialect_options(product)
    return url.get_dialect()(**options if url.get_backend_name() == "mysql" else {})


def _dialect_options(product: Product) -> dict[str, Any]:
    # Online, a server that is MariaDB tells so. The name of the dialect stays that of the URL, as it does there.
    return {"is_mariadb": True} if product.name == "mariadb" else {}


class _Rendering:
    """One run along the tree in offline mode."""

    def __init__(
        self, project: Project, product: Product, order: Sequence[str], start: Sequence[str]
    ) -> None:
        self.project = project
        self.product = product
        self.order = order
        self.start = start
        self.bind: Bind = None
        self.pages: list[Page] = []
        self.notes = Notes()
        self.environment: EnvironmentContext | None = None

    def run(self, env: Callable[[], None]) -> str:
        """Fill `pages`; why `env` broke off, else empty."""
        return self._in(self._environment(), env)

    def run_without_env(self, urls: Mapping[Bind, URL]) -> str:
        """As `run`, with what the simplest env.py does."""
        environment = self._environment()

        def env() -> None:
            for bind, url in urls.items():
                environment.configure(
                    url=url, target_metadata=self.project.metadata(bind), literal_binds=True
                )
                environment.run_migrations()

        return self._in(environment, env)

    def _environment(self) -> EnvironmentContext:
        environment = EnvironmentContext(
            self.project.alembic,
            self.project.script,
            fn=self._steps,
            as_sql=True,
            destination_rev="heads",
            # As `flask db upgrade START:END --sql` has it, which knows of one.
            starting_rev=self.start[0] if len(self.start) == 1 else tuple(self.start) or None,
        )
        # On the instance, as Alembic finds what `context` offers by the exact class.
        configure = environment.configure
        environment.configure = lambda *args, **options: configure(  # type: ignore[method-assign]
            **self._configured(inspect.signature(configure).bind(*args, **options).arguments)
        )
        return environment

    def _in(self, environment: EnvironmentContext, env: Callable[[], None]) -> str:
        try:
            with noting() as self.notes, environment:
                env()
        except (Exception, SystemExit) as error:  # noqa: BLE001  (whatever env.py does wrong, it is told)
            return describe(error)
        return "" if self.pages or not self.order else "env.py ran no revision"

    def _configured(self, options: dict[str, Any]) -> dict[str, Any]:
        """What env.py configures, but for the product, and for where the SQL goes."""
        options |= options.pop("kw", {})
        if (url := options.get("url")) is not None:
            place = url if isinstance(url, URL) else URL.create("x").set(database=str(url).rpartition("/")[2])
            self.bind = self.project.reach.bind_of(place)
        name = str(options.get("dialect_name") or options.get("url") or "")
        if name.startswith("mysql"):
            options["dialect_opts"] = (options.get("dialect_opts") or {}) | _dialect_options(self.product)
        options.pop("output_encoding", None)
        return options | {"output_buffer": io.StringIO(), "transaction_per_migration": True}

    def _steps(self, _heads: Any, context: MigrationContext) -> Iterator[RevisionStep]:
        stepper = _Renderer(self.project, context, self.bind, self.notes)
        stepper.pages = self.pages
        if not context.as_sql:
            # An env.py that tries the tree on a database of its own, to print what it does there.
            self.notes.listen(stepper.connection)
        for revision in self.order:
            step = stepper.move(revision, "upgrade")
            if context.as_sql:
                # The way back within the same step: Alembic looks at the whole tree for each one down.
                step.migration_fn = _both(step, stepper.move(revision, "downgrade"))
            yield step
        if not context.as_sql:
            for revision in reversed(self.order):
                yield stepper.move(revision, "downgrade")


def _both(first: RevisionStep, second: RevisionStep) -> Callable[..., None]:
    functions = (first.migration_fn, second.migration_fn)

    def migrate(**arguments: Any) -> None:
        for function in functions:
            function(**arguments)

    return migrate


class _Renderer(Stepper):
    """Steps that are noted, and not taken."""

    pages: list[Page]

    def watched(self, step: RevisionStep) -> RevisionStep:
        if not self.context.as_sql:
            watched = super().watched(step)
            function = watched.migration_fn

            def migrate(**arguments: Any) -> None:
                try:
                    function(**arguments)
                finally:
                    for each in self.steps:
                        each.statements = [text for text in each.statements if not READS.match(text)]
                        self.pages.append(Page(each, self.context))
                    self.steps.clear()

            watched.migration_fn = migrate
            return watched
        function = step.migration_fn
        empty = Step(step.revision.revision, "upgrade" if step.is_upgrade else "downgrade", self.bind)

        def render(**arguments: Any) -> None:
            page = self._page(empty, lambda: function(**arguments), goes_on=False)
            if page.step.error is not None and page.refused:
                # Once more, for all that stands in the way.
                again = Step(empty.revision, empty.direction, empty.bind)
                page = self._page(again, lambda: function(**arguments), goes_on=True)
            self.pages.append(page)

        step.migration_fn = render
        return step

    def _page(self, step: Step, function: Callable[[], None], *, goes_on: bool) -> Page:
        """What `function` asks for; with `goes_on` also after what cannot be rendered."""
        self.context.impl.memo.clear()
        page = Page(step, self.context)
        self._notes.step = step
        with _captured(self.context, self._notes, page, goes_on=goes_on):
            try:
                function()
            except (Exception, SystemExit) as error:  # noqa: BLE001  (a revision's own fault is a fact)
                step.error = error
        self._notes.step = None
        if step.error is None and not goes_on:
            # The revision has coped with what was raised.
            page.refused = [each for each in page.refused if isinstance(each.error, UnboundValues)]
        return page


@contextlib.contextmanager
def _captured(context: MigrationContext, notes: Notes, page: Page, *, goes_on: bool) -> Iterator[None]:
    """Note each statement by itself as it is rendered, and what cannot be."""
    impl: Any = context.impl
    execute, output = impl._exec, impl.static_output

    def note(text: str) -> None:
        notes.statement(text.removesuffix(impl.command_terminator))

    def render(construct: Any, *arguments: Any, **options: Any) -> Any:
        try:
            found = execute(construct, *arguments, **options)
        except Exception as error:
            page.refused.append(_refusal(error, notes, construct, impl))
            if goes_on:
                return None
            raise
        if _loses_values(construct, impl):
            page.refused.append(Refusal(UnboundValues(), _doing(notes), construct, is_offline=True))
        return found

    def forgives(error: Exception) -> bool:
        if not any(each.error is error for each in page.refused):
            page.refused.append(_refusal(error, notes, None, impl))
        return goes_on

    before, notes.forgives = notes.forgives, forgives
    impl._exec, impl.static_output = render, note
    try:
        yield
    finally:
        impl._exec, impl.static_output = execute, output
        notes.forgives = before


def _refusal(error: Exception, notes: Notes, construct: Any, impl: Any) -> Refusal:
    last = notes.doing[-1] if notes.doing else None
    return Refusal(
        error,
        _doing(notes),
        construct,
        is_rebuild=isinstance(last, BatchOperationsImpl) and last._should_recreate(),
        is_offline=construct is not None and _compiles(construct, impl.dialect),
    )


def _doing(notes: Notes) -> tuple[MigrateOperation, ...]:
    last = notes.doing[-1] if notes.doing else None
    if isinstance(last, BatchOperationsImpl):
        return tuple(notes.batches.get(id(last), ()))
    return () if last is None else (last,)


def _compiles(construct: Any, dialect: Dialect) -> bool:
    """Whether it is only its values that cannot be written into the SQL."""
    try:
        construct.compile(dialect=dialect)
    except Exception:  # noqa: BLE001  (types compile by code of anyone's)
        return False
    return True


def _loses_values(construct: Any, impl: Any) -> bool:
    if impl.literal_binds or isinstance(construct, (str, ExecutableDDLElement)):
        return False
    return bool(construct.compile(dialect=impl.dialect).params)


@contextlib.contextmanager
def _silent(folder: Path) -> Iterator[None]:
    """Print nothing, and let env.py write no file: one with several binds writes each one's SQL to a file beside it."""
    write = builtins.open

    def opened(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        writer = Path(sys._getframe(1).f_globals.get("__file__") or "")
        if set("wax+") & set(mode) and writer.name == "env.py" and writer.parent.name == folder.name:
            return io.StringIO() if "b" not in mode else io.BytesIO()
        return write(file, mode, *arguments, **options)

    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        before = logging.root.manager.disable
        logging.disable()
        builtins.open = opened
        try:
            yield
        finally:
            builtins.open = write
            logging.disable(before)
