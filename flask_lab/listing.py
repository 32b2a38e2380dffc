"""The stored runs of a folder, the newest first: whatever state each is in."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flask_lab import store, summary
from flask_lab.errors import ConfigError
from flask_lab.summary import Summary

RUN_ID = re.compile(r"\w[\w.-]*")
WRITING = 30.0
"""Seconds for which a folder without a run may be one that is just being written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A folder of the store: its run's summary, or why there is none."""

    id: str
    summary: Summary | None
    problem: str = ""


def ids(folder: Path) -> list[str]:
    """The names of all runs in a store, the newest first; those that were never finished among them."""
    try:
        found = [each.name for each in folder.iterdir() if each.is_dir() and not each.is_symlink()]
    except OSError:
        return []
    return sorted(filter(RUN_ID.fullmatch, found), reverse=True)


def entries(folder: Path, names: Sequence[str]) -> list[Entry]:
    """The runs of those names; one that cannot be read harms no other."""
    return [_entry(folder, name) for name in names]


def _entry(folder: Path, name: str) -> Entry:
    place = folder / name
    if not (place / "run.json").is_file():
        return Entry(name, None, _unfinished(place))
    try:
        return Entry(name, summary.read(json.loads((place / summary.FILE).read_text(encoding="utf-8"))))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # Of an older version, or harmed: the run itself says the same at greater length.
        pass
    try:
        return Entry(name, summary.summarize(store.load(name, folder)))
    except ConfigError as error:
        return Entry(name, None, error.message)


def _unfinished(place: Path) -> str:
    try:
        is_new = time.time() - place.stat().st_mtime < WRITING
    except OSError:
        return "it is gone"
    return "it is being written" if is_new else "there is no run.json in it: whoever wrote it was cut off"
