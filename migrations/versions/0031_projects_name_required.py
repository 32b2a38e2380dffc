"""Make projects.name NOT NULL, sixth step

Revises 0030_let_title_go
Create Date: 2026-07-16
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import online
from migrations.batches import run_in_batches

revision = "0031_projects_name_required"
down_revision = "0030_let_title_go"
branch_labels = None
depends_on = None

# lab: ignore[old-code-breaks] since 0030 every release that runs writes names


def upgrade() -> None:
    run_in_batches(
        "UPDATE projects SET name = COALESCE(title, '') WHERE name IS NULL AND {batch}", table="projects"
    )
    online.require("projects", "name", existing_type=sa.String(120))


def downgrade() -> None:
    with op.batch_alter_table("projects") as batch:
        batch.alter_column("name", nullable=True, existing_type=sa.String(120))
