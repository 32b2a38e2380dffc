"""The experiment `rolling` with the previous release's own models, from git; and on projects of other kinds."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from flask_lab.errors import ConfigError
from flask_lab.experiments import Options
from flask_lab.results import Run, Severity, Verdict
from flask_lab.runner import Request, run
from tests.engine.projects import TREES, make_project
from tests.engine.test_binds import FIRST, project, write
from tests.engine.test_data import Silent
from tests.engine.test_plain import plain
from tests.engine.test_plain import run as run_plain
from tests.engine.test_project import lab as command
from tests.engine.test_unopened import url_of
from tests.harness.plugin import ReadyBackend

__all__ = ["project"]
MODELS = """
import sqlalchemy as sa

from app import db


class User(db.Model):
    __tablename__ = "users"
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.String(50), nullable=False)
    nick = sa.Column(sa.String(20))
    kind = sa.Column(sa.Enum("a", "b", name="kinds", native_enum=False, length=20), nullable=False)
    team_id = sa.Column(sa.ForeignKey("teams.id"))


class Team(db.Model):
    __tablename__ = "teams"
    id = sa.Column(sa.Integer, primary_key=True)
"""
NEWER = MODELS.replace("    nick = sa.Column(sa.String(20))\n", "").replace('"a", "b"', '"c", "b", "a"')
PICKY = """
class Picky(sa.types.TypeDecorator):
    impl = sa.String
    cache_ok = True

    def process_result_value(self, value, dialect):
        raise ValueError("no initials")
"""
REVISION = """
import sqlalchemy as sa
from alembic import op

revision = {id!r}
down_revision = {down!r}


def upgrade():
    {up}


def downgrade():
    {back}
"""
CREATE = """op.create_table("teams", sa.Column("id", sa.Integer, primary_key=True))
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("nick", sa.String(20)),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("team_id", sa.Integer, sa.ForeignKey("teams.id")),
    )"""
DROP = 'op.drop_table("users")\n    op.drop_table("teams")'
ADD = 'op.add_column("users", sa.Column("age", sa.Integer))'


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


def add(folder: Path, number: int, up: str, back: str) -> None:
    down = f"000{number - 1}" if number > 1 else None
    path = folder / "migrations" / "versions" / f"000{number}.py"
    path.write_text(REVISION.format(id=f"000{number}", down=down, up=up, back=back))


@pytest.fixture
def shop(tmp_path: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in a folder of a repository, whose tag v1 has models of a column that the tree has not any more."""
    for name, value in url_of(backend).items():
        monkeypatch.setenv(name, value)
    folder = make_project(tmp_path / "repository" / "shop", TREES / "model-drift" / "good")
    (folder / "migrations" / "versions" / "0001_users.py").unlink()
    (folder / "models.py").write_text(MODELS)
    add(folder, 1, CREATE, DROP)
    git(folder.parent, "init", "--quiet")
    git(folder.parent, "add", ".")
    git(folder.parent, "commit", "--quiet", "-m", "first")
    git(folder.parent, "tag", "v1")
    (folder / "models.py").write_text(NEWER)
    add(
        folder,
        2,
        'op.drop_column("users", "nick")',
        'op.add_column("users", sa.Column("nick", sa.String(20)))',
    )
    add(folder, 3, ADD, 'op.drop_column("users", "age")')
    monkeypatch.chdir(folder)
    return folder


def asked(backend: ReadyBackend, ref: str, only: str | None = None) -> Run:
    options = Options(old_ref=ref)
    chosen = frozenset({only}) if only else None
    return run(Request("app", (backend.name,), ("rolling",), only=chosen, options=options), Silent())


@pytest.mark.suffices("sqlite", "mysql")
def test_models_of_a_release_that_is_two_revisions_back(shop: Path, backend: ReadyBackend) -> None:
    seen = asked(backend, "v1", "0003")
    found = {(each.rule, each.evidence["cause"], each.evidence["column"]) for each in seen.findings}
    assert found == {
        ("old-code-breaks", "column gone", "nick"),
        ("new-code-breaks", "new label", "kind"),
    }
    gone = next(each for each in seen.findings if each.rule == "old-code-breaks")
    assert "(the models at v1)" in gone.message
    assert gone.repeat.endswith("--only 0003 --old-ref v1")
    assert {each.severity for each in seen.findings} == {Severity.WARNING, Severity.NOTE}
    assert not list(shop.rglob("__pycache__"))
    assert not (shop.parent / ".git" / "worktrees").exists()


