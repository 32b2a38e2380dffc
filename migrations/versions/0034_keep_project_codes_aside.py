"""Keep project codes aside, before their column goes

Whoever writes a code between this revision and the next loses it: the release that still does must be gone by now.

Revises 0033_add_viewer_role
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.batches import run_in_batches

revision = "0034_keep_project_codes_aside"
down_revision = "0033_add_viewer_role"
branch_labels = None
depends_on = None

KEEP = """
INSERT INTO aside_projects_code (project_id, code)
SELECT projects.id, projects.code FROM projects
WHERE projects.code IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM aside_projects_code WHERE aside_projects_code.project_id = projects.id)
  AND {batch}
"""


def upgrade() -> None:
    op.create_table(
        "aside_projects_code",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("project_id", name="pk_aside_projects_code"),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_aside_projects_code_project_id_projects", ondelete="CASCADE"
        ),
        if_not_exists=True,
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    run_in_batches(KEEP, table="projects")


def downgrade() -> None:
    op.drop_table("aside_projects_code", if_exists=True)
