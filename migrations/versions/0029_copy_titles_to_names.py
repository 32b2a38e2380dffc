"""Copy titles to names, fourth step: the rows from before the triggers

Revises 0028_title_and_name_in_step
Create Date: 2026-06-22
"""

from __future__ import annotations

from migrations.batches import run_in_batches

revision = "0029_copy_titles_to_names"
down_revision = "0028_title_and_name_in_step"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_in_batches("UPDATE projects SET name = title WHERE name IS NULL AND {batch}", table="projects")


def downgrade() -> None:
    """Nothing to do: the triggers of the revision before keep both columns equal."""
