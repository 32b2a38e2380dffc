"""Create teams

CURRENT_TIMESTAMP stands in parentheses, as an expression: bare, MySQL wants it to be as precise as the column.
Times are kept in UTC to the microsecond, which MySQL and MariaDB do for DATETIME(6) only.

Revises 0001_create_users
Create Date: 2025-09-08
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002_create_teams"
down_revision = "0001_create_users"
branch_labels = None
depends_on = None

UTC_DATETIME = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql")
NOW = sa.text("(CURRENT_TIMESTAMP)")


def upgrade() -> None:
    op.create_table(
        "teams",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("created_at", UTC_DATETIME, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_teams"),
        if_not_exists=True,
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )


def downgrade() -> None:
    op.drop_table("teams", if_exists=True)
