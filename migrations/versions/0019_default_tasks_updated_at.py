"""Default tasks.updated_at, second step: rows from the release that does not know the column are filled too

Revises 0018_add_tasks_updated_at
Create Date: 2026-02-10
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0019_default_tasks_updated_at"
down_revision = "0018_add_tasks_updated_at"
branch_labels = None
depends_on = None

UTC_DATETIME = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql")


def upgrade() -> None:
    set_default(sa.text("(CURRENT_TIMESTAMP)"))


def downgrade() -> None:
    set_default(None)


def set_default(default: sa.TextClause | None) -> None:
    with op.batch_alter_table("tasks") as batch:
        batch.alter_column(
            "updated_at", server_default=default, existing_type=UTC_DATETIME, existing_nullable=True
        )
