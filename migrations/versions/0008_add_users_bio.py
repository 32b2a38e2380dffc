"""Add users.bio: a column that may be NULL costs nothing on any database

Revises 0007_create_task_tags
Create Date: 2025-09-22
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.rerun import missing, present

revision = "0008_add_users_bio"
down_revision = "0007_create_task_tags"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if missing("users", column="bio"):
        op.add_column("users", sa.Column("bio", sa.Text(), nullable=True))


def downgrade() -> None:
    if present("users", column="bio"):
        op.drop_column("users", "bio")
