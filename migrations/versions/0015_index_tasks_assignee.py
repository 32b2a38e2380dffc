"""Index tasks.assignee_id without blocking writers

Revises 0014_add_tasks_assignee
Create Date: 2025-12-22
"""

from __future__ import annotations

from migrations import online

revision = "0015_index_tasks_assignee"
down_revision = "0014_add_tasks_assignee"
branch_labels = None
depends_on = None


def upgrade() -> None:
    online.create_index("ix_tasks_assignee_id", "tasks", ["assignee_id"])


def downgrade() -> None:
    online.drop_index("ix_tasks_assignee_id", "tasks")
