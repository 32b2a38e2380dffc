"""Widen tasks.title from 100 to 200 characters

No table is rewritten: PostgreSQL never does for a wider VARCHAR; MySQL and MariaDB do when it passes 255 bytes, which
at four bytes a character both lengths have. The other properties are restated, or MySQL would forget them.

The way back refuses to cut a title off: shorten what is longer, then run it again.

Revises 0009_add_users_is_active
Create Date: 2025-10-16
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010_widen_tasks_title"
down_revision = "0009_add_users_is_active"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tasks") as batch:
        batch.alter_column(
            "title", type_=sa.String(200), existing_type=sa.String(100), existing_nullable=False
        )


def downgrade() -> None:
    refuse_titles_over(100)
    with op.batch_alter_table("tasks") as batch:
        batch.alter_column(
            "title", type_=sa.String(100), existing_type=sa.String(200), existing_nullable=False
        )


def refuse_titles_over(length: int) -> None:
    if op.get_context().as_sql:
        return
    tasks = sa.table("tasks", sa.column("id"), sa.column("title"))
    longer = sa.select(tasks.c.id).where(sa.func.char_length(tasks.c.title) > length).limit(1)
    if (found := op.get_bind().scalar(longer)) is not None:
        raise RuntimeError(
            f"task {found} and perhaps more have titles of over {length} characters: shorten them first"
        )
