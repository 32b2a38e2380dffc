"""Add projects.name, first of seven steps that rename projects.title

A rename in one step breaks every instance of the old release that still runs. So expand first, and contract later.

Revises 0025_drop_users_bio
Create Date: 2026-05-12
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.rerun import missing, present

revision = "0026_add_projects_name"
down_revision = "0025_drop_users_bio"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if missing("projects", column="name"):
        op.add_column("projects", sa.Column("name", sa.String(120), nullable=True))


def downgrade() -> None:
    if present("projects", column="name"):
        op.drop_column("projects", "name")
