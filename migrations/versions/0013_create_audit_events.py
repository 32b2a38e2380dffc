"""Create audit_events (one of two branches from here): who did what to which thing

The subject is named and not referenced: the trail outlives it.

Revises 0012_team_names_unique
Create Date: 2025-11-24
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from migrations.rerun import missing

revision = "0013_create_audit_events"
down_revision = "0012_team_names_unique"
branch_labels = None
depends_on = None

UTC_DATETIME = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql")
NOW = sa.text("(CURRENT_TIMESTAMP)")


def upgrade() -> None:
    op.create_table(
        "audit_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("subject_type", sa.String(32), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("happened_at", UTC_DATETIME, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_events"),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["users.id"], name="fk_audit_events_actor_id_users", ondelete="SET NULL"
        ),
        if_not_exists=True,
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    if missing("audit_events", index="ix_audit_events_actor_id"):
        op.create_index("ix_audit_events_actor_id", "audit_events", ["actor_id"])
    if missing("audit_events", index="ix_audit_events_subject_type_subject_id"):
        op.create_index(
            "ix_audit_events_subject_type_subject_id", "audit_events", ["subject_type", "subject_id"]
        )


def downgrade() -> None:
    op.drop_table("audit_events", if_exists=True)
