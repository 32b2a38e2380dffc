"""Events start at a time"""

import sqlalchemy as sa
from alembic import op

revision = "0002_starts_at"
down_revision = "0001_events"


def upgrade():
    with op.batch_alter_table("events") as batch:
        batch.alter_column(
            "starts", existing_nullable=False, existing_type=sa.DateTime, new_column_name="starts_at"
        )


def downgrade():
    with op.batch_alter_table("events") as batch:
        batch.alter_column(
            "starts_at", existing_nullable=False, existing_type=sa.DateTime, new_column_name="starts"
        )
