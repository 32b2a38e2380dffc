"""Add city"""

import sqlalchemy as sa
from alembic import op

revision = "0003_city"
down_revision = "0001_users"


def upgrade():
    op.add_column("users", sa.Column("city", sa.String(20)))


def downgrade():
    op.drop_column("users", "city")
