"""What an experiment is: `run` drives databases and records observations, `judge` turns one into faults."""

from __future__ import annotations

import inspect
import linecache
import os
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import FrameType, MappingProxyType
from typing import Any

from sqlalchemy import URL, Connection

from flask_lab.backends import Backend, Product
from flask_lab.experiments.options import Options
from flask_lab.migrator import Migrator, Step, describe
from flask_lab.project import Bind, Opening, Project
from flask_lab.results import Facts, Severity
from flask_lab.schema import Schema, SchemaReader
from flask_lab.sources import Server

KEPT = 4
CODE_LINES = 6
NO_TREE = "the revisions make no tree: see drift"


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen of one revision, or of the whole tree where `revision` is None. `facts` are JSON values."""

    revision: str | None
    facts: Facts = field(default_factory=dict)
    seconds: float = 0.0
    skipped: str = ""
    """Why nothing was tried, else empty."""
    bind: str = ""
    """Which of the project's databases it is about, where there are several; see Stage.named."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that an observation breaks; the runner makes a finding of it."""

    rule: str
    message: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity | None = None
    """Where it is not the rule's own."""


@dataclass(slots=True)
class Stage:
    """Where an experiment runs: an opened project, a server, and someone who takes its observations."""

    project: Project
    server: Server
    record: Callable[[Observation], None]
    only: Collection[str] | None = None
    """The revisions that are asked about, or None for all."""
    keep: bool = False
    """Whether the databases of what fails are kept."""
    backend: Backend | None = None
    """The backend that is asked about where it has no server; `server` is SQLite's then, for the app to open on."""
    options: Options = field(default_factory=Options)
    opening: Opening = field(default_factory=Opening)
    """How the project was opened, for an experiment that opens it in processes of its own."""
    check: Callable[[], None] = lambda: None
    """Raises BackendLost if what was seen lately may be due to the server; `record` does so too."""
    _seen: tuple[Connection, str, SchemaReader] | None = None
    """Who read a schema last, which is nearly always who reads the next."""
    _urls: dict[Bind, URL] = field(default_factory=dict)
    """The databases that the project points at; none outside."""

    @property
    def migrator(self) -> Migrator:
        return Migrator(self.project)

    @property
    def has_server(self) -> bool:
        """Whether there are databases of the product that is asked about."""
        return self.backend is None

    @property
    def product(self) -> Product:
        """The product that is asked about."""
        return self.server.product if self.backend is None else self.backend.product

    @property
    def version(self) -> str:
        """The product's version, as far as it is known: a number, or nothing."""
        if self.backend is None:
            return self.server.version
        tag = self.backend.tag or ""
        return tag if tag[:1].isdigit() else ""

    @property
    def driver(self) -> str:
        """The name that the URLs of the product's databases begin with."""
        return self.server.url.drivername if self.backend is None else self.product.driver

    def asks(self, revision: str) -> bool:
        """Whether anyone wants to know about `revision`; the others are only passed through."""
        return self.only is None or revision in self.only

    def named(self, bind: Bind) -> str:
        """What a bind is called in reports; a project's only one has no name there."""
        return "" if len(self.project.engines) == 1 else bind or "default"

    def url(self, bind: Bind) -> URL:
        """Where the database of a bind is at present, for the lab's own sessions."""
        return self._urls[bind]

    @contextmanager
    def databases(self, like: Mapping[Bind, URL] = MappingProxyType({})) -> Iterator[None]:
        """New databases for all binds of the project, which points at them meanwhile, and then back.

        They are empty, or copies of those to be `like`, which nobody may be connected to.
        """
        with ExitStack() as stack:
            if like:
                # Who connects to what is copied must not be led to a copy.
                self.project.point_at(like)
            urls = {
                bind: stack.enter_context(self.server.scratch(like.get(bind)))
                for bind in self.project.engines
            }
            outer, self._urls = self._urls, urls
            self.project.point_at(urls)
            try:
                yield
            finally:
                self._seen = None
                self.project.let_go()
                self._urls = outer
                if outer:
                    self.project.point_at(outer)

    def kept(self) -> dict[str, Any]:
        """As facts: how to open the databases that the project points at, which stay, if that was asked for."""
        if not self.keep:
            return {}
        # This process holds them. Who ends it has them dropped.
        until = f"kill {os.getpid()}, or a day"
        return {"kept": [self.server.keep(url) for url in self.project.urls.values()], "kept until": until}

    def schema(self, connection: Connection, version_table: str) -> Schema:
        """The schema that `connection` sees, without Alembic's own table."""
        if self._seen is None or self._seen[:2] != (connection, version_table):
            self._seen = (connection, version_table, SchemaReader(connection, {version_table}))
        return self._seen[2].read()


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of comparing several backends' facts: faults by revision, and what could not be compared."""

    faults: tuple[tuple[str | None, Fault], ...] = ()
    not_compared: tuple[str, ...] = ()


