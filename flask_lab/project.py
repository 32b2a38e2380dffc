"""Opens a Flask-Migrate project for one backend: its app, metadata and tree, on databases of the lab's own.

The app is made with engines that lead to scratch databases, and any other database is out of its reach. What its
factory writes goes to databases that are never measured.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from click import ClickException
from flask import Flask
from flask.cli import ScriptInfo
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL, Dialect, Engine, MetaData, event, make_url

from flask_lab.backends.base import SCRATCH_NAME
from flask_lab.errors import LabError, TreeError
from flask_lab.tree import Tree, read_tree

Bind = str | None
"""A key of SQLALCHEMY_BINDS, or None for the default database."""


@dataclass(slots=True)
class Project:
    """An app whose engines can be pointed at one set of scratch databases after another."""

    app: Flask
    alembic: AlembicConfig
    script: ScriptDirectory
    tree: Tree
    engines: Mapping[Bind, Engine]
    urls: dict[Bind, URL] = field(default_factory=dict)

    def point_at(self, urls: Mapping[Bind, URL]) -> None:
        """Let every engine lead to the database given for its bind."""
        for bind, engine in self.engines.items():
            engine.dispose()
            self.urls[bind] = engine.url = urls[bind]
            with engine.connect() as connection:
                # The dialect remembers the database of its first connection, and looks for tables there.
                engine.dialect.initialize(connection)
        self.app.config["SQLALCHEMY_DATABASE_URI"] = _written(urls[None]) if None in urls else None

    def let_go(self) -> None:
        """Close every connection to the databases it points at, as they are about to be dropped."""
        db = self.app.extensions["migrate"].db
        # A session that a revision opened on the app's own engine would hold its database.
        if hasattr(db, "session"):
            db.session.remove()
        for engine in self.engines.values():
            engine.dispose()

    def bind_of(self, engine: Engine) -> Bind:
        """The bind whose database `engine` leads to; env.py may have made the engine itself."""
        return next((bind for bind, url in self.urls.items() if url.database == engine.url.database), None)

    def metadata(self, bind: Bind = None) -> MetaData:
        """The tables that the models of a bind declare."""
        db = self.app.extensions["migrate"].db
        metadatas: Mapping[Bind, MetaData] = getattr(db, "metadatas", {None: db.metadata})
        return metadatas[bind]


@contextmanager
def open_project(app: str, url_env: str, scratch: Callable[[], URL]) -> Iterator[Project]:
    """Load `app` as `flask --app` does, on databases that `scratch` makes.

    Raises TreeError when there is no such app, no Flask-Migrate in it, or no tree that can be read.
    """
    engines: dict[Bind, Engine] = {}

    def make_engine(db: SQLAlchemy, bind: Bind, options: dict[str, Any], flask: Flask) -> Engine:
        url = scratch()
        # What the options say to one product's driver, another's does not understand.
        same = options.get("url") and _dialect(options["url"]) == _dialect(url)
        kept = (
            options
            if same
            else {key: value for key, value in options.items() if key in ("echo", "echo_pool")}
        )
        engine = original(db, bind, kept | {"url": url}, flask)
        _lead(engine)
        engines[bind] = engine
        if url_env:
            os.environ[url_env] = _written(url)
        return engine

    original = SQLAlchemy._make_engine
    SQLAlchemy._make_engine = make_engine  # type: ignore[method-assign,assignment]  # no public hook sees every app
    event.listen(Engine, "do_connect", _refuse_others)
    if url_env:
        os.environ[url_env] = _written(scratch())
    try:
        flask = _load(app)
        with flask.app_context():
            yield _project(flask, app, engines)
    finally:
        SQLAlchemy._make_engine = original  # type: ignore[method-assign]
        event.remove(Engine, "do_connect", _refuse_others)
        for engine in engines.values():
            engine.dispose()


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
    except ClickException as error:
        # Flask puts a whole traceback into the message of an import that fails; its last line is the reason.
        raise TreeError.no_app(app, error.message.strip().splitlines()[-1]) from error
    except (Exception, SystemExit) as error:
        # Whatever a factory does wrong, sys.exit() included, is the project's to mend.
        named = f"{type(error).__name__}: {str(error).strip()}".removesuffix(": ")
        raise TreeError.no_app(app, named) from error


def _project(flask: Flask, app: str, engines: dict[Bind, Engine]) -> Project:
    extension = flask.extensions.get("migrate")
    if extension is None:
        raise TreeError.no_migrate(app or flask.import_name)
    folder = Path(extension.migrate.directory)
    if not (folder / "env.py").is_file():
        raise TreeError.no_folder(str(folder))
    # Relative, as Flask-Migrate has it, so that a path in a message is one that the reader can open.
    config = extension.migrate.get_config()
    try:
        script = ScriptDirectory.from_config(config)
    except CommandError as error:
        raise TreeError.broken(str(folder), str(error)) from error
    return Project(flask, config, script, read_tree(script), engines)


def _lead(engine: Engine) -> None:
    """Let every new connection go to wherever `engine.url` says now; its pool keeps the address it was made with."""

    @event.listens_for(engine, "do_connect")
    def connect(dialect: Dialect, _record: Any, arguments: list[Any], named: dict[str, Any]) -> None:
        to, options = dialect.create_connect_args(engine.url)
        arguments[:] = to
        named.update(options)


def _refuse_others(_dialect: Dialect, _record: Any, arguments: list[Any], named: dict[str, Any]) -> None:
    """Raise TreeError when anything in this process is about to connect to a database that is not the lab's."""
    database = str(next(filter(None, map(named.get, ("dbname", "database", "db"))), (arguments or [""])[0]))
    if database != ":memory:" and not SCRATCH_NAME.fullmatch(Path(database).stem):
        raise TreeError.foreign_database(database)


def _dialect(url: URL | str) -> str:
    return make_url(url).get_backend_name().replace("mariadb", "mysql")


def _written(url: URL) -> str:
    return url.render_as_string(hide_password=False)
