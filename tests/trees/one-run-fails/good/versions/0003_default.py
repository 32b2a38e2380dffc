"""Jobs fail until they are done"""

import sqlalchemy as sa
from alembic import op

revision = "0003_default"
down_revision = '0002_failed'


def upgrade():
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE jobs ALTER COLUMN state SET DEFAULT 'failed'")


def downgrade():
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE jobs ALTER COLUMN state DROP DEFAULT")
