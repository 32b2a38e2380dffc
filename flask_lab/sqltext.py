"""`flask lab sql`: one revision as SQL, backend beside backend."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from difflib import get_close_matches
from typing import IO

from alembic.script import ScriptDirectory
from alembic.util import CommandError
from rich import box
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table

from flask_lab.backends import parse_backend
from flask_lab.config import Config
from flask_lab.errors import HISTORY, ConfigError, TreeError
from flask_lab.migrator import Direction, describe
from flask_lab.offline import Book, Page, render
from flask_lab.project import Project, open_project
from flask_lab.results import Revision
from flask_lab.sources import open_server

COLUMN = 46
"""Characters that a backend's column needs to be readable."""


@dataclass(frozen=True, slots=True)
class Text:
    """The SQL of one step, and the backends on which it is this."""

    direction: Direction
    backends: tuple[str, ...]
    sql: str


def texts(config: Config, name: str, directions: Sequence[Direction]) -> tuple[Revision, list[Text]]:
    """A revision and its SQL for each backend of a configuration; ConfigError when no revision is called so."""
    # Nothing is written into the project's folders.
    sys.dont_write_bytecode = True
    with ExitStack() as stack:
        # What env.py tells of its runs is no SQL.
        stack.callback(logging.disable, logging.root.manager.disable)
        logging.disable()
        # For the app to open on: none of the backends needs a server.
        server = stack.enter_context(open_server("sqlite"))
        project = stack.enter_context(
            open_project(
                config.app, config.url_env, lambda: stack.enter_context(server.scratch()), config.alembic
            )
        )
        revision = _revision(project, name)
        found: dict[tuple[Direction, str], list[str]] = {}
        for backend in config.on:
            product = parse_backend(backend).product
            book = render(project, product, [revision.id], revision.down)
            for direction in directions:
                sql = _sql(project, book, revision.id, direction)
                found.setdefault((direction, sql), []).append(backend)
        return revision, [Text(way, tuple(names), sql) for (way, sql), names in found.items()]


def write(revision: Revision, found: Sequence[Text], stream: IO[str]) -> None:
    """Write them side by side on a terminal that is wide enough, else one after the other."""
    console = Console(file=stream, highlight=False)
    for direction in dict.fromkeys(each.direction for each in found):
        those = [each for each in found if each.direction == direction]
        title = f"{direction} {revision.id}: {revision.message}"
        if console.is_terminal and len(those) > 1 and console.width >= COLUMN * len(those):
            console.print(_beside(title, those))
            continue
        for each in those:
            # Comments, so that all of it may be sent to a database.
            stream.write(f"-- {title}, on {', '.join(each.backends)}\n\n{each.sql}\n")


def _beside(title: str, those: Sequence[Text]) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        expand=True,
    )
    for each in those:
        table.add_column(", ".join(each.backends), ratio=1)
    table.add_row(*(Syntax(each.sql, "sql", word_wrap=True, background_color="default") for each in those))
    return table


def _revision(project: Project, name: str) -> Revision:
    """The revision that a name, or the beginning of one, stands for."""
    if project.tree.broken:
        raise TreeError.broken(project.script.dir, project.tree.broken[0])
    known = {each.id: each for each in project.tree.revisions}
    if name in ("head", "heads") and len(project.tree.heads) > 1:
        raise ConfigError(f"the tree has the heads {', '.join(project.tree.heads)}", "name one of them")
    script: ScriptDirectory = project.script
    try:
        found = script.get_revision(name)
    except CommandError as error:
        near = get_close_matches(name, known, 3)
        hint = f"did you mean {' or '.join(near)}?" if near else HISTORY
        many = "more than one revision begins with" if "Multiple" in str(error) else "there is no revision"
        raise ConfigError(f"{many} '{name}'", hint) from error
    if found is None:
        raise ConfigError(f"'{name}' is no revision", HISTORY)
    return known[found.revision]


def _sql(project: Project, book: Book, revision: str, direction: Direction) -> str:
    pages = [(bind, book.page(revision, direction, bind)) for bind in project.engines]
    blocks = []
    for bind, page in pages:
        head = f"-- bind {bind}\n" if bind is not None else ""
        blocks.append(head + (_page(page) if page else f"-- not rendered: {book.env_error}\n"))
    return "\n".join(blocks)


def _page(page: Page) -> str:
    reasons = [describe(each.error) for each in page.refused]
    if page.step.error is not None and not page.refused:
        reasons.append(describe(page.step.error))
    lines = [f"{statement.strip().rstrip(';')};\n" for statement in page.step.statements]
    lines += [f"-- not rendered: {reason}\n" for reason in dict.fromkeys(reasons)]
    return "\n".join(lines) or "-- nothing\n"
