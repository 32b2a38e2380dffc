"""Trees rendered as SQL without a server, as `flask lab sql` prints them, and backends that have none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine.projects import TREES, make_project
from tests.engine.test_project import change, files, lab

NOWHERE = {
    "LAB_POSTGRES_URL": "postgresql://lab:secret@127.0.0.1:1/postgres",
    "LAB_MYSQL_URL": "mysql://lab:secret@127.0.0.1:1/",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", TREES / "product-specific-sql" / "good")


def revision(project: Path, body: str) -> None:
    """Put another upgrade into the newest revision."""
    path = project / "migrations" / "versions" / "0002_settings.py"
    head = path.read_text().partition("def upgrade")[0]
    path.write_text(f"{head}def upgrade():\n    {body}\n\n\ndef downgrade():\n    pass\n")


def findings(project: Path, backend: str) -> dict[str, str]:
    done = lab(project, "run", "portability", "--on", backend, "--format", "json", **NOWHERE)
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    assert [cell["reason"] for cell in found["cells"] if cell["verdict"] == "errored"] == []
    return {each["rule"]: each["message"] for each in found["findings"]}


def test_sql_names_the_backends_that_share_it_and_takes_their_branches(project: Path) -> None:
    before = files(project)
    done = lab(project, "sql")
    assert done.returncode == 0, done.stderr
    heads = [line for line in done.stdout.splitlines() if line.startswith("-- upgrade 0002_settings: ")]
    assert [line.rpartition(", on ")[2] for line in heads] == ["sqlite", "postgres", "mysql, mariadb"]
    assert done.stdout.count("setval(") == 1
    assert done.stdout.count("id INTEGER NOT NULL AUTO_INCREMENT") == 1
    assert files(project) == before


def test_sql_of_the_way_back_and_of_the_beginning_of_an_id(project: Path) -> None:
    done = lab(project, "sql", "0001_us", "--downgrade", "--on", "postgres,mysql")
    assert done.stdout.endswith(
        "-- downgrade 0001_users: Create users, on postgres, mysql\n\nDROP TABLE users;\n\n"
    )


def test_sql_of_a_merge(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", TREES / "multiple-heads" / "good")
    assert (
        lab(project, "sql", "--on", "mysql").stdout
        == "-- upgrade 0004_merge: Merge, on mysql\n\n-- nothing\n\n"
    )


def test_sql_says_what_cannot_be_rendered(project: Path) -> None:
    revision(project, 'op.get_bind().execute(sa.text("SELECT 1")).scalar()')
    done = lab(project, "sql", "--on", "mysql")
    assert done.returncode == 0
    assert "SELECT 1;\n\n-- not rendered: AttributeError: 'NoneType' object" in done.stdout


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("0002_setings", "there is no revision '0002_setings'; did you mean 0002_settings"),
        ("zzz", "there is no revision 'zzz'; flask db history (or alembic history) lists them all"),
        ("base", "'base' is no revision"),
    ],
)
def test_sql_of_an_unknown_revision_is_exit_code_two(project: Path, name: str, said: str) -> None:
    done = lab(project, "sql", name)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_all_that_a_product_refuses_is_found_at_once(project: Path) -> None:
    revision(
        project,
        'op.create_table("a", sa.Column("name", sa.String()))\n'
        '    op.create_table("b", sa.Column("name", sa.String()))\n'
        '    op.execute("UPDATE users SET name = name::text")',
    )
    said = findings(project, "mysql")["product-specific-sql"]
    assert "create_table a" in said
    assert "create_table b" in said
    assert "the cast ::" in said
    assert list(findings(project, "sqlite")) == ["product-specific-sql"]


def test_a_refusal_that_the_revision_copes_with_is_none(project: Path) -> None:
    revision(
        project,
        'try:\n        op.create_unique_constraint("uq", "users", ["name"])\n'
        "    except NotImplementedError:\n        pass",
    )
    assert findings(project, "sqlite") == {}


def test_an_env_that_cannot_run_offline_is_told_and_revisions_are_still_looked_at(project: Path) -> None:
    change(project / "migrations" / "env.py", "if context.is_offline_mode():", "if False:")
    revision(project, 'op.execute("UPDATE users SET name = name::text")')
    found = findings(project, "mysql")
    assert set(found) == {"offline-sql-fails", "product-specific-sql"}
    assert found["offline-sql-fails"].startswith("env.py cannot be run offline: ")


def test_values_that_env_leaves_out_are_told(project: Path) -> None:
    change(project / "migrations" / "env.py", ", literal_binds=True", "")
    revision(project, 'op.execute(sa.table("users", sa.column("name")).update().values(name="x"))')
    assert findings(project, "postgres") == {
        "offline-sql-fails": "the values are not in the SQL of 0002_settings: env.py runs offline without "
        "literal_binds=True"
    }


def test_a_script_that_makes_another_schema_is_told(project: Path) -> None:
    revision(
        project,
        'op.add_column("users", sa.Column("a" if op.get_context().as_sql else "b", sa.Integer))',
    )
    assert findings(project, "sqlite") == {
        "offline-sql-fails": "the script makes another schema: column users.a is left; column users.b is gone"
    }


def test_without_a_server_the_rest_is_skipped_and_nothing_ran(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", TREES / "product-specific-sql" / "bad")
    done = lab(project, "run", "--on", "mysql", "--format", "json", **NOWHERE)
    assert done.returncode == 3
    found = json.loads(done.stdout)
    assert [each["verdict"] for each in found["backends"]] == ["skipped"]
    assert {cell["verdict"] for cell in found["cells"] if cell["experiment"] != "portability"} == {"skipped"}
    assert [each["rule"] for each in found["findings"]] == ["product-specific-sql"]
    # Asked for alone, it is all that was asked for.
    assert lab(project, "run", "portability", "--on", "mysql", **NOWHERE).returncode == 1


def test_a_note_fails_nothing(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", TREES / "unnamed-constraint" / "bad")
    done = lab(project, "run", "portability", "--on", "sqlite", "--format", "json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["run"]["verdict"]) == (0, "passed")
    assert [each["severity"] for each in found["findings"]] == ["note"]
    assert "unnamed-constraint" in {cell["reason"] for cell in found["cells"]}
