"""Users have a bio"""

import sqlalchemy as sa
from alembic import op

revision = "0002_bio"
down_revision = "0001_users"


def upgrade():
    op.add_column("users", sa.Column("bio", sa.Text))
    op.execute("UPDATE users SET bio = ''")
    with op.batch_alter_table("users") as batch:
        batch.alter_column("bio", existing_type=sa.Text, nullable=False)


def downgrade():
    op.drop_column("users", "bio")
