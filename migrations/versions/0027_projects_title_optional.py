"""Let projects.title be NULL, second step: the new release does not write it

Revises 0026_add_projects_name
Create Date: 2026-05-25
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.batches import run_in_batches

revision = "0027_projects_title_optional"
down_revision = "0026_add_projects_name"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("projects") as batch:
        batch.alter_column("title", nullable=True, existing_type=sa.String(120))


def downgrade() -> None:
    run_in_batches(
        "UPDATE projects SET title = COALESCE(name, '') WHERE title IS NULL AND {batch}", table="projects"
    )
    with op.batch_alter_table("projects") as batch:
        batch.alter_column("title", nullable=False, existing_type=sa.String(120))
