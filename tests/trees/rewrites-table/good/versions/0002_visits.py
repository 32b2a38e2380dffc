"""Add a column that counts farther; it is filled by the app, and takes the old one's place later"""

import sqlalchemy as sa
from alembic import op

revision = "0002_visits"
down_revision = "0001_users"


def upgrade():
    op.add_column("users", sa.Column("all_visits", sa.BigInteger))


def downgrade():
    op.drop_column("users", "all_visits")
