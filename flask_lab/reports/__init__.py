"""Report formats, one file each: a function from a Run to text, and for terminals one that writes in colour."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from flask_lab.errors import ConfigError
from flask_lab.reports import github, json, junit, markdown, terminal
from flask_lab.results import Run

__all__ = ["FORMATS", "Output", "parse_format", "write"]

FORMATS: dict[str, Callable[[Run], str]] = {
    "terminal": terminal.render,
    "json": json.render,
    "junit": junit.render,
    "markdown": markdown.render,
    "github": github.render,
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
    if output.path is None and output.format == "terminal":
        terminal.write(run, sys.stdout)
        return
    text = FORMATS[output.format](run)
    if output.path is None:
        sys.stdout.write(text)
        return
    unfinished = output.path.with_name(f".{output.path.name}.part")
    try:
        output.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(output.path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise ConfigError(f"the report cannot be written to {output.path}: {error.strerror}") from error
