"""What the experiment `data` finds beside the trees of its rules: in one revision after another, and in odd ones."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent, indent
from types import MappingProxyType

import pytest

from flask_lab.results import Finding, Run, Severity, Verdict
from flask_lab.runner import Request, run
from flask_lab.worker import Message
from tests.engine.projects import make_project
from tests.harness.plugin import ReadyBackend

USERS = """
op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(50)))
"""
DROP_USERS = 'op.drop_table("users")'
NOTHING = "pass"


class Silent:
    """A listener that has nothing to show."""

    def heard(self, backend: str, message: Message) -> None:
        """Say nothing."""


class Lab:
    """Runs an experiment on a tree whose revisions are given as the bodies of upgrade and downgrade."""

    def __init__(self, folder: Path, backend: str, experiment: str = "data") -> None:
        self.folder = folder
        self.experiment = experiment
        self.backend = backend

    def run(self, *revisions: tuple[str, str], follows: Mapping[int, int] = MappingProxyType({})) -> Run:
        """All that is seen; each revision follows the one before, but for those that `follows` names by number."""
        versions = self.folder / "tree" / "versions"
        versions.mkdir(parents=True)
        for number, (up, down) in enumerate(revisions, 1):
            before = f'"000{follows.get(number, number - 1)}"' if number > 1 else None
            (versions / f"000{number}.py").write_text(
                f'import sqlalchemy as sa\nfrom alembic import op\n\nrevision = "000{number}"\n'
                f"down_revision = {before}\n\n\ndef upgrade():\n{_body(up)}\n\n\ndef downgrade():\n{_body(down)}\n"
            )
        project = make_project(self.folder / "project", self.folder / "tree")
        os.chdir(project)
        return self.again()

    def again(self) -> Run:
        """The project that `run` made, as it is now."""
        seen = run(Request("app", (self.backend,), (self.experiment,)), Silent())
        assert not [cell for cell in seen.cells if cell.verdict is Verdict.ERRORED], seen.cells
        return seen

    def found(self, *revisions: tuple[str, str]) -> list[tuple[str | None, str, Severity]]:
        """Where which rule was broken, and how badly."""
        return [(each.revision, each.rule, each.severity) for each in self.run(*revisions).findings]


def _body(text: str) -> str:
    return indent(dedent(text).strip(), "    ")


@pytest.fixture
def lab(backend: ReadyBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.chdir(tmp_path)
    if backend.name != "sqlite":
        url = backend.server.url.render_as_string(hide_password=False)
        monkeypatch.setenv(f"LAB_{backend.name.upper()}_URL", url)
    return Lab(tmp_path, backend.name)


def alter(column: str, **changes: str) -> str:
    said = ", ".join(f"{name}={value}" for name, value in changes.items())
    return f'with op.batch_alter_table("users") as batch:\n    batch.alter_column("{column}", {said})'


def test_one_run_finds_every_fault(lab: Lab) -> None:
    required = alter("name", existing_type="sa.String(50)", nullable="False")
    optional = alter("name", existing_type="sa.String(50)", nullable="True")
    drop = 'op.drop_column("users", "name")'
    add = 'op.add_column("users", sa.Column("name", sa.String(50)))'
    again = 'op.drop_column("users", "name")\nop.add_column("users", sa.Column("nick", sa.String(50)))'
    back = 'op.drop_column("users", "nick")\nop.add_column("users", sa.Column("name", sa.String(50)))'
    assert lab.found((USERS, DROP_USERS), (required, optional), (drop, add), (add, drop), (again, back)) == [
        ("0002", "upgrade-fails-on-data", Severity.WARNING),
        ("0003", "upgrade-destroys-data", Severity.WARNING),
        ("0005", "upgrade-destroys-data", Severity.WARNING),
    ]


def test_what_fails_without_rows_too_is_no_finding_about_rows(lab: Lab) -> None:
    seen = lab.run(
        (USERS, DROP_USERS), ('op.execute("SELECT nonsense FROM nowhere")', NOTHING), (NOTHING, NOTHING)
    )
    assert not seen.findings
    skipped = {cell.revision: cell.reason for cell in seen.cells if cell.verdict is Verdict.SKIPPED}
    assert set(skipped) == {"0002", "0003"}
    assert "fails without rows too" in skipped["0002"]


def test_a_way_back_that_never_works_is_left_to_the_stairway(lab: Lab) -> None:
    refuse = 'raise NotImplementedError("no way back")'
    add = 'op.add_column("users", sa.Column("phone", sa.String(20)))'
    seen = lab.run(
        (USERS, DROP_USERS), (add, refuse), ('op.execute("SELECT 1")', 'op.drop_column("users", "nothing")')
    )
    assert not seen.findings
    assert {cell.verdict for cell in seen.cells} == {Verdict.PASSED}


def test_a_column_that_ordinary_rows_have_no_value_for(lab: Lab) -> None:
    add = """
    with op.batch_alter_table("users") as batch:
        batch.add_column(sa.Column("phone", sa.String(20), nullable=False))
    """
    rule = "upgrade-invents-values" if lab.backend in {"mysql", "mariadb"} else "upgrade-fails-on-data"
    found = lab.run((USERS, DROP_USERS), (add, 'op.drop_column("users", "phone")')).findings
    assert [(each.rule, each.severity) for each in found] == [(rule, Severity.ERROR)]


def test_hostile_findings_say_which_rows(lab: Lab) -> None:
    required = alter("name", existing_type="sa.String(50)", nullable="False")
    optional = alter("name", existing_type="sa.String(50)", nullable="True")
    found = only(lab.run((USERS, DROP_USERS), (required, optional)))
    assert "only with hostile rows" in found.message
    assert found.evidence["rows"]["users"]
    assert "NULL" in found.evidence["because of"]


def test_a_backfill_stays_and_an_overwritten_value_has_to_come_back(lab: Lab) -> None:
    add = 'op.add_column("users", sa.Column("nick", sa.String(50)))'
    drop = 'op.drop_column("users", "nick")'
    backfill = 'op.execute("UPDATE users SET nick = name WHERE nick IS NULL")'
    overwrite = "op.execute(\"UPDATE users SET nick = 'x'\")"
    assert lab.found((USERS, DROP_USERS), (add, drop), (backfill, NOTHING), (overwrite, NOTHING)) == [
        ("0004", "round-trip-changes-values", Severity.ERROR)
    ]


def test_renames_in_operations_and_in_sql_are_followed(lab: Lab) -> None:
    def rename(old: str, new: str) -> str:
        return alter(old, existing_type="sa.String(50)", new_column_name=f'"{new}"')

    sql = 'op.execute("ALTER TABLE users RENAME TO people")'
    back = 'op.execute("ALTER TABLE people RENAME TO users")'
    raw = 'op.execute("ALTER TABLE people RENAME COLUMN full_name TO title")'
    raw_back = 'op.execute("ALTER TABLE people RENAME COLUMN title TO full_name")'
    assert not lab.found(
        (USERS, DROP_USERS),
        (rename("name", "full_name"), rename("full_name", "name")),
        (sql, back),
        (raw, raw_back),
    )


def test_rows_of_the_tree_itself_are_left_to_later_revisions(lab: Lab) -> None:
    seed = "op.execute(\"INSERT INTO users (id, name) VALUES (1, 'admin')\")"
    unseed = 'op.execute("DELETE FROM users WHERE id = 1")'
    lean = """
    found = op.get_bind().scalar(sa.text("SELECT name FROM users WHERE id = 1"))
    assert found == "admin", found
    """
    assert not lab.found((USERS, DROP_USERS), (seed, unseed), (lean, lean), (NOTHING, NOTHING), (lean, lean))


def test_rows_that_are_deleted_are_missed(lab: Lab) -> None:
    found = only(
        lab.run((USERS, DROP_USERS), ('op.execute("DELETE FROM users WHERE name IS NOT NULL")', NOTHING))
    )
    assert (found.rule, found.severity) == ("upgrade-loses-rows", Severity.ERROR)
    assert found.message == "users: all 3 rows are gone after the upgrade"
    assert found.evidence["gone"][0]["name"]
    assert any("DELETE" in each for each in found.evidence["statements"])


def test_tables_that_cannot_be_filled_are_named(lab: Lab) -> None:
    table = """
    op.create_table(
        "never",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("n", sa.Integer, nullable=False),
        sa.CheckConstraint("n > 5 AND n < 3", name="ck_never"),
    )
    """
    seen = lab.run((USERS, DROP_USERS), (table, 'op.drop_table("never")'), (NOTHING, NOTHING))
    assert not seen.findings
    said = [each for cell in seen.cells for each in cell.facts.get("not_compared", ())]
    assert any(each.startswith("rows of never: ") for each in said)


def test_parents_dropped_before_their_children(lab: Lab) -> None:
    """On the servers this fails on empty tables too, which is the stairway's to say."""
    posts = """
    op.create_table("authors", sa.Column("id", sa.Integer, primary_key=True))
    op.create_table(
        "posts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("author_id", sa.Integer, sa.ForeignKey("authors.id"), nullable=False),
    )
    """
    found = lab.run((USERS, DROP_USERS), (posts, 'op.drop_table("authors")\nop.drop_table("posts")')).findings
    # This app does not enforce foreign keys itself.
    expected = [("downgrade-fails-on-data", Severity.WARNING)] if lab.backend == "sqlite" else []
    assert [(each.rule, each.severity) for each in found] == expected


