"""What the processes of one pytest session share: what is asked, the places that have a verdict, and the verdicts.

Cheap to import: only the process that makes something for the shelf loads the lab's engine.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

from flask_lab.errors import LabError
from flask_lab.results import Finding, Severity, Verdict, plain


@dataclass(frozen=True, slots=True)
class Question:
    """A project, and what is asked of it; what is empty, [tool.flask_lab] and the lab's defaults say."""

    folder: Path
    """Where `flask` would be run."""
    app: str = ""
    alembic: str = ""
    """A plain Alembic project in place of an app."""
    metadata: str = ""
    on: tuple[str, ...] = ()
    experiments: tuple[str, ...] = ()
    require: bool = False
    baseline: str = ""

    @property
    def key(self) -> str:
        """The same in every process of a session."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a verdict is asked for: an experiment on a backend, at a revision or (None) on the whole tree."""

    experiment: str
    backend: str
    revision: str | None

    @property
    def id(self) -> str:
        return f"{self.backend}-{self.revision or 'tree'}"

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

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Outcome:
        """An outcome from its JSON."""
        findings = tuple(
            Finding(**each | {"severity": Severity(each["severity"]), "backends": tuple(each["backends"])})
            for each in found["findings"]
        )
        return cls(Verdict(found["verdict"]), found["text"], findings, tuple(found["notes"]), found["facts"])


class Shelf:
    """JSON values in a folder, each made once, by whichever process of the session comes first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, name: str, make: Callable[[], Any]) -> Any:
        """The value of that name; while one process makes it, the others wait."""
        path = self.folder / f"{name}.json"
        if not path.is_file():
            with self._alone(name):
                if not path.is_file():
                    unfinished = path.with_suffix(".part")
                    unfinished.write_text(json.dumps(make(), ensure_ascii=False), encoding="utf-8")
                    unfinished.replace(path)
        return json.loads(path.read_text(encoding="utf-8"))

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        with (self.folder / f"{name}.lock").open("w") as lock:
            # Let go when the file is closed, also by the end of a process that was killed.
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class Inquiry:
    """A question, the places where it has an answer, and the answers, all of one run."""

    def __init__(self, question: Question, folder: Path) -> None:
        self.question = question
        self.shelf = Shelf(folder)
        found = self.shelf.get(f"{question.key}-places", self._find)
        self.wrong: str = found["wrong"]
        """Why nothing can be asked, else empty."""
        self.places = [Place(*each) for each in found["places"]]
        self._answers: dict[str, Any] = {}

    def outcome(
        self, place: Place, wanted: Callable[[], Collection[Place]], urls: Mapping[str, str]
    ) -> Outcome:
        """What became of a place; whoever asks first has the lab run, and all processes want the same places."""
        if not self._answers:
            self._answers = self.shelf.get(self.question.key, lambda: self._settle(wanted(), urls))
        if self._answers["wrong"]:
            return Outcome(Verdict.ERRORED, self._answers["wrong"])
        return Outcome.read(self._answers["outcomes"][str(place)])

    def _find(self) -> dict[str, Any]:
        from flask_lab import pytest_runs  # noqa: PLC0415  (only where something is made)

        pytest_runs.claim(self.shelf.folder)
        try:
            return {
                "wrong": "",
                "places": plain([astuple(each) for each in pytest_runs.places_of(self.question)]),
            }
        except LabError as error:
            return {"wrong": str(error), "places": []}

    def _settle(self, wanted: Collection[Place], urls: Mapping[str, str]) -> dict[str, Any]:
        from flask_lab import pytest_runs  # noqa: PLC0415

        try:
            settled = pytest_runs.settle(self.question, self.places, wanted, urls)
        except LabError as error:
            return {"wrong": str(error)}
        return {"wrong": "", "outcomes": {str(place): plain(each) for place, each in settled.items()}}
