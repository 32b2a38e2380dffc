"""Create projects, with money as exact decimals and a status held by a CHECK

Revises 0003_create_memberships
Create Date: 2025-09-11
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.rerun import missing

revision = "0004_create_projects"
down_revision = "0003_create_memberships"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "projects",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(20), nullable=True),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("status", sa.String(16), server_default="planned", nullable=False),
        sa.Column("budget", sa.Numeric(12, 2), server_default=sa.text("0"), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name="fk_projects_team_id_teams", ondelete="CASCADE"
        ),
        sa.CheckConstraint("status IN ('planned', 'active', 'done')", name=op.f("ck_projects_status_known")),
        sa.CheckConstraint("budget >= 0", name=op.f("ck_projects_budget_not_negative")),
        if_not_exists=True,
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    if missing("projects", index="ix_projects_team_id"):
        op.create_index("ix_projects_team_id", "projects", ["team_id"])


def downgrade() -> None:
    op.drop_table("projects", if_exists=True)
