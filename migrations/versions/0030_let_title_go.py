"""Stop keeping title and name in step, fifth step: deploy this when no release that writes titles runs any more

Revises 0029_copy_titles_to_names
Create Date: 2026-07-03
"""

from __future__ import annotations

from migrations.in_step import keep_in_step, let_go

revision = "0030_let_title_go"
down_revision = "0029_copy_titles_to_names"
branch_labels = None
depends_on = None


def upgrade() -> None:
    let_go("projects", "title", "name")


def downgrade() -> None:
    keep_in_step("projects", "title", "name")
