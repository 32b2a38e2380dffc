"""Add users.is_active: NOT NULL at once, with a constant default

No database writes to the rows for this. A default that differs by row, such as the time, would rewrite the table.

Revises 0008_add_users_bio
Create Date: 2025-10-03
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.rerun import missing, present

revision = "0009_add_users_is_active"
down_revision = "0008_add_users_bio"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if missing("users", column="is_active"):
        op.add_column("users", sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False))


def downgrade() -> None:
    if present("users", column="is_active"):
        op.drop_column("users", "is_active")
