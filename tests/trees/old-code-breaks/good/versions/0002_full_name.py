"""Add users.full_name beside name: the first step of a rename"""

import sqlalchemy as sa
from alembic import op

revision = "0002_full_name"
down_revision = "0001_users"


def upgrade():
    op.add_column("users", sa.Column("full_name", sa.String(50)))
    op.execute("UPDATE users SET full_name = name")


def downgrade():
    op.drop_column("users", "full_name")
