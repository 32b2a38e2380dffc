"""A table that is altered by way of a copy: what others write meanwhile is in it, and nothing else is left."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import op
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, event

from migrations import batches, shadow
from migrations.rerun import present
from tests.matrix.bench import Bench
from tests.matrix.crash import Crash
from tests.matrix.sample import fill
from tests.matrix.snapshot import schema_of

MEMBERSHIPS: shadow.Table = importlib.import_module("migrations.versions.0033_add_viewer_role").MEMBERSHIPS
NAME = "ck_memberships_role_known"
CHECK = f"ADD CONSTRAINT {NAME} CHECK (role IN ('owner', 'member'))"
COPY, SWAP = "INSERT INTO memberships_shadow", "RENAME TABLE"
pytestmark = pytest.mark.needs("show_create")


@pytest.fixture
def ready(bench: Bench) -> Bench:
    """A bench with a table that has rows, and its CHECK no more."""
    bench.upgrade("0032_drop_projects_title")
    fill(bench.engine)
    with bench.engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE memberships DROP CONSTRAINT {NAME}")
    return bench


@contextmanager
def operations(bench: Bench, before: Callable[[str], Any]) -> Iterator[None]:
    """Alembic's `op`, and `before` each statement of it."""
    with bench.engine.connect() as connection:
        event.listen(connection, "before_cursor_execute", lambda *given: before(" ".join(given[2].split())))
        context = MigrationContext.configure(connection)
        with context.begin_transaction(_per_migration=True), Operations.context(context):
            yield


def members(connection: Connection) -> dict[tuple[int, int], str]:
    found = connection.exec_driver_sql("SELECT team_id, user_id, role FROM memberships")
    return {(team, user): role for team, user, role in found}


def test_what_is_written_meanwhile_is_in_the_copy(ready: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "SIZE", 1)
    schema = schema_of(ready.engine)
    changes = [
        "INSERT INTO memberships (team_id, user_id, role) VALUES (4, 1, 'owner')",
        "UPDATE memberships SET role = 'owner' WHERE team_id = 1 AND user_id = 2",
        "DELETE FROM memberships WHERE team_id = 3 AND user_id = 1",
        "UPDATE memberships SET user_id = 3 WHERE team_id = 4",
        "INSERT INTO memberships (team_id, user_id, role) VALUES (2, 2, 'member')",
    ]

    def write(statement: str) -> None:
        """Half of the changes before the copy has begun, the others when it has ended."""
        now = {COPY: 3, SWAP: len(changes)}.get(
            next((each for each in (COPY, SWAP) if statement.startswith(each)), ""), 0
        )
        with ready.engine.begin() as other:
            for change in changes[:now]:
                other.exec_driver_sql(change)
        del changes[:now]

    with operations(ready, write):
        shadow.alter(MEMBERSHIPS, CHECK)
    with ready.engine.connect() as connection:
        assert members(connection) == {(1, 1): "owner", (1, 2): "owner", (4, 3): "owner", (2, 2): "member"}
        with pytest.raises(sa.exc.DBAPIError):
            connection.exec_driver_sql("UPDATE memberships SET role = 'king'")
    after = schema_of(ready.engine)
    assert after["tables"]["memberships"].pop("checks")
    assert schema["tables"]["memberships"].pop("checks") == {}
    assert after == schema


@pytest.mark.parametrize("at", [COPY, SWAP, "DROP TABLE memberships_old", "ALTER TABLE memberships DROP"])
def test_a_crash_is_finished_by_the_next_run(ready: Bench, at: str) -> None:
    def crash(statement: str) -> None:
        if statement.startswith(at):
            raise Crash

    with ready.engine.connect() as connection:
        before = members(connection)
    with pytest.raises((Crash, sa.exc.PendingRollbackError)), operations(ready, crash):
        shadow.alter(MEMBERSHIPS, CHECK)
    with operations(ready, lambda _: None):
        # As the revision does.
        if present("memberships", constraint=NAME):
            op.drop_constraint(NAME, "memberships", type_="check")
        shadow.alter(MEMBERSHIPS, CHECK)
    ready.upgrade()
    ready.check()
    with ready.engine.connect() as connection:
        assert members(connection) == before
    names = {each["name"] for each in sa.inspect(ready.engine).get_foreign_keys("memberships")}
    assert names == set(MEMBERSHIPS.foreign_keys)
    assert not {"memberships_shadow", "memberships_old"} & set(sa.inspect(ready.engine).get_table_names())
