"""Create jobs"""

import sqlalchemy as sa
from alembic import op

revision = "0002_jobs"
down_revision = "0001_users"


def upgrade():
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("state", sa.Enum("waiting", "done", name="job_state"), nullable=False),
    )


def downgrade():
    op.drop_table("jobs")
    sa.Enum(name="job_state").drop(op.get_bind(), checkfirst=True)
