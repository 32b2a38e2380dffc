"""Widen users.name"""

import sqlalchemy as sa
from alembic import op

revision = "0002_widen"
down_revision = "0001_users"


def upgrade():
    if op.get_bind().dialect.name == "sqlite":
        # A rebuild drops the table, and with it goes whatever refers to its rows.
        op.execute("PRAGMA foreign_keys = OFF")
    with op.batch_alter_table("users") as batch:
        batch.alter_column("name", existing_type=sa.String(50), existing_nullable=False, type_=sa.String(200))


def downgrade():
    if op.get_bind().dialect.name == "sqlite":
        # A rebuild drops the table, and with it goes whatever refers to its rows.
        op.execute("PRAGMA foreign_keys = OFF")
    with op.batch_alter_table("users") as batch:
        batch.alter_column("name", existing_type=sa.String(200), existing_nullable=False, type_=sa.String(50))
