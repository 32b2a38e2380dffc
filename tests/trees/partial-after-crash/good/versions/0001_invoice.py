"""make invoice, if it is not there"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def is_there():
    return sa.inspect(op.get_bind()).has_table("invoice")


def upgrade():
    if not is_there():
        op.create_table("invoice", sa.Column("id", sa.Integer(), primary_key=True))


def downgrade():
    if is_there():
        op.drop_table("invoice")
