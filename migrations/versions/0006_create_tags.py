"""Create tags; a name is unique within its team

Revises 0005_create_tasks
Create Date: 2025-09-18
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_create_tags"
down_revision = "0005_create_tasks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tags",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tags"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_tags_team_id_teams", ondelete="CASCADE"),
        sa.UniqueConstraint("team_id", "name", name="uq_tags_team_id_name"),
        if_not_exists=True,
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )


def downgrade() -> None:
    op.drop_table("tags", if_exists=True)
