"""Projects with several binds, as `flask db init --multidb` makes them: each bind on a database of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import flask_migrate
import pytest

from tests.engine.projects import TREES, make_project
from tests.engine.test_project import change
from tests.engine.test_traps import assert_clean, seen
from tests.harness.plugin import ReadyBackend

TEMPLATE = Path(flask_migrate.__file__).parent / "templates" / "flask-multidb"
MODELS = """
import sqlalchemy as sa

from app import db


class User(db.Model):
    __tablename__ = "users"
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.String(50))


class Line(db.Model):
    __tablename__ = "lines"
    __bind_key__ = "log"
    id = sa.Column(sa.Integer, primary_key=True)
    text = sa.Column(sa.String(50))
"""
REVISION = """
import sqlalchemy as sa
from alembic import op

revision = {revision!r}
down_revision = {down!r}


def upgrade(engine_name):
    globals()["upgrade_" + engine_name]()


def downgrade(engine_name):
    globals()["downgrade_" + engine_name]()


def upgrade_():
    {upgrade}


def downgrade_():
    {downgrade}


def upgrade_log():
    {upgrade_log}


def downgrade_log():
    {downgrade_log}
"""
CREATE = (
    "op.create_table({!r}, sa.Column('id', sa.Integer, primary_key=True), sa.Column({!r}, sa.String(50)))"
)
FIRST = {
    "upgrade": CREATE.format("users", "name"),
    "downgrade": "op.drop_table('users')",
    "upgrade_log": CREATE.format("lines", "text"),
    "downgrade_log": "op.drop_table('lines')",
}
NOTHING = dict.fromkeys(FIRST, "pass")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = make_project(tmp_path / "project", TREES / "model-drift" / "good")
    binds = '    app.config["SQLALCHEMY_BINDS"] = {"log": "sqlite:////nowhere/log.db"}\n'
    change(folder / "app.py", "    db.init_app", f"{binds}    db.init_app")
    shutil.copy(TEMPLATE / "env.py", folder / "migrations" / "env.py")
    shutil.copy(TEMPLATE / "alembic.ini.mako", folder / "migrations" / "alembic.ini")
    (folder / "models.py").write_text(MODELS)
    (folder / "migrations" / "versions" / "0001_users.py").unlink()
    monkeypatch.chdir(folder)
    return folder


def write(project: Path, revision: str, down: str | None, **functions: str) -> None:
    text = REVISION.format(revision=revision, down=down, **NOTHING | functions)
    (project / "migrations" / "versions" / f"{revision}.py").write_text(text)


def test_each_bind_is_walked_and_compared(
    project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, "0001", None, **FIRST)
    found = seen(backend, monkeypatch, "stairway data drift")
    assert_clean(found)
    assert not [each for each in found.not_compared if "ran no revision" in each]


def test_faults_name_their_bind(
    project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, "0001", None, **FIRST)
    size = "op.add_column('lines', sa.Column('size', sa.Integer))"
    emptied = "op.execute('DELETE FROM users')"
    write(project, "0002", "0001", upgrade=emptied, upgrade_log=size)
    found = seen(backend, monkeypatch, "stairway data drift").findings
    assert sorted((each.rule, each.revision, each.message.partition(":")[0]) for each in found) == [
        ("downgrade-missing", "0002", "log"),
        ("model-drift", None, "log"),
        ("upgrade-loses-rows", "0002", "default"),
    ]
    assert {each.rule: each.evidence.get("bind") for each in found} == {
        "downgrade-missing": "log",
        "model-drift": None,
        "upgrade-loses-rows": "default",
    }


@pytest.mark.suffices("sqlite")
def test_a_crash_is_that_of_a_bind(
    project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = "op.add_column('lines', sa.Column('{0}', sa.Integer)); op.add_column('lines', sa.Column('{1}', sa.Integer))"
    drop = "op.drop_column('lines', 'two'); op.drop_column('lines', 'one')"
    write(project, "0001", None, **FIRST)
    write(project, "0002", "0001", upgrade_log=add.format("one", "two"), downgrade_log=drop)
    found = seen(backend, monkeypatch, "crash")
    stuck = {(each.revision, each.evidence["bind"]) for each in found.findings if each.revision}
    assert stuck == (set() if backend.name == "postgres" else {("0002", "log")})
    assert not [each for each in found.not_compared if "ran no revision" in each]


def test_each_bind_is_rendered_and_no_file_is_written(
    project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, "0001", None, **FIRST)
    foreign = {
        "sqlite": "TRUNCATE TABLE lines",
        "postgres": "REPLACE INTO lines (id) VALUES (1)",
        "mysql": "UPDATE lines SET text = id::text",
        "mariadb": "UPDATE lines SET text = id::text",
    }
    write(project, "0002", "0001", upgrade_log=f"op.execute({foreign[backend.name]!r})")
    found = seen(backend, monkeypatch, "portability")
    assert [(each.rule, each.revision) for each in found.findings] == [("product-specific-sql", "0002")]
    assert not list(project.glob("*.sql"))
