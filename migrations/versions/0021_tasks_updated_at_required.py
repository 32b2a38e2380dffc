"""Make tasks.updated_at NOT NULL, last step

Revises 0020_backfill_tasks_updated_at
Create Date: 2026-03-09
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from migrations import online

revision = "0021_tasks_updated_at_required"
down_revision = "0020_backfill_tasks_updated_at"
branch_labels = None
depends_on = None

# lab: ignore[old-code-breaks] since 0019 the default fills what is left out, and no release writes NULL

UTC_DATETIME = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql")
NOW = sa.text("(CURRENT_TIMESTAMP)")


def upgrade() -> None:
    online.require("tasks", "updated_at", existing_type=UTC_DATETIME, existing_server_default=NOW)


def downgrade() -> None:
    with op.batch_alter_table("tasks") as batch:
        batch.alter_column(
            "updated_at", nullable=True, existing_type=UTC_DATETIME, existing_server_default=NOW
        )
