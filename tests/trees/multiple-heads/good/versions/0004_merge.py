"""Merge"""

import sqlalchemy as sa
from alembic import op

revision = "0004_merge"
down_revision = ("0002_phone", "0003_city")


def upgrade():
    pass


def downgrade():
    pass
