"""a revision of its own for the line"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def there():
    return sa.inspect(op.get_bind()).get_table_names()


def upgrade():
    if "line" not in there():
        op.create_table(
            "line",
            sa.Column("id", sa.Integer(), primary_key=True),
            sa.Column(
                "invoice_id", sa.Integer(), sa.ForeignKey("invoice.id", name="fk_line_invoice"), nullable=False
            ),
        )


def downgrade():
    if "line" in there():
        op.drop_table("line")
