"""Projects that cannot be opened: one clear message, exit code 2, once for all databases, and before any server."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.projects import TREES, make_project
from tests.engine.test_project import change, lab
from tests.harness.plugin import ReadyBackend

GOOD = TREES / "model-drift" / "good"


def url_of(backend: ReadyBackend) -> dict[str, str]:
    """The setting by which the lab finds a server that runs already."""
    url = backend.server.url.render_as_string(hide_password=False)
    return {} if backend.name == "sqlite" else {f"LAB_{backend.name.upper()}_URL": url}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", GOOD)


@pytest.fixture
def listening() -> Iterator[tuple[socket.socket, dict[str, str]]]:
    """What would hear of an attempt to connect to PostgreSQL, and the setting that names it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield (
            server,
            {"LAB_POSTGRES_URL": f"postgresql://lab:secret@127.0.0.1:{server.getsockname()[1]}/postgres"},
        )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "def create_app",
            "def made_app",
            "the app that flask finds here cannot be loaded: Failed to find Flask",
        ),
        ("Migrate(app, db)", "pass", "has no Flask-Migrate; the lab needs Migrate(app, db)"),
        ("Migrate(app, db)", 'Migrate(app, db, directory="tree")', "there is no migrations tree in tree"),
        ("", "", "there is no revision in migrations; write the first"),
    ],
    ids=["no app", "no Flask-Migrate", "no folder", "no revisions"],
)
def test_what_no_database_would_change_is_said_before_any_server_is_asked(
    project: Path, listening: tuple[socket.socket, dict[str, str]], old: str, new: str, said: str
) -> None:
    server, environment = listening
    if old:
        change(project / "app.py", old, new)
    else:
        shutil.rmtree(project / "migrations" / "versions")
    done = lab(project, "run", "--on", "sqlite,postgres", **environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.splitlines()) == 1
    with pytest.raises(BlockingIOError):
        server.accept()


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ('raise RuntimeError("no licence")', "cannot be loaded: RuntimeError: no licence"),
        ("raise SystemExit(3)", "cannot be loaded: SystemExit: 3"),
        ("import nothing_of_this_name", "cannot be loaded: ModuleNotFoundError: No module named 'nothing_of"),
        (
            "with app.app_context():\n        __import__('flask_migrate').upgrade(revision='nowhere')",
            "cannot be loaded: CommandError: Can't locate revision identified by 'nowhere'",
        ),
        (
            'import sqlalchemy\n    sqlalchemy.create_engine("sqlite:///shop.db").connect()',
            "shop.db' by itself, which the lab does not let it do; if it reads its URL",
        ),
    ],
    ids=["raises", "exits", "imports", "exit 1 of Flask-Migrate", "connects elsewhere"],
)
def test_factory_that_fails_is_told_once_for_all_databases(project: Path, new: str, said: str) -> None:
    change(project / "app.py", "    return app", f"    {new}\n    return app")
    nowhere = {"LAB_POSTGRES_URL": "postgresql://lab:secret@127.0.0.1:1/postgres"}
    done = lab(project, "run", "--on", "sqlite,postgres", **nowhere)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (project / "shop.db").exists()


def test_app_that_exists_nowhere(tmp_path: Path) -> None:
    done = lab(tmp_path, "--app", "shop", "run", "--on", "sqlite")
    assert done.returncode == 2
    assert "the app shop cannot be loaded: Could not import 'shop'." in done.stderr


@pytest.mark.needs("server")
def test_app_that_opens_on_one_database_only_is_errored_on_the_others(
    project: Path, backend: ReadyBackend
) -> None:
    change(
        project / "app.py",
        "    Migrate(app, db)",
        '    if "sqlite" in __import__("os").environ["SHOP_URL"]:\n'
        '        raise RuntimeError("this shop has a server")\n'
        "    Migrate(app, db)",
    )
    (project / "pyproject.toml").write_text('[tool.flask_lab]\napp = "app"\nurl_env = "SHOP_URL"\n')
    arguments = ("run", "stairway", "--on", f"sqlite,{backend.name}", "--format", "json")
    done = lab(project, *arguments, **url_of(backend))
    assert done.returncode == 3, done.stderr
    found = {each["name"]: each for each in json.loads(done.stdout)["backends"]}
    assert "RuntimeError: this shop has a server" in found["sqlite"]["reason"]
    assert found[backend.name]["verdict"] == "passed"