def test_foreign_keys_that_only_the_lab_enforces_hide_no_other_finding(lab: Lab) -> None:
    posts = """
    op.create_table(
        "posts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
    )
    """
    # Always, as SQLite drops a column without a rebuild too.
    drop = 'with op.batch_alter_table("users", recreate="always") as batch:\n    batch.drop_column("name")'
    add = 'op.add_column("users", sa.Column("name", sa.String(50)))'
    if lab.backend != "sqlite":
        drop = 'op.drop_column("users", "name")'
    found = lab.found((USERS, DROP_USERS), (posts, 'op.drop_table("posts")'), (drop, add))
    expected = [("0003", "upgrade-destroys-data", Severity.WARNING)]
    if lab.backend == "sqlite":
        expected.insert(0, ("0003", "upgrade-fails-on-data", Severity.WARNING))
    assert found == expected


def test_rows_have_labels_where_an_enumeration_is_kept_as_text(lab: Lab) -> None:
    mood = 'sa.Enum("sad", "happy", name="mood")'
    table = (
        f'op.create_table("moods", sa.Column("id", sa.Integer, primary_key=True), sa.Column("mood", {mood}))'
    )
    drop = 'op.drop_table("moods")\nsa.Enum(name="mood").drop(op.get_bind())'
    lean = """
    found = op.get_bind().scalars(sa.text("SELECT mood FROM moods WHERE mood IS NOT NULL")).all()
    assert found and set(found) <= {"sad", "happy"}, found
    """
    assert not lab.found((USERS, DROP_USERS), (table, drop), (lean, lean))


