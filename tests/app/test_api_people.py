"""The API for people: CRUD, paging, search, and the database's own refusals by field."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.app.calls import add, add_project, add_user


def test_user_is_made_normalised_and_read_again(client: FlaskClient) -> None:
    profile = {"bio": "Räder 🦉", "preferences": {"theme": "dark", "sizes": [1, 2.5, None]}}
    made = add(client, "users", username="  Ann.Meyer ", email=" ANN@Example.com ", profile=profile)
    assert made == {
        "id": made["id"],
        "username": "ann.meyer",
        "email": "ann@example.com",
        "is_active": True,
        "profile": profile,
    }
    assert client.get(f"/api/v1/users/{made['id']}").json == made


def test_patch_changes_only_what_it_names(client: FlaskClient) -> None:
    user = add_user(client, profile={"bio": "old", "preferences": {"a": 1}})
    changed = client.patch(
        f"/api/v1/users/{user['id']}", json={"is_active": False, "profile": {"bio": "new"}}
    ).json
    expected = user | {"is_active": False, "profile": {"bio": "new", "preferences": {"a": 1}}}
    assert changed == expected == client.get(f"/api/v1/users/{user['id']}").json


def test_profile_is_taken_away_by_null(client: FlaskClient) -> None:
    user = add_user(client, profile={"bio": "old"})
    client.patch(f"/api/v1/users/{user['id']}", json={"profile": None})
    assert (client.get(f"/api/v1/users/{user['id']}").json or {})["profile"] is None


def test_deleted_user_leaves_teams_and_their_tasks_stay(client: FlaskClient) -> None:
    user = add_user(client, profile={"bio": "gone"})
    project = add_project(client)
    add(client, f"teams/{project['team_id']}/memberships", user_id=user["id"])
    task = add(client, "tasks", project_id=project["id"], title="Stay", assignee_id=user["id"])
    assert client.delete(f"/api/v1/users/{user['id']}").status_code == 204
    assert client.get(f"/api/v1/users/{user['id']}").status_code == 404
    assert (client.get(f"/api/v1/teams/{project['team_id']}/memberships").json or {})["items"] == []
    assert (client.get(f"/api/v1/tasks/{task['id']}").json or {})["assignee_id"] is None
    assert client.delete(f"/api/v1/users/{user['id']}").status_code == 404


@pytest.mark.parametrize("field", ["username", "email"])
def test_duplicate_is_409_with_its_field(client: FlaskClient, field: str) -> None:
    add_user(client, "ann")
    twice = {"username": "bea", "email": "bea@example.com"} | {
        field: {"username": "ann", "email": "ann@example.com"}[field]
    }
    answer = client.post("/api/v1/users", json=twice)
    assert answer.status_code == 409
    assert answer.json == {
        "code": 409,
        "status": "Conflict",
        "message": f"The database refuses this: {field} is taken.",
        "errors": {field: ["is taken"]},
    }


def test_duplicate_by_patch_is_409_and_changes_nothing(client: FlaskClient) -> None:
    add_user(client, "ann")
    bea = add_user(client, "bea")
    answer = client.patch(f"/api/v1/users/{bea['id']}", json={"username": "ANN", "is_active": False})
    assert (answer.status_code, (answer.json or {})["errors"]) == (409, {"username": ["is taken"]})
    assert client.get(f"/api/v1/users/{bea['id']}").json == bea


def test_email_with_quotes_in_a_duplicate_is_still_told_apart(client: FlaskClient) -> None:
    add(client, "users", username="a", email="o'brien@example.com")
    answer = client.post("/api/v1/users", json={"username": "b", "email": "o'brien@example.com"})
    assert (answer.json or {})["errors"] == {"email": ["is taken"]}


def test_list_pages_searches_filters_and_sorts(client: FlaskClient) -> None:
    for number in range(7):
        add_user(client, f"user{number}", is_active=number != 3)
    first = client.get("/api/v1/users?page_size=3&sort=-username").json or {}
    assert [item["username"] for item in first["items"]] == ["user6", "user5", "user4"]
    assert (first["total"], first["total_is_exact"], first["next_page"]) == (7, True, 2)
    last = client.get("/api/v1/users?page_size=3&sort=-username&page=3").json or {}
    assert ([item["username"] for item in last["items"]], last["next_page"]) == (["user0"], None)
    found = client.get("/api/v1/users?q=USER5").json or {}
    assert [item["username"] for item in found["items"]] == ["user5"]
    assert (client.get("/api/v1/users?is_active=false").json or {})["total"] == 1


def test_search_takes_wildcards_for_themselves(client: FlaskClient) -> None:
    add_user(client, "ann_b")
    add_user(client, "annxb")
    assert (client.get("/api/v1/users?q=ann_b").json or {})["total"] == 1
    assert (client.get("/api/v1/users?q=%25").json or {})["total"] == 0


def test_page_behind_the_last_is_empty(client: FlaskClient) -> None:
    add_user(client)
    beyond = client.get("/api/v1/users?page=1000000").json or {}
    assert (beyond["items"], beyond["total"], beyond["next_page"]) == ([], 1, None)


def test_teams_of_a_person(client: FlaskClient) -> None:
    user = add_user(client)
    team = add(client, "teams", name="Atlas")
    add(client, f"teams/{team['id']}/memberships", user_id=user["id"], role="owner")
    listed = client.get(f"/api/v1/users/{user['id']}/memberships").get_json()
    assert [(item["team_id"], item["role"], item["username"]) for item in listed] == [
        (team["id"], "owner", "ann")
    ]
