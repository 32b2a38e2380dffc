"""Hidden users instead of active ones"""

import sqlalchemy as sa
from alembic import op

revision = "0002_hidden"
down_revision = "0001_users"


def upgrade():
    with op.batch_alter_table("users") as batch:
        batch.alter_column(
            "active", existing_type=sa.Boolean, existing_nullable=False, new_column_name="hidden"
        )
    op.execute("UPDATE users SET hidden = NOT hidden")


def downgrade():
    with op.batch_alter_table("users") as batch:
        batch.alter_column(
            "hidden", existing_type=sa.Boolean, existing_nullable=False, new_column_name="active"
        )
