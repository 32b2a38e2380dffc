"""Short words for calls that many tests make."""

from __future__ import annotations

import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


def add(client: FlaskClient, kind: str, **values: Any) -> dict[str, Any]:
    """POST to a list of the API, which must work; returns what came back."""
    answer = client.post(f"/api/v1/{kind}", json=values)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json or {}
    return made


def add_user(client: FlaskClient, name: str = "ann", **values: Any) -> dict[str, Any]:
    """A user whose address follows from their name."""
    return add(client, "users", username=name, email=f"{name}@example.com", **values)


def add_project(client: FlaskClient, team: str = "Atlas", **values: Any) -> dict[str, Any]:
    """A project in a team of its own."""
    made = add(client, "teams", name=team)
    return add(client, "projects", team_id=made["id"], **({"name": "Billing"} | values))


def submit(client: FlaskClient, address: str, **fields: str) -> TestResponse:
    """Send the form at `address` as a browser does, with its token."""
    page = client.get(address)
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found, page.text
    return client.post(address, data={"csrf_token": found[1], **fields})
