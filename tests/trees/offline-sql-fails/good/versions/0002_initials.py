"""Write initials, all at once"""

import sqlalchemy as sa
from alembic import op

revision = "0002_initials"
down_revision = "0001_users"


def upgrade():
    op.add_column("users", sa.Column("initial", sa.String(1)))
    op.execute("UPDATE users SET initial = SUBSTR(name, 1, 1)")


def downgrade():
    op.drop_column("users", "initial")
