"""The life of one process of a race: opens the project like any replica, and upgrades when it is told to.

It runs Alembic's own `upgrade` command, as `flask db upgrade` does, and reports through a pipe. How long it waits for
a lock of another process is left as the project has it, which is what is asked here.
"""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import wraps
from multiprocessing.connection import Connection
from typing import Any

from alembic import command
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from flask_lab.backends import PRODUCTS, Product
from flask_lab.errors import LabError, TreeError, behind
from flask_lab.experiments.base import error_facts
from flask_lab.project import Bind, Opening, Project, open_project

# Arguments that no shell sees: whose path of modules and command line it shares, and the pipe's number.
BOOT = """
import json, sys
path, argv, number = json.loads(sys.argv[1])
sys.path[:], sys.argv[:], sys.dont_write_bytecode = path, argv, True
from flask_lab.experiments.race.racer import main
main(number)
"""


@dataclass(frozen=True, slots=True)
class Order:
    """One upgrade that a racer is asked to make."""

    urls: Mapping[Bind, URL]
    is_asking: bool = False
    """Whether it asks before each revision how many seconds it is to wait there."""
    is_alone: bool = False
    """Whether nobody else is there for whom it may have to wait: waiting for itself, it would never end."""


@dataclass(frozen=True, slots=True)
class Exit:
    """How an upgrade ended."""

    error: dict[str, Any] | None
    """Facts of what env.py or a revision raised; None for success."""
    is_blaming: bool = False
    """Whether the error is about the server, not about what was asked of it."""
    tables: Mapping[Bind, tuple[str, str | None]] = field(default_factory=dict)
    """The version table of each bind that env.py ran on: its name and schema."""


def boot(number: int) -> subprocess.Popen[bytes]:
    """Start a racer in a fresh interpreter, whose end of a pipe has that number."""
    arguments = json.dumps([sys.path, sys.argv, number])
    return subprocess.Popen(
        [sys.executable, "-c", BOOT, arguments], pass_fds=[number], stdin=subprocess.DEVNULL
    )


def main(number: int) -> None:
    """Do what comes through the pipe, until nobody is there any more."""
    # Whoever started it ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable()
    pipe = Connection(number)
    threading.Thread(target=_end_with, args=(pipe,), daemon=True).start()
    opening: Opening
    opening, product = pipe.recv()
    try:
        with open_project(opening.app, opening.url_env, _Scratch(pipe), opening.alembic) as project:
            racer = Racer(project, PRODUCTS[product], pipe)
            pipe.send(("ready",))
            while True:
                racer.obey(pipe.recv())
    except LabError as error:
        pipe.send(("unopened", str(error)))
    except (EOFError, BrokenPipeError):
        pass
    # An app's own threads need not agree to end.
    os._exit(0)


class Racer:
    """A project in this process, and who listens to its upgrades."""

    def __init__(self, project: Project, product: Product, pipe: Connection) -> None:
        self._project = project
        self._product = product
        self._pipe = pipe
        self._order = Order({})
        self._is_at_read = False
        self._has_read = False
        self._tables: dict[Bind, tuple[str, str | None]] = {}
        self._watch()

    def obey(self, order: Order) -> None:
        """Upgrade the databases of an order, and tell how that went."""
        self._order = order
        self._is_at_read = self._has_read = False
        self._tables = {}
        self._project.reach.bounds = self._product.bounds if order.is_alone else ()
        self._project.point_at(order.urls)
        error: BaseException | None = None
        self._tell("begun")
        try:
            command.upgrade(self._project.alembic, "heads")
        except (Exception, SystemExit) as raised:  # noqa: BLE001  (whatever it is, it is what is asked for)
            error = behind(raised)
        if isinstance(error, SystemExit) and not error.code:
            error = None
        if isinstance(error, TreeError):
            raise error
        self._project.let_go()
        facts = None if error is None else error_facts(error, [])
        self._tell("exit", Exit(facts, self._is_blaming(error), dict(self._tables)))

    def _is_blaming(self, error: BaseException | None) -> bool:
        if not isinstance(error, DBAPIError) or error.orig is None:
            return False
        return error.connection_invalidated or self._product.blames_server(error.orig)

    def _tell(self, what: str, *more: object) -> None:
        # The clock is one for all processes of a machine.
        self._pipe.send((what, time.monotonic(), *more))

    def _watch(self) -> None:
        """Look at the version's first read in a run, and at every step; Alembic has no hook for the one."""
        run, read = MigrationContext.run_migrations, MigrationContext.get_current_heads
        plan = ScriptDirectory._upgrade_revs

        def run_migrations(context: MigrationContext, **arguments: Any) -> None:
            self._is_at_read = True
            run(context, **arguments)

        def get_current_heads(context: MigrationContext) -> tuple[str, ...]:
            found = read(context)
            if self._is_at_read:
                self._is_at_read = False
                self._met(context, found)
            return found

        def upgrade_revs(script: ScriptDirectory, *arguments: Any) -> list[RevisionStep]:
            return [self._watched(step) for step in plan(script, *arguments)]

        MigrationContext.run_migrations = run_migrations  # type: ignore[method-assign,assignment]
        MigrationContext.get_current_heads = get_current_heads  # type: ignore[method-assign,assignment]
        ScriptDirectory._upgrade_revs = upgrade_revs  # type: ignore[method-assign,assignment]

    def _met(self, context: MigrationContext, found: tuple[str, ...]) -> None:
        """The barrier: here every process knows where the database stands, and none has done anything about it."""
        if context.connection is not None:
            bind = self._project.bind_of(context.connection.engine)
            self._tables[bind] = (context._version.name, context._version.schema)
        if not self._has_read:
            self._has_read = True
            self._tell("read", sorted(found))
            time.sleep(self._pipe.recv())

    def _watched(self, step: RevisionStep) -> RevisionStep:
        name, function = step.revision.revision, step.migration_fn

        @wraps(function)
        def migrate(**arguments: Any) -> None:
            self._tell("step", name)
            if self._order.is_asking:
                time.sleep(self._pipe.recv())
            function(**arguments)
            self._tell("done", name)

        step.migration_fn = migrate
        return step


class _Scratch:
    """Asks for a database that is never measured, for what the project does while it is opened."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def __call__(self) -> URL:
        self._pipe.send(("scratch",))
        url: URL = self._pipe.recv()
        return url


def _end_with(pipe: Connection) -> None:
    """End this process when the other end is gone: the run was killed."""
    poller = select.poll()
    # Without a wish: that the other end is gone is told in any case.
    poller.register(pipe.fileno(), 0)
    poller.poll()
    os._exit(1)
