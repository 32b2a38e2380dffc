"""Index names"""

import sqlalchemy as sa
from alembic import op

revision = "0002_index"
down_revision = "0001_users"


def upgrade():
    bind = op.get_bind()
    marks = bind.scalar(sa.text("SELECT count(*) FROM users WHERE name = 'mark'"))
    op.execute(f"INSERT INTO users (id, name) VALUES ({marks} + 1, 'mark')")
    op.create_index(f"ix_users_name_{marks}", "users", ["name"])


def downgrade():
    marks = op.get_bind().scalar(sa.text("SELECT count(*) FROM users WHERE name = 'mark'"))
    op.drop_index(f"ix_users_name_{marks - 1}", table_name="users")
