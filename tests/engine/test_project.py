"""Opening projects as people write them, on SQLite by the real command line; and those that cannot be opened."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.engine.projects import TOGETHER, TREES, make_project

ROOT = Path(__file__).resolve().parents[2]
GOOD = TREES / "model-drift" / "good"


def lab(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python -m flask_lab ARGUMENTS` in a project's folder; its runs are kept beside it."""
    store = {"LAB_STORE": str(folder.parent / "runs"), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "flask_lab", *arguments],
        cwd=folder,
        env=os.environ | store | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def verdicts(folder: Path, **environment: str) -> dict[str, Any]:
    """The JSON report of a run on SQLite."""
    done = lab(folder, "run", *TOGETHER, "--on", "sqlite", "--format", "json", **environment)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", GOOD)


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def files(folder: Path) -> set[Path]:
    return {each for each in folder.rglob("*") if "__pycache__" not in each.parts}


def test_factory_passes_and_nothing_is_written_into_the_project(project: Path) -> None:
    before = files(project)
    assert verdicts(project)["run"]["verdict"] == "passed"
    assert files(project) == before


def test_global_app(project: Path) -> None:
    text = (project / "app.py").read_text()
    (project / "app.py").write_text(text + "\n\napp = create_app()\n")
    assert verdicts(project)["run"]["verdict"] == "passed"


def test_factory_that_writes_does_not_meet_the_measured_database(project: Path) -> None:
    change(
        project / "app.py",
        "    return app",
        "    with app.app_context():\n"
        "        db.create_all()\n"
        "        db.session.execute(db.text(\"INSERT INTO users (name) VALUES ('me')\"))\n"
        "        db.session.commit()\n"
        "    return app",
    )
    assert verdicts(project)["run"]["verdict"] == "passed"


def test_factory_that_migrates_with_an_env_of_its_own_engine(project: Path) -> None:
    (project / "migrations" / "env.py").write_text(
        "import sqlalchemy\nfrom alembic import context\nfrom flask import current_app\n"
        'url = current_app.config["SQLALCHEMY_DATABASE_URI"]\n'
        "with sqlalchemy.create_engine(url).connect() as connection:\n"
        '    migrate = current_app.extensions["migrate"]\n'
        "    context.configure(connection=connection, target_metadata=migrate.db.metadata)\n"
        "    with context.begin_transaction():\n        context.run_migrations()\n"
    )
    change(
        project / "app.py",
        "    return app",
        "    from flask_migrate import upgrade\n"
        "    with app.app_context():\n        upgrade()\n    return app",
    )
    assert verdicts(project)["run"]["verdict"] == "passed"


def test_app_that_reads_its_url_from_the_environment(project: Path) -> None:
    change(project / "app.py", '"sqlite:////nowhere/never.db"', '__import__("os").environ["SHOP_URL"]')
    (project / "pyproject.toml").write_text('[tool.flask_lab]\napp = "app"\nurl_env = "SHOP_URL"\n')
    assert verdicts(project)["run"]["verdict"] == "passed"


def test_env_with_the_wrong_metadata_is_told_so(project: Path) -> None:
    change(
        project / "migrations" / "env.py",
        "target_metadata=get_metadata()",
        "target_metadata=__import__('sqlalchemy').MetaData()",
    )
    (message,) = [each["message"] for each in verdicts(project)["findings"]]
    assert "env.py compares with metadata of 0 tables" in message


def test_own_version_table_is_no_trace(project: Path) -> None:
    change(project / "app.py", "Migrate(app, db)", 'Migrate(app, db, version_table="shop_version")')
    assert verdicts(project)["run"]["verdict"] == "passed"


def test_another_directory(project: Path) -> None:
    (project / "migrations").rename(project / "tree")
    change(project / "app.py", "Migrate(app, db)", 'Migrate(app, db, directory="tree")')
    assert verdicts(project)["run"]["verdict"] == "passed"


def test_failure_behind_a_wrapper_shows_its_cause(project: Path) -> None:
    change(
        project / "migrations" / "versions" / "0001_users.py",
        "def upgrade():",
        "def upgrade():\n    op.nothing()",
    )
    found = verdicts(project)["findings"]
    assert [(each["rule"], each["revision"]) for each in found] == [("upgrade-fails", "0001_users")]
    assert "nothing" in found[0]["message"]


def test_revision_without_a_downgrade_is_found_and_the_rest_is_tried(project: Path) -> None:
    path = project / "migrations" / "versions" / "0001_users.py"
    path.write_text(path.read_text().partition("def downgrade")[0])
    found = verdicts(project)
    assert [(each["rule"], each["revision"]) for each in found["findings"]] == [
        ("downgrade-missing", "0001_users")
    ]


def test_env_that_runs_nothing_is_no_pass(project: Path) -> None:
    change(project / "migrations" / "env.py", "context.run_migrations()", "pass")
    found = verdicts(project)
    assert found["run"]["verdict"] == "errored"
    assert any("env.py ran no revision" in cell["reason"] for cell in found["cells"])


def test_what_was_not_compared_is_counted(project: Path) -> None:
    said = "sqlite: server defaults: compare_server_default is off"
    assert said in verdicts(project)["counts"]["not_compared"]


def test_a_table_that_the_app_makes_itself_is_no_error_of_the_tree(project: Path) -> None:
    change(
        project / "app.py",
        "    return app",
        '    db.Table("sessions", db.Column("id", db.Integer, primary_key=True))\n'
        "    with app.app_context():\n        db.create_all()\n    return app",
    )
    (found,) = verdicts(project)["findings"]
    assert (found["rule"], found["severity"]) == ("model-drift", "warning")
    assert found["message"].startswith(
        "table sessions: the models have it, the database has not (no revision makes it"
    )


def test_a_type_that_sqlite_keeps_alike_is_a_note(project: Path) -> None:
    (project / "models.py").write_text(
        (project / "models.py").read_text().replace("String(50)", "String(60)")
    )
    (found,) = verdicts(project)["findings"]
    assert (found["rule"], found["severity"]) == ("model-drift", "note")
    assert "VARCHAR(60), the database says type VARCHAR(50)" in found["message"]
