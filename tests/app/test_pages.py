"""The pages as a person's browser asks for them: forms, their errors, escaping, what belongs to whom."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import overview
from tests.app.calls import add, add_project, add_user, submit

PERSON = {"username": "ann", "email": "ann@example.com", "is_active": "1"}
SCRIPT = "<script>alert(1)</script>"


def test_person_is_added_changed_and_deleted(client: FlaskClient) -> None:
    made = submit(client, "/users/new", **PERSON, bio="Line one\r\nline two")
    assert made.status_code == 303
    place = made.headers["Location"]
    page = client.get(place).text
    assert "ann was added." in page
    assert "Line one\nline two" in page
    assert submit(client, f"{place}/edit", **PERSON | {"username": "anna"}, bio="").status_code == 303
    assert "anna" in client.get(place).text
    assert submit(client, f"{place}/delete").headers["Location"] == "/users"
    assert client.get(place).status_code == 404


def test_taken_name_is_shown_beside_its_field_with_what_was_typed(client: FlaskClient) -> None:
    add_user(client, "ann")
    answer = submit(client, "/users/new", **PERSON | {"email": "other@example.com"})
    assert answer.status_code == 409
    assert "is taken" in answer.text
    assert 'value="other@example.com"' in answer.text
    assert 'aria-describedby="username-problem-1"' in answer.text


def test_invalid_values_are_shown_beside_their_fields(client: FlaskClient) -> None:
    answer = submit(client, "/users/new", username="no spaces", email="nowhere")
    assert answer.status_code == 400
    assert answer.text.count('class="problem"') == 2


def test_refused_change_leaves_the_person_as_they_were(client: FlaskClient) -> None:
    add_user(client, "ann")
    bea = add_user(client, "bea")
    answer = submit(client, f"/users/{bea['id']}/edit", **PERSON)
    assert answer.status_code == 409
    assert "<h1>Edit bea</h1>" in answer.text
    assert client.get(f"/api/v1/users/{bea['id']}").get_json() == bea


def test_people_are_searched_and_paged(client: FlaskClient) -> None:
    for number in range(26):
        add_user(client, f"user{number:02}")
    first, second = client.get("/users").text, client.get("/users?page=2").text
    assert "1\N{EN DASH}25 of 26 people" in first
    assert "26\N{EN DASH}26 of 26 people" in second
    assert "user25" not in first
    assert "user25" in second
    found = client.get("/users?q=user07").text
    assert "1\N{EN DASH}1 of 1 people" in found
    assert "Nobody matches" in client.get("/users?q=nobody").text


def test_names_are_escaped_everywhere(client: FlaskClient) -> None:
    team = add(client, "teams", name=SCRIPT)
    project = add(client, "projects", team_id=team["id"], name=SCRIPT)
    user = add_user(client, profile={"bio": SCRIPT, "preferences": {SCRIPT: SCRIPT}})
    add(client, f"teams/{team['id']}/memberships", user_id=user["id"])
    task = add(
        client,
        "tasks",
        project_id=project["id"],
        title=SCRIPT,
        notes=SCRIPT,
        tags=[SCRIPT],
        assignee_id=user["id"],
    )
    for address in (
        "/",
        "/users",
        f"/users/{user['id']}",
        f"/users/{user['id']}/edit",
        "/teams",
        f"/teams/{team['id']}",
        f"/teams/{team['id']}/edit",
        f"/teams/{team['id']}/delete",
        "/projects",
        f"/projects/{project['id']}",
        f"/projects/{project['id']}?q={SCRIPT}",
        f"/projects/{project['id']}/delete",
        f"/tasks/{task['id']}",
        "/activity",
        f"/users?q={SCRIPT}",
        f"/{SCRIPT}",
    ):
        page = client.get(address)
        assert page.status_code in {200, 404}, address
        assert "<script" not in page.text.lower(), address


def test_team_takes_members_by_name(client: FlaskClient) -> None:
    add_user(client, "ann")
    made = submit(client, "/teams/new", name="Atlas")
    place = made.headers["Location"]
    assert submit(client, place, username="ann", role="owner").status_code == 303
    assert submit(client, place, username="nobody", role="member").status_code == 400
    twice = submit(client, place, username="ann", role="member")
    assert (twice.status_code, "is taken" in twice.text) == (409, True)
    assert submit(client, f"{place}/delete").status_code == 303


def test_project_and_its_tasks(client: FlaskClient) -> None:
    add_user(client, "ann")
    team = add(client, "teams", name="Atlas")
    made = submit(
        client,
        f"/teams/{team['id']}/projects/new",
        name="Billing",
        status="active",
        budget="10.5",
        starts_on="",
    )
    place = made.headers["Location"]
    assert "10.50" in client.get(place).text
    added = submit(client, place, title="Ship it", assignee="ann", due_on="2026-01-01", tags="api, Bug ,")
    assert added.status_code == 303
    page = client.get(place).text
    assert "Ship it" in page
    assert '<span class="tag">bug</span>' in page
    assert submit(client, place, title="x", assignee="nobody").status_code == 400
    task = client.get("/api/v1/tasks").get_json()["items"][0]
    assert submit(client, f"/tasks/{task['id']}", title="Shipped", tags="", done="1").status_code == 303
    changed = client.get(f"/api/v1/tasks/{task['id']}").get_json()
    assert (changed["title"], changed["tags"], changed["done"], changed["assignee_id"]) == (
        "Shipped",
        [],
        True,
        None,
    )
    assert submit(client, f"{place}/edit", name="Billing 2", status="done", budget="1").status_code == 303
    assert submit(client, f"{place}/delete").status_code == 303
    assert client.get("/api/v1/tasks").get_json()["total"] == 0


def test_overview_of_the_database(client: FlaskClient) -> None:
    add_project(client)
    page = client.get("/database").text
    assert "at head" in page
    assert page.count('<span class="state">applied</span>') > 30
    assert "joins <code>" in page


def test_large_tables_are_estimated_and_said_to_be(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "EXACT_LIMIT", 1)
    client = app.test_client()
    add_user(client, "ann")
    add_user(client, "bea")
    page = client.get("/database")
    assert page.status_code == 200
    assert "more than</small> 1" in page.text or "about</small>" in page.text
