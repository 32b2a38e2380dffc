"""Create events"""

import sqlalchemy as sa
from alembic import op

revision = "0001_events"
down_revision = None


def upgrade():
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("starts", sa.DateTime, nullable=False),
    )


def downgrade():
    op.drop_table("events")
