"""Every revision up, down and up again on every backend: the schema returns, and so do the rows."""

from __future__ import annotations

from typing import Any

from app.models import Model
from migrations.autogenerate import ASIDE
from tests.matrix.bench import Bench, bench_on
from tests.matrix.sample import fill
from tests.matrix.snapshot import Rows, rows_of, schema_of

ANY = "*"
# What a revision is there to change in rows that were there before; anything else that changes is a loss.
MEANT = {
    "0011_rename_duplicate_teams": {("teams", "name")},
    "0020_backfill_tasks_updated_at": {("tasks", "updated_at")},
    "0024_copy_bios_to_profiles": {("profiles", ANY)},
    "0025_drop_users_bio": {("profiles", ANY)},
    "0029_copy_titles_to_names": {("projects", "name")},
}
# What its way back cannot undo, each for a reason that the revision gives.
LASTING = {
    "0020_backfill_tasks_updated_at": {("tasks", "updated_at")},
    # A profile may hold more than the bio by now, so it stays when the bios go back.
    "0024_copy_bios_to_profiles": {("profiles", ANY)},
    "0025_drop_users_bio": {("profiles", ANY)},
    # Triggers keep both columns equal, so the name that was missing has come to stay.
    "0028_title_and_name_in_step": {("projects", "name")},
    "0029_copy_titles_to_names": {("projects", "name")},
    # The way back keeps the same triggers.
    "0030_let_title_go": {("projects", "name")},
}
# Names that are taken, one only for MySQL and MariaDB, and one that the renaming would take: fit until 0011 cleans up.
DUPLICATES = [
    ("teams", {"id": number, "name": name}) for number, name in ((7, "Ops"), (8, "Ops "), (9, "Ops (7)"))
]


def test_up_down_and_up_again_with_rows(bench: Bench) -> None:
    for revision in bench.revisions():
        fill(bench.engine, *(DUPLICATES if "0002" < revision < "0012" else ()))
        schema, rows = schema_of(bench.engine), rows_of(bench.engine)
        bench.upgrade(revision)
        upgraded, upgraded_rows = schema_of(bench.engine), rows_of(bench.engine)
        assert survivors(rows, upgraded_rows, MEANT.get(revision)) == survivors(
            upgraded_rows, rows, MEANT.get(revision)
        )
        bench.take_back(revision)
        assert schema_of(bench.engine) == schema, f"{revision} leaves a trace"
        lasting = LASTING.get(revision)
        assert survivors(rows_of(bench.engine), rows, lasting) == survivors(rows, rows, lasting), revision
        bench.upgrade(revision)
        assert schema_of(bench.engine) == upgraded, f"{revision} differs the second time"
        assert survivors(rows_of(bench.engine), upgraded_rows, lasting) == survivors(
            upgraded_rows, upgraded_rows, lasting
        )
    bench.check()


def test_down_to_nothing_and_up_in_one_run(bench: Bench) -> None:
    bench.upgrade()
    schema = schema_of(bench.engine)
    fill(bench.engine)
    bench.downgrade("base")
    assert schema_of(bench.engine) == {"tables": {}, "views": [], "others": []}
    assert bench.current() == ()
    bench.upgrade()
    assert schema_of(bench.engine) == schema
    bench.check()


def test_down_one_at_a_time_with_rows_of_the_newest_schema(bench: Bench) -> None:
    bench.upgrade()
    fill(bench.engine, ("memberships", {"team_id": 3, "user_id": 2, "role": "viewer"}))
    for revision in reversed(bench.revisions()):
        rows = rows_of(bench.engine)
        if revision == "0033_add_viewer_role":
            for row in rows["memberships"]:
                row["role"] = row["role"].replace("viewer", "member")
        bench.take_back(revision)
        after = rows_of(bench.engine)
        assert survivors(rows, after) == survivors(after, rows), (
            f"the way back from {revision} loses or changes rows"
        )
    assert schema_of(bench.engine) == {"tables": {}, "views": [], "others": []}


def test_the_tree_and_the_models_make_the_same_schema(bench: Bench, backend: Any) -> None:
    bench.upgrade()
    migrated = schema_of(bench.engine)
    with backend.server.scratch() as url, bench_on(url.render_as_string(hide_password=False)) as other:
        Model.metadata.create_all(other.engine)
        created = schema_of(other.engine)
    aside = {name for name in migrated["tables"] if name.startswith("aside_")}
    assert aside == {"aside_teams_name", "aside_projects_code"}
    for name in created["tables"]:
        assert migrated["tables"][name] == created["tables"][name], name
    assert set(migrated["tables"]) - aside == set(created["tables"])


def survivors(rows: Rows, others: Rows, except_for: set[tuple[str, str]] | None = None) -> Rows:
    """The rows of the tables, and the values of the columns, that both states have."""
    left_out = except_for or set()
    return {
        table: [
            {
                key: value
                for key, value in row.items()
                if key in _columns(others[table]) and (table, key) not in left_out
            }
            for row in rows[table]
        ]
        for table in rows
        if table in others and (table, ANY) not in left_out and not table.startswith(ASIDE)
    }


def _columns(rows: list[dict[str, Any]]) -> set[str]:
    return set(rows[0]) if rows else set()
