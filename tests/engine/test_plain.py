"""Plain Alembic projects, as `alembic init` makes them: no app, a configuration file, and an env.py."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import alembic
import pytest

from tests.engine.test_project import change, lab
from tests.engine.test_unopened import url_of
from tests.harness.plugin import ReadyBackend

TEMPLATES = Path(alembic.__file__).parent / "templates"
MODELS = """
import sqlalchemy as sa

metadata = sa.MetaData()
sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(40)))
logs = sa.MetaData()
sa.Table("lines", logs, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(40)))
both = {"engine1": metadata, "engine2": logs}
"""
REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade(engine_name=""):
    table = "lines" if engine_name == "engine2" else "users"
    op.create_table(table, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(40)))


def downgrade(engine_name=""):
    op.drop_table("lines" if engine_name == "engine2" else "users")
"""
ASYNC = pytest.mark.skipif(not importlib.util.find_spec("aiosqlite"), reason="needs aiosqlite")


def plain(folder: Path, template: str = "generic") -> Path:
    """A project that `alembic init` made, with models and one revision."""
    folder.mkdir()
    command = [sys.executable, "-m", "alembic", "init", "--template", template, "alembic"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    (folder / "models.py").write_text(MODELS)
    (folder / "alembic" / "versions" / "0001_first.py").write_text(REVISION)
    return folder


def run(folder: Path, *named: str, ask: str = "", on: str = "sqlite", **environment: str) -> dict[str, Any]:
    """The JSON report of a run of the experiments to ask, or of those that need no other database beside."""
    experiments = (ask or "stairway data drift").split()
    done = lab(folder, *named, "run", *experiments, "--on", on, "--format", "json", **environment)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_generic(tmp_path: Path, backend: ReadyBackend) -> None:
    project = plain(tmp_path / "project")
    before = {each: each.stat().st_mtime_ns for each in project.rglob("*")}
    named = ("--alembic", "alembic.ini", "--metadata", "models:metadata")
    found = run(project, *named, on=backend.name, **url_of(backend))
    assert (found["run"]["verdict"], found["findings"]) == ("passed", [])
    assert found["project"]["app"] == "alembic.ini"
    assert {cell["experiment"] for cell in found["cells"]} == {"stairway", "data", "drift"}
    assert {each: each.stat().st_mtime_ns for each in project.rglob("*")} == before


@pytest.mark.skipif(not (TEMPLATES / "pyproject").is_dir(), reason="this Alembic has no such template")
def test_pyproject(tmp_path: Path) -> None:
    project = plain(tmp_path / "project", "pyproject")
    assert run(project, "--alembic", "pyproject.toml", ask="stairway")["run"]["verdict"] == "passed"


@ASYNC
def test_asynchronous(tmp_path: Path) -> None:
    project = plain(tmp_path / "project", "async")
    found = run(project, "--alembic", "alembic.ini", "--metadata", "models:metadata")
    assert (found["run"]["verdict"], found["findings"]) == ("passed", [])


def test_asynchronous_without_a_driver_is_told(tmp_path: Path) -> None:
    project = plain(tmp_path / "project", "async")
    (project / "sitecustomize.py").write_text("import sys\nsys.modules['aiosqlite'] = None\n")
    change(project / "alembic.ini", "driver://user:pass@localhost/dbname", "")
    done = lab(
        project, "--alembic", "alembic.ini", "run", "--on", "sqlite", PYTHONPATH=f"{project}:{Path.cwd()}"
    )
    assert done.returncode == 2
    assert "env.py works asynchronously, and no such driver for sqlite is installed" in done.stderr
    assert "pip install aiosqlite" in done.stderr


def test_several_databases(tmp_path: Path, backend: ReadyBackend) -> None:
    project = plain(tmp_path / "project", "multidb")
    change(
        project / "alembic" / "versions" / "0001_first.py",
        '"lines" if engine_name == "engine2" else "users")',
        '"users") if engine_name == "engine1" else None',
    )
    named = ("--alembic", "alembic.ini", "--metadata", "models:both")
    found = run(project, *named, on=backend.name, **url_of(backend))
    assert [(each["rule"], each["message"]) for each in found["findings"]] == [
        ("downgrade-missing", "engine2: the downgrade does nothing; what is left: table lines is left")
    ]


def test_section_and_several_version_folders(tmp_path: Path) -> None:
    project = plain(tmp_path / "project")
    ini = project / "alembic.ini"
    ini.write_text(
        ini.read_text().replace("[alembic]", "[shop]") + "\n[alembic]\nscript_location = nowhere\n"
    )
    change(ini, "[shop]\n", "[shop]\nrecursive_version_locations = true\n")
    years = project / "alembic" / "versions" / "2024"
    years.mkdir()
    (project / "alembic" / "versions" / "0001_first.py").rename(years / "first.py")
    found = run(project, "--alembic", "alembic.ini:shop", ask="stairway")
    assert found["project"]["app"] == "alembic.ini:shop"
    assert found["project"]["revisions"][0]["path"] == "alembic/versions/2024/first.py"


def test_settings_name_the_project_and_findings_how_to_repeat_them(tmp_path: Path) -> None:
    project = plain(tmp_path / "project")
    change(project / "alembic" / "versions" / "0001_first.py", "    op.drop_table", "    0 and op.drop_table")
    settings = '[tool.flask_lab]\nalembic = "alembic.ini"\nmetadata = "models:metadata"\n'
    (project / "pyproject.toml").write_text(settings)
    (finding,) = run(project, ask="stairway")["findings"]
    assert finding["rule"] == "downgrade-missing"
    repeat = "--alembic alembic.ini --metadata models:metadata run stairway --on sqlite --only 0001"
    assert finding["repeat"] == f"python -m flask_lab {repeat}"
    assert lab(project, *repeat.split()).returncode == 1


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ("target_metadata = None", ""),
        ("import models\ntarget_metadata = models.metadata", ""),
        (
            "import models\ntarget_metadata = models.logs",
            "env.py compares with metadata of 1 tables, none of which",
        ),
    ],
    ids=["none", "right", "wrong"],
)
def test_metadata(tmp_path: Path, env: str, said: str) -> None:
    project = plain(tmp_path / "project")
    change(project / "alembic" / "env.py", "target_metadata = None", env)
    change(
        project / "models.py", "sa.String(40)))\nlogs", "sa.String(40)), sa.Column('more', sa.Integer))\nlogs"
    )
    named = ("--alembic", "alembic.ini", "--metadata", "models:metadata")
    found = run(project, *named, ask="drift")["findings"]
    expected = said or "column users.more: the models have it, the database has not"
    assert [(each["rule"], each["message"].startswith(expected)) for each in found] == [("model-drift", True)]


