"""The database is away, busy, or at another schema: 503 with a reason and when to come back; nothing else leaks."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask

from app.actions import projects
from app.errors import Taken
from app.extensions import db
from app.models import Status, Team
from tests.app.calls import add_user
from tests.app.conftest import close_app, open_app, upgrade
from tests.harness.plugin import ReadyBackend

# Port 9 is "discard": nothing listens there.
AWAY = [
    "postgresql://lab:s3cret@127.0.0.1:9/lab",
    "mysql://lab:s3cret@127.0.0.1:9/lab",
    "sqlite:////nowhere/at/all/lab.db",
]


@pytest.mark.parametrize("url", AWAY)
def test_away_from_the_start(url: str) -> None:
    app = open_app(url)
    client = app.test_client()
    for address in ("/", "/users", "/users/1", "/database", "/api/v1/users", "/up/database"):
        answer = client.get(address)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5"), address
        assert answer.mimetype == ("application/json" if address.startswith(("/api", "/up")) else "text/html")
        assert "s3cret" not in answer.text
        assert "Traceback" not in answer.text
    assert client.post("/api/v1/users", json={"username": "a", "email": "a@example.com"}).status_code == 503
    assert client.get("/up").status_code == 200
    assert client.get("/users/new").status_code == 200
    close_app(app)


def test_database_page_shows_the_tree_when_the_database_is_away() -> None:
    app = open_app(AWAY[0])
    page = app.test_client().get("/database").text
    assert "The database is away" in page
    assert "0001_create_users" in page
    assert page.count('<span class="state">unknown</span>') > 30
    close_app(app)


def test_gone_under_the_app(backend: ReadyBackend) -> None:
    url = backend.server.create()
    app = open_app(url.render_as_string(hide_password=False))
    upgrade(url.render_as_string(hide_password=False), "0001_create_users")
    client = app.test_client()
    assert client.get("/up/database").get_json()["status"] == "behind"
    # Ends the pool's sessions too, as a restart of the server does.
    backend.server.drop(url)
    for address in ("/users", "/api/v1/users", "/up/database"):
        answer = client.get(address)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    close_app(app)
    backend.server.drop(url)


def test_schema_that_is_behind_is_said(database: str) -> None:
    upgrade(database, "0005_create_tasks")
    app = open_app(database)
    client = app.test_client()
    answer = client.get("/api/v1/users")
    assert answer.status_code == 503
    assert "at 0005_create_tasks" in answer.get_json()["message"]
    assert "run flask db upgrade" in answer.get_json()["message"]
    page = client.get("/tasks/1")
    assert (page.status_code, "run flask db upgrade" in page.text) == (503, True)
    overview = client.get("/database")
    assert overview.status_code == 200
    assert '<span class="state">pending</span>' in overview.text
    assert "not there" in overview.text
    close_app(app)


def test_sqlite_that_someone_else_writes_to(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    upgrade(url)
    app = open_app(url, SQLALCHEMY_ENGINE_OPTIONS={"connect_args": {"timeout": 0.1}})
    writer = sqlite3.connect(tmp_path / "lab.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    answer = app.test_client().post("/api/v1/users", json={"username": "a", "email": "a@example.com"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "busy" in answer.get_json()["message"]
    assert app.test_client().get("/api/v1/users").status_code == 200
    writer.execute("ROLLBACK")
    writer.close()
    add_user(app.test_client())
    close_app(app)


def test_row_that_the_rules_would_let_through_but_the_database_does_not(app: Flask) -> None:
    """The rules and the constraints agree, so only a direct insert shows that a CHECK is told by its field."""
    with app.test_request_context(method="POST"):
        team = Team(name="Atlas")
        db.session.add(team)
        db.session.commit()
        with pytest.raises(Taken) as refused:
            projects.create_project(
                {
                    "team_id": team.id,
                    "name": "x",
                    "budget": Decimal(-1),
                    "status": Status.DONE,
                    "starts_on": None,
                }
            )
        assert refused.value.errors == {"budget": ["is not allowed"]}
        with pytest.raises(Taken) as refused:
            projects.create_project({"team_id": team.id, "name": None})
        assert refused.value.errors == {"name": ["is missing"]}
