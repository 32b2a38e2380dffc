"""make invoice and its line"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.create_table("invoice", sa.Column("id", sa.Integer(), primary_key=True))
    op.create_table(
        "line",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("invoice_id", sa.Integer(), sa.ForeignKey("invoice.id", name="fk_line_invoice"), nullable=False),
    )


def downgrade():
    op.drop_table("line")
    op.drop_table("invoice")
