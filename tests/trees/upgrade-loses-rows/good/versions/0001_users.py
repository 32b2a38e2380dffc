"""Create users"""

import sqlalchemy as sa
from alembic import op

revision = "0001_users"
down_revision = None


def upgrade():
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(50), nullable=False),
    )
    op.create_table(
        "posts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("user_id", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_posts_user_id", ondelete="CASCADE"),
    )


def downgrade():
    op.drop_table("posts")
    op.drop_table("users")
