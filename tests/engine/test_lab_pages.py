"""The lab's pages in another project: each of its databases by itself, in a process that has its app."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.test_binds import FIRST, project, write  # noqa: F401  (a fixture is known by its name)
from tests.engine.test_project import change

ROOT = Path(__file__).resolve().parents[2]
LOOK = """
import flask_migrate
from app import create_app, db
from flask_lab.web import lab

app = create_app()
app.register_blueprint(lab, url_prefix="/migrations")
with app.app_context():
    flask_migrate.upgrade(revision="0001")
print("PAGE", app.test_client().get("/migrations/database").text)
"""


@pytest.mark.sqlite
def test_each_database_of_a_project_has_its_place(project: Path, tmp_path: Path) -> None:  # noqa: F811
    change(project / "app.py", "sqlite:////nowhere/never.db", f"sqlite:///{tmp_path}/main.db")
    change(project / "app.py", "sqlite:////nowhere/log.db", f"sqlite:///{tmp_path}/log.db")
    write(project, "0001", None, **FIRST)
    page = look(project, tmp_path)
    assert "Against the models No difference." in page
    assert sorted(re.findall(r"(log: )?sqlite [\d.]+ (at head)", page)) == [
        ("", "at head"),
        ("log: ", "at head"),
    ]
    size = "op.add_column('lines', sa.Column('size', sa.Integer))"
    write(project, "0002", "0001", upgrade_log=size)
    page = look(project, tmp_path)
    assert page.count("Pending 1 revision") == 2
    assert "Not compared, as the models are those of the head, and the database is behind" in page
    change(
        project / "models.py",
        "class User",
        "class Stray(db.Model):\n    id = sa.Column(sa.Integer, primary_key=True)\n\n\nclass User",
    )
    (project / "migrations" / "versions" / "0002.py").unlink()
    assert "Against the models 1 difference. As flask db check sees it. table stray:" in look(
        project, tmp_path
    )


def look(project: Path, folder: Path) -> str:  # noqa: F811
    """What the page about the databases says, once the first revision is applied."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        cwd=project,
        env=os.environ | {"PYTHONPATH": str(ROOT), "LAB_STORE": str(folder / "runs")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return " ".join(re.sub(r"<[^>]+>", " ", done.stdout.partition("PAGE ")[2]).split())
