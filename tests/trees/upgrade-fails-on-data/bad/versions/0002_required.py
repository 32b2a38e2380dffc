"""Every user has a name"""

import sqlalchemy as sa
from alembic import op

revision = "0002_required"
down_revision = "0001_users"


def upgrade():
    with op.batch_alter_table("users") as batch:
        batch.alter_column("name", existing_type=sa.String(50), nullable=False)


def downgrade():
    with op.batch_alter_table("users") as batch:
        batch.alter_column("name", existing_type=sa.String(50), nullable=True)
