"""/up and /up/database: what an orchestrator asks."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from app.extensions import db
from tests.app.conftest import close_app, open_app, upgrade
from tests.harness.plugin import ReadyBackend


def test_alive_needs_no_database(lite: Flask) -> None:
    assert lite.test_client().get("/up").get_json() == {"status": "alive"}


def test_ready_at_head(app: Flask, backend: ReadyBackend) -> None:
    answer = app.test_client().get("/up/database")
    assert answer.status_code == 200
    body = answer.get_json()
    assert (body["status"], body["product"]) == ("ready", backend.name)
    assert body["revision"] == body["head"]
    assert body["version"].split(".")[0] == backend.version.split(".")[0]


def test_behind_then_ready_then_ahead(database: str) -> None:
    app = open_app(database)
    client = app.test_client()
    empty = client.get("/up/database")
    assert (empty.status_code, empty.get_json()["status"], empty.get_json()["revision"]) == (
        503,
        "behind",
        [],
    )
    upgrade(database)
    # The running app sees it without a restart.
    assert client.get("/up/database").get_json()["status"] == "ready"
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999_from_tomorrow'"))
    ahead = client.get("/up/database")
    assert (ahead.status_code, ahead.get_json()["status"]) == (503, "ahead")
    assert "newer release" in ahead.get_json()["reason"]
    page = client.get("/database")
    assert (page.status_code, "9999_from_tomorrow" in page.text) == (200, True)
    close_app(app)
    allowed = open_app(database, MIGRATE_ALLOW_AHEAD=True)
    assert allowed.test_client().get("/up/database").get_json()["status"] == "ready"
    close_app(allowed)
