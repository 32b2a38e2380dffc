"""The API for teams, projects, tasks, tags and the trail."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.app.calls import add, add_project, add_user


def test_team_and_its_members(client: FlaskClient) -> None:
    user, team = add_user(client), add(client, "teams", name="Atlas")
    place = f"/api/v1/teams/{team['id']}/memberships"
    made = client.post(place, json={"user_id": user["id"]})
    assert (made.status_code, made.get_json()["role"]) == (201, "member")
    again = client.post(place, json={"user_id": user["id"]})
    assert (again.status_code, again.get_json()["errors"]) == (409, {"user_id": ["is taken"]})
    assert client.patch(f"{place}/{user['id']}", json={"role": "viewer"}).get_json()["role"] == "viewer"
    assert client.get(f"{place}?role=viewer").get_json()["total"] == 1
    assert client.get(f"{place}?role=owner").get_json()["total"] == 0
    assert client.delete(f"{place}/{user['id']}").status_code == 204
    assert client.get(f"{place}/{user['id']}").status_code == 404


def test_team_names_are_unique(client: FlaskClient) -> None:
    add(client, "teams", name="Atlas")
    answer = client.post("/api/v1/teams", json={"name": "Atlas"})
    assert (answer.status_code, answer.get_json()["errors"]) == (409, {"name": ["is taken"]})
    add(client, "teams", name="ATLAS")


def test_deleting_a_team_takes_all_that_is_its_own(client: FlaskClient) -> None:
    project = add_project(client)
    task = add(client, "tasks", project_id=project["id"], title="Go", tags=["api"])
    assert client.delete(f"/api/v1/teams/{project['team_id']}").status_code == 204
    for gone in (f"projects/{project['id']}", f"tasks/{task['id']}"):
        assert client.get(f"/api/v1/{gone}").status_code == 404
    assert client.get("/api/v1/tags").get_json()["total"] == 0


def test_money_is_text_with_two_decimals(client: FlaskClient) -> None:
    project = add_project(client, budget="9999999999.99", status="active", starts_on="2026-02-28")
    expected = {"budget": "9999999999.99", "status": "active", "starts_on": "2026-02-28"}
    assert client.get(f"/api/v1/projects/{project['id']}").get_json() == project
    assert {name: project[name] for name in expected} == expected
    changed = client.patch(f"/api/v1/projects/{project['id']}", json={"budget": 12.5}).get_json()
    assert changed == project | {"budget": "12.50"}


@pytest.mark.parametrize("budget", ["-1", "1.234", "NaN", "1e3", "12345678901", True, None, [], "\u0661"])
def test_money_that_is_none_is_refused(client: FlaskClient, budget: Any) -> None:
    team = add(client, "teams", name="Atlas")
    answer = client.post("/api/v1/projects", json={"team_id": team["id"], "name": "x", "budget": budget})
    assert (answer.status_code, list(answer.get_json()["errors"])) == (400, ["budget"])


def test_parent_that_is_not_there_is_409_with_its_field(client: FlaskClient) -> None:
    project = add_project(client)
    for kind, values, field in [
        ("projects", {"team_id": 2**31 - 1, "name": "x"}, "team_id"),
        ("tasks", {"project_id": 2**31 - 1, "title": "x"}, "project_id"),
        ("tasks", {"project_id": project["id"], "title": "x", "assignee_id": 2**31 - 1}, "assignee_id"),
        ("tags", {"team_id": 2**31 - 1, "name": "x"}, "team_id"),
        (f"teams/{project['team_id']}/memberships", {"user_id": 2**31 - 1}, "user_id"),
    ]:
        answer = client.post(f"/api/v1/{kind}", json=values)
        assert (answer.status_code, list(answer.get_json()["errors"])) == (409, [field]), answer.text


def test_assignee_that_is_not_there_is_refused_by_patch_too(client: FlaskClient) -> None:
    task = add(client, "tasks", project_id=add_project(client)["id"], title="x")
    answer = client.patch(f"/api/v1/tasks/{task['id']}", json={"assignee_id": 2**31 - 1})
    assert (answer.status_code, list(answer.get_json()["errors"])) == (409, ["assignee_id"])


def test_task_with_tags(client: FlaskClient) -> None:
    project = add_project(client)
    task = add(
        client,
        "tasks",
        project_id=project["id"],
        title="Fix it",
        tags=["Bug", " api ", "bug"],
        due_on="2026-03-01",
    )
    assert (task["tags"], task["done"], task["due_on"]) == (["api", "bug"], False, "2026-03-01")
    changed = client.patch(f"/api/v1/tasks/{task['id']}", json={"done": True, "tags": ["later"]}).get_json()
    assert (changed["tags"], changed["done"]) == (["later"], True)
    assert client.get("/api/v1/tasks?tag=later&done=true").get_json()["total"] == 1
    assert client.get("/api/v1/tasks?tag=bug").get_json()["total"] == 0
    # The team keeps its words.
    assert client.get("/api/v1/tags?sort=name").get_json()["total"] == 3
    assert client.get(f"/api/v1/tasks/{task['id']}").get_json() == changed


def test_times_are_utc_and_move_on(client: FlaskClient) -> None:
    task = add(client, "tasks", project_id=add_project(client)["id"], title="x")
    created = datetime.fromisoformat(task["created_at"])
    assert created.utcoffset() == timedelta(0)
    changed = client.patch(f"/api/v1/tasks/{task['id']}", json={"title": "y"}).get_json()
    read = client.get(f"/api/v1/tasks/{task['id']}").get_json()
    assert changed == read
    assert datetime.fromisoformat(read["created_at"]) == created
    assert datetime.fromisoformat(read["updated_at"]) > created


def test_tags_are_unique_within_a_team_only(client: FlaskClient) -> None:
    one, two = add(client, "teams", name="One"), add(client, "teams", name="Two")
    tag = add(client, "tags", team_id=one["id"], name="api")
    add(client, "tags", team_id=two["id"], name="api")
    answer = client.post("/api/v1/tags", json={"team_id": one["id"], "name": "API"})
    assert (answer.status_code, answer.get_json()["errors"]) == (409, {"name": ["is taken"]})
    assert client.patch(f"/api/v1/tags/{tag['id']}", json={"name": "rest"}).get_json()["name"] == "rest"
    assert client.delete(f"/api/v1/tags/{tag['id']}").status_code == 204


def test_the_trail_tells_every_change_and_no_refused_one(client: FlaskClient) -> None:
    user = add_user(client)
    client.post("/api/v1/users", json={"username": "ann", "email": "other@example.com"})
    client.patch(f"/api/v1/users/{user['id']}", json={"email": "new@example.com"})
    client.patch(f"/api/v1/users/{user['id']}", json={"email": "new@example.com"})
    client.delete(f"/api/v1/users/{user['id']}")
    events = client.get(f"/api/v1/audit-events?subject_type=user&subject_id={user['id']}&sort=id").get_json()[
        "items"
    ]
    assert [(event["action"], event["detail"]) for event in events] == [
        ("created", {"label": "ann"}),
        ("changed", {"label": "ann", "fields": ["email"]}),
        ("deleted", {"label": "ann"}),
    ]
    assert client.get(f"/api/v1/audit-events/{events[0]['id']}").get_json() == events[0]
    assert client.post("/api/v1/audit-events", json={}).status_code == 405
