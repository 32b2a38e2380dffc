"""Create rosters and their entries"""

import sqlalchemy as sa
from alembic import op

revision = "0001_rosters"
down_revision = None


def upgrade():
    op.create_table(
        "rosters",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("title", sa.String(50), nullable=False),
    )
    op.create_table(
        "entries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("roster_id", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["roster_id"],
            ["rosters.id"],
            name="fk_entries_roster_id",
            initially=None,
        ),
    )


def downgrade():
    op.drop_table("entries")
    op.drop_table("rosters")
