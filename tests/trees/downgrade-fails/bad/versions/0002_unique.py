"""Unique pairs of id and name: only the names of things matter here"""

import sqlalchemy as sa
from alembic import op

revision = "0002_unique"
down_revision = "0001_users"


def upgrade():
    with op.batch_alter_table("users") as batch:
        batch.create_unique_constraint("uq_users_name", ["id", "name"])


def downgrade():
    with op.batch_alter_table("users") as batch:
        batch.drop_constraint("users_name_uq", type_="unique")
