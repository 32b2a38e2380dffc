"""Create users"""

import sqlalchemy as sa
from alembic import op

revision = "0001_users"
down_revision = None


def upgrade():
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("visits", sa.Integer),
    )


def downgrade():
    op.drop_table("users")
