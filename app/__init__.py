"""A small, real Flask app whose one migrations tree runs on SQLite, PostgreSQL, MySQL and MariaDB."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from flask import Flask

from . import (
    cli,
    database,
    errors,
    models,  # noqa: F401  (the models must be registered before the tree is compared with them)
    security,
    views,
)
from . import config as settings
from .extensions import csrf, db, migrate

ROOT = Path(__file__).resolve().parent.parent


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """The app, set up from the environment; `config` overrides single settings, as tests do."""
    app = Flask(__name__, instance_path=str(ROOT / "instance"))
    app.config.from_mapping(_settings(dict(config or {})))
    db.init_app(app)
    migrate.init_app(
        app,
        db,
        directory=str(ROOT / "migrations"),
        compare_type=True,
        render_as_batch=True,
    )
    security.init_app(app)
    csrf.init_app(app)
    views.init_app(app)
    # After the API's own, which it replaces.
    errors.init_app(app)
    cli.init_app(app)
    with app.app_context():
        database.enforce_on_sqlite(db.engine)
    return app


def _settings(overrides: dict[str, Any]) -> dict[str, Any]:
    environ = dict(os.environ)
    if url := overrides.pop("SQLALCHEMY_DATABASE_URI", None):
        # Through the same door as the environment's, so that it gets its driver and engine options too.
        environ["DATABASE_URL"] = str(url)
    try:
        return settings.load(environ) | overrides
    except settings.ConfigError as error:
        # Flask prints this one line and exits with 2; gunicorn prints it as the reason its worker did not boot.
        raise click.UsageError(str(error)) from error
