"""What a pytest session asks of the lab: at which places there is a verdict, and the one run that settles them all.

Nothing here knows pytest, or imports the project: its tree is read, and its databases are driven, by the lab's workers.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from flask_lab import store
from flask_lab.accepted import Accepted, accept, in_comments, read_baseline
from flask_lab.backends import PRODUCTS
from flask_lab.config import Config, read_config
from flask_lab.errors import ConfigError, TreeError
from flask_lab.experiments import EXPERIMENTS
from flask_lab.results import BackendReport, Cell, Finding, Run, Verdict
from flask_lab.rules import RULES
from flask_lab.runner import Request, run
from flask_lab.sources.owner import OWNER, write_owner
from flask_lab.worker import Message


@dataclass(frozen=True, slots=True)
class Place:
    """Where a verdict is asked for: an experiment on a backend, at a revision or (None) on the whole tree."""

    experiment: str
    backend: str
    revision: str | None

    def __str__(self) -> str:
        return f"{self.experiment} on {self.backend} at {self.revision or 'the whole tree'}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one place. `failed` is said only of findings that `fail_on` counts."""

    verdict: Verdict
    text: str = ""
    """Why, in full."""
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    """What has to be said though it fails nothing."""
    facts: Mapping[str, Any] = field(default_factory=dict)


class Shelf:
    """The runs of one session in a folder, each made once, by whichever process of the session comes first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str, make: Callable[[], Run]) -> Run:
        """The run of that name; the others wait while one process makes it."""
        path = self._folder / f"{name}.json"
        with self._alone(name):
            if not path.is_file():
                unfinished = path.with_suffix(".part")
                unfinished.write_text(json.dumps(make().as_json(), ensure_ascii=False), encoding="utf-8")
                unfinished.replace(path)
        return store.load(str(path), self._folder)

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (self._folder / OWNER).exists():
            # So that a later run sweeps the folder of a session that was killed.
            write_owner(self._folder / OWNER, os.getpid())
        with (self._folder / f"{name}.lock").open("w") as lock:
            # Let go when the file is closed, also by the end of a process that was killed.
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class _Silent:
    """A listener that has nothing to show."""

    def heard(self, backend: str, message: Message) -> None:
        """Say nothing."""


class Inquiry:
    """One project with its settings: all its places, and what became of those that are wanted."""

    def __init__(
        self, config: Config, experiments: Sequence[str], folder: Path, shelf: Shelf, tree: Run
    ) -> None:
        self.config = config
        self.experiments = tuple(experiments)
        self.folder = folder
        self.revisions = tree.project.revisions
        self.places = tuple(self._all_places())
        self._shelf = shelf
        self._key = _key(config, folder, self.experiments)
        with chdir(folder):
            self._accepted = _accepted(config, tree)
        self._settled: Settled | None = None

    def settle(self, wanted: Callable[[], Collection[Place]], urls: Mapping[str, str]) -> Settled:
        """What the run saw that settles these places, on the servers at `urls` where there are some by product.

        The first call decides what is run: all processes of a session want the same.
        """
        if self._settled is None:
            chosen = wanted()
            sought = tuple(each for each in self.places if each in chosen)
            with chdir(self.folder), _servers(urls):
                seen = self._shelf.get(self._key, lambda: self._make(sought))
            self._settled = Settled(self.config, seen, self.places, sought)
        return self._settled

    def _all_places(self) -> Iterator[Place]:
        for name in self.experiments:
            experiment = EXPERIMENTS[name]
            for backend in self.config.on:
                if experiment.of_revisions:
                    yield from (Place(name, backend, each.id) for each in self.revisions)
                if experiment.of_tree:
                    yield Place(name, backend, None)

    def _make(self, wanted: Sequence[Place]) -> Run:
        asked = {each.revision for each in wanted} - {None}
        everything = len(asked) == len(self.revisions)
        app = self.config.app
        request = Request(
            app=app,
            backends=tuple(dict.fromkeys(each.backend for each in wanted)),
            experiments=tuple(dict.fromkeys(each.experiment for each in wanted)),
            command=("pytest",),
            program=f"python -m flask_lab{f' --app {app}' if app else ''} run",
            url_env=self.config.url_env,
            only=None if everything else frozenset(filter(None, asked)),
        )
        return accept(run(request, _Silent()), self._accepted)


class Settled:
    """A run, and which of the wanted places tells what of it."""

    def __init__(self, config: Config, run: Run, places: Sequence[Place], wanted: Sequence[Place]) -> None:
        self._config = config
        self._run = run
        self._backends = {each.name: each for each in run.backends}
        self._first = wanted[0]
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
            return self._absent(backend)
        cells = self._cells.get(place, [])
        findings = tuple(self._findings.get(place, ()))
        if not any(cell.revision == place.revision for cell in cells):
            return Outcome(Verdict.ERRORED, self._why_none(place), findings)
        return self._weighed(cells, findings)

    def _absent(self, backend: BackendReport) -> Outcome:
        """For want of a server, or of a project that can be opened on it."""
        missing = backend.verdict is Verdict.SKIPPED
        verdict = Verdict.ERRORED if self._config.require else backend.verdict
        notes = (f"{backend.name} did not run: {backend.reason}",) if missing else ()
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
            return told(Verdict.FAILED, "\n\n".join(map(_in_full, failing)))
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


def open_inquiry(
    app: str, options: Mapping[str, Any], experiments: Sequence[str], folder: Path, shelf: Shelf
) -> Inquiry:
    """An inquiry about the project in `folder`; LabError when it, or a setting, cannot be right."""
    config = read_config(app, options, folder)
    for name in experiments:
        if name not in EXPERIMENTS:
            raise ConfigError.unknown_name("experiment", name, list(EXPERIMENTS))
    with chdir(folder):
        tree = shelf.get(f"{_key(config, folder)}-tree", lambda: _read_tree(config))
    if not tree.project.revisions:
        raise TreeError(tree.backends[0].reason)
    chosen = [each for each in EXPERIMENTS if each in experiments or not experiments]
    return Inquiry(config, chosen, folder, shelf, tree)


def _read_tree(config: Config) -> Run:
    """A run that asks nothing, and tells the project's revisions: on SQLite, which needs no server."""
    tries = dict.fromkeys(("sqlite", *(() if "sqlite" in config.on else config.on[:1])))
    runs = [run(Request(config.app, (each,), (), url_env=config.url_env), _Silent()) for each in tries]
    return next((each for each in runs if each.project.revisions), runs[0])


