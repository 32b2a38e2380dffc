"""Index names"""

import sqlalchemy as sa
from alembic import op

revision = "0002_index"
down_revision = "0001_users"


def upgrade():
    op.create_index("ix_users_name", "users", ["name"])


def downgrade():
    op.drop_index("ix_users_name", table_name="users")
