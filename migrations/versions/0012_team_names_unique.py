"""Make teams.name unique, now that it can be

If a name is taken twice since the revision before, this one fails with nothing done: `flask db downgrade` once, then
upgrade again.

Revises 0011_rename_duplicate_teams
Create Date: 2025-11-11
"""

from __future__ import annotations

from alembic import op

from migrations import online
from migrations.rerun import present

revision = "0012_team_names_unique"
down_revision = "0011_rename_duplicate_teams"
branch_labels = None
depends_on = None

# lab: ignore[old-code-breaks] a release that gives a name twice gets an error, which is what this is for


def upgrade() -> None:
    online.add_unique("uq_teams_name", "teams", ["name"])


def downgrade() -> None:
    if present("teams", constraint="uq_teams_name"):
        with op.batch_alter_table("teams") as batch:
            batch.drop_constraint("uq_teams_name", type_="unique")
