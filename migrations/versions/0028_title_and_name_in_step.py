"""Keep projects.title and projects.name in step, third step: whichever a release writes, both hold it

From here to 0030 no revision may rebuild the table on SQLite: a rebuild loses its triggers.

Revises 0027_projects_title_optional
Create Date: 2026-06-08
"""

from __future__ import annotations

from migrations.in_step import keep_in_step, let_go

revision = "0028_title_and_name_in_step"
down_revision = "0027_projects_title_optional"
branch_labels = None
depends_on = None


def upgrade() -> None:
    keep_in_step("projects", "title", "name")


def downgrade() -> None:
    let_go("projects", "title", "name")
