"""`flask seed`: rows in every table, the same ones each time, and again without a clash."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import sample
from app.extensions import db
from app.models import Model, Task, User
from tests.app.conftest import close_app, open_app


def counts(app: Flask) -> dict[str, int]:
    with app.app_context(), db.engine.connect() as connection:
        return {
            table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in Model.metadata.sorted_tables
        }


def test_seed_fills_every_table_and_runs_again(app: Flask) -> None:
    runner = app.test_cli_runner()
    first = runner.invoke(args=["seed", "--count", "60"])
    assert first.exit_code == 0, first.output
    assert "60 tasks" in first.stdout
    once = counts(app)
    assert min(once.values()) > 0
    assert once["tasks"] == 60
    assert runner.invoke(args=["seed", "--count", "60"]).exit_code == 0
    assert counts(app)["tasks"] == 120
    assert app.test_client().get("/").status_code == 200


def test_several_waves(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "WAVE", 40)
    with app.app_context():
        waves = list(sample.add(db.engine, 100))
    assert [wave["tasks"] for wave in waves] == [40, 40, 20]
    assert counts(app)["tasks"] == 100


def test_same_rows_each_time(lite: Flask) -> None:
    def rows() -> list[tuple[object, ...]]:
        with lite.app_context(), db.engine.connect() as connection:
            users = connection.execute(sa.select(User.username, User.email, User.is_active).order_by(User.id))
            tasks = connection.execute(sa.select(Task.title, Task.assignee_id, Task.due_on).order_by(Task.id))
            return [tuple(row) for row in (*users, *tasks)]

    runner = lite.test_cli_runner()
    runner.invoke(args=["seed", "--count", "50"])
    first = rows()
    with lite.app_context():
        Model.metadata.drop_all(db.engine)
        Model.metadata.create_all(db.engine)
    runner.invoke(args=["seed", "--count", "50"])
    assert rows() == first


def test_seed_without_tables_says_what_to_do(tmp_path: Path) -> None:
    app = open_app(f"sqlite:///{tmp_path}/empty.db")
    done = app.test_cli_runner().invoke(args=["seed"])
    assert done.exit_code == 1
    assert "run flask db upgrade" in done.output
    assert "Traceback" not in done.output
    close_app(app)
