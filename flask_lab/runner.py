"""Runs experiments on backends, one worker process per backend, and makes a Run of what they send. Never prints."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import secrets
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext
from typing import Any, Protocol, TypeVar

from flask_lab import __version__
from flask_lab.across import compared
from flask_lab.backends import parse_backend
from flask_lab.errors import ConfigError, NoProject, TreeError
from flask_lab.experiments import EXPERIMENTS, Fault, Observation
from flask_lab.leash import GOODBYE_SECONDS, interruptions_held
from flask_lab.project import AlembicFile, UrlEnv
from flask_lab.remedies import remedy_for
from flask_lab.results import BackendReport, Cell, Finding, ProjectReport, Run, Severity, Verdict
from flask_lab.rules import RULES
from flask_lab.sources import sweep_machine
from flask_lab.worker import Job, Message, work

Each = TypeVar("Each", BackendReport, Cell)


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


def run(request: Request, listener: Listener) -> Run:
    """Ask every experiment on every backend. KeyboardInterrupt comes out when all workers are gone.

    ConfigError when `only` or `since` name nothing that there is, TreeError when the project cannot be opened anywhere.
    """
    started, begun = datetime.now(UTC), time.monotonic()
    _look_for_the_project(request)
    with _workers(request) as workers:
        _listen(workers, listener)
    for wrong in filter(None, (worker.wrong for worker in workers)):
        raise wrong
    if not any(worker.project for worker in workers):
        _raise_unopened(workers)
    projects = [worker.project for worker in workers if worker.project]
    judged = [(worker, tuple(_judge(worker))) for worker in workers]
    seen = Run(
        id=f"{started:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}",
        started=started,
        seconds=round(time.monotonic() - begun, 2),
        lab_version=__version__,
        command=request.command,
        project=projects[0] if projects else ProjectReport(str(request.alembic or request.app), (), ()),
        backends=tuple(_backend(worker) for worker in workers),
        cells=tuple(cell for worker, seen in judged for cell in _cells(request, worker, seen)),
        findings=_merged(finding for worker, seen in judged for finding in _findings(request, worker, seen)),
        not_compared=tuple(said for worker in workers for said in _not_compared(worker)),
        program=request.program,
    )
    return compared(seen)


def merged(runs: Sequence[Run]) -> Run:
    """Several runs of one tree as one; ConfigError when they are not of the same revisions."""
    first = runs[0]
    for each in runs[1:]:
        if {revision.id for revision in each.project.revisions} != {
            revision.id for revision in first.project.revisions
        }:
            raise ConfigError(
                f"the runs {first.id} and {each.id} are of different trees", "merge runs of one commit"
            )
    seen = replace(
        first,
        seconds=max(run.seconds for run in runs),
        backends=_once([backend for run in runs for backend in run.backends], lambda each: each.name),
        cells=_once(
            [cell for run in runs for cell in run.cells],
            lambda cell: (cell.experiment, cell.backend, cell.revision),
        ),
        findings=_merged(finding for run in runs for finding in run.findings),
        not_compared=tuple(dict.fromkeys(said for run in runs for said in run.not_compared)),
    )
    return compared(seen)


def _look_for_the_project(request: Request) -> None:
    """Raise NoProject before any server is started; what else is wrong may be so on SQLite only."""
    if all(parse_backend(name).product.image is None for name in request.backends):
        return
    with _workers(replace(request, backends=("sqlite",), experiments=(), only=None, since=None)) as workers:
        _listen(workers, _Deaf())
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


def _once(found: Sequence[Each], key: Callable[[Each], object]) -> tuple[Each, ...]:
    """Each once, the worst of those that are about the same thing."""
    about: dict[object, Each] = {}
    for each in found:
        known = about.setdefault(key(each), each)
        if Verdict.worst((known.verdict, each.verdict)) is not known.verdict:
            about[key(each)] = each
    return tuple(about.values())


@contextlib.contextmanager
def _workers(request: Request) -> Iterator[list[Worker]]:
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
        environ=dict(os.environ),
    )
    process = context.Process(target=work, args=(job, theirs), name=f"lab {backend}")
    process.start()
    theirs.close()
    return Worker(backend, process, ours)


def _listen(workers: Sequence[Worker], listener: Listener) -> None:
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


def _backend(worker: Worker) -> BackendReport:
    product = worker.backend.partition(":")[0]
    report = worker.report or BackendReport(worker.backend, product, "", "", Verdict.ERRORED)
    return report if worker.is_done else replace(report, verdict=Verdict.ERRORED, reason=_death(worker))


def _death(worker: Worker) -> str:
    code = worker.process.exitcode or 0
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    return f"its process {how} before it was done"


@dataclass(frozen=True, slots=True)
class _Judged:
    """An observation and what is wrong in it."""

    experiment: str
    observation: Observation
    faults: tuple[Fault, ...]

    @property
    def verdict(self) -> Verdict:
        if self.observation.skipped:
            return Verdict.SKIPPED
        # A note is good to know, and no reason to fail.
        is_wrong = any(
            (each.severity or RULES[each.rule].severity) is not Severity.NOTE for each in self.faults
        )
        return Verdict.FAILED if is_wrong else Verdict.PASSED

    @property
    def reason(self) -> str:
        return self.observation.skipped or ", ".join(dict.fromkeys(fault.rule for fault in self.faults))


def _judge(worker: Worker) -> Iterator[_Judged]:
    for experiment, observation in worker.observations:
        faults = () if observation.skipped else tuple(EXPERIMENTS[experiment].judge(observation))
        yield _Judged(experiment, observation, faults)


def _cells(request: Request, worker: Worker, judged: Sequence[_Judged]) -> Iterator[Cell]:
    """A cell per experiment and revision; a revision that was met in several orders is as good as the worst."""
    grouped: dict[tuple[str, str | None], list[_Judged]] = {}
    for each in judged:
        grouped.setdefault((each.experiment, each.observation.revision), []).append(each)
    for (experiment, revision), group in grouped.items():
        verdict = Verdict.worst(each.verdict for each in group)
        worst = next(each for each in group if each.verdict is verdict)
        seconds = round(sum(each.observation.seconds for each in group), 4)
        facts = worst.observation.facts
        if worst.observation.bind:
            facts = {"bind": worst.observation.bind, **facts}
        yield Cell(experiment, worker.backend, revision, verdict, worst.reason, seconds, facts)
    for experiment, reason in worker.errors:
        yield Cell(experiment, worker.backend, None, Verdict.ERRORED, reason)
    for experiment in request.experiments:
        if worker.report is not None and _is_kept_from(worker.report, experiment):
            yield Cell(experiment, worker.backend, None, worker.report.verdict, worker.report.reason)
        elif not worker.is_done and experiment not in worker.ended:
            yield Cell(experiment, worker.backend, None, Verdict.ERRORED, _death(worker))


def _is_kept_from(report: BackendReport, experiment: str) -> bool:
    """Whether an experiment was not asked, for what the backend's report says."""
    if report.verdict is Verdict.SKIPPED:
        return EXPERIMENTS[experiment].needs_server
    return report.verdict is not Verdict.PASSED


