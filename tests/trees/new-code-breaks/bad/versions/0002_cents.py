"""Prices with cents: taken back, the old release reads them rounded"""

import sqlalchemy as sa
from alembic import op

revision = "0002_cents"
down_revision = "0001_products"


def upgrade():
    with op.batch_alter_table("products") as batch:
        batch.alter_column(
            "price", existing_type=sa.Integer, existing_nullable=False, type_=sa.Numeric(12, 2)
        )


def downgrade():
    with op.batch_alter_table("products") as batch:
        batch.alter_column(
            "price", existing_type=sa.Numeric(12, 2), existing_nullable=False, type_=sa.Integer
        )
