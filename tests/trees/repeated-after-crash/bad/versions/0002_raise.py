"""raise all prices, in a transaction of its own"""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    with op.get_context().autocommit_block():
        op.execute("UPDATE price SET cents = cents + 100")


def downgrade():
    op.execute("UPDATE price SET cents = cents - 100")
