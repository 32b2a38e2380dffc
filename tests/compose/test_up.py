"""`make up` from nothing and again, the API behind the published port, and replicas that start together."""

from __future__ import annotations

import re
import time

from tests.compose.stack import Stack, log_of


def test_up_from_nothing_says_where_and_what_next(empty: Stack) -> None:
    said = empty.made("up")
    head = empty.made("heads").split()[0]
    assert re.search(rf"^Ready: {empty.db} [\d.]+ at revision {head}$", said, re.MULTILINE)
    assert f"http://127.0.0.1:{empty.port}" in said
    for step in ("seed", "migrate", "logs", "down", "destroy"):
        assert f"make {step} DB={empty.db}" in said
    assert empty.call("GET", "/up") == (200, {"status": "alive"})
    status, body = empty.call("GET", "/up/database")
    assert (status, body["status"], body["revision"]) == (200, "ready", [head])
    assert body["product"] == empty.db


def test_second_up_changes_nothing_and_is_quick(up: Stack) -> None:
    before = [up.container(service)["State"]["StartedAt"] for service in ("web", up.db)]
    start = time.monotonic()
    assert "Ready: " in up.made("up")
    assert time.monotonic() - start < 10
    assert [up.container(service)["State"]["StartedAt"] for service in ("web", up.db)] == before


def test_up_after_a_downgrade_upgrades_again(up: Stack) -> None:
    up.made("downgrade")
    assert not up.ready()
    assert "Ready: " in up.made("up")
    assert up.ready()


def test_api_round_trip(up: Stack) -> None:
    ann = up.add_user("round.trip")
    address = f"/api/v1/users/{ann['id']}"
    assert up.call("GET", address) == (200, ann)
    status, changed = up.call("PATCH", address, {"profile": {"bio": "naïve 🦉", "preferences": {"a": [1]}}})
    assert (status, changed["profile"]["bio"]) == (200, "naïve 🦉")
    assert up.call("POST", "/api/v1/users", {"username": "round.trip", "email": "b@example.com"})[0] == 409
    assert up.call("POST", "/api/v1/users", {"username": ""})[0] == 400
    assert up.call("DELETE", address) == (204, None)
    assert up.call("GET", address)[0] == 404


def test_of_three_replicas_on_an_empty_database_one_migrates(empty: Stack) -> None:
    empty.composed("build", "web")
    # PORT=0: each replica gets a port of its own.
    empty.composed("up", "--detach", "--no-build", "--wait", "--scale", "web=3", PORT="0")
    replicas = empty.containers("web")
    logs = [log_of(replica["Id"]) for replica in replicas]
    applied = sorted(log.count("Running upgrade") for log in logs)
    assert applied == [0, 0, len(empty.revisions())]
    for replica in replicas:
        (published,) = replica["NetworkSettings"]["Ports"]["8000/tcp"]
        status, body = empty.call("GET", "/up/database", port=int(published["HostPort"]))
        assert (status, body["status"]) == (200, "ready")
    empty.composed("down", "--volumes", PORT="0")
