"""Copy bios to profiles, second step: in batches, profiles that are there already left alone

Until the next revision both are there, so the release before this one goes on reading its own.

Revises 0023_create_profiles
Create Date: 2026-04-16
"""

from __future__ import annotations

from migrations.batches import run_in_batches

revision = "0024_copy_bios_to_profiles"
down_revision = "0023_create_profiles"
branch_labels = None
depends_on = None

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
    run_in_batches(COPY, table="users")


def downgrade() -> None:
    run_in_batches(COPY_BACK, table="users")
