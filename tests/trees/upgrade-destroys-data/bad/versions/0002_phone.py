"""Phones are not needed any more"""

import sqlalchemy as sa
from alembic import op

revision = "0002_phone"
down_revision = "0001_users"


def upgrade():
    op.drop_column("users", "phone")


def downgrade():
    op.add_column("users", sa.Column("phone", sa.String(20)))
