"""make invoice and its line, whichever of them is not there"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def missing(*names):
    there = sa.inspect(op.get_bind()).get_table_names()
    return [name for name in names if name not in there]


def upgrade():
    for name in missing("invoice", "line"):
        op.create_table(name, sa.Column("id", sa.Integer(), primary_key=True))


def downgrade():
    gone = missing("invoice", "line")
    for name in ("line", "invoice"):
        if name not in gone:
            op.drop_table(name)
