"""Answers a pytest session: where there is a verdict, and, by one run of the lab, what each is.

Knows nothing of pytest, and does not import the project: the lab's workers read its tree and drive its databases.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from flask_lab.accepted import Accepted, accept, in_comments, read_baseline
from flask_lab.backends import PRODUCTS
from flask_lab.config import Config, read_config
from flask_lab.errors import ConfigError, TreeError
from flask_lab.experiments import EXPERIMENTS
from flask_lab.pytest_shelf import Outcome, Place, Question
from flask_lab.reports.evidence import evidence_on
from flask_lab.results import BackendReport, Cell, Finding, ProjectReport, Revision, Run, Verdict
from flask_lab.rules import RULES
from flask_lab.runner import Request, run
from flask_lab.sources.owner import OWNER, write_owner
from flask_lab.worker import Message


class _Silent:
    """A listener that has nothing to show."""

    def heard(self, backend: str, message: Message) -> None:
        """Say nothing."""


def claim(folder: Path) -> None:
    """Let a later run of the lab sweep a folder whose session was killed."""
    write_owner(folder / OWNER, os.getpid())


def places_of(question: Question) -> list[Place]:
    """Where there is a verdict; LabError when the project, or a setting, cannot be right."""
    config = _config(question)
    names = _experiments(question)
    with chdir(question.folder):
        project = _read_project(config)
        _read_accepted(config, project.revisions)
    return [place for name in names for place in _places(name, config.on, project)]


def _places(name: str, backends: Sequence[str], project: ProjectReport) -> Iterator[Place]:
    experiment = EXPERIMENTS[name]
    # Of revisions that make no tree, all is said of the whole.
    walked = bool(project.heads)
    for backend in backends:
        if experiment.of_revisions and walked:
            yield from (Place(name, backend, each.id) for each in project.revisions)
        if experiment.of_tree or not walked:
            yield Place(name, backend, None)


def settle(
    question: Question, places: Sequence[Place], wanted: Collection[Place], urls: Mapping[str, str]
) -> dict[Place, Outcome]:
    """What one run makes of the wanted ones of all `places`, on the servers at `urls` where there are some."""
    config = _config(question)
    sought = [each for each in places if each in wanted]
    with chdir(question.folder), _servers(urls):
        seen = run(_request(config, sought), _Silent())
        seen = accept(seen, _read_accepted(config, seen.project.revisions))
    settled = Settled(config, seen, places, sought)
    return {each: settled.outcome(each) for each in sought}


def _config(question: Question) -> Config:
    options = {
        "on": ",".join(question.on),
        "require": question.require,
        "baseline": Path(question.baseline) if question.baseline else None,
        "alembic": question.alembic,
        "metadata": question.metadata,
    }
    return read_config(question.app, options, question.folder)


def _experiments(question: Question) -> list[str]:
    for name in question.experiments:
        if name not in EXPERIMENTS:
            raise ConfigError.unknown_name("experiment", name, list(EXPERIMENTS))
    return [each for each in EXPERIMENTS if each in question.experiments or not question.experiments]


def _read_project(config: Config) -> ProjectReport:
    """The project's revisions, by a run that asks nothing: on SQLite, which needs no server."""
    refusals = []
    for backend in dict.fromkeys(("sqlite", *(() if "sqlite" in config.on else config.on[:1]))):
        try:
            seen = run(replace(_request(config, []), backends=(backend,)), _Silent())
        except TreeError as error:
            refusals.append(error)
            continue
        if seen.backends[0].verdict is Verdict.PASSED:
            return seen.project
        refusals.append(TreeError(seen.backends[0].reason))
    raise refusals[0]


def _read_accepted(config: Config, revisions: Sequence[Revision]) -> list[Accepted]:
    return [*in_comments(revisions), *(read_baseline(config.baseline) if config.baseline else ())]


def _request(config: Config, wanted: Sequence[Place]) -> Request:
    """One run for all that is wanted; of some revisions alone where nothing is asked of the whole tree."""
    revisions = frozenset(each.revision for each in wanted if each.revision is not None)
    whole = any(each.revision is None for each in wanted)
    return Request(
        app=config.app,
        backends=tuple(dict.fromkeys(each.backend for each in wanted)),
        experiments=tuple(dict.fromkeys(each.experiment for each in wanted)),
        command=("pytest",),
        program=_program(config),
        url_env=config.url_env,
        alembic=config.alembic,
        options=config.options,
        only=None if whole else revisions,
    )


def _program(config: Config) -> str:
    """How a person runs it again: the way that works where the package is not installed, too."""
    named = {"app": config.app, "alembic": config.alembic and str(config.alembic)}
    named["metadata"] = config.alembic and config.alembic.metadata
    options = "".join(f" --{name} {value}" for name, value in named.items() if value)
    return f"python -m flask_lab{options} run"


@contextmanager
def _servers(urls: Mapping[str, str]) -> Iterator[None]:
    """Let the lab find these servers, by product, where it looks for a URL."""
    for product in urls:
        if product not in PRODUCTS:
            raise ConfigError.unknown_backend(product, list(PRODUCTS))
    given = {f"LAB_{product.upper()}_URL": url for product, url in urls.items()}
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        yield
    finally:
        for name, url in before.items():
            del os.environ[name]
            if url is not None:
                os.environ[name] = url