def _accepted(config: Config, tree: Run) -> list[Accepted]:
    baseline = read_baseline(config.baseline) if config.baseline else []
    return [*in_comments(tree.project.revisions), *baseline]


def _key(config: Config, folder: Path, more: Sequence[str] = ()) -> str:
    said = repr((config, str(folder), tuple(more)))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


@contextmanager
def _servers(urls: Mapping[str, str]) -> Iterator[None]:
    """Let the lab find these servers, by product, where it looks for a URL."""
    for product in urls:
        if product not in PRODUCTS:
            raise ConfigError.unknown_backend(product, list(PRODUCTS))
    given = {f"LAB_{product.upper()}_URL": url for product, url in urls.items()}
    before = {name: os.environ.pop(name, None) for name in given}
    os.environ.update(given)
    try:
        yield
    finally:
        for name, url in before.items():
            os.environ.pop(name)
            if url is not None:
                os.environ[name] = url


def _in_short(finding: Finding) -> str:
    where = f"{finding.revision or 'the whole tree'} on {', '.join(finding.backends)}"
    return f"{finding.severity.value}: {finding.rule}  {where}: {finding.message}"


def _in_full(finding: Finding) -> str:
    rule = RULES[finding.rule]
    where = f"{finding.revision or 'the whole tree'} on {', '.join(finding.backends)}"
    statement = finding.evidence.get("statement")
    lines = [
        f"{finding.rule}: {finding.message}",
        "",
        f"{finding.severity.value}, {where}",
        f"{rule.title}.",
        *((f"  {line}" for line in str(statement).splitlines()) if statement else ()),
        f"remedy: {finding.remedy}",
        f"again:  {finding.repeat}",
    ]
    return "\n".join(lines)
