"""Merge the audit trail and the assignees

Two people had started from one revision. A merge joins their branches, and changes nothing in either direction.

Revises 0013_create_audit_events, 0016_tasks_assignee_key
Create Date: 2026-01-15
"""

from __future__ import annotations

revision = "0017_merge_audit_assignee"
down_revision = ("0013_create_audit_events", "0016_tasks_assignee_key")
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing to do: both branches are applied."""


def downgrade() -> None:
    """Nothing to do: both branches stay applied."""
