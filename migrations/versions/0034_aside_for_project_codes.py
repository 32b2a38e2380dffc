"""Make a table to keep project codes aside in, for the way back from the next revision

Revises 0033_add_viewer_role
Create Date: 2026-08-24
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034_aside_for_project_codes"
down_revision = "0033_add_viewer_role"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "aside_projects_code",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("project_id", name="pk_aside_projects_code"),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name="fk_aside_projects_code_project_id_projects",
            ondelete="CASCADE",
        ),
        if_not_exists=True,
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )


def downgrade() -> None:
    op.drop_table("aside_projects_code", if_exists=True)
