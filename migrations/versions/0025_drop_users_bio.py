"""Drop users.bio, last step, after copying what the old release wrote since; the way back fills it from profiles

Revises 0024_copy_bios_to_profiles
Create Date: 2026-04-29
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.batches import run_in_batches
from migrations.rerun import missing, present

revision = "0025_drop_users_bio"
down_revision = "0024_copy_bios_to_profiles"
branch_labels = None
depends_on = None

# lab: ignore[old-code-breaks] last step: deploy it when no release that uses users.bio runs any more

COPY = """
INSERT INTO profiles (user_id, bio)
SELECT users.id, users.bio FROM users
WHERE users.bio IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM profiles WHERE profiles.user_id = users.id)
  AND {batch}
"""
COPY_BACK = """
UPDATE users SET bio = (SELECT profiles.bio FROM profiles WHERE profiles.user_id = users.id)
WHERE users.bio IS NULL AND {batch}
"""


def upgrade() -> None:
    if present("users", column="bio"):
        run_in_batches(COPY, table="users")
        op.drop_column("users", "bio")


def downgrade() -> None:
    if missing("users", column="bio"):
        op.add_column("users", sa.Column("bio", sa.Text(), nullable=True))
    run_in_batches(COPY_BACK, table="users")
