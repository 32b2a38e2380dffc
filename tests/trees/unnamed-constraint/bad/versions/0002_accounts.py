"""Accounts, each with an address of its own"""

import sqlalchemy as sa
from alembic import op

revision = "0002_accounts"
down_revision = "0001_users"


def upgrade():
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String(120), unique=True),
    )


def downgrade():
    op.drop_table("accounts")