def test_what_only_models_tell(shop: Path, backend: ReadyBackend) -> None:
    for number in (2, 3):
        (shop / "migrations" / "versions" / f"000{number}.py").unlink()
    (shop / "models.py").write_text(MODELS.replace('"a", "b"', '"c", "a", "b"'))
    add(shop, 2, ADD, 'op.drop_column("users", "age")')
    assert [each.evidence["cause"] for each in asked(backend, "v1", "0002").findings] == ["new label"]
    # A type of the release's own that makes nothing of what is there.
    picky = MODELS.replace("sa.String(50)", "Picky(50)").replace("class User", f"{PICKY}\n\nclass User")
    (shop / "models.py").write_text(picky)
    git(shop, "commit", "--quiet", "-am", "picky")
    (shop / "models.py").write_text(MODELS)
    seen = asked(backend, "HEAD", "0002")
    said = "ValueError: no initials (the models at HEAD)"
    assert [each.message for each in seen.findings] == [
        f"users: the models of the old release cannot read what the new one writes: {said}"
    ]


def test_models_on_the_schema_before_the_head(shop: Path, backend: ReadyBackend) -> None:
    (shop / "models.py").write_text(
        NEWER.replace("    team_id", "    age = sa.Column(sa.Integer)\n    team_id")
    )
    seen = asked(backend, "", "0003")
    assert not seen.findings
    facts = seen.cells[0].facts["models_on_old"]
    assert {(each["table"], each["verb"]) for each in facts["failed"]} == {
        ("users", "SELECT"),
        ("users", "INSERT"),
        ("users", "UPDATE"),
    }
    assert facts["statements"] > len(facts["failed"])


@pytest.mark.suffices("sqlite", "mysql")
def test_no_such_ref_is_wrong_usage(shop: Path, backend: ReadyBackend) -> None:
    with pytest.raises(ConfigError, match="--old-ref v9: there is no such commit in git"):
        asked(backend, "v9")
    done = command(shop, "--app", "app", "run", "rolling", "--on", "sqlite", "--old-ref", "--help")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.suffices("sqlite", "mysql")
def test_a_release_that_cannot_be_opened_is_named_and_no_finding(shop: Path, backend: ReadyBackend) -> None:
    (shop / "models.py").write_text("import no_such_module\n")
    git(shop, "commit", "--quiet", "-am", "broken")
    git(shop, "tag", "v2")
    (shop / "models.py").write_text(NEWER)
    (shop / "app.py").write_text(
        (shop / "app.py").read_text().replace("except ModuleNotFoundError", "except OSError")
    )
    git(shop, "commit", "--quiet", "-am", "strict")
    (shop / "models.py").write_text("import no_such_module\n")
    git(shop, "commit", "--quiet", "-am", "broken and strict")
    git(shop, "tag", "v3")
    (shop / "models.py").write_text(NEWER)
    for ref, said in (("v2", "it has no models"), ("v3", "no_such_module")):
        seen = asked(backend, ref, "0003")
        assert not seen.findings
        cell = next(each for each in seen.cells if each.revision == "0003")
        assert cell.verdict is Verdict.SKIPPED
        assert f"the app at {ref} cannot be asked" in cell.reason
        assert said in cell.reason


@pytest.mark.suffices("sqlite", "mysql")
def test_faults_name_their_bind(
    project: Path, backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in url_of(backend).items():
        monkeypatch.setenv(name, value)
    write(project, "0001", None, **FIRST)
    back = "op.add_column('lines', sa.Column('text', sa.String(50)))"
    write(project, "0002", "0001", upgrade_log="op.drop_column('lines', 'text')", downgrade_log=back)
    seen = run(Request("app", (backend.name,), ("rolling",)), Silent())
    assert [(each.rule, each.revision) for each in seen.findings] == [("old-code-breaks", "0002")]
    assert seen.findings[0].message.startswith("log: lines.text is gone")
    assert not seen.not_compared


@pytest.mark.suffices("sqlite", "mysql")
def test_a_plain_project_with_a_previous_release(tmp_path: Path, backend: ReadyBackend) -> None:
    folder = plain(tmp_path / "project")
    shutil.rmtree(folder / "alembic" / "__pycache__", ignore_errors=True)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    (folder / "models.py").write_text((folder / "models.py").read_text().replace('"name"', '"title"'))
    revision = folder / "alembic" / "versions" / "0001_first.py"
    revision.write_text(revision.read_text().replace('"name"', '"title"'))
    named = ("--alembic", "alembic.ini", "--metadata", "models:metadata")
    done = command(
        folder, *named, "run", "rolling", "--on", backend.name, "--old-ref", "HEAD", **url_of(backend)
    )
    assert "users.name is gone: SELECT, INSERT and UPDATE of the old release fail (the models at" in (
        " ".join(done.stdout.split())
    ), done.stderr
    assert not run_plain(folder, *named, ask="rolling", on=backend.name, **url_of(backend))["findings"]
