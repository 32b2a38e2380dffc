"""Keep pages, and find them by their address"""

import sqlalchemy as sa
from alembic import op

revision = "0002_pages"
down_revision = "0001_users"


def upgrade():
    op.create_table(
        "pages",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("address", sa.String(1000), nullable=False),
    )
    op.create_index("ix_pages_address", "pages", ["address"])


def downgrade():
    op.drop_table("pages")
