"""Add tasks.updated_at, first of four steps to a NOT NULL column whose value differs by row

With its default at once, every row would read as changed at the time of the migration.

Revises 0017_merge_audit_assignee
Create Date: 2026-01-28
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from migrations.rerun import missing, present

revision = "0018_add_tasks_updated_at"
down_revision = "0017_merge_audit_assignee"
branch_labels = None
depends_on = None

UTC_DATETIME = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql")


def upgrade() -> None:
    if missing("tasks", column="updated_at"):
        op.add_column("tasks", sa.Column("updated_at", UTC_DATETIME, nullable=True))


def downgrade() -> None:
    if present("tasks", column="updated_at"):
        op.drop_column("tasks", "updated_at")
