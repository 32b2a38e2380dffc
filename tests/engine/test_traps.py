"""Projects that do, for good reasons or bad, what could mislead the lab: each is judged as its revisions deserve."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flask_lab.results import Run, Verdict
from flask_lab.runner import Request, run
from tests.engine.projects import TEMPLATE, TREES, make_project
from tests.engine.test_project import change
from tests.engine.test_trees import Silent
from tests.engine.test_unopened import url_of
from tests.harness.plugin import ReadyBackend

GOOD = TREES / "model-drift" / "good"
LOADED = "    return app"
# MariaDB is reached as MySQL is: by the same dialect and driver.
pytestmark = pytest.mark.suffices("sqlite", "postgres", "mysql")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = make_project(tmp_path / "project", GOOD)
    monkeypatch.chdir(folder)
    return folder


def seen(
    backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch, ask: str = "stairway drift", url_env: str = ""
) -> Run:
    """What the experiments to ask see of the project in the current folder."""
    for name, url in url_of(backend).items():
        monkeypatch.setitem(os.environ, name, url)
    return run(Request("app", (backend.name,), tuple(ask.split()), url_env=url_env), Silent())


def use(project: Path, code: str) -> None:
    """Let env.py take its engine in another way than any release of Flask-Migrate wrote into it."""
    env = project / "migrations" / "env.py"
    (line,) = [
        each.strip() for each in env.read_text().splitlines() if each.strip().startswith("connectable = ")
    ]
    change(env, line, code)


def assert_clean(found: Run) -> None:
    assert [(each.rule, each.message) for each in found.findings] == []
    assert found.verdict is Verdict.PASSED, [(each.experiment, each.reason) for each in found.cells]


def test_factory_that_upgrades_whenever_it_is_called(
    project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade = "with app.app_context():\n        __import__('flask_migrate').upgrade()"
    change(project / "app.py", LOADED, f"    {upgrade}\n{LOADED}")
    assert_clean(seen(backend, monkeypatch))


def test_app_that_connects_when_it_is_imported_by_an_engine_that_env_uses_too(
    project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "settings.py").write_text(
        "import os\nimport sqlalchemy\nURL = os.environ['SHOP_URL']\nengine = sqlalchemy.create_engine(URL)\n"
        "with engine.begin() as connection:\n"
        "    connection.execute(sqlalchemy.text('CREATE TABLE started (id INTEGER)'))\n"
    )
    change(project / "app.py", '"sqlite:////nowhere/never.db"', '__import__("settings").URL')
    use(project, "from settings import engine as connectable")
    assert_clean(seen(backend, monkeypatch, url_env="SHOP_URL"))


ENGINES = {
    "db.engine": "current_app.extensions['migrate'].db.engine",
    "db.engines": "current_app.extensions['migrate'].db.engines[None]",
    "the app's URL": "__import__('sqlalchemy').create_engine(current_app.config['SQLALCHEMY_DATABASE_URI'])",
    "as in old releases": "current_app.extensions['migrate'].db.get_engine()",
}
if "hide_password" in (TEMPLATE / "env.py").read_text():
    # Before, Flask-Migrate wrote *** into the section in place of the password.
    section = "config.get_section(config.config_ini_section), prefix='sqlalchemy.'"
    ENGINES["the section"] = f"__import__('sqlalchemy').engine_from_config({section})"


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_env_with_an_engine_of_its_own(
    project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    use(project, f"connectable = {engine}")
    assert_clean(seen(backend, monkeypatch))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:secret@nowhere/shop",
        "mysql://me:secret@nowhere/shop",
        "sqlite:///shop.db",
        "sqlite://",
    ],
)
def test_urls_of_drivers_that_are_not_installed_and_of_databases_that_are_not_ours(
    project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    change(project / "app.py", "sqlite:////nowhere/never.db", url)
    before = set(project.rglob("*"))
    assert_clean(seen(backend, monkeypatch))
    assert set(project.rglob("*")) == before


def test_enumeration_that_is_made_when_its_revision_is_imported(
    project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "migrations" / "versions" / "0002_states.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\nfrom sqlalchemy.dialects import postgresql\n"
        "revision = '0002'\ndown_revision = '0001_users'\n"
        "state = postgresql.ENUM('new', 'old', name='state', create_type=False)\n"
        "if op.get_bind().dialect.name == 'postgresql':\n"
        "    state.create(op.get_bind(), checkfirst=True)\n"
        "else:\n    state = sa.Enum('new', 'old', name='state')\n"
        "def upgrade():\n    op.add_column('users', sa.Column('state', state))\n"
        "def downgrade():\n    op.drop_column('users', 'state')\n"
        "    if op.get_bind().dialect.name == 'postgresql':\n        state.drop(op.get_bind())\n"
    )
    assert_clean(seen(backend, monkeypatch, "stairway data"))


def test_exit_that_hides_a_failure_is_told_by_its_cause(
    project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(
        project / "migrations" / "env.py",
        "            context.run_migrations()",
        "            try:\n                context.run_migrations()\n"
        "            except Exception:\n                raise SystemExit(1)",
    )
    change(
        project / "migrations" / "versions" / "0001_users.py", "def upgrade():", "def upgrade():\n    1 / 0"
    )
    (finding,) = seen(backend, monkeypatch, "stairway").findings
    assert (finding.rule, finding.message) == ("upgrade-fails", "ZeroDivisionError: division by zero")


def test_version_table_in_a_schema_of_its_own(
    project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ""
    if backend.name == "postgres":
        made = "connection.exec_driver_sql('CREATE SCHEMA IF NOT EXISTS house'); connection.commit()"
        start = "        context.configure(\n            conn"
        change(project / "migrations" / "env.py", start, f"        {made}\n{start}")
        where = ', version_table_schema="house"'
    change(project / "app.py", "Migrate(app, db)", f'Migrate(app, db, version_table="at"{where})')
    assert_clean(seen(backend, monkeypatch))


def test_sessions_reflection_and_text_in_revisions(
    project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "migrations" / "versions" / "0002_names.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\nfrom sqlalchemy.orm import Session\n"
        "revision = '0002'\ndown_revision = '0001_users'\n"
        "def upgrade():\n"
        "    session = Session(bind=op.get_bind())\n"
        "    users = sa.Table('users', sa.MetaData(), autoload_with=op.get_bind())\n"
        "    for row in session.execute(sa.select(users.c.id)).all():\n"
        "        session.execute(sa.text('UPDATE users SET name = name WHERE id = :id'), {'id': row.id})\n"
        "    session.commit()\n"
        "    assert sa.inspect(op.get_bind()).has_table('users')\n"
        "    op.execute('UPDATE users SET name = name')\n"
        "    op.create_index('ix_users_name', 'users', ['name'])\n"
        "def downgrade():\n    op.drop_index('ix_users_name', 'users')\n"
    )
    change(project / "models.py", "nullable=False)", "nullable=False, index=True)")
    assert_clean(seen(backend, monkeypatch, "stairway data drift"))


def test_branches_labels_several_bases_and_dependencies(
    project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = {
        "a1": "down_revision = '0001_users'\nbranch_labels = ('left',)",
        "b1": "down_revision = '0001_users'",
        "x1": "down_revision = None\ndepends_on = 'left'\nbranch_labels = ('other',)",
        "m1": "down_revision = ('a1', 'b1')",
        "z1": "down_revision = ('m1', 'x1')",
    }
    for name, links in tree.items():
        (project / "migrations" / "versions" / f"{name}.py").write_text(
            f"import sqlalchemy as sa\nfrom alembic import op\nrevision = '{name}'\n{links}\n"
            f"def upgrade():\n    op.create_table('t_{name}', sa.Column('id', sa.Integer, primary_key=True))\n"
            f"def downgrade():\n    op.drop_table('t_{name}')\n"
        )
    found = seen(backend, monkeypatch, "stairway")
    assert_clean(found)
    assert {cell.revision for cell in found.cells} == {"0001_users", *tree, None}
    assert found.project.heads == ("z1",)


def test_two_binds_on_one_database_are_kept_apart_and_named(
    project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = '    app.config["SQLALCHEMY_BINDS"] = {"log": "sqlite:////nowhere/never.db"}\n'
    change(project / "app.py", "    db.init_app", f"{same}    db.init_app")
    found = seen(backend, monkeypatch, "stairway")
    assert_clean(found)
    said = " ".join(found.not_compared)
    assert "the binds default and log on one database" in said
    assert "the bind log: env.py ran no revision on it" in said


def test_read_only_project_beside_the_apps_own_database(
    project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = project / "instance" / "shop.db"
    own.parent.mkdir()
    own.write_text("whoever opens this is told that it is no database")
    change(project / "app.py", "sqlite:////nowhere/never.db", "sqlite:///shop.db")
    before = {each: each.stat().st_mtime_ns for each in project.rglob("*")}
    assert_clean(seen(backend, monkeypatch, "stairway data drift"))
    assert {each: each.stat().st_mtime_ns for each in project.rglob("*")} == before


def test_each_step_finds_a_revision_as_a_command_of_its_own_imports_it(
    project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    revision = project / "migrations" / "versions" / "0001_users.py"
    change(
        revision, "def upgrade():\n", 'kind = sa.Enum("a", "b")\n\n\ndef upgrade():\n    kind.name = "kind"\n'
    )
    change(revision, "def downgrade():\n", 'def downgrade():\n    assert kind.name, "a type needs a name"\n')
    found = seen(backend, monkeypatch, "stairway")
    assert [(each.rule, each.message) for each in found.findings] == [
        ("downgrade-fails", "AssertionError: a type needs a name")
    ]


def test_a_revision_that_declares_a_model_of_the_app_is_imported_once(
    project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = """
from app import db

kinds = []


class Note(db.Model):
    __tablename__ = "notes"
    id = sa.Column(sa.Integer, primary_key=True)


def upgrade():
    kinds.append(Note)
"""
    change(project / "migrations" / "versions" / "0001_users.py", "def upgrade():\n", model)
    assert_clean(seen(backend, monkeypatch, "stairway"))
