"""Runs on disk: a folder per run with its run.json, and a link to the latest."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from flask_lab import summary
from flask_lab.errors import ConfigError, unwritable
from flask_lab.files import write_whole
from flask_lab.results import (
    FORMAT,
    PROGRAM,
    BackendReport,
    Cell,
    Finding,
    ProjectReport,
    Revision,
    Run,
    Severity,
    Verdict,
    plain,
)
from flask_lab.rules import RULES
from flask_lab.settings import read_settings

LATEST = "latest"
PREVIOUS = "previous"


def folder_of(project: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Where the project in a directory keeps its runs: LAB_STORE, else `store` in its settings, else outside it."""
    if given := environment.get("LAB_STORE"):
        return Path(given)
    if set_to := read_settings(project).get("store"):
        return project / str(set_to)
    mark = hashlib.sha256(str(project.resolve()).encode()).hexdigest()[:8]
    return Path(click.get_app_dir("flask-lab")) / "runs" / f"{project.resolve().name}-{mark}"


def save(run: Run, folder: Path) -> Path:
    """Keep a run; the folder that holds it."""
    place = folder / run.id
    try:
        write_whole(place / "run.json", json.dumps(run.as_json(), ensure_ascii=False))
        brief = plain(summary.summarize(run))
        write_whole(place / summary.FILE, json.dumps(brief, ensure_ascii=False))
        link = folder / f".{LATEST}.{run.id}"
        link.symlink_to(run.id)
        link.replace(folder / LATEST)
    except OSError as error:
        with suppress(OSError):
            # Empty, where not even the run itself could be written.
            place.rmdir()
        raise unwritable(f"the run cannot be kept in {place}", error, "--no-store keeps none") from error
    return place


def load(name: str, folder: Path) -> Run:
    """A stored run, by its id, by `latest`, or by `previous`, the one before that; or the JSON report at a path."""
    if name == PREVIOUS:
        name = _previous(folder)
    path = Path(name) if Path(name).suffix == ".json" else folder / name / "run.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return read(found)
    except FileNotFoundError as error:
        known = _known(folder)
        hint = f"there are {', '.join(known[-5:])}" if known else "flask lab run makes one"
        raise ConfigError(f"there is no run '{name}'", hint) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"the run in {path} cannot be read: {error}") from error


def _known(folder: Path) -> list[str]:
    """The ids of the runs that are kept, the oldest first."""
    return sorted(each.parent.name for each in folder.glob("*/run.json") if not each.parent.is_symlink())


def _previous(folder: Path) -> str:
    known = _known(folder)
    latest = (folder / LATEST).resolve().name
    before = [each for each in known if each < latest]
    if before:
        return before[-1]
    alone = f"there is none before {latest}; flask lab run makes another"
    raise ConfigError(f"there is no run '{PREVIOUS}'", alone if known else "flask lab run makes one")


def read(found: Mapping[str, Any]) -> Run:
    """A run from its JSON; keys that this version does not know are passed over."""
    if found["format"] != FORMAT:
        raise ValueError(f"it is of format {found['format']}, this version reads {FORMAT}")
    head, project = found["run"], found["project"]
    revisions = tuple(
        Revision(
            each["id"],
            tuple(each["down"]),
            each["message"],
            each["path"],
            tuple(each.get("depends_on", ())),
            each.get("source", ""),
        )
        for each in project["revisions"]
    )
    return Run(
        id=head["id"],
        started=datetime.fromisoformat(head["started"]),
        seconds=head["seconds"],
        lab_version=head["lab_version"],
        command=tuple(head["command"]),
        project=ProjectReport(project["app"], tuple(project["heads"]), revisions),
        backends=tuple(_backend(each) for each in found["backends"]),
        cells=tuple(_cell(each) for each in found["cells"]),
        findings=tuple(_finding(each) for each in found["findings"]),
        not_compared=tuple(found["counts"]["not_compared"]),
        program=head.get("program", PROGRAM),
    )


def _backend(found: Mapping[str, Any]) -> BackendReport:
    return BackendReport(
        found["name"],
        found["product"],
        found["version"],
        found["source"],
        Verdict(found["verdict"]),
        found["reason"],
    )


def _cell(found: Mapping[str, Any]) -> Cell:
    return Cell(
        found["experiment"],
        found["backend"],
        found["revision"],
        Verdict(found["verdict"]),
        found["reason"],
        found["seconds"],
        found["facts"],
    )


def _finding(found: Mapping[str, Any]) -> Finding:
    if found["rule"] not in RULES:
        raise ValueError(f"this version knows no rule {found['rule']}")
    return Finding(
        found["rule"],
        Severity(found["severity"]),
        found["experiment"],
        tuple(found["backends"]),
        found["revision"],
        found["message"],
        found["evidence"],
        found["remedy"],
        found["accepted"],
        found["repeat"],
    )
