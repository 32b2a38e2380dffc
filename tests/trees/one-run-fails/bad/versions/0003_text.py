"""Entries have a text"""

import sqlalchemy as sa
from alembic import op

revision = "0003_text"
down_revision = "0002_first"


def upgrade():
    op.add_column("entries", sa.Column("words", sa.Text))


def downgrade():
    op.drop_column("entries", "words")
