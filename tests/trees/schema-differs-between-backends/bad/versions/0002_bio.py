"""Add users.bio"""

import sqlalchemy as sa
from alembic import op

revision = "0002_bio"
down_revision = "0001_users"


def upgrade():
    if op.get_bind().dialect.name == "sqlite":
        op.add_column("users", sa.Column("bio", sa.String(200)))
    else:
        op.add_column("users", sa.Column("bio", sa.String(200), nullable=False, server_default="none"))


def downgrade():
    op.drop_column("users", "bio")
