"""Users have a phone"""

import sqlalchemy as sa
from alembic import op

revision = "0002_phone"
down_revision = "0001_users"


def upgrade():
    op.add_column("users", sa.Column("phone", sa.String(20)))


def downgrade():
    op.drop_column("users", "phone")
