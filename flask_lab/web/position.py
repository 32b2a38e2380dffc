"""Where an app's own databases stand in its tree: read with the app's own engines, and nothing is changed."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Any, Literal

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask import Flask
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from flask_lab.errors import TreeError, reason
from flask_lab.results import Revision
from flask_lab.tree import Tree, read_tree
from flask_lab.web.holders import Holders, holders

# A look must not wait for whoever migrates, nor others for it.
BOUNDS = {
    "postgresql": ("SET LOCAL lock_timeout = '2s'", "SET LOCAL statement_timeout = '10s'"),
    "mysql": ("SET SESSION lock_wait_timeout = 2",),
    "mariadb": ("SET SESSION lock_wait_timeout = 2",),
}
State = Literal["applied", "pending", "unknown"]


@dataclass(frozen=True, slots=True)
class Position:
    """One database of an app: what it has of the tree, and what it is like."""

    bind: str | None
    product: str = ""
    version: str = ""
    current: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    """Revisions that it has and this tree has not."""
    applied: frozenset[str] = frozenset()
    pending: tuple[Revision, ...] = ()
    """In the order in which they would be applied."""
    holders: Holders = field(default_factory=Holders)
    problem: str = ""
    """Why nothing is known of it."""

    @property
    def status(self) -> str:
        if self.problem:
            return "away"
        if self.foreign:
            return "ahead"
        return "behind" if self.pending else "at head"

    def state(self, revision: str) -> State:
        if self.problem or self.foreign:
            return "unknown"
        return "applied" if revision in self.applied else "pending"


def read(app: Flask) -> tuple[Tree, list[Position]]:
    """The tree of an app and each of its databases; TreeError where the tree cannot be read."""
    extension = app.extensions["migrate"]
    # Read once: it does not change while the app runs, and reading it imports every revision.
    tree = app.extensions.get("flask_lab_tree")
    if tree is None:
        tree = app.extensions["flask_lab_tree"] = read_tree(_script(extension))
    options = dict(extension.configure_args)
    return tree, [_position(bind, engine, tree, options) for bind, engine in extension.db.engines.items()]


def _script(extension: Any) -> ScriptDirectory:
    try:
        return ScriptDirectory.from_config(extension.migrate.get_config())
    except CommandError as error:
        raise TreeError(f"the tree cannot be opened: {error}") from error


def _position(bind: str | None, engine: Engine, tree: Tree, options: dict[str, Any]) -> Position:
    try:
        with engine.connect() as connection:
            if engine.dialect.name in ("mysql", "mariadb"):
                # What is set below stays with the session, which then must not go back to the pool.
                connection.detach()
            for statement in BOUNDS.get(engine.dialect.name, ()):
                connection.exec_driver_sql(statement)
            return _read(bind, connection, tree, options)
    except SQLAlchemyError as error:
        return Position(bind, problem=reason(error))


def _read(bind: str | None, connection: Connection, tree: Tree, options: dict[str, Any]) -> Position:
    product, version = _server(connection)
    context = MigrationContext.configure(connection, opts=_known(options))
    current = tuple(sorted(context.get_current_heads()))
    known = {each.id for each in tree.revisions}
    applied = frozenset(each for name in current if name in known for each in (name, *tree.below(name)))
    foreign = tuple(each for each in current if each not in known)
    # What a newer release has made of the rest cannot be told from here.
    pending = () if foreign else tuple(each for each in tree.revisions if each.id not in applied)
    return Position(bind, product, version, current, foreign, applied, pending, holders=holders(connection))


def _known(options: dict[str, Any]) -> dict[str, Any]:
    """What says where the version is kept."""
    return {name: value for name, value in options.items() if name.startswith("version_table")}


def _server(connection: Connection) -> tuple[str, str]:
    dialect = connection.dialect
    if dialect.name == "sqlite":
        return "sqlite", sqlite3.sqlite_version
    version = ".".join(map(str, (dialect.server_version_info or ())[:3]))
    if dialect.name == "postgresql":
        return "postgres", version
    return ("mariadb" if getattr(dialect, "is_mariadb", False) else dialect.name), version
