"""This app's own database: sessions on SQLite, where it stands in the migrations tree, and which product answers."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any, Literal

from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from flask import current_app, has_request_context, request
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

READ_ONLY_METHODS = {"GET", "HEAD", "OPTIONS"}


@dataclass(frozen=True, slots=True)
class Position:
    """Where a database stands in a tree. `unknown` revisions are recorded in it and missing from the tree."""

    current: tuple[str, ...]
    heads: tuple[str, ...]
    unknown: tuple[str, ...]
    pending: tuple[str, ...]

    @property
    def status(self) -> Literal["ready", "behind", "ahead"]:
        if self.unknown:
            return "ahead"
        return "behind" if self.pending else "ready"

    @property
    def reason(self) -> str:
        """One sentence for people: why the app may or may not serve."""
        here = ", ".join(self.current) or "nothing applied"
        if self.unknown:
            return (
                f"the database is at {here}, which this release does not know: it was migrated by a newer release. "
                "Deploy that release, or set MIGRATE_ALLOW_AHEAD=1 to serve all the same"
            )
        if self.pending:
            count = len(self.pending)
            pending = "1 revision is pending" if count == 1 else f"{count} revisions are pending"
            return f"the database is at {here}; {pending}: run flask db upgrade"
        return f"the database is at {here}, this release's head"


def position(connection: Connection, scripts: ScriptDirectory) -> Position:
    """Compare the version table behind `connection` with the tree. A database without the table has applied nothing."""
    current = MigrationContext.configure(connection).get_current_heads()
    known = {script.revision for script in scripts.walk_revisions()}
    unknown = tuple(revision for revision in current if revision not in known)
    applied = _with_ancestors(scripts, tuple(revision for revision in current if revision in known))
    pending = [script.revision for script in history(scripts) if script.revision not in applied]
    return Position(
        current=tuple(sorted(current)),
        heads=tuple(sorted(scripts.get_heads())),
        unknown=unknown,
        # What a newer release applied after its own merge or squash cannot be told from here.
        pending=() if unknown else tuple(pending),
    )


def history(scripts: ScriptDirectory) -> list[Script]:
    """Every revision of the tree, each after the ones it builds on."""
    return list(reversed(list(scripts.walk_revisions())))


def tree() -> ScriptDirectory:
    """The tree that came with this release; it does not change while the app runs, so it is read once."""
    loaded: ScriptDirectory | None = current_app.extensions.get("migrations_tree")
    if loaded is None:
        loaded = ScriptDirectory.from_config(current_app.extensions["migrate"].migrate.get_config())
        current_app.extensions["migrations_tree"] = loaded
    return loaded


def server(connection: Connection) -> tuple[str, str]:
    """The product and version that answer, such as `("mariadb", "11.8.2")`."""
    dialect = connection.dialect
    if dialect.name == "sqlite":
        return "sqlite", sqlite3.sqlite_version
    # A package's own suffix, as in 9.7.4-2, counts as a part to the driver.
    version = ".".join(str(part) for part in (dialect.server_version_info or ())[:3])
    if dialect.name == "postgresql":
        return "postgres", version
    return ("mariadb" if getattr(dialect, "is_mariadb", False) else "mysql"), version


def enforce_on_sqlite(engine: Engine) -> None:
    """Give SQLite what the servers have: foreign keys that hold, and transactions that DDL takes part in."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _open_sqlite)
        event.listen(engine, "begin", _begin_sqlite)


def _open_sqlite(connection: sqlite3.Connection, record: object) -> None:
    # The driver would begin transactions by itself, and only before INSERT, UPDATE and DELETE: leave that to `begin`.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    options: dict[str, Any] = dict(connection.get_execution_options())
    if options.get("isolation_level") == "AUTOCOMMIT":
        return
    # A transaction that reads first and writes later is refused at once when another one wrote in between; one that
    # asks for the write lock at its start waits its turn.
    writes = options.get("sqlite_writes", has_request_context() and request.method not in READ_ONLY_METHODS)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _with_ancestors(scripts: ScriptDirectory, revisions: tuple[str, ...]) -> set[str]:
    if not revisions:
        return set()
    return {script.revision for script in scripts.iterate_revisions(revisions, "base", inclusive=True)}
