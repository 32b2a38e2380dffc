"""Users have a bio"""

import sqlalchemy as sa
from alembic import op

revision = "0002_bio"
down_revision = "0001_users"


def upgrade():
    # MySQL's TEXT takes no plain default.
    default = None if op.get_bind().dialect.name == "mysql" else ""
    op.add_column("users", sa.Column("bio", sa.Text, server_default=default, nullable=False))


def downgrade():
    op.drop_column("users", "bio")
