"""Settings, with the one that everybody has"""

import sqlalchemy as sa
from alembic import op

revision = "0002_settings"
down_revision = "0001_users"


def upgrade():
    op.create_table(
        "settings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(50), nullable=False),
    )
    op.execute("INSERT INTO settings (id, name) VALUES (1, 'language') ON CONFLICT (id) DO NOTHING")


def downgrade():
    op.drop_table("settings")
