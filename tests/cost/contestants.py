"""Who is measured: each is run in a process of its own, in the folder of a tree, against the same server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tests.cost.limits import ALEMBIC, LAB, MRT, RAW, Timing

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).parent


class LeftOut(Exception):
    """Someone who could not be measured, and why."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is measured."""

    tree: Path
    backend: str
    environment: Mapping[str, str]
    patience: float
    """Seconds after which a peer is ended."""

    def run(self, *arguments: str, patience: float | None = None) -> str:
        """What Python prints, run with these arguments; LeftOut with its last line when it fails."""
        environment = {**os.environ, **self.environment, "PYTHONPATH": os.pathsep.join((".", str(ROOT)))}
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.tree,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=patience,
        )
        if done.returncode:
            said = (done.stdout + done.stderr).strip().splitlines() or ["it said nothing"]
            raise LeftOut(f"it ended with {done.returncode}: {said[-1]}")
        return done.stdout


def stairway(place: Place) -> Timing:
    found = json.loads(place.run("-m", "tests.cost.lab", place.backend, LAB))
    if found["wrong"]:
        raise LeftOut(found["wrong"])
    return Timing((found["seconds"],), found["steps"])


def raw(place: Place) -> Timing:
    found = json.loads(place.run("-m", "tests.cost.raw", place.backend).splitlines()[-1])
    return Timing((found["seconds"],), found["steps"])


def pytest_alembic(place: Place) -> Timing:
    return _peer(place, ALEMBIC, FOLDER / "with_pytest_alembic.py")


def pytest_mrt(place: Place) -> Timing:
    return _peer(place, MRT, FOLDER / "with_pytest_mrt.py")


CONTESTANTS: Mapping[str, Callable[[Place], Timing]] = {
    LAB: stairway,
    RAW: raw,
    ALEMBIC: pytest_alembic,
    MRT: pytest_mrt,
}


def _peer(place: Place, package: str, tests: Path) -> Timing:
    """The time inside a peer's tests, without their fixtures."""
    installed(package)
    times = place.tree / "times.json"
    times.unlink(missing_ok=True)
    environment = {**place.environment, "COST_BACKEND": place.backend, "COST_TIMES": str(times)}
    options = ["-p", "tests.cost.peers", "-p", "no:cacheprovider", "--noconftest", "--import-mode=importlib"]
    options += ["-q", "-c", os.devnull, "--rootdir", str(place.tree)]
    inside = Place(place.tree, place.backend, environment, place.patience)
    try:
        inside.run("-m", "pytest", *options, str(tests), patience=place.patience)
    except subprocess.TimeoutExpired:
        return Timing((place.patience,), stopped=True)
    return Timing((sum(seconds for _, seconds in json.loads(times.read_text()).values()),))


def installed(package: str) -> str:
    """A package's version; LeftOut when there is none."""
    try:
        return version(package)
    except PackageNotFoundError:
        raise LeftOut(f"{package} is not installed here") from None


def command(place: Place, experiments: tuple[str, ...]) -> Timing:
    """All of `flask lab run`, from the shell and back."""
    begun = time.perf_counter()
    store: dict[str, Any] = {**place.environment, "LAB_STORE": str(place.tree / "runs")}
    arguments = [
        "-m",
        "flask_lab",
        "--app",
        "linear",
        "run",
        *experiments,
        "--on",
        place.backend,
        "--require",
    ]
    Place(place.tree, place.backend, store, place.patience).run(*arguments)
    return Timing((time.perf_counter() - begun,))
