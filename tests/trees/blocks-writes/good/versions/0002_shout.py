"""Add users.shout, and fill it in parts"""

import time

import sqlalchemy as sa
from alembic import op

revision = "0002_shout"
down_revision = "0001_users"

# Each part is committed by itself, and nobody waits for longer than for one.
PART = 8000
PAUSE = 0.01


def upgrade():
    op.add_column("users", sa.Column("shout", sa.String(50)))
    if op.get_context().as_sql:
        op.execute("UPDATE users SET shout = UPPER(name)")
        return
    statement = sa.text("UPDATE users SET shout = UPPER(name) WHERE id BETWEEN :first AND :last")
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        last = connection.execute(sa.text("SELECT COALESCE(MAX(id), 0) FROM users")).scalar_one()
        for first in range(0, last + 1, PART):
            connection.execute(statement, {"first": first, "last": first + PART - 1})
            # SQLite has no queue: whoever waits has to find the file free.
            time.sleep(PAUSE)


def downgrade():
    op.drop_column("users", "shout")
