"""Hold tasks.assignee_id to users: who leaves leaves their tasks behind, unassigned

Added in a way that blocks writers on no server; `migrations/online.py` says how.

Revises 0015_index_tasks_assignee
Create Date: 2026-01-02
"""

from __future__ import annotations

from alembic import op

from migrations import online
from migrations.rerun import present

revision = "0016_tasks_assignee_key"
down_revision = "0015_index_tasks_assignee"
branch_labels = None
depends_on = None

# lab: ignore[old-code-breaks] releases assign users who are there; any other assignee is to be refused


def upgrade() -> None:
    online.add_foreign_key("fk_tasks_assignee_id_users", "tasks", "assignee_id", "users", ondelete="SET NULL")


def downgrade() -> None:
    if present("tasks", constraint="fk_tasks_assignee_id_users"):
        with op.batch_alter_table("tasks") as batch:
            batch.drop_constraint("fk_tasks_assignee_id_users", type_="foreignkey")
