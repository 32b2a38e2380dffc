"""Create products"""

import sqlalchemy as sa
from alembic import op

revision = "0001_products"
down_revision = None


def upgrade():
    op.create_table(
        "products",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("price", sa.Integer, nullable=False),
    )


def downgrade():
    op.drop_table("products")
