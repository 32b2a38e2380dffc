"""Settings, with the one that everybody has"""

import sqlalchemy as sa
from alembic import op

revision = "0002_settings"
down_revision = "0001_users"


def upgrade():
    op.create_table(
        "settings",
        sa.Column("name", sa.String(50), primary_key=True),
        sa.Column("value", sa.String(200)),
    )
    op.execute("INSERT INTO settings (name) VALUES ('language') ON CONFLICT (name) DO NOTHING")


def downgrade():
    op.drop_table("settings")
