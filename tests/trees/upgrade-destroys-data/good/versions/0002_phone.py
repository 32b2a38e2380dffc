"""Phones are kept aside"""

import sqlalchemy as sa
from alembic import op

revision = "0002_phone"
down_revision = "0001_users"


def upgrade():
    op.create_table(
        "aside_phones",
        sa.Column("user_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("phone", sa.String(20)),
    )
    op.execute("INSERT INTO aside_phones (user_id, phone) SELECT id, phone FROM users")
    op.drop_column("users", "phone")


def downgrade():
    op.add_column("users", sa.Column("phone", sa.String(20)))
    op.execute("UPDATE users SET phone = (SELECT phone FROM aside_phones WHERE user_id = users.id)")
    op.drop_table("aside_phones")
