"""Create jobs"""

import sqlalchemy as sa
from alembic import op

revision = "0002_jobs"
down_revision = "0001_users"


def upgrade():
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("status", sa.String(10), server_default="open", nullable=False),
        sa.CheckConstraint("status IN ('open', 'done')", name="ck_jobs_status"),
    )


def downgrade():
    op.drop_table("jobs")
