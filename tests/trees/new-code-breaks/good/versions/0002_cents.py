"""Prices with cents, in a column beside the old one"""

import sqlalchemy as sa
from alembic import op

revision = "0002_cents"
down_revision = "0001_products"


def upgrade():
    op.add_column("products", sa.Column("exact_price", sa.Numeric(12, 2)))
    op.execute("UPDATE products SET exact_price = price")


def downgrade():
    op.drop_column("products", "exact_price")
