"""Drop projects.title, last step; the way back fills it from the names

Revises 0031_projects_name_required
Create Date: 2026-07-29
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.batches import run_in_batches
from migrations.rerun import missing, present

revision = "0032_drop_projects_title"
down_revision = "0031_projects_name_required"
branch_labels = None
depends_on = None

# lab: ignore[old-code-breaks] last step: since 0030 no release that runs uses titles
# lab: ignore[upgrade-destroys-data] since 0030 no release writes titles; the names that the way back takes replace them


def upgrade() -> None:
    if present("projects", column="title"):
        op.drop_column("projects", "title")


def downgrade() -> None:
    if missing("projects", column="title"):
        op.add_column("projects", sa.Column("title", sa.String(120), nullable=True))
    run_in_batches("UPDATE projects SET title = name WHERE title IS NULL AND {batch}", table="projects")
