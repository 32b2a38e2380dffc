"""The worker processes of a run: one per backend, started, listened to and ended. Nothing is judged here."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext
from typing import Any, Protocol

from flask_lab.errors import ConfigError, TreeError
from flask_lab.experiments import Observation, Options
from flask_lab.leash import GOODBYE_SECONDS, interruptions_held
from flask_lab.project import AlembicFile, UrlEnv
from flask_lab.results import BackendReport, ProjectReport
from flask_lab.sources import sweep_machine
from flask_lab.worker import Job, Message, work


@dataclass(frozen=True, slots=True)
class Request:
    """What someone wants to know."""

    app: str
    backends: tuple[str, ...]
    experiments: tuple[str, ...]
    command: tuple[str, ...] = ()
    program: str = "flask lab run"
    """How a person runs it again, up to the experiment's name."""
    url_env: UrlEnv = ""
    alembic: AlembicFile | None = None
    """A plain project in place of `app`."""
    only: frozenset[str] | None = None
    """The revisions that are asked about, None for all."""
    since: str | None = None
    """A revision or git ref; what came after it is asked about."""
    options: Options = field(default_factory=Options)
    keep: bool = False
    """Whether the databases of failed cells stay, and processes that hold them."""


class Listener(Protocol):
    """Someone who wants to hear of a run while it goes on."""

    def heard(self, backend: str, message: Message) -> None:
        """Take what a worker sent."""


@dataclass(slots=True)
class Worker:
    """One backend's process, and what is known from it so far."""

    backend: str
    process: multiprocessing.process.BaseProcess
    pipe: Connection
    report: BackendReport | None = None
    project: ProjectReport | None = None
    unopened: TreeError | None = None
    """Why the project could not be opened on this backend."""
    observations: list[tuple[str, Observation]] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)
    """Experiments that broke off, and why."""
    doing: str = ""
    ended: set[str] = field(default_factory=set)
    """Experiments that have come to their end, one way or the other."""
    wrong: ConfigError | None = None
    is_done: bool = False

    def take(self, message: Message) -> None:
        """Remember a message."""
        match message:
            case ("backend", report):
                self.report = report
            case ("unopened", error):
                self.unopened = error
            case ("project", project):
                self.project = project
            case ("started", experiment):
                self.ended |= {self.doing}
                self.doing = experiment
            case ("observation", experiment, observation):
                self.observations.append((experiment, observation))
            case ("errored", experiment, reason):
                self.errors.append((experiment, reason))
            case ("wrong", error):
                self.wrong = error
            case ("done",):
                self.is_done = True


@contextlib.contextmanager
def working(request: Request) -> Iterator[list[Worker]]:
    # Forked from one process that has imported what they all need, and nothing of anyone's app.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["flask_lab.worker"])
    workers: list[Worker] = []
    try:
        for backend in request.backends:
            # Workers inherit it: an interruption waits until they can clean up, and until they are known here.
            with interruptions_held():
                workers.append(_start(context, request, backend))
        yield workers
    finally:
        with interruptions_held():
            _end(workers)


def _end(workers: Sequence[Worker]) -> None:
    """Wait until the workers are gone, which takes those along that are not done, and what a killed one has left."""
    for worker in workers:
        # A terminal sends Ctrl-C to the workers too; whoever sends it to this process alone means them as well.
        worker.pipe.close()
    deadline = time.monotonic() + GOODBYE_SECONDS
    for worker in workers:
        worker.process.join(max(0.0, deadline - time.monotonic()))
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
    if any(worker.process.exitcode for worker in workers):
        sweep_machine()


def _start(context: ForkServerContext, request: Request, backend: str) -> Worker:
    ours, theirs = context.Pipe(duplex=False)
    job = Job(
        app=request.app,
        backend=backend,
        experiments=request.experiments,
        url_env=request.url_env,
        alembic=request.alembic,
        only=request.only,
        since=request.since,
        keep=request.keep,
        options=request.options,
        environ=dict(os.environ),
    )
    process = context.Process(target=work, args=(job, theirs), name=f"lab {backend}")
    process.start()
    theirs.close()
    return Worker(backend, process, ours)


def listen(workers: Sequence[Worker], listener: Listener) -> None:
    """Take messages until every worker has said that it is done, or has died."""
    open_pipes: dict[Any, Worker] = {worker.pipe: worker for worker in workers}
    while open_pipes:
        for pipe in wait(list(open_pipes)):
            worker = open_pipes[pipe]
            try:
                message = worker.pipe.recv()
            except (EOFError, OSError):
                del open_pipes[pipe]
                continue
            worker.take(message)
            listener.heard(worker.backend, message)
            if worker.is_done:
                del open_pipes[pipe]
