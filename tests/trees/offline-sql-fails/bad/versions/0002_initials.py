"""Write initials, row by row"""

import sqlalchemy as sa
from alembic import op

revision = "0002_initials"
down_revision = "0001_users"


def upgrade():
    op.add_column("users", sa.Column("initial", sa.String(1)))
    connection = op.get_bind()
    for row in connection.execute(sa.text("SELECT id, name FROM users")).all():
        connection.execute(
            sa.text("UPDATE users SET initial = :initial WHERE id = :id"),
            {"initial": row.name[:1], "id": row.id},
        )


def downgrade():
    op.drop_column("users", "initial")
