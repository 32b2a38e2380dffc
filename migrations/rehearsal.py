"""Offline SQL for SQLite, which Alembic cannot render: a rebuild needs to know the table that it rebuilds.

So the tree is run on a private database in memory, and what it does there is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from alembic import context
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.util import CommandError
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection

from app.database import enforce_on_sqlite

WRITES = ("CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE", "BEGIN")


def print_sql(settings: dict[str, Any]) -> None:
    """Print the statements of the command that `--sql` was given to, as a script for the sqlite3 shell."""
    # Configured for offline mode first: that is how Alembic tells what the command was to do.
    context.configure(dialect_name="sqlite", **settings)
    command, start = context.get_context().opts["fn"], context.get_starting_revision_argument()
    engine = create_engine("sqlite://")
    enforce_on_sqlite(engine)
    with engine.connect() as connection:
        if start:
            _run(connection, lambda current, _: context.script._upgrade_revs(str(start), current), settings)
        print("PRAGMA foreign_keys = OFF;\n")
        with _printed(connection):
            _run(connection, command, settings)


def _run(
    connection: Connection, steps: Callable[[Any, MigrationContext], Any], settings: dict[str, Any]
) -> None:
    running = MigrationContext.configure(connection, opts=settings | {"fn": steps, "rehearsal": True})
    with Operations.context(running), running.begin_transaction():
        running.run_migrations()


@contextmanager
def _printed(connection: Connection) -> Iterator[None]:
    open_transactions = []

    def statement(_: Any, __: Any, text: str, parameters: Any, *rest: Any) -> None:
        if text.lstrip().upper().startswith(WRITES):
            if parameters:
                raise CommandError(
                    f"its values are not in the statement, so it cannot be printed: {text.strip()}"
                )
            print(f"{text.strip()};\n")
        if text.startswith("BEGIN"):
            open_transactions.append(text)

    def commit(_: Any) -> None:
        # In an autocommit block there is none to end.
        if open_transactions:
            open_transactions.clear()
            print("COMMIT;\n")

    event.listen(connection, "before_cursor_execute", statement)
    event.listen(connection, "commit", commit)
    yield
    event.remove(connection, "before_cursor_execute", statement)
    event.remove(connection, "commit", commit)
