"""Input that means harm or nothing: 400, 404, 413 or 415, on every backend, and never 500."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.app.calls import add, add_project

GOOD = {"username": "ann", "email": "ann@example.com"}
TEXTS: list[Any] = [
    "x" * 100_000,
    "nul\x00inside",
    "\ud83d",
    "",
    "   ",
    5,
    1.5,
    True,
    None,
    [],
    {},
    ["a"],
]


@pytest.mark.parametrize("value", TEXTS, ids=lambda value: json.dumps(value)[:20])
@pytest.mark.parametrize("field", ["username", "email"])
def test_user_text(client: FlaskClient, field: str, value: Any) -> None:
    answer = client.post("/api/v1/users", json=GOOD | {field: value})
    assert (answer.status_code, list(answer.get_json()["errors"])) == (400, [field])
    assert len(answer.data) < 1000


@pytest.mark.parametrize("value", TEXTS, ids=lambda value: json.dumps(value)[:20])
def test_task_title(client: FlaskClient, value: Any) -> None:
    answer = client.post("/api/v1/tasks", json={"project_id": 1, "title": value})
    assert (answer.status_code, list(answer.get_json()["errors"])) == (400, ["title"])


@pytest.mark.parametrize(
    "username",
    ["a b", "ann@home", "änn", "-ann", "ann.", "ann/../x", "<b>", "\u0430nn", "x" * 65, "a\nb", "🦉"],
)
def test_usernames_that_are_none(client: FlaskClient, username: str) -> None:
    assert client.post("/api/v1/users", json=GOOD | {"username": username}).status_code == 400


@pytest.mark.parametrize(
    "email",
    ["ann", "@example.com", "ann@", "ann@@example.com", "a b@example.com", "ann@-x.com", f"{'x' * 250}@a.de"],
)
def test_addresses_that_are_none(client: FlaskClient, email: str) -> None:
    assert client.post("/api/v1/users", json=GOOD | {"email": email}).status_code == 400


@pytest.mark.parametrize(
    "name", ["😀" * 80, "naïve 日本語", "'; DROP TABLE users; --", "<script>x</script>", "%s %(x)s :y \\"]
)
def test_strange_text_comes_back_as_it_went(client: FlaskClient, name: str) -> None:
    made = add(client, "teams", name=name)
    assert client.get(f"/api/v1/teams/{made['id']}").get_json()["name"] == name


def test_longest_values_fit(client: FlaskClient) -> None:
    project = add_project(client, name="😀" * 120)
    notes = "🦉" * 16_000
    task = add(client, "tasks", project_id=project["id"], title="😀" * 200, notes=notes, tags=["😀" * 40])
    assert client.get(f"/api/v1/tasks/{task['id']}").get_json()["notes"] == notes
    user = add(client, "users", username="u" * 64, email="e" * 60 + "@example.com", profile={"bio": notes})
    assert user["profile"]["bio"] == notes


@pytest.mark.parametrize(
    "preferences",
    [
        [],
        "text",
        {"deep": [[[[[[[[[[1]]]]]]]]]]},
        {"nul": "a\x00b"},
        {"half\udc00": 1},
        {"big": 10**30},
        {"long": "x" * 20_000},
    ],
    ids=lambda value: json.dumps(value)[:12],
)
def test_preferences(client: FlaskClient, preferences: Any) -> None:
    answer = client.post("/api/v1/users", json=GOOD | {"profile": {"preferences": preferences}})
    assert answer.status_code == 400
    assert "preferences" in answer.get_json()["errors"]["profile"]


def test_preferences_at_the_limits_come_back(client: FlaskClient) -> None:
    preferences = {
        "a": [[[[[[{}]]]]]],
        "int": 2**63 - 1,
        "neg": -(2**63) + 1,
        "float": 0.1,
        "ключ 🗝": "\u2028\\\"'",
    }
    made = add(client, "users", **GOOD, profile={"preferences": preferences})
    assert client.get(f"/api/v1/users/{made['id']}").get_json()["profile"]["preferences"] == preferences


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b"NaN",
        b'{"username": NaN}',
        b'{"username": "ann", "email": "a@example.com", "is_active": Infinity}',
        b'{"profile": {"preferences": {"x": 1e999}}, "username": "ann", "email": "a@example.com"}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"username": ' + b"9" * 10_000 + b"}",
    ],
    ids=lambda body: body[:12].decode("latin-1"),
)
def test_bodies_that_are_no_json_object(client: FlaskClient, body: bytes) -> None:
    assert client.post("/api/v1/users", data=body, content_type="application/json").status_code == 400


def test_other_content_types(client: FlaskClient) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None):
        answer = client.post("/api/v1/users", data=json.dumps(GOOD), content_type=content_type)
        assert answer.status_code == 415, content_type


def test_too_large_a_body(client: FlaskClient) -> None:
    assert client.post("/api/v1/users", json={"username": "x" * 2_000_000}).status_code == 413


@pytest.mark.parametrize(
    "key", [0, 2**31, 2**32 + 1, 2**63 - 1, 2**63, 10**30, "9" * 5000, "-1", "x", "1.0", "%00"]
)
@pytest.mark.parametrize("kind", ["users", "tasks", "audit-events"])
def test_keys_that_nothing_has(client: FlaskClient, kind: str, key: Any) -> None:
    answer = client.get(f"/api/v1/{kind}/{key}")
    assert (answer.status_code, answer.get_json()["code"]) == (404, 404)


@pytest.mark.parametrize("key", [0, -1, 2**31, 2**63, 10**400, 1.5, "x", True, [], {}])
def test_references_out_of_range(client: FlaskClient, key: Any) -> None:
    answer = client.post("/api/v1/projects", json={"team_id": key, "name": "x"})
    assert (answer.status_code, list(answer.get_json()["errors"])) == (400, ["team_id"])


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=x",
        "page=1e9",
        "page=99999999999999999999999",
        "page=" + "9" * 5000,
        "page_size=0",
        "page_size=101",
        "sort=password",
        "sort=id;drop",
        "is_active=maybe",
        "pagesize=5",
        "q=%00",
        "q=" + "x" * 300,
    ],
    ids=lambda query: query[:20],
)
def test_queries(client: FlaskClient, query: str) -> None:
    assert client.get(f"/api/v1/users?{query}").status_code == 400


@pytest.mark.parametrize(
    "query", ["q=%ff%fe", "q=%ED%A0%80", "q=%F0%9F%A6%89", "q='%22%25_/", "page=1000000&page_size=100"]
)
def test_queries_that_are_odd_but_allowed(client: FlaskClient, query: str) -> None:
    assert client.get(f"/api/v1/users?{query}").get_json()["items"] == []


@pytest.mark.parametrize(
    "address",
    [
        "/users?page=0",
        "/users?page=x",
        "/users?page=2",
        "/users?page=" + "9" * 5000,
        "/users/" + "9" * 5000,
        "/users/0",
    ],
    ids=lambda address: address[:20],
)
def test_pages_that_are_nowhere(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")


@pytest.mark.parametrize(
    "address", ["/users?q=%00%ff", "/users?q=" + "x" * 5000, "/projects?status=nope&q=%25"]
)
def test_searches_that_find_nothing(client: FlaskClient, address: str) -> None:
    assert client.get(address).status_code == 200


@pytest.mark.parametrize("due", ["0001-01-01", "9999-12-31", "2026-02-30", "today", 5, "2026-01-01T00:00:00"])
def test_dates(client: FlaskClient, due: Any) -> None:
    answer = client.post("/api/v1/tasks", json={"project_id": 1, "title": "x", "due_on": due})
    assert (answer.status_code, list(answer.get_json()["errors"])) == (400, ["due_on"])


@pytest.mark.parametrize("status", ["DONE", "", None, 1, [], {}, "done "])
def test_statuses(client: FlaskClient, status: Any) -> None:
    answer = client.post("/api/v1/projects", json={"team_id": 1, "name": "x", "status": status})
    assert (answer.status_code, list(answer.get_json()["errors"])) == (400, ["status"])


def test_unknown_and_fixed_fields(client: FlaskClient) -> None:
    project = add_project(client)
    for values in ({"team_id": 1}, {"id": 5}, {"nope": 1}):
        assert client.patch(f"/api/v1/projects/{project['id']}", json=values).status_code == 400
