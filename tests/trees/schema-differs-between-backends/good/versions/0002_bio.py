"""Add users.bio, whether users are active, their settings and since when they are there"""

import sqlalchemy as sa
from alembic import op

revision = "0002_bio"
down_revision = "0001_users"


def upgrade():
    with op.batch_alter_table("users") as batch:
        batch.add_column(sa.Column("bio", sa.String(200), nullable=False, server_default="none"))
        batch.add_column(sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()))
        batch.add_column(sa.Column("settings", sa.JSON))
        batch.add_column(sa.Column("since", sa.DateTime, server_default=sa.func.now()))
        batch.create_index("ix_users_since", ["since"])


def downgrade():
    with op.batch_alter_table("users") as batch:
        batch.drop_index("ix_users_since")
        batch.drop_column("since")
        batch.drop_column("settings")
        batch.drop_column("active")
        batch.drop_column("bio")
