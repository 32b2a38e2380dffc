"""Let users.visits count farther"""

import sqlalchemy as sa
from alembic import op

revision = "0002_visits"
down_revision = "0001_users"


def upgrade():
    with op.batch_alter_table("users") as batch:
        batch.alter_column("visits", existing_type=sa.Integer(), type_=sa.BigInteger())


def downgrade():
    with op.batch_alter_table("users") as batch:
        batch.alter_column("visits", existing_type=sa.BigInteger(), type_=sa.Integer())