def test_what_differed_still_differs_in_ordinary_rows(lab: Lab) -> None:
    add = 'op.add_column("users", sa.Column("place", sa.Integer))'
    unique = (
        'with op.batch_alter_table("users") as batch:\n    batch.create_unique_constraint("uq", ["place"])'
    )
    free = 'with op.batch_alter_table("users") as batch:\n    batch.drop_constraint("uq", type_="unique")'
    drop = 'op.drop_column("users", "place")'
    assert lab.found((USERS, DROP_USERS), (add, drop), (unique, free), (free, unique)) == [
        ("0003", "upgrade-fails-on-data", Severity.WARNING),
        ("0004", "downgrade-fails-on-data", Severity.WARNING),
    ]


def test_new_labels_are_used_before_the_way_back(lab: Lab) -> None:
    def check(*labels: str) -> str:
        listed = ", ".join(f"'{each}'" for each in labels)
        return f'    batch.create_check_constraint("mood", "mood IN ({listed})")'

    batch = 'with op.batch_alter_table("users") as batch:\n'
    away = f'{batch}    batch.drop_constraint("mood", type_="check")\n'
    add = f'{batch}    batch.add_column(sa.Column("mood", sa.String(1)))\n{check("a", "b", "c", "d")}'
    drop = f'{away}    batch.drop_column("mood")'
    up, down = away + check("a", "b", "c", "d", "e"), away + check("a", "b", "c", "d")
    assert lab.found((USERS, DROP_USERS), (add, drop), (up, down)) == [
        ("0003", "downgrade-fails-on-data", Severity.ERROR)
    ]


