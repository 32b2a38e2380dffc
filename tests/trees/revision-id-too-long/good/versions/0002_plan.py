"""Add the plan that a customer has subscribed to"""

import sqlalchemy as sa
from alembic import op

revision = "0002_subscription_plan"
down_revision = "0001_users"


def upgrade():
    op.add_column("users", sa.Column("plan", sa.String(20)))


def downgrade():
    op.drop_column("users", "plan")
