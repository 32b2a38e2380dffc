"""The app on each backend: one migrated database per session, emptied before each test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.extensions import db
from app.models import Model
from tests.harness.plugin import ReadyBackend

ROOT = Path(__file__).resolve().parents[2]


def upgrade(url: str, target: str = "head") -> None:
    """`flask db upgrade`, as people run it."""
    command = [sys.executable, "-m", "flask", "--app", "app", "db", "upgrade", target]
    environ = os.environ | {"DATABASE_URL": url}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def open_app(url: str, **config: object) -> Flask:
    """The app on the database at `url`."""
    return create_app({"SQLALCHEMY_DATABASE_URI": url, **config})


def close_app(app: Flask) -> None:
    """Leave no connection open."""
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="session")
def migrated(backend: ReadyBackend) -> Iterator[str]:
    """The URL of a database at head, shared by this backend's tests."""
    with backend.server.scratch() as url:
        text = url.render_as_string(hide_password=False)
        upgrade(text)
        yield text


@pytest.fixture
def app(migrated: str) -> Iterator[Flask]:
    """The app on an empty database at head."""
    made = open_app(migrated)
    with made.app_context(), db.engine.connect().execution_options(sqlite_writes=True) as connection:
        for table in reversed(Model.metadata.sorted_tables):
            connection.execute(table.delete())
        connection.commit()
    yield made
    close_app(made)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Flask]:
    """The app on SQLite alone, for what does not depend on the database."""
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    made = open_app(url)
    with made.app_context():
        Model.metadata.create_all(db.engine)
    yield made
    close_app(made)
