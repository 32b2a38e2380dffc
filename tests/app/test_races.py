"""Two requests that want the same thing at the same moment: the database decides, and the loser is told."""

from __future__ import annotations

import threading
from collections import Counter

from flask import Flask

from tests.app.calls import add, add_project, add_user

Call = tuple[str, str, dict[str, object] | None]


def at_once(app: Flask, *calls: Call) -> Counter[int]:
    """Make all calls in threads that start together; how often each status came back."""
    start = threading.Barrier(len(calls))
    seen: list[int] = []

    def run(call: Call) -> None:
        method, place, body = call
        client = app.test_client()
        start.wait()
        seen.append(client.open(f"/api/v1/{place}", method=method, json=body).status_code)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(seen)


def test_same_username_twice_at_once(app: Flask) -> None:
    for turn in range(5):
        call: Call = ("POST", "users", {"username": f"ann{turn}", "email": f"ann{turn}@example.com"})
        assert at_once(app, call, call, call, call) == {201: 1, 409: 3}
    assert app.test_client().get("/api/v1/users").get_json()["total"] == 5


def test_same_new_tags_at_once(app: Flask) -> None:
    project = add_project(app.test_client())
    call: Call = (
        "POST",
        "tasks",
        {"project_id": project["id"], "title": "x", "tags": ["one", "two", "three"]},
    )
    assert at_once(app, *[call] * 6) == {201: 6}
    assert app.test_client().get("/api/v1/tags").get_json()["total"] == 3


def test_deleted_twice_while_it_is_changed(app: Flask) -> None:
    for turn in range(5):
        place = f"users/{add_user(app.test_client(), f'ann{turn}')['id']}"
        delete: Call = ("DELETE", place, None)
        seen = at_once(app, delete, delete, ("PATCH", place, {"is_active": False}))
        assert seen[204] == 1
        assert set(seen) <= {200, 204, 404}
    events = app.test_client().get("/api/v1/audit-events?action=deleted").get_json()
    assert events["total"] == 5


def test_project_added_while_its_team_goes(app: Flask) -> None:
    for turn in range(5):
        team = add(app.test_client(), "teams", name=f"Team {turn}")
        body = {"team_id": team["id"], "name": "x"}
        seen = at_once(app, ("DELETE", f"teams/{team['id']}", None), ("POST", "projects", body))
        assert seen[204] == 1
        assert set(seen) <= {201, 204, 409}