def test_a_truth_value_is_kept_nowhere_by_chance(lab: Lab) -> None:
    both = 'sa.Column("a", sa.Boolean), sa.Column("b", sa.Boolean)'
    table = f'op.create_table("flags", sa.Column("id", sa.Integer, primary_key=True), {both})'
    add = 'op.add_column("flags", sa.Column("c", sa.String(9)))\nop.execute("UPDATE flags SET c = \'x\'")'
    drop, back = 'op.drop_column("flags", "a")', 'op.add_column("flags", sa.Column("a", sa.Boolean))'
    assert lab.found(
        (table, 'op.drop_table("flags")'), (f"{add}\n{drop}", f'{back}\nop.drop_column("flags", "c")')
    ) == [("0002", "upgrade-destroys-data", Severity.WARNING)]


def test_a_key_that_numbers_itself_on_other_products_only(lab: Lab) -> None:
    table = 'op.create_table("jobs", sa.Column("id", sa.BigInteger, primary_key=True), sa.Column("name", sa.Text))'
    found = lab.found((USERS, DROP_USERS), (table, 'op.drop_table("jobs")'))
    expected = [("0002", "insert-fails-after-upgrade", Severity.ERROR)] if lab.backend == "sqlite" else []
    assert found == expected


def test_a_key_that_numbers_itself_until_it_is_widened(lab: Lab) -> None:
    def change(old: str, new: str) -> str:
        said = {"existing_type": old, "type_": new, "existing_nullable": "False", "autoincrement": "True"}
        return alter("id", **said)

    revision = change("sa.Integer()", "sa.BigInteger()"), change("sa.BigInteger()", "sa.Integer()")
    expected = [("0002", "insert-fails-after-upgrade", Severity.ERROR)] if lab.backend == "sqlite" else []
    assert lab.found((USERS, DROP_USERS), revision) == expected


def test_a_key_whose_default_the_server_cannot_tell(lab: Lab) -> None:
    table = """
    key = "gen_random_uuid()" if op.get_bind().dialect.name == "postgresql" else "(uuid())"
    op.create_table("jobs", sa.Column("id", sa.String(36), primary_key=True, server_default=sa.text(key)))
    """
    found = lab.found((USERS, DROP_USERS), (table, 'op.drop_table("jobs")'))
    expected = [("0002", "insert-fails-after-upgrade", Severity.ERROR)] if lab.backend == "sqlite" else []
    assert found == expected


def test_a_new_table_that_no_row_fits(lab: Lab) -> None:
    """MariaDB makes do with any index; the others do not even make the table."""
    table = """
    op.create_table("codes", sa.Column("id", sa.Integer, primary_key=True), sa.Column("code", sa.String(9)))
    op.create_index("ix_codes_code", "codes", ["code"])
    op.create_table("jobs", sa.Column("code", sa.String(9), sa.ForeignKey("codes.code"), primary_key=True))
    """
    found = lab.found((USERS, DROP_USERS), (table, 'op.drop_table("jobs")\nop.drop_table("codes")'))
    # This app does not enforce foreign keys itself.
    expected = [("0002", "insert-fails-after-upgrade", Severity.WARNING)] if lab.backend == "sqlite" else []
    assert found == expected


def test_keys_copied_behind_a_sequences_back(lab: Lab) -> None:
    def move(old: str, new: str) -> str:
        return f"""
        op.create_table("{new}", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(50)))
        op.execute("INSERT INTO {new} (id, name) SELECT id, name FROM {old}")
        op.drop_table("{old}")
        """

    found = lab.found((USERS, DROP_USERS), (move("users", "people"), move("people", "users")))
    expected = [("0002", "insert-fails-after-upgrade", Severity.ERROR)] if lab.backend == "postgres" else []
    assert found == expected


def only(seen: Run) -> Finding:
    assert len(seen.findings) == 1, seen.findings
    return seen.findings[0]
