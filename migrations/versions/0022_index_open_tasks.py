"""Index tasks by whether they are done and when they are due, without blocking writers

Revises 0021_tasks_updated_at_required
Create Date: 2026-03-23
"""

from __future__ import annotations

from migrations import online

revision = "0022_index_open_tasks"
down_revision = "0021_tasks_updated_at_required"
branch_labels = None
depends_on = None


def upgrade() -> None:
    online.create_index("ix_tasks_done_due_on", "tasks", ["done", "due_on"])


def downgrade() -> None:
    online.drop_index("ix_tasks_done_due_on", "tasks")
