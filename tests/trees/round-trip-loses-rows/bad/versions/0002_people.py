"""Users are people"""

import sqlalchemy as sa
from alembic import op

revision = "0002_people"
down_revision = "0001_users"


def upgrade():
    op.create_table(
        "people",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(50), nullable=False),
    )
    op.execute("INSERT INTO people (name) SELECT name FROM users ORDER BY id")
    op.drop_table("users")


def downgrade():
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(50), nullable=False),
    )
    op.drop_table("people")
