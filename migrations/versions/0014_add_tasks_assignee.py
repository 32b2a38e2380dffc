"""Add tasks.assignee_id (the other of two branches): the column alone, its index and its key come one by one

Revises 0012_team_names_unique
Create Date: 2025-12-08
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.rerun import missing, present

revision = "0014_add_tasks_assignee"
down_revision = "0012_team_names_unique"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if missing("tasks", column="assignee_id"):
        op.add_column("tasks", sa.Column("assignee_id", sa.Integer(), nullable=True))


def downgrade() -> None:
    if present("tasks", column="assignee_id"):
        op.drop_column("tasks", "assignee_id")
