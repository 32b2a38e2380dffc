"""One backend's process: opens a server and the project on it, runs the experiments, sends what they observe.

A process of its own, because Alembic's `op` and `context` are global: two databases in one process would mix.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from flask_lab.backends import parse_backend
from flask_lab.errors import BackendLost, BackendUnavailable, ConfigError, LabError, TreeError
from flask_lab.experiments import EXPERIMENTS, Observation, Options, Stage
from flask_lab.leash import Leash
from flask_lab.project import AlembicFile, Opening, Project, UrlEnv, open_project
from flask_lab.results import BackendReport, ProjectReport, Verdict
from flask_lab.since import revisions_since
from flask_lab.sources import Server, Watch, open_server

Message = tuple[Any, ...]
"""("backend", BackendReport), ("unopened", TreeError), ("project", ProjectReport), ("started", experiment),
("observation", experiment, Observation), ("errored", experiment, reason), ("wrong", ConfigError), or ("done",),
after which there is only the clean-up."""
Tell = Callable[..., None]
COLLECTED = (50_000, 20, 50)
"""After how much of what is made the collector looks; Alembic and SQLAlchemy make little that it alone could free."""


@dataclass(frozen=True, slots=True)
class Job:
    """What one worker has to do."""

    app: str
    backend: str
    experiments: tuple[str, ...]
    url_env: UrlEnv
    alembic: AlembicFile | None
    only: frozenset[str] | None
    since: str | None
    keep: bool
    options: Options
    environ: dict[str, str]
    """The caller's; a worker is forked from a process that may be older than a variable."""


def work(job: Job, pipe: Connection) -> None:
    """Do the job; everything that there is to tell goes through `pipe`."""
    os.environ.clear()
    os.environ.update(job.environ)
    # Nothing is written into the project's folders: neither its modules nor its revisions are compiled there.
    sys.dont_write_bytecode = True
    # What an app or a revision prints belongs into no report, and would tear the live display.
    with _quiet(), pipe:
        leash = Leash(pipe, may_hold=job.keep)
        try:
            leash.hear()
            parse_backend(job.backend).product.ready_driver()
            with open_server(job.backend) as server, Watch(server) as watch:
                leash.server = server
                _on(server, watch, job, partial(_tell, pipe, leash))
                if server.kept:
                    leash.hold()
                    server.drop_kept()
        except BackendUnavailable as reason:
            _without_server(job, str(reason), leash, partial(_tell, pipe, leash))
        except (KeyboardInterrupt, BrokenPipeError):
            # Everything is closed by now, and the one who asked knows, or is gone.
            return
        except (DBAPIError, BackendLost):
            # Of the clean-up on a server that is gone, which was told.
            return


def _tell(pipe: Connection, leash: Leash, *message: Any) -> None:
    """Send a message; after the last one the clean-up begins, which nothing may disturb."""
    if message == ("done",):
        leash.slacken()
    pipe.send(message)


def _on(server: Server, watch: Watch, job: Job, tell: Tell) -> None:
    report = partial(BackendReport, job.backend, server.product.name, server.version, server.source)
    with ExitStack() as stack:
        try:
            project = _opened(stack, server, job)
        except (LabError, DBAPIError) as error:
            if isinstance(error, TreeError) and not watch.loss:
                tell("unopened", error)
            tell("backend", report(Verdict.ERRORED, str(watch.loss or error)))
            tell("done")
            return
        try:
            asked = _asked(job, project)
        except ConfigError as error:
            tell("wrong", error)
            return
        tell("backend", report(Verdict.PASSED))
        # What is loaded stays; a walk makes so much that the collector would look through all of it again and again.
        gc.freeze()
        gc.set_threshold(*COLLECTED)
        named = str(job.alembic or job.app)
        tell("project", ProjectReport(named, project.tree.heads, project.tree.revisions))
        for experiment in job.experiments:
            record = _recorder(experiment, watch, tell)
            stage = Stage(
                project,
                server,
                record,
                asked,
                job.keep,
                options=job.options,
                opening=Opening(job.app, job.url_env, job.alembic),
                check=watch.check,
            )
            _ask(experiment, stage, watch, tell)
        tell("done")


def _without_server(job: Job, reason: str, leash: Leash, tell: Tell) -> None:
    """Ask what needs no server; the project is opened on SQLite for it. The backend stays skipped."""
    backend = parse_backend(job.backend)
    tell("backend", BackendReport(job.backend, backend.product.name, "", "", Verdict.SKIPPED, reason))
    experiments = [name for name in job.experiments if not EXPERIMENTS[name].needs_server]
    if not experiments:
        tell("done")
        return
    with open_server("sqlite") as server, Watch(server) as watch, ExitStack() as stack:
        leash.server = server
        try:
            project = _opened(stack, server, job)
            asked = _asked(job, project)
        except ConfigError as error:
            tell("wrong", error)
            return
        except LabError as error:
            if isinstance(error, TreeError):
                tell("unopened", error)
            for experiment in experiments:
                tell("errored", experiment, str(error))
            tell("done")
            return
        named = str(job.alembic or job.app)
        tell("project", ProjectReport(named, project.tree.heads, project.tree.revisions))
        for experiment in experiments:
            record = _recorder(experiment, watch, tell)
            _ask(
                experiment,
                Stage(project, server, record, asked, backend=backend, options=job.options),
                watch,
                tell,
            )
        tell("done")


def _opened(stack: ExitStack, server: Server, job: Job) -> Project:
    scratch = partial(_scratch, stack, server)
    return stack.enter_context(
        open_project(job.app, job.url_env, scratch, job.alembic, server.product.bounds)
    )


def _asked(job: Job, project: Project) -> frozenset[str] | None:
    """The revisions that someone wants to know about, None for all; ConfigError when there are no such."""
    asked = None
    if job.since is not None:
        asked = revisions_since(project.tree, job.since, Path(project.script.dir))
    if job.only is not None:
        known = [each.id for each in project.tree.revisions]
        for unknown in sorted(job.only.difference(known)):
            raise ConfigError.unknown_name("revision", unknown, known)
        asked = job.only
    return asked


def _scratch(stack: ExitStack, server: Server) -> URL:
    return stack.enter_context(server.scratch())


def _recorder(experiment: str, watch: Watch, tell: Tell) -> Callable[[Observation], None]:
    def record(observation: Observation) -> None:
        watch.check()
        tell("observation", experiment, observation)

    return record


def _ask(experiment: str, stage: Stage, watch: Watch, tell: Tell) -> None:
    tell("started", experiment)
    watch.forget()
    try:
        if stage.project.tree.broken:
            stage.record(EXPERIMENTS[experiment].broken(stage))
        else:
            EXPERIMENTS[experiment].run(stage)
        watch.check()
    except Exception as error:  # noqa: BLE001  (an experiment that throws is errored, and the next one runs)
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        named = str(error) if isinstance(error, LabError) else f"{type(error).__name__}: {error} ({where})"
        # Whatever broke off, a server that was lost on the way is the reason.
        tell("errored", experiment, str(watch.loss or named))


@contextmanager
def _quiet() -> Iterator[None]:
    """Send what this process prints from here on to a file that is gone afterwards; what it logs is not even made."""
    logging.disable()
    with tempfile.TemporaryFile() as sink:
        sys.stdout.flush()
        sys.stderr.flush()
        for number in (1, 2):
            os.dup2(sink.fileno(), number)
        yield
