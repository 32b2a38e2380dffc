"""The lab inside Compose: on a server of the stack, beside the app's own database, with its runs in the checkout."""

from __future__ import annotations

import json

from tests.compose.stack import Stack, succeeded

DATABASES = {
    "postgres": "psql -qtA -U lab -c 'SELECT datname FROM pg_database'",
    "mysql": 'MYSQL_PWD=$(cat /run/secrets/root_password) mysql -N -u root -e "SHOW DATABASES"',
    "mariadb": 'MYSQL_PWD=$(cat /run/secrets/root_password) mariadb -N -u root -e "SHOW DATABASES"',
}


def test_run_in_compose_is_kept_in_the_checkout_and_read_by_the_app(up: Stack) -> None:
    user = up.add_user("beside.the.lab")
    head = max(path.stem for path in up.revisions())
    on = f"sqlite,{up.db}"
    done = up.compose("run", "--rm", "-T", "lab", "run", "stairway", "--on", on, "--only", head, "--require")
    assert "passed" in succeeded(done)
    latest = up.folder / "runs" / "latest" / "run.json"
    found = json.loads(latest.read_text())
    assert [each["verdict"] for each in found["backends"]] == ["passed", "passed"]
    assert found["run"]["program"] == f"DB={up.db} docker compose run --rm lab run"
    assert latest.stat().st_uid == (up.folder / "runs").stat().st_uid
    names = up.composed("exec", "-T", up.db, "sh", "-c", DATABASES[up.db]).split()
    assert "lab" in names
    assert [name for name in names if name.startswith("lab_")] == []
    assert up.call("GET", f"/api/v1/users/{user['id']}") == (200, user)
    assert (
        up.composed("exec", "-T", "web", "sh", "-c", 'cat "$LAB_STORE/latest/run.json"') == latest.read_text()
    )
    listed = up.page("/lab/")
    assert " passed none " in listed
    assert all(f"{each['name']} {each['version']}" in listed for each in found["backends"])
    assert f"in {len(found['project']['revisions'])} revisions on sqlite and {up.db}" in up.page(
        f"/lab/runs/{found['run']['id']}"
    )
    here = up.page("/lab/database")
    assert f"{up.db} " in here
    assert "at head" in here
    assert "Against the models No difference" in here
    refused = up.compose("exec", "-T", "web", "sh", "-c", 'touch "$LAB_STORE/x"')
    assert "Read-only file system" in refused.stderr


def test_without_db_the_lab_has_all_servers_and_with_it_the_one(stack: Stack) -> None:
    every = stack.composed("config", "--services", DB="", COMPOSE_PROFILES="lab")
    assert set(every.split()) == {"lab", *DATABASES}
    one = stack.composed("config", "--services", COMPOSE_PROFILES=f"lab-{stack.db}")
    assert set(one.split()) == {"lab", stack.db}
