"""Two requests that want the same thing at the same moment: the database decides, and the loser is told."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from flask import Flask

from tests.app.calls import add
from tests.app.calls import add_project
from tests.app.calls import add_user


def at_once(app: Flask, calls: list[Callable[[], int]]) -> Counter[int]:
    """Run all calls in threads that start together; how often each status came back."""
    start = threading.Barrier(len(calls))
    seen: list[int] = []

    def run(call: Callable[[], int]) -> None:
        start.wait()
        seen.append(call())

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(seen)


def test_same_username_twice_at_once(app: Flask) -> None:
    for turn in range(5):
        body = {"username": f"ann{turn}", "email": f"ann{turn}@example.com"}
        seen = at_once(app, [lambda body=body: app.test_client().post("/api/v1/users", json=body).status_code] * 4)
        assert seen == {201: 1, 409: 3}
    assert app.test_client().get("/api/v1/users").get_json()["total"] == 5


def test_same_new_tags_at_once(app: Flask) -> None:
    project = add_project(app.test_client())
    body = {"project_id": project["id"], "title": "x", "tags": ["one", "two", "three"]}
    seen = at_once(app, [lambda: app.test_client().post("/api/v1/tasks", json=body).status_code] * 6)
    assert seen == {201: 6}
    assert app.test_client().get("/api/v1/tags").get_json()["total"] == 3


def test_deleted_while_it_is_changed(app: Flask) -> None:
    for turn in range(5):
        place = f"/api/v1/users/{add_user(app.test_client(), f'ann{turn}')['id']}"
        seen = at_once(
            app,
            [
                lambda place=place: app.test_client().delete(place).status_code,
                lambda place=place: app.test_client().delete(place).status_code,
                lambda place=place: app.test_client().patch(place, json={"is_active": False}).status_code,
            ],
        )
        assert seen[204] >= 1
        assert set(seen) <= {200, 204, 404}


def test_project_added_while_its_team_goes(app: Flask) -> None:
    for turn in range(5):
        team = add(app.test_client(), "teams", name=f"Team {turn}")
        body = {"team_id": team["id"], "name": "x"}
        place = f"/api/v1/teams/{team['id']}"
        seen = at_once(
            app,
            [
                lambda place=place: app.test_client().delete(place).status_code,
                lambda body=body: app.test_client().post("/api/v1/projects", json=body).status_code,
            ],
        )
        assert seen[204] == 1
        assert set(seen) <= {201, 204, 409}