OWN = {
    "from the environment": "os.environ['SHOP_URL']",
    "kept by a module": "__import__('settings').URL",
    "in parts": "f\"sqlite:///{os.environ['SHOP_FILE']}\"",
}


@pytest.mark.parametrize("url", OWN.values(), ids=OWN)
def test_env_with_a_url_of_its_own(tmp_path: Path, url: str) -> None:
    project = plain(tmp_path / "project")
    (project / "settings.py").write_text("import os\nURL = os.environ['SHOP_URL']\n")
    env = project / "alembic" / "env.py"
    own = f"from sqlalchemy import create_engine\n    import os\n    connectable = create_engine({url})\n"
    start, end = env.read_text().split("    connectable = engine_from_config(", 1)
    env.write_text(f"{start}    {own}{end.split('    )', 1)[1]}")
    variables = '{SHOP_URL = "{url}", SHOP_FILE = "{database}"}'
    (project / "pyproject.toml").write_text(f"[tool.flask_lab]\nurl_env = {variables}\n")
    found = run(project, "--alembic", "alembic.ini", ask="stairway data")
    assert {cell["verdict"] for cell in found["cells"]} == {"passed"}


ELSEWHERE = "import sqlalchemy\n    sqlalchemy.create_engine('sqlite:///shop.db').connect()"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "connectable = engine_from_config(",
            f"{ELSEWHERE}\n    connectable = engine_from_config(",
            "shop.db' by itself, which the lab does not let it do",
        ),
        ("context.run_migrations()", "pass", "alembic/env.py ran no revision"),
        (
            "from alembic import context",
            "import nothing_of_this_name",
            "cannot be run: ModuleNotFoundError: No module named 'nothing_of",
        ),
    ],
    ids=["connects elsewhere", "runs nothing", "cannot be imported"],
)
def test_env_that_cannot_be_used_is_one_clear_message(tmp_path: Path, old: str, new: str, said: str) -> None:
    project = plain(tmp_path / "project")
    change(project / "alembic" / "env.py", old, new)
    done = lab(project, "--alembic", "alembic.ini", "run", "--on", "sqlite")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--alembic", "none.ini"], "none.ini configures no Alembic project: there is no such file"),
        (
            ["--alembic", "alembic.ini:shop"],
            "alembic.ini configures no Alembic project: it has no section [shop]",
        ),
        (
            ["--alembic", "alembic.ini", "--metadata", "models:gone"],
            "there is no metadata at models:gone: Attr",
        ),
        (
            ["--alembic", "alembic.ini", "--metadata", "gone:x"],
            "there is no metadata at gone:x: ModuleNotFound",
        ),
        (["--alembic", "alembic.ini", "--metadata", "models:REVISION"], "there is no metadata at models:REV"),
        (
            ["--alembic", "alembic.ini", "--app", "shop"],
            "both --app shop and --alembic alembic.ini name a project",
        ),
        (["--metadata", "models:metadata"], "--metadata is for a plain Alembic project"),
    ],
)
def test_wrong_names_are_one_line_and_exit_code_two(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = lab(plain(tmp_path / "project"), *arguments, "run", "--on", "sqlite")
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
