"""Keep what customers want to read"""

import sqlalchemy as sa
from alembic import op

revision = "0002_preferences"
down_revision = "0001_users"


def upgrade():
    op.create_table(
        "newsletter_preferences",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("weekly", sa.Boolean, nullable=False),
    )


def downgrade():
    op.drop_table("newsletter_preferences")
