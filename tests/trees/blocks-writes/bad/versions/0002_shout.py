"""Add users.shout, and fill it"""

import sqlalchemy as sa
from alembic import op

revision = "0002_shout"
down_revision = "0001_users"


def upgrade():
    op.add_column("users", sa.Column("shout", sa.String(50)))
    op.execute("UPDATE users SET shout = UPPER(name)")


def downgrade():
    op.drop_column("users", "shout")
