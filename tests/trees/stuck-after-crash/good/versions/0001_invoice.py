"""make invoice and its line, whichever of them is not there"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def there():
    return sa.inspect(op.get_bind()).get_table_names()


def upgrade():
    if "invoice" not in there():
        op.create_table("invoice", sa.Column("id", sa.Integer(), primary_key=True))


def downgrade():
    if "invoice" in there():
        op.drop_table("invoice")
