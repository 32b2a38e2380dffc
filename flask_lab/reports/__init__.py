"""Report formats, one file each: a function from a Run to text, and for terminals one that writes in colour."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from flask_lab.errors import ConfigError, LabError, unwritable
from flask_lab.files import write_whole
from flask_lab.reports import github, html, json, junit, markdown, sarif, terminal
from flask_lab.results import Run

__all__ = ["FORMATS", "Output", "parse_format", "write", "write_all"]

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
class Output:
    """A format, and the file it goes to; stdout where there is none."""

    format: str
    path: Path | None = None


def parse_format(spelling: str) -> Output:
    """What `json` or `json:report.json` asks for."""
    name, _, path = spelling.partition(":")
    if name not in FORMATS:
        raise ConfigError.unknown_name("format", name, list(FORMATS))
    return Output(name, Path(path) if path else None)


def write(run: Run, output: Output) -> None:
    """Write a run; a file appears whole or not at all."""
    try:
        if output.path is None:
            _write_out(run, output.format)
        else:
            write_whole(output.path, FORMATS[output.format](run))
    except BrokenPipeError:
        # Whoever read it has seen enough.
        raise
    except OSError as error:
        raise unwritable(f"the report cannot be written to {output.path or 'stdout'}", error) from error


def write_all(run: Run, outputs: Iterable[Output], *others: Callable[[], object]) -> None:
    """Write a run in several formats, and do the `others`; an error is raised when all that can be done is done."""
    tasks: list[Callable[[], object]] = [*others, *(partial(write, run, output) for output in outputs)]
    errors = []
    for task in tasks:
        try:
            task()
        except LabError as error:
            errors.append(error)
    if errors:
        kind = ConfigError if all(isinstance(error, ConfigError) for error in errors) else LabError
        raise kind("\nError: ".join(map(str, errors)))


def _write_out(run: Run, format_: str) -> None:
    try:
        if format_ == "terminal":
            terminal.write(run, sys.stdout)
        else:
            sys.stdout.write(FORMATS[format_](run))
        sys.stdout.flush()
    except OSError:
        # Else Python tries it once more at its end, and complains in its own words.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise
