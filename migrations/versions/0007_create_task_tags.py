"""Create task_tags: which tags are on which tasks, many to many

Revises 0006_create_tags
Create Date: 2025-09-18
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.rerun import missing

revision = "0007_create_task_tags"
down_revision = "0006_create_tags"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "task_tags",
        sa.Column("task_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "tag_id", name="pk_task_tags"),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.id"], name="fk_task_tags_task_id_tasks", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name="fk_task_tags_tag_id_tags", ondelete="CASCADE"),
        if_not_exists=True,
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    if missing("task_tags", index="ix_task_tags_tag_id"):
        op.create_index("ix_task_tags_tag_id", "task_tags", ["tag_id"])


def downgrade() -> None:
    op.drop_table("task_tags", if_exists=True)
