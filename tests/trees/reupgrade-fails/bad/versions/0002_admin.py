"""Add the administrator"""

import sqlalchemy as sa
from alembic import op

revision = "0002_admin"
down_revision = "0001_users"


def upgrade():
    op.execute("INSERT INTO users (id, name) VALUES (1, 'admin')")


def downgrade():
    pass
