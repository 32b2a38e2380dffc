"""Widen users.name"""

import sqlalchemy as sa
from alembic import op

revision = "0002_widen"
down_revision = "0001_users"


def upgrade():
    with op.batch_alter_table("users") as batch:
        batch.alter_column("name", existing_type=sa.String(50), existing_nullable=False, type_=sa.String(200))


def downgrade():
    with op.batch_alter_table("users") as batch:
        batch.alter_column("name", existing_type=sa.String(200), existing_nullable=False, type_=sa.String(50))
