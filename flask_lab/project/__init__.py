"""Opens a project for one backend: its metadata and tree, on databases of the lab's own, and no others in reach.

A Flask-Migrate project is an app; a plain Alembic project is a configuration file. What its factory or the import of
its modules writes goes to databases that are never measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import URL

from flask_lab.project.base import Project
from flask_lab.project.flask_app import open_app, own_engines
from flask_lab.project.plain import AlembicFile, open_plain
from flask_lab.project.reach import Bind, Reach, UrlEnv

__all__ = ["AlembicFile", "Bind", "Opening", "Project", "UrlEnv", "open_project", "own_engines"]


@dataclass(frozen=True, slots=True)
class Opening:
    """What another process needs to open the same project."""

    app: str = ""
    url_env: UrlEnv = ""
    alembic: AlembicFile | None = None


@contextmanager
def open_project(
    app: str,
    url_env: UrlEnv,
    scratch: Callable[[], URL],
    alembic: AlembicFile | None = None,
    bounds: Sequence[str] = (),
) -> Iterator[Project]:
    """Load `app` as `flask --app` does, or what `alembic` names, on databases that `scratch` makes.

    `bounds` are statements for each new session. Raises TreeError when there is no such project, no Flask-Migrate in
    it, or no tree that can be read.
    """
    with Reach(scratch, url_env, "the app" if alembic is None else "env.py", bounds) as reach:
        opened = open_app(app, reach) if alembic is None else open_plain(alembic, reach)
        with opened as project:
            yield project
