"""Add the state failed"""

import sqlalchemy as sa
from alembic import op

revision = "0002_failed"
down_revision = '0001_jobs'


def upgrade():
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TYPE job_state ADD VALUE 'failed'")


def downgrade():
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TYPE job_state RENAME TO job_state_old")
        op.execute("CREATE TYPE job_state AS ENUM ('waiting', 'done')")
        op.execute("ALTER TABLE jobs ALTER COLUMN state TYPE job_state USING state::text::job_state")
        op.execute("DROP TYPE job_state_old")
