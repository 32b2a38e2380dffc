"""make line, if it is not there"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def is_there():
    return sa.inspect(op.get_bind()).has_table("line")


def upgrade():
    if not is_there():
        op.create_table("line", sa.Column("id", sa.Integer(), primary_key=True))


def downgrade():
    if is_there():
        op.drop_table("line")
