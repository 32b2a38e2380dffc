"""Widen users.name"""

import sqlalchemy as sa
from alembic import op

revision = "0002_widen"
down_revision = "0001_users"


def upgrade():
    op.execute("ALTER TABLE users ALTER COLUMN name TYPE varchar(200)")


def downgrade():
    op.execute("ALTER TABLE users ALTER COLUMN name TYPE varchar(50)")
