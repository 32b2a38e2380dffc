"""Each verb of the Makefile against the running stack, with what it prints and what it leaves."""

from __future__ import annotations

import re

from tests.compose.stack import Stack

COUNT = "SELECT COUNT(*) FROM users;\n"


def test_migrate_without_changes_says_so_and_writes_nothing(up: Stack) -> None:
    before = up.revisions()
    assert "No changes" in up.made("migrate", "m=nothing")
    assert up.revisions() == before


def test_commands_that_read_the_tree_agree(up: Stack) -> None:
    heads = up.made("heads").split()[0]
    assert up.made("current").split() == [heads, "(head)"]
    history = up.made("history").splitlines()
    assert len(history) == len(up.revisions())
    assert f"{heads} (head) (current)" in history[0]
    assert up.made("check").startswith("No new upgrade operations detected")


def test_sql_is_the_trees_for_this_database(up: Stack) -> None:
    sql = up.made("sql")
    assert "CREATE TABLE IF NOT EXISTS users" in sql
    assert ("SERIAL" in sql) == (up.db == "postgres")
    assert ("AUTO_INCREMENT" in sql) == (up.db != "postgres")
    below, head = sorted(path.stem for path in up.revisions())[-2:]
    last = up.made("sql", f"rev={below}:{head}")
    assert last.count("UPDATE alembic_version") == 1
    assert f"version_num='{head}'" in last


def test_down_and_up_the_tree(up: Stack) -> None:
    head = up.made("current").split()[0]
    up.made("downgrade")
    below = up.made("current").split()[0]
    assert below != head
    status, body = up.call("GET", "/up/database")
    assert (status, body["status"]) == (503, "behind")
    # Stamping says where the database is, and changes nothing else.
    up.made("stamp", f"rev={head}")
    assert up.ready()
    up.made("stamp", f"rev={below}")
    up.made("downgrade", "rev=-3")
    lower = up.call("GET", "/up/database")[1]["revision"]
    assert lower not in ([below], [head])
    up.made("upgrade", f"rev={below}")
    assert up.call("GET", "/up/database")[1]["revision"] == [below]
    up.made("upgrade")
    assert up.ready()


def test_seed_adds_rows_and_shows_how_far_it_is(up: Stack) -> None:
    before = up.call("GET", "/api/v1/tasks?page_size=1")[1]["total"]
    done = up.make("seed", "n=300")
    assert done.returncode == 0, done.stderr
    assert re.search(r"Added .*300 tasks", done.stdout)
    assert "Adding sample rows" in done.stderr
    assert up.call("GET", "/api/v1/tasks?page_size=1")[1]["total"] == before + 300


def test_ps_and_logs_show_both_services(up: Stack) -> None:
    listed = up.made("ps")
    logs = up.made("logs")
    for service in ("web", up.db):
        assert f"{up.project}-{service}-1" in listed
        assert f"{service}-1" in logs
    assert "Listening at" in logs


def test_db_shell_takes_sql_from_a_pipe(up: Stack) -> None:
    assert str(up.user_count()) in up.made("db-shell", stdin=COUNT).split()


def test_shell_takes_python_from_a_pipe(up: Stack) -> None:
    imports = "from app.extensions import db\nfrom app.models import User\n"
    asked = f"{imports}print('users', db.session.query(User).count())\n"
    assert f"users {up.user_count()}" in up.made("shell", stdin=asked)
