"""Drop users.bio, last step; the way back fills it from profiles

Revises 0024_copy_bios_to_profiles
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.batches import run_in_batches
from migrations.rerun import missing
from migrations.rerun import present

revision = "0025_drop_users_bio"
down_revision = "0024_copy_bios_to_profiles"
branch_labels = None
depends_on = None

COPY_BACK = """
UPDATE users SET bio = (SELECT profiles.bio FROM profiles WHERE profiles.user_id = users.id)
WHERE users.bio IS NULL AND {batch}
"""


def upgrade() -> None:
    if present("users", column="bio"):
        op.drop_column("users", "bio")


def downgrade() -> None:
    if missing("users", column="bio"):
        op.add_column("users", sa.Column("bio", sa.Text(), nullable=True))
    run_in_batches(COPY_BACK, table="users")
