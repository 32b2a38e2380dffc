"""A revision that waits for a lock of its own process's other session comes to an end, and is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.projects import TREES, make_project
from tests.engine.test_trees import lab
from tests.harness.plugin import ReadyBackend

REVISION = '''"""Add users.phone, and fill it by way of the app's own session"""

import sqlalchemy as sa
from alembic import op
from app import db

revision = "0002_phone"
down_revision = "0001_users"


def upgrade():
    db.session.execute(sa.text("SELECT count(*) FROM users"))
    op.add_column("users", sa.Column("phone", sa.String(20)))


def downgrade():
    op.drop_column("users", "phone")
'''


@pytest.mark.needs("server")
@pytest.mark.suffices("postgres", "mariadb")
def test_session_of_the_apps_own_that_holds_a_lock(
    backend: ReadyBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(tmp_path / "project", TREES / "upgrade-fails" / "good")
    (project / "migrations" / "versions" / "0002_widen.py").unlink()
    (project / "migrations" / "versions" / "0002_phone.py").write_text(REVISION)
    found = lab(project, backend, monkeypatch, experiments=("stairway",)).findings
    assert [each.rule for each in found] == ["upgrade-fails"]
    assert "lock" in found[0].message.lower()