class Experiment(ABC):
    """A question asked of a tree on a backend. The docstring of each is its page in `flask lab explain`."""

    name: str
    needs_server = True
    """Whether it drives databases of the product; the others run where there is no server, too."""
    compares = False
    """Whether it is about several backends: judged by `compare`, on what each recorded of the whole tree."""
    around = False
    """Whether it is about what happens around a step that works by itself: crashes, others at the same time."""
    of_revisions = True
    """Whether it records an observation of every revision."""
    of_tree = True
    """Whether it records one of the whole tree."""

    @abstractmethod
    def run(self, stage: Stage) -> None:
        """Drive databases and record an observation for each revision; findings are not its business."""

    @abstractmethod
    def judge(self, observation: Observation) -> Iterator[Fault]:
        """The faults that an observation shows; touches no database."""

    def broken(self, stage: Stage) -> Observation:
        """What there is to say of revisions that make no tree, which cannot be walked."""
        return Observation(None, skipped=NO_TREE)

    def compare(self, seen: Mapping[str, Facts]) -> Compared:
        """The faults that the facts of at least two backends show together, by backend; touches no database."""
        raise NotImplementedError(self.name)

    @property
    def page(self) -> str:
        return inspect.cleandoc(self.__doc__ or "")


def step_facts(step: Step | None) -> dict[str, Any] | None:
    """What there is to tell of a step, as JSON values."""
    if step is None:
        return None
    facts: dict[str, Any] = {"seconds": round(step.seconds, 4), "statements": len(step.statements)}
    if step.error is not None:
        facts["error"] = error_facts(step.error, step.statements)
    return facts


def error_facts(error: BaseException, statements: list[str]) -> dict[str, Any]:
    """An error, with the statement that met it if the database raised it, and the line of the revision."""
    facts: dict[str, Any] = {"type": type(error).__name__, "message": describe(error)}
    # The last statement may be one that tidied up after the one that failed.
    statement = getattr(error, "statement", None) or (statements[-1] if statements else "")
    if hasattr(error, "orig") and statement:
        facts["statement"] = str(statement).strip()
    return facts | _line(error)


def is_refusal(error: BaseException | None) -> bool:
    """Whether the project raised the error to say that there is no way; Alembic raises it for what it cannot do."""
    if not isinstance(error, NotImplementedError):
        return False
    *_, (frame, _line_number) = traceback.walk_tb(error.__traceback__)
    return str(frame.f_globals.get("__name__")).partition(".")[0] not in ("alembic", "sqlalchemy")


def refuses(step: Step) -> bool:
    """Whether a revision's function raises an error on purpose, and does nothing else."""
    if step.error is None or is_refusal(step.error):
        return step.error is not None
    last = traceback.extract_tb(step.error.__traceback__)[-1]
    is_on_purpose = last.name == step.direction and (last.line or "").startswith("raise")
    return is_on_purpose and not step.operations and not step.statements


def _line(error: BaseException) -> dict[str, str]:
    """Where in a revision an error came up, and what stands there."""
    found = [
        (frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if _is_revision(frame)
    ]
    if not found:
        return {}
    path, line = found[-1]
    return {"at": f"{os.path.relpath(path)}:{line}", "code": _code(path, line)}


def _code(path: str, line: int) -> str:
    """What stands in a line, and in the next ones as long as a bracket is open."""
    code = ""
    for number in range(line, line + CODE_LINES):
        code = f"{code} {linecache.getline(path, number).strip()}".strip()
        if sum(map(code.count, "([{")) <= sum(map(code.count, ")]}")):
            break
    return code


def _is_revision(frame: FrameType) -> bool:
    return "down_revision" in frame.f_globals
