"""raise all prices, together with the version"""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.execute("UPDATE price SET cents = cents + 100")


def downgrade():
    op.execute("UPDATE price SET cents = cents - 100")
