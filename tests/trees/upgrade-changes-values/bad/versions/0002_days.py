"""Events start on a day"""

import sqlalchemy as sa
from alembic import op

revision = "0002_days"
down_revision = "0001_events"


def upgrade():
    with op.batch_alter_table("events") as batch:
        batch.alter_column("starts", existing_nullable=False, existing_type=sa.DateTime, type_=sa.Date)


def downgrade():
    with op.batch_alter_table("events") as batch:
        batch.alter_column("starts", existing_nullable=False, existing_type=sa.Date, type_=sa.DateTime)
