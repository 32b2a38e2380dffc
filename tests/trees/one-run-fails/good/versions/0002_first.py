"""Write the first roster"""

import sqlalchemy as sa
from alembic import op

revision = "0002_first"
down_revision = "0001_rosters"


def upgrade():
    op.execute("INSERT INTO rosters (title) VALUES ('first roster')")
    op.execute("INSERT INTO entries (roster_id) SELECT id FROM rosters WHERE title = 'first roster'")


def downgrade():
    first = "SELECT id FROM rosters WHERE title = 'first roster'"
    op.execute(f"DELETE FROM entries WHERE roster_id IN ({first})")
    op.execute("DELETE FROM rosters WHERE title = 'first roster'")
