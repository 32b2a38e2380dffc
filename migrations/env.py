"""Runs the tree on whichever database the app is set to: one path for all of them."""

from __future__ import annotations

import logging
import time
import traceback
from logging.config import fileConfig
from pathlib import Path
from typing import Any

from alembic import context
from alembic.util import CommandError
from flask import current_app
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError

from app.database import position
from migrations import autogenerate, rehearsal
from migrations.session import ForeignKeyGuard, driver_message, migrating_session, wait_until_it_answers
from migrations.upgrade_lock import UpgradeLockTimeout, upgrade_lock

log = logging.getLogger("alembic.env")
migrate = current_app.extensions["migrate"]


class Run:
    """One run of a command along the tree: checks each revision, and tells how long it took."""

    def __init__(self, connection: Connection) -> None:
        self.guard = ForeignKeyGuard(connection)
        self.since = time.monotonic()

    def applied(self, step: Any, **rest: Any) -> None:
        """Called by Alembic for each revision, before it is committed."""
        self.guard.check(str(step.up_revision_id))
        now = time.monotonic()
        log.info(
            "%s %s in %.2f s",
            "Applied" if step.is_upgrade else "Took back",
            step.up_revision_id,
            now - self.since,
        )
        self.since = now


def failed(error: Exception) -> CommandError:
    """The error in one line, as Flask-Migrate prints it, with the place in the revision where it arose."""
    log.debug("The revision failed", exc_info=error)
    said = driver_message(error) if isinstance(error, DBAPIError) else f"{type(error).__name__}: {error}"
    frames = [
        f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).parent.name == "versions"
    ]
    where = f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}: " if frames else ""
    return CommandError(f"{where}{said}")


def run_offline(engine: Engine) -> None:
    """Print the SQL instead of running it; needs no database."""
    if engine.dialect.name == "sqlite":
        rehearsal.print_sql(settings(engine))
        return
    # MySQL and MariaDB share a dialect, and part ways in how a CHECK is dropped.
    product: dict[str, Any] = (
        {"dialect_opts": {"is_mariadb": True}} if current_app.config["DB_PRODUCT"] == "mariadb" else {}
    )
    context.configure(dialect_name=engine.dialect.name, literal_binds=True, **product, **settings(engine))
    with context.begin_transaction():
        context.run_migrations()


def run_online(engine: Engine) -> None:
    """Wait for the database, then run the command on it; those that change it take their turn."""
    given = current_app.config
    wait_until_it_answers(engine, given["DB_CONNECT_WAIT"])
    with migrating_session(
        engine, given["MIGRATE_LOCK_TIMEOUT"], given["MIGRATE_STATEMENT_TIMEOUT"]
    ) as connection:
        context.configure(connection=connection, **settings(engine))
        options = context.get_context().opts
        if options.get("dont_mutate") or "revision_context" in options:
            refuse_unknown_revision(engine)
            context.run_migrations()
            return
        try:
            with upgrade_lock(engine, given["MIGRATE_LOCK_WAIT"]):
                change(connection)
        except UpgradeLockTimeout as error:
            raise CommandError(
                f"{error}. Raise MIGRATE_LOCK_WAIT, or see what that process is doing"
            ) from error


def change(connection: Connection) -> None:
    """Run a command that writes, with the upgrade lock held."""
    running = context.get_context()
    if not running.opts.get("purge") and is_ahead_as_allowed(connection.engine, running.opts["fn"].__name__):
        return
    try:
        running.on_version_apply_callbacks += (Run(connection).applied,)
        with context.begin_transaction():
            context.run_migrations()
    except CommandError:
        raise
    except Exception as error:
        raise failed(error) from error


def settings(engine: Engine) -> dict[str, Any]:
    """How the tree runs: a transaction per revision, so that locks are held no longer than one step takes."""
    chosen: dict[str, Any] = {"target_metadata": migrate.db.metadata, "transaction_per_migration": True}
    if engine.dialect.name == "sqlite":
        # True of SQLite as the app opens it; Alembic expects the driver's own habit, of which it is not.
        chosen["transactional_ddl"] = True
    chosen.update(migrate.configure_args, **autogenerate.options())
    return chosen


def is_ahead_as_allowed(engine: Engine, command: str) -> bool:
    """True if a newer release has migrated this database and the app may run on it all the same."""
    if command == "upgrade" and current_app.config["MIGRATE_ALLOW_AHEAD"]:
        with engine.connect() as connection:
            place = position(connection, context.script)
        if place.status == "ahead":
            log.warning("MIGRATE_ALLOW_AHEAD is set, nothing to do: %s", place.reason)
            return True
    refuse_unknown_revision(engine)
    return False


def refuse_unknown_revision(engine: Engine) -> None:
    """Raise `CommandError` where a newer release has migrated this database; Alembic only says what it cannot find."""
    with engine.connect() as connection:
        place = position(connection, context.script)
    if place.status == "ahead":
        raise CommandError(place.reason)


fileConfig(str(context.config.config_file_name), disable_existing_loggers=False)
# Alembic also names its implementation class, each time that anyone asks where the database stands.
logging.getLogger("alembic.runtime.migration").addFilter(
    lambda record: record.getMessage().startswith("Running")
)
if context.is_offline_mode():
    run_offline(migrate.db.engine)
else:
    run_online(migrate.db.engine)
