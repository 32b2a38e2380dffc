"""Settings, with the one that everybody has; there is no ON CONFLICT to care for in a new table"""

import sqlalchemy as sa
from alembic import op

revision = "0002_settings"
down_revision = "0001_users"


def upgrade():
    settings = op.create_table(
        "settings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(50), nullable=False),
    )
    op.bulk_insert(settings, [{"id": 1, "name": "language: ON CONFLICT, ILIKE and `this`"}])
    if op.get_context().dialect.name == "postgresql":
        # The next id comes from a sequence, which has not heard of the row.
        op.execute("SELECT setval(pg_get_serial_sequence('settings', 'id'), 1)")


def downgrade():
    op.drop_table("settings")
