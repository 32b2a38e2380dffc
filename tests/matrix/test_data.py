"""Data changes on many rows: bounded, resumable, and in step while two releases write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, event

from migrations import batches
from tests.matrix.bench import Bench
from tests.matrix.crash import Crash
from tests.matrix.sample import fill

NUMBERS = """
    WITH RECURSIVE d(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM d WHERE n < 9),
    numbers(n) AS (SELECT a.n + 10 * b.n + 100 * c.n + 1000 * e.n + 10000 * f.n
                   FROM d a, d b, d c, d e, d f)
"""


def seed_tasks(engine: Engine) -> None:
    """100,000 tasks, made by the server, beside the sample's with their far apart keys."""
    fill(engine)
    made = "SELECT 1000 + n, 1, 'task', '2020-01-02 03:04:05' FROM numbers"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO tasks (id, project_id, title, created_at) {NUMBERS} {made}")


def test_a_backfill_of_many_rows_is_cut_off_and_goes_on(bench: Bench) -> None:
    bench.upgrade("0019_default_tasks_updated_at")
    seed_tasks(bench.engine)
    unfilled = "SELECT COUNT(*) FROM tasks WHERE updated_at IS NULL"
    with bench.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE tasks SET updated_at = NULL")
        total = connection.exec_driver_sql(unfilled).scalar_one()
    with batches_seen(bench.engine, stop_after=7) as seen, pytest.raises((Crash, CommandError)):
        bench.upgrade("0020_backfill_tasks_updated_at")
    assert len(seen) == 7
    with bench.engine.connect() as connection:
        left = connection.exec_driver_sql(unfilled).scalar_one()
    assert total - left == 7 * batches.SIZE, "each finished batch is committed, the one cut off is not"
    with batches_seen(bench.engine) as seen:
        bench.upgrade("0020_backfill_tasks_updated_at")
    with bench.engine.connect() as connection:
        assert connection.exec_driver_sql(unfilled).scalar_one() == 0
        wrong = "SELECT COUNT(*) FROM tasks WHERE updated_at <> created_at"
        assert connection.exec_driver_sql(wrong).scalar_one() == 0
    assert len(seen) >= total // batches.SIZE
    assert max(seen) <= batches.SIZE, "a batch changes no more rows than its size"


def test_a_backfill_says_how_far_it_is(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(batches, "SECONDS_BETWEEN_LINES", 0.0)
    bench.upgrade("0019_default_tasks_updated_at")
    seed_tasks(bench.engine)
    bench.upgrade("0020_backfill_tasks_updated_at")
    said = [line for line in capsys.readouterr().err.splitlines() if "[alembic.batches]" in line]
    assert "tasks: 100 % done" in said[-1]
    assert len(said) > 20, "a line per batch, when no time has to lie between them"


def test_both_columns_are_in_step_whichever_a_release_writes(bench: Bench) -> None:
    bench.upgrade("0028_title_and_name_in_step")
    fill(bench.engine)
    with bench.engine.begin() as connection:
        run = connection.exec_driver_sql
        run("INSERT INTO projects (id, team_id, title) VALUES (10, 1, 'by the old release')")
        run("INSERT INTO projects (id, team_id, name) VALUES (11, 1, 'by the new release')")
        assert both(connection, 10) == ("by the old release", "by the old release")
        assert both(connection, 11) == ("by the new release", "by the new release")
        run("UPDATE projects SET title = 'old again' WHERE id = 11")
        assert both(connection, 11) == ("old again", "old again")
        run("UPDATE projects SET name = 'new again' WHERE id = 10")
        assert both(connection, 10) == ("new again", "new again")
        run("UPDATE projects SET status = 'done' WHERE id = 10")
        assert both(connection, 10) == ("new again", "new again")
    bench.upgrade("0032_drop_projects_title")
    bench.downgrade("0031_projects_name_required")
    with bench.engine.connect() as connection:
        assert both(connection, 10) == ("new again", "new again")


def both(connection: Connection, project: int) -> tuple[str, str]:
    found = connection.execute(
        sa.text("SELECT title, name FROM projects WHERE id = :id"), {"id": project}
    ).one()
    return found[0], found[1]


def test_bios_move_to_profiles_and_back(bench: Bench) -> None:
    bench.upgrade("0023_create_profiles")
    fill(bench.engine)
    bios = dict(values(bench.engine, "SELECT id, bio FROM users WHERE bio IS NOT NULL"))
    bench.upgrade("0024_copy_bios_to_profiles")
    with bench.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE users SET bio = 'late' WHERE id = 2")
        connection.exec_driver_sql("DELETE FROM profiles WHERE user_id = 2")
    bench.upgrade("0025_drop_users_bio")
    expected = bios | {2: "late"}
    assert dict(values(bench.engine, "SELECT user_id, bio FROM profiles WHERE bio IS NOT NULL")) == expected
    bench.downgrade("0023_create_profiles")
    assert dict(values(bench.engine, "SELECT id, bio FROM users WHERE bio IS NOT NULL")) == expected


def test_names_taken_twice_are_told_apart_and_given_back(bench: Bench) -> None:
    bench.upgrade("0010_widen_tasks_title")
    names = {1: "Ops", 2: "Ops", 3: "Ops (2)", 4: "Ops ", 5: "ops", 6: "x" * 80, 7: "x" * 80}
    with bench.engine.begin() as connection:
        for number, name in names.items():
            connection.execute(
                sa.text("INSERT INTO teams (id, name) VALUES (:id, :name)"), {"id": number, "name": name}
            )
    bench.upgrade("0012_team_names_unique")
    after = dict(values(bench.engine, "SELECT id, name FROM teams"))
    assert {number for number in names if after[number] == names[number]} >= {1, 5, 6}
    assert len({name.rstrip() for name in after.values()}) == len(names)
    with bench.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE teams SET name = 'renamed since' WHERE id = 7")
    bench.downgrade("0010_widen_tasks_title")
    assert dict(values(bench.engine, "SELECT id, name FROM teams")) == names | {7: "renamed since"}


def test_titles_too_long_for_the_way_back_are_named(bench: Bench) -> None:
    bench.upgrade("0010_widen_tasks_title")
    fill(bench.engine, ("tasks", {"id": 77, "project_id": 1, "title": "日" * 200}))
    with pytest.raises(
        CommandError, match="task 77 and perhaps more have titles of over 100 characters: shorten them"
    ):
        bench.downgrade("0009_add_users_is_active")
    assert bench.current() == ("0010_widen_tasks_title",)


def test_an_orphan_stops_the_foreign_key_and_is_named(bench: Bench) -> None:
    bench.upgrade("0015_index_tasks_assignee")
    fill(bench.engine)
    with bench.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE tasks SET assignee_id = 4711 WHERE id = 1")
    with pytest.raises(CommandError, match=r"4711|1 in tasks without their users"):
        bench.upgrade("0016_tasks_assignee_key")
    with bench.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE tasks SET assignee_id = NULL WHERE id = 1")
    bench.upgrade()
    bench.check()


def values(engine: Engine, query: str) -> list[Any]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]


@contextmanager
def batches_seen(engine: Engine, stop_after: int | None = None) -> Iterator[list[int]]:
    """The numbers of rows that each UPDATE of tasks changed; with `stop_after`, the one behind it crashes."""
    changed: list[int] = []

    def before(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("UPDATE tasks") and len(changed) == stop_after:
            raise Crash(statement)

    def after(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("UPDATE tasks"):
            changed.append(cursor.rowcount)

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    try:
        yield changed
    finally:
        event.remove(engine, "before_cursor_execute", before)
        event.remove(engine, "after_cursor_execute", after)
