"""What `drift` makes of differences that are only of spelling, and of those that autogenerate passes over."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flask_lab.results import Verdict
from flask_lab.runner import Request, run
from tests.engine.projects import APP, make_project
from tests.engine.test_data import Silent
from tests.harness.plugin import ReadyBackend

REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.create_table("users", {columns})
    {more}


def downgrade():
    op.drop_table("users")
"""
MODEL = """
import sqlalchemy as sa

from app import db


class User(db.Model):
    __table__ = sa.Table("users", db.metadata, {columns})
"""
KEY = 'sa.Column("id", sa.Integer, primary_key=True), '
MOOD = 'sa.Column("mood", sa.Enum({labels}, name="mood"), nullable=False)'
INDEX = 'sqlite_where=sa.text("{where}"), postgresql_where=sa.text("{where}")'


class Lab:
    """Runs `drift` on one revision and one model, each given as the columns of a table."""

    def __init__(self, folder: Path, backend: str) -> None:
        self.folder = folder
        self.backend = backend

    def found(self, tree: str, models: str, *, more: str = "", options: str = "") -> list[str]:
        """What is said of differences."""
        (self.folder / "tree" / "versions").mkdir(parents=True)
        revision = REVISION.format(columns=KEY + tree, more=more)
        (self.folder / "tree" / "versions" / "0001_users.py").write_text(revision)
        (self.folder / "tree" / "models.py").write_text(MODEL.format(columns=KEY + models))
        project = make_project(self.folder / "project", self.folder / "tree")
        (project / "app.py").write_text(APP.replace("Migrate(app, db)", f"Migrate(app, db, {options})"))
        os.chdir(project)
        seen = run(Request("app", (self.backend,), ("drift",)), Silent())
        assert not [cell for cell in seen.cells if cell.verdict in {Verdict.ERRORED, Verdict.SKIPPED}], (
            seen.cells
        )
        assert not [each for each in seen.not_compared if "CHECK" in each]
        return [each.message for each in seen.findings]


@pytest.fixture
def lab(backend: ReadyBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.chdir(tmp_path)
    if backend.name != "sqlite":
        url = backend.server.url.render_as_string(hide_password=False)
        monkeypatch.setenv(f"LAB_{backend.name.upper()}_URL", url)
    return Lab(tmp_path, backend.name)


def test_what_the_server_spells_its_own_way_is_no_difference(lab: Lab) -> None:
    same = ", ".join(
        (
            'sa.Column("ok", sa.Boolean, server_default=sa.false(), nullable=False)',
            'sa.Column("rate", sa.Float, server_default=sa.text("1.5"))',
            'sa.Column("price", sa.Numeric(10, 2), server_default="1.50")',
            'sa.Column("made", sa.DateTime, server_default=sa.func.now())',
            'sa.Column("kind", sa.String(10), server_default="x")',
            MOOD.format(labels='"happy", "sad"'),
            'sa.CheckConstraint("price > 0", name="ck_price")',
            'sa.Index("ix_kind", "kind", {})'.format(INDEX.format(where="rate > 0")),
        )
    )
    assert not lab.found(same, same, options="compare_server_default=True")


def test_another_default_is_told_as_the_server_writes_it(lab: Lab) -> None:
    tree, models = (f'sa.Column("ok", sa.Boolean, server_default=sa.{each}())' for each in ("true", "false"))
    found = lab.found(tree, models, options="compare_server_default=True")
    assert len(found) == 1
    assert found[0].startswith("users.ok: the models say default ")


def test_labels_of_an_enumeration(lab: Lab) -> None:
    """SQLite keeps no labels."""
    tree, models = (MOOD.format(labels=each) for each in ('"happy", "sad"', '"happy", "sad", "odd"'))
    found = lab.found(tree, models)
    assert len(found) == (0 if lab.backend == "sqlite" else 1)
    assert all("odd" in each for each in found)


def test_the_condition_of_an_index(lab: Lab) -> None:
    """MySQL and MariaDB have none."""
    tree, models = (
        'sa.Column("n", sa.Integer), sa.Index("ix_n", "n", {})'.format(INDEX.format(where=f"n > {least}"))
        for least in (1, 5)
    )
    found = lab.found(tree, models)
    assert len(found) == (1 if lab.backend in {"sqlite", "postgres"} else 0)
    assert all("index ix_n on users: the models say where" in each for each in found)


def test_a_check_that_only_the_models_have(lab: Lab) -> None:
    column = 'sa.Column("n", sa.Integer), '
    checks = (
        f'sa.CheckConstraint("n > {least}", name="{name}")' for least, name in ((0, "ck_n"), (9, "ck_most"))
    )
    kept, missing = checks
    found = lab.found(column + kept.replace("ck_n", "ck_other"), column + kept + ", " + missing)
    assert len(found) == 1
    assert found[0].startswith("check ck_most on users: the models have ")
