"""A Flask-Migrate project: an app, whose engines are made for the lab's databases whatever it is configured with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from alembic.util import CommandError
from click import ClickException
from flask import Flask
from flask.cli import NoAppException, ScriptInfo
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL, Engine, MetaData, inspect, make_url

from flask_lab.errors import LabError, NoProject, TreeError, reason
from flask_lab.project.base import Project
from flask_lab.project.importing import import_tree
from flask_lab.project.reach import Bind, Reach, written


@dataclass(slots=True)
class FlaskProject(Project):
    """An app with Flask-SQLAlchemy and Flask-Migrate."""

    flask: Flask
    made: frozenset[str]

    @property
    def own_tables(self) -> frozenset[str]:
        return self.made

    @property
    def app(self) -> Flask | None:
        return self.flask

    @property
    def db(self) -> SQLAlchemy:
        """The extension that Flask-Migrate was given."""
        db: SQLAlchemy = self.flask.extensions["migrate"].db
        return db

    def point_at(self, urls: Any) -> None:
        # Not super(): a dataclass with slots is another class than the one that was written.
        Project.point_at(self, urls)
        for bind in self.engines:
            _configure(self.flask, bind, self.urls[bind])

    def let_go(self) -> None:
        # A session that a revision opened on the app's own engine would hold its database.
        if hasattr(self.db, "session"):
            self.db.session.remove()
        Project.let_go(self)

    def metadata(self, bind: Bind = None) -> MetaData:
        metadatas: Any = getattr(self.db, "metadatas", {None: self.db.metadata})
        return metadatas[bind]  # type: ignore[no-any-return]


@contextmanager
def open_app(app: str, reach: Reach) -> Iterator[FlaskProject]:
    """Load `app` as `flask --app` does; in its context."""
    with _engines(reach) as given:
        flask = _load(app)
        with flask.app_context():
            yield _project(flask, app, reach, given)


@contextmanager
def _engines(reach: Reach) -> Iterator[dict[Bind, str]]:
    """Let Flask-SQLAlchemy make every engine for a database of the lab's; the URLs that it would have used."""
    given: dict[Bind, str] = {}
    like, last = reach.url(), ""

    def prepare(db: SQLAlchemy, options: dict[str, Any], flask: Flask) -> None:
        nonlocal last
        url = options.pop("url", "")
        last = str(url)
        # What the options say to one product's driver, another's does not understand.
        kept = options if url and _dialect(url) == _dialect(like) else {}
        kept = {key: value for key, value in kept.items() if key != "creator"}
        said = {key: value for key, value in options.items() if key in ("echo", "echo_pool")}
        options.clear()
        # Before Flask-SQLAlchemy makes a folder for the file that the app's own URL names.
        options.update(said | kept | {"url": like})
        original_prepare(db, options, flask)

    def make(db: SQLAlchemy, bind: Bind, options: dict[str, Any], flask: Flask) -> Engine:
        given[bind] = last
        # A factory may run its env.py at once, which may make an engine of its own from what the app is told.
        _configure(flask, bind, reach.url(bind))
        return original_make(db, bind, options | {"url": reach.url(bind)}, flask)

    # No public hook sees every app.
    original_prepare, original_make = SQLAlchemy._apply_driver_defaults, SQLAlchemy._make_engine
    SQLAlchemy._apply_driver_defaults = prepare  # type: ignore[method-assign,assignment]
    SQLAlchemy._make_engine = make  # type: ignore[method-assign,assignment]
    try:
        yield given
    finally:
        SQLAlchemy._apply_driver_defaults = original_prepare  # type: ignore[method-assign]
        SQLAlchemy._make_engine = original_make  # type: ignore[method-assign]


def _configure(flask: Flask, bind: Bind, url: URL) -> None:
    """Let an app's own settings name the database of a bind, for an env.py that reads them there."""
    if bind is None:
        flask.config["SQLALCHEMY_DATABASE_URI"] = written(url)
        return
    binds = dict(flask.config["SQLALCHEMY_BINDS"])
    options = binds[bind]
    binds[bind] = options | {"url": written(url)} if isinstance(options, dict) else written(url)
    flask.config["SQLALCHEMY_BINDS"] = binds


def own_engines(app: str) -> list[Engine]:
    """The engines of an app as it is, which lead to its own databases; TreeError when there is none to be loaded."""
    flask = _load(app)
    if "sqlalchemy" not in flask.extensions:
        raise TreeError.no_database(app or flask.import_name)
    with flask.app_context():
        return list(flask.extensions["sqlalchemy"].engines.values())


def _load(app: str) -> Flask:
    try:
        return ScriptInfo(app_import_path=app or None, set_debug_flag=False).load_app()
    except LabError:
        raise
    except NoAppException as error:
        # Flask puts a whole traceback into the message of an import that fails; its last line is the reason.
        said = error.message.strip().splitlines()
        if said[0].startswith("While importing"):
            raise TreeError.no_app(app, said[-1]) from error
        raise NoProject.app(app, said[-1]) from error
    except (Exception, SystemExit) as error:
        # Whatever a factory does wrong, sys.exit() included, is the project's to mend.
        said_at_last = error.message if isinstance(error, ClickException) else reason(error)
        raise TreeError.no_app(app, said_at_last) from error


def _project(flask: Flask, app: str, reach: Reach, given: dict[Bind, str]) -> FlaskProject:
    extension = flask.extensions.get("migrate")
    if extension is None:
        raise NoProject.migrate(app or flask.import_name)
    folder = Path(extension.migrate.directory)
    if not (folder / "env.py").is_file():
        raise NoProject.folder(str(folder))
    # Relative, as Flask-Migrate has it, so that a path in a message is one that the reader can open.
    config = extension.migrate.get_config()
    try:
        script = ScriptDirectory.from_config(config)
    except CommandError as error:
        raise TreeError.broken(str(folder), str(error)) from error
    engines = dict(extension.db.engines)
    tree, imports = import_tree(config, script, next(iter(engines.values())))
    # Before the engines lead anywhere else.
    made = frozenset(name for engine in engines.values() for name in inspect(engine).get_table_names())
    return FlaskProject(config, script, tree, engines, imports, reach, given, flask, made)


def _dialect(url: URL | str) -> str:
    return make_url(url).get_backend_name().replace("mariadb", "mysql")
