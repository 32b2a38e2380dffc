"""`flask seed`: sample rows."""

from __future__ import annotations

import sys

import click
from flask import Flask
from flask.cli import with_appcontext
from sqlalchemy.exc import DBAPIError

from . import sample
from .errors import translate
from .extensions import db


def init_app(app: Flask) -> None:
    """Add the app's commands."""
    app.cli.add_command(seed)


@click.command()
@click.option("--count", "-n", type=click.IntRange(1, 10_000_000), default=1000, show_default=True)
@with_appcontext
def seed(count: int) -> None:
    """Add sample rows to every table: COUNT tasks, and people, teams and projects in proportion.

    The same command adds the same rows to the same database; a second run continues where the first one ended.
    """
    added: dict[str, int] = {}
    try:
        with click.progressbar(length=count, label="Adding sample rows", file=sys.stderr) as bar:
            for wave in sample.add(db.engine, count):
                bar.update(wave["tasks"])
                added = {name: added.get(name, 0) + rows for name, rows in wave.items()}
    except DBAPIError as error:
        raise click.ClickException(translate(error).description or str(error)) from error
    click.echo("Added " + ", ".join(f"{rows:,} {name}" for name, rows in added.items()) + ".")
