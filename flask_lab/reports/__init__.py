"""Report formats, one file each: a function from a Run to text, and for terminals one to what Rich shows in colour."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from rich.console import RenderableType

from flask_lab.comparing import Difference
from flask_lab.errors import ConfigError, LabError, unwritable
from flask_lab.files import write_whole
from flask_lab.reports import difference, github, html, json, junit, markdown, plotted, sarif, terminal
from flask_lab.results import Run

__all__ = ["DIFFERENCE", "FORMATS", "RUN", "SHOWN", "Kind", "Output", "parse_format", "write", "write_all"]

Seen = TypeVar("Seen")
FORMATS: dict[str, Callable[[Run], str]] = {
    "terminal": terminal.render,
    "json": json.render,
    "junit": junit.render,
    "markdown": markdown.render,
    "github": github.render,
    "sarif": sarif.render,
    "html": html.render,
}


@dataclass(frozen=True, slots=True)
class Kind(Generic[Seen]):
    """What there is to report, and the formats that make sense of it."""

    name: str
    formats: Mapping[str, Callable[[Seen], str]]
    on_terminal: Callable[[Seen], RenderableType]


RUN: Kind[Run] = Kind("a run", FORMATS, terminal.report)
SHOWN: Kind[Run] = Kind("a run", {**FORMATS, "terminal": plotted.render}, plotted.report)
"""A run that somebody looks at again, at leisure."""
DIFFERENCE: Kind[Difference] = Kind("a difference", difference.FORMATS, difference.report)


@dataclass(frozen=True, slots=True)
class Output:
    """A format, and the file it goes to; stdout where there is none."""

    format: str
    path: Path | None = None


def parse_format(spelling: str, kind: Kind[Any] = RUN) -> Output:
    """What `json` or `json:report.json` asks for."""
    name, _, path = spelling.partition(":")
    if name not in FORMATS:
        raise ConfigError.unknown_name("format", name, list(kind.formats))
    if name not in kind.formats:
        raise ConfigError(f"{kind.name} has no format '{name}'", f"it has {', '.join(kind.formats)}")
    return Output(name, Path(path) if path else None)


def write(seen: Seen, kind: Kind[Seen], output: Output) -> None:
    """Write it in a format; a file appears whole or not at all."""
    try:
        if output.path is None:
            _write_out(seen, kind, output.format)
        else:
            write_whole(output.path, kind.formats[output.format](seen))
    except BrokenPipeError:
        # Whoever read it has seen enough.
        raise
    except OSError as error:
        raise unwritable(f"the report cannot be written to {output.path or 'stdout'}", error) from error


def write_all(seen: Seen, kind: Kind[Seen], outputs: Iterable[Output], *others: Callable[[], object]) -> None:
    """Write it in several formats, and do the `others`; an error is raised when all that can be done is done."""
    tasks: list[Callable[[], object]] = [
        *others,
        *(partial(write, seen, kind, output) for output in outputs),
    ]
    errors = []
    for task in tasks:
        try:
            task()
        except LabError as error:
            errors.append(error)
    if errors:
        of = ConfigError if all(isinstance(error, ConfigError) for error in errors) else LabError
        raise of("\nError: ".join(map(str, errors)))


def _write_out(seen: Seen, kind: Kind[Seen], format_: str) -> None:
    try:
        if format_ == "terminal":
            terminal.write(kind.on_terminal(seen), sys.stdout)
        else:
            sys.stdout.write(kind.formats[format_](seen))
        sys.stdout.flush()
    except OSError:
        # Else Python tries it once more at its end, and complains in its own words.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise
