"""Stopping while a request is under way, and databases that go away, come back, or never come."""

from __future__ import annotations

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from tests.compose.stack import Stack, docker, log_of, wait_until

WAITING = {
    "postgres": "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE users%'",
    "mysql": "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'UPDATE users%'",
    "mariadb": "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'UPDATE users%'",
}


def test_stop_lets_a_request_under_way_finish(up: Stack) -> None:
    user = up.add_user("drained")
    address = f"/api/v1/users/{user['id']}"
    web = up.container("web")["Id"]
    with up.database() as holder, up.database() as watcher, ThreadPoolExecutor() as pool:
        # The row is locked, so the request waits for as long as this test likes.
        holder.execute(sa.text("SELECT id FROM users WHERE id = :id FOR UPDATE"), {"id": user["id"]})
        answer = pool.submit(up.call, "PATCH", address, {"email": "drained@example.org"})
        watcher.execution_options(isolation_level="AUTOCOMMIT")
        wait_until(lambda: watcher.scalar(sa.text(WAITING[up.db])), "the request waits for the row")
        stop = subprocess.Popen(["docker", "stop", "--time", "40", web], stdout=subprocess.DEVNULL)
        wait_until(lambda: "Handling signal: term" in up.web_log(), "gunicorn heard the signal")
        time.sleep(1)
        assert not answer.done()
        holder.commit()
        status, body = answer.result()
    assert stop.wait() == 0
    assert (status, body["email"]) == (200, "drained@example.org")
    state = up.container("web")["State"]
    assert (state["Status"], state["ExitCode"]) == ("exited", 0)
    up.made("up")
    assert up.call("GET", address)[1]["email"] == "drained@example.org"


def test_app_outlives_its_database(up: Stack) -> None:
    user = up.add_user("before.the.outage")
    started = up.container("web")["State"]["StartedAt"]
    up.composed("stop", up.db)
    status, body = up.call("GET", "/up/database")
    assert (status, body["status"]) == (503, "unavailable")
    assert up.call("GET", "/up")[0] == 200
    assert up.call("POST", "/api/v1/users", {"username": "lost", "email": "lost@example.com"})[0] == 503
    up.composed("start", up.db)
    wait_until(up.ready, "the app is ready again")
    assert up.call("GET", f"/api/v1/users/{user['id']}") == (200, user)
    up.add_user("after.the.outage")
    assert up.container("web")["State"]["StartedAt"] == started


@pytest.mark.parametrize(
    ("host", "port"), [("nowhere.invalid", ""), ("127.0.0.1", "1")], ids=["name", "port"]
)
def test_waiting_for_a_database_ends_with_the_drivers_last_error(up: Stack, host: str, port: str) -> None:
    settings = [f"--env=DB_HOST={host}", f"--env=DB_PORT={port}"]
    start = time.monotonic()
    done = up.compose("run", "--rm", "--no-deps", *settings, "web", DB_CONNECT_WAIT="2")
    # Well under the default of 60; resolving a name that does not exist may take its time.
    assert 2 <= time.monotonic() - start < 45
    assert done.returncode == 1
    last = (done.stdout + done.stderr).strip().splitlines()[-1]
    assert "did not answer within 2 s: " in last
    # The driver's own words, and the password in none of them.
    assert host in last.partition("within 2 s: ")[2]
    assert (up.folder / ".secrets/db_password").read_text() not in done.stdout + done.stderr


def test_stop_ends_a_container_that_waits_for_its_database(up: Stack) -> None:
    waiting = ["--env=DB_HOST=nowhere.invalid", "--env=DB_CONNECT_WAIT=120"]
    container = up.composed("run", "--detach", "--no-deps", *waiting, "web").split()[-1]
    try:
        wait_until(lambda: "Waiting for the database" in log_of(container), "it waits")
        start = time.monotonic()
        docker("stop", container)
        assert time.monotonic() - start < 8
        assert docker("inspect", "--format", "{{.State.ExitCode}}", container).strip() == "143"
    finally:
        docker("rm", "--force", container)
