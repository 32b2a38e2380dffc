"""Rename users.name to full_name"""

import sqlalchemy as sa
from alembic import op

revision = "0002_full_name"
down_revision = "0001_users"


def upgrade():
    with op.batch_alter_table("users") as batch:
        batch.alter_column("name", new_column_name="full_name", existing_type=sa.String(50), existing_nullable=False)


def downgrade():
    with op.batch_alter_table("users") as batch:
        batch.alter_column("full_name", new_column_name="name", existing_type=sa.String(50), existing_nullable=False)
