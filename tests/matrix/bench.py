"""The bench's app on one scratch database, moved along its tree by Flask-Migrate's own commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Engine, make_url

from app import create_app
from app.database import history, position, tree
from app.extensions import db


class Bench:
    """An app bound to the database at `url`. Errors of a command propagate, instead of ending the process."""

    def __init__(self, url: str) -> None:
        self.app: Flask = create_app({"SQLALCHEMY_DATABASE_URI": _without_tls(url)})
        with self.app.app_context():
            self.engine: Engine = db.engine

    def upgrade(self, revision: str = "heads") -> None:
        self._run(lambda scripts, current: scripts._upgrade_revs(revision, current), "upgrade")

    def downgrade(self, revision: str) -> None:
        self._run(lambda scripts, current: scripts._downgrade_revs(revision, current), "downgrade")

    def check(self) -> None:
        """Raises CommandError naming the differences between the models and the database."""
        with self.app.app_context():
            command.check(self._config())

    def take_back(self, revision: str) -> None:
        """Downgrade across `revision` alone, whatever other branches have applied."""
        with self.app.app_context():
            parents = tree().get_revision(revision).down_revision
        # Alembic finds no single way down from a merge, and any parent will do: it is the merge that goes.
        self.downgrade(parents[0] if isinstance(parents, tuple) else f"{revision}@-1")

    def current(self) -> tuple[str, ...]:
        with self.app.app_context(), self.engine.connect() as connection:
            return position(connection, tree()).current

    def revisions(self) -> list[str]:
        """The tree's revisions, each after those that it builds on."""
        with self.app.app_context():
            return [script.revision for script in history(tree())]

    def _run(self, plan: Callable[[ScriptDirectory, Any], Any], command_name: str) -> None:
        """What `alembic.command` does, but for reading all revision files anew: a walk runs it hundreds of times."""

        def steps(current: Any, _: Any) -> Any:
            return plan(tree(), current)

        steps.__name__ = command_name
        with self.app.app_context(), EnvironmentContext(self._config(), tree(), fn=steps):
            tree().run_env()

    def _config(self) -> Config:
        config: Config = self.app.extensions["migrate"].migrate.get_config()
        return config


def _without_tls(url: str) -> str:
    """PyMySQL builds a TLS context for each connection, which costs more than most revisions do."""
    plain = make_url(url)
    if plain.get_backend_name() == "mysql":
        plain = plain.update_query_dict({"ssl_disabled": "true"})
    return plain.render_as_string(hide_password=False)


@contextmanager
def bench_on(url: str) -> Iterator[Bench]:
    """A `Bench` whose connections are closed at the end."""
    bench = Bench(url)
    try:
        yield bench
    finally:
        bench.engine.dispose()