def _findings(request: Request, worker: Worker, judged: Sequence[_Judged]) -> Iterator[Finding]:
    product = worker.backend.partition(":")[0]
    for each in judged:
        for fault in each.faults:
            rule = RULES[fault.rule]
            revision = each.observation.revision
            yield Finding(
                rule=rule.name,
                severity=fault.severity or rule.severity,
                experiment=each.experiment,
                backends=(worker.backend,),
                revision=revision,
                message=f"{each.observation.bind}: {fault.message}"
                if each.observation.bind
                else fault.message,
                evidence=_evidence(each.observation, fault),
                remedy=remedy_for(rule, product, fault.message, fault.evidence),
                repeat=_repeat(request, each.experiment, worker.backend, revision),
            )


def _evidence(observation: Observation, fault: Fault) -> Mapping[str, Any]:
    bind = {"bind": observation.bind} if observation.bind else {}
    kept = {name: said for name, said in observation.facts.items() if name.startswith("kept")}
    return {**bind, **fault.evidence, **kept}


def _not_compared(worker: Worker) -> Iterator[str]:
    """What experiments passed over on a backend, each once."""
    said = (
        each for _, observation in worker.observations for each in observation.facts.get("not_compared", ())
    )
    yield from dict.fromkeys(f"{worker.backend}: {each}" for each in said)


def _repeat(request: Request, experiment: str, backend: str, revision: str | None) -> str:
    only = f" --only {revision}" if revision else ""
    return f"{request.program} {experiment} --on {backend}{only}"


def _merged(findings: Iterator[Finding]) -> tuple[Finding, ...]:
    """One finding for all backends on which the same rule is broken at the same revision in the same words."""
    groups: dict[tuple[str, str | None, str, str], list[Finding]] = {}
    for finding in findings:
        key = (finding.rule, finding.revision, finding.message, finding.experiment)
        groups.setdefault(key, []).append(finding)
    return tuple(_together(group) for group in groups.values())


def _together(group: list[Finding]) -> Finding:
    first = group[0]
    backends = tuple(dict.fromkeys(name for finding in group for name in finding.backends))
    repeat = first.repeat.replace(f"--on {first.backends[0]}", f"--on {','.join(backends)}")
    others = {
        name: dict(finding.evidence)
        for finding in group
        for name in finding.backends
        if finding.evidence != first.evidence
    }
    evidence = {**first.evidence, "others": others} if others else first.evidence
    return replace(first, backends=backends, repeat=repeat, evidence=evidence)