class Settled:
    """A run, and which of the wanted places tells what of it."""

    def __init__(self, config: Config, run: Run, places: Sequence[Place], wanted: Sequence[Place]) -> None:
        self._config = config
        self._run = run
        self._backends = {each.name: each for each in run.backends}
        self._first = wanted[0]
        self._firsts = {each.backend: each for each in reversed(wanted)}
        self._last = {(each.experiment, each.backend): each for each in wanted}
        self._cells: dict[Place, list[Cell]] = {}
        self._findings: dict[Place, list[Finding]] = {}
        foreseen, sought = set(places), set(wanted)
        for cell in run.cells:
            at = Place(cell.experiment, cell.backend, cell.revision)
            # An experiment that broke off is said of the tree; where nobody asks about that, it is to be heard as well.
            astray = cell.verdict is Verdict.ERRORED and at not in sought
            self._cells.setdefault(self._teller(at, astray=astray or at not in foreseen), []).append(cell)
        for finding in run.findings:
            for backend in finding.backends:
                at = Place(finding.experiment, backend, finding.revision)
                teller = self._teller(at, astray=at not in foreseen)
                self._findings.setdefault(teller, []).append(finding)

    def _teller(self, at: Place, *, astray: bool) -> Place:
        """The place itself; where no item stands for it, the last that its experiment has on the backend."""
        return self._last.get((at.experiment, at.backend), at) if astray else at

    def outcome(self, place: Place) -> Outcome:
        """What became of one of the wanted places."""
        found = self._judged(place)
        passed_over = self._run.not_compared if place == self._first else ()
        return replace(found, notes=(*(f"not compared: {each}" for each in passed_over), *found.notes))

    def _judged(self, place: Place) -> Outcome:
        backend = self._backends[place.backend]
        if backend.verdict is not Verdict.PASSED:
            return self._absent(backend, place)
        cells = self._cells.get(place, [])
        findings = tuple(self._findings.get(place, ()))
        if not any(cell.revision == place.revision for cell in cells):
            return Outcome(Verdict.ERRORED, self._why_none(place), findings)
        return self._weighed(cells, findings)

    def _absent(self, backend: BackendReport, place: Place) -> Outcome:
        """For want of a server, or of a project that can be opened on it."""
        verdict = Verdict.ERRORED if self._config.require else backend.verdict
        first = place == self._firsts[backend.name]
        notes = (f"{backend.name} did not run: {backend.reason}",) if first else ()
        return Outcome(verdict, backend.reason, notes=notes)

    def _weighed(self, cells: Sequence[Cell], findings: tuple[Finding, ...]) -> Outcome:
        worst = Verdict.worst(cell.verdict for cell in cells)
        reason = next(cell.reason for cell in cells if cell.verdict is worst)
        failing = [each for each in findings if self._config.fails(each)]
        notes = tuple(_in_short(each) for each in findings if each.accepted is None and each not in failing)
        told = partial(Outcome, findings=findings, facts=cells[0].facts, notes=notes)
        if worst is Verdict.ERRORED:
            return told(worst, reason)
        if failing:
            return told(Verdict.FAILED, _in_full(failing, cells[0].backend))
        if worst is Verdict.SKIPPED or (worst is Verdict.FAILED and not findings):
            return told(worst, reason)
        known = [
            f"{each.rule} is accepted: {each.accepted}" for each in findings if each.accepted is not None
        ]
        return told(Verdict.KNOWN if known else Verdict.PASSED, "; ".join(known))

    def _why_none(self, place: Place) -> str:
        """Why there is no verdict at a place: its experiment broke off, if that is known."""
        there = (place.experiment, place.backend, Verdict.ERRORED)
        broken = (
            cell.reason for cell in self._run.cells if (cell.experiment, cell.backend, cell.verdict) == there
        )
        return next(broken, f"there is no verdict of {place}")


def _in_short(finding: Finding) -> str:
    where = f"{finding.revision or 'the whole tree'} on {', '.join(finding.backends)}"
    return f"{finding.severity.value}: {finding.rule}  {where}: {finding.message}"


def _in_full(findings: Sequence[Finding], backend: str) -> str:
    """All findings of one place, those of a rule together."""
    rules: dict[str, list[Finding]] = {}
    for each in findings:
        rules.setdefault(each.rule, []).append(each)
    return "\n\n".join("\n".join(_of_a_rule(group, backend)) for group in rules.values())


def _of_a_rule(findings: Sequence[Finding], backend: str) -> Iterator[str]:
    for each in findings:
        yield f"{each.rule}: {each.message}"
        for label, said in evidence_on(each, backend):
            yield from textwrap.indent(f"{label}: {said}", "  ").splitlines()
    first = findings[0]
    where = f"{first.revision or 'the whole tree'} on {', '.join(first.backends)}"
    yield f"{first.severity.value}, {where}: {RULES[first.rule].title}"
    yield f"remedy: {first.remedy}"
    yield f"again:  {first.repeat}"
