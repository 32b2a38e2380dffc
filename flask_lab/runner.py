"""Runs experiments on backends, one worker process per backend, and makes a Run of what they send. Never prints."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from flask_lab import __version__, judging
from flask_lab.across import compared
from flask_lab.backends import parse_backend
from flask_lab.checkout import commit_of
from flask_lab.errors import NoProject, TreeError
from flask_lab.merging import together
from flask_lab.results import ProjectReport, Run
from flask_lab.worker import Message
from flask_lab.workers import Listener, Request, Worker, listen, working

# A budget that is kept is not the same as one that nobody looked at.
UNMEASURED = "the budget: no experiment of this run measures how long traffic waits"

__all__ = ["Listener", "Request", "run"]


def run(request: Request, listener: Listener) -> Run:
    """Ask every experiment on every backend. KeyboardInterrupt comes out when all workers are gone.

    ConfigError when `only`, `since` or `old_ref` name nothing that there is, TreeError when the project cannot be
    opened anywhere.
    """
    if request.options.old_ref and "rolling" in request.experiments:
        commit_of(request.options.old_ref, Path.cwd())
    started, begun = datetime.now(UTC), time.monotonic()
    _look_for_the_project(request)
    with working(request) as workers:
        listen(workers, listener)
    for wrong in filter(None, (worker.wrong for worker in workers)):
        raise wrong
    if not any(worker.project for worker in workers):
        _raise_unopened(workers)
    projects = [worker.project for worker in workers if worker.project]
    judged = [(worker, tuple(judging.judge(worker))) for worker in workers]
    seen = Run(
        id=f"{started:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}",
        started=started,
        seconds=round(time.monotonic() - begun, 2),
        lab_version=__version__,
        command=request.command,
        project=projects[0] if projects else ProjectReport(str(request.alembic or request.app), (), ()),
        backends=tuple(judging.backend(worker) for worker in workers),
        cells=tuple(cell for worker, seen in judged for cell in judging.cells(request, worker, seen)),
        findings=together(
            finding for worker, seen in judged for finding in judging.findings(request, worker, seen)
        ),
        not_compared=(
            *(said for worker in workers for said in judging.not_compared(worker)),
            *([UNMEASURED] if request.options.budget and not any(map(_has_measured, workers)) else ()),
        ),
        program=request.program,
    )
    return compared(seen)


def _has_measured(worker: Worker) -> bool:
    """Whether traffic was there on a backend."""
    return any(name == "traffic" and not each.skipped for name, each in worker.observations)


def _look_for_the_project(request: Request) -> None:
    """Raise NoProject before any server is started; what else is wrong may be so on SQLite only."""
    if all(parse_backend(name).product.image is None for name in request.backends):
        return
    with working(replace(request, backends=("sqlite",), experiments=(), only=None, since=None)) as workers:
        listen(workers, _Deaf())
    if isinstance(workers[0].unopened, NoProject):
        raise workers[0].unopened


def _raise_unopened(workers: Sequence[Worker]) -> None:
    """Raise why nobody could open the project, each reason once."""
    errors = {str(worker.unopened): worker.unopened for worker in workers if worker.unopened}
    if len(errors) == 1:
        raise next(iter(errors.values()))
    if errors:
        raise TreeError(
            "; ".join(f"{worker.backend}: {worker.unopened}" for worker in workers if worker.unopened)
        )


class _Deaf:
    """A listener to a run that nobody is to see."""

    def heard(self, backend: str, message: Message) -> None:
        """Do nothing."""
