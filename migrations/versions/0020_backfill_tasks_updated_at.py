"""Backfill tasks.updated_at, third step: in batches, each committed, on from where a crash left it

Revises 0019_default_tasks_updated_at
Create Date: 2026-02-23
"""

from __future__ import annotations

from migrations.batches import run_in_batches

revision = "0020_backfill_tasks_updated_at"
down_revision = "0019_default_tasks_updated_at"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_in_batches(
        "UPDATE tasks SET updated_at = created_at WHERE updated_at IS NULL AND {batch}", table="tasks"
    )


def downgrade() -> None:
    """Nothing to do: the values are as good before as after, and go when their column goes."""
