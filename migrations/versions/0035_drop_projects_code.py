"""Drop projects.code; the way back fills it with what was kept aside

Revises 0034_keep_project_codes_aside
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.batches import run_in_batches
from migrations.rerun import missing
from migrations.rerun import present

revision = "0035_drop_projects_code"
down_revision = "0034_keep_project_codes_aside"
branch_labels = None
depends_on = None

BRING_BACK = """
UPDATE projects SET code = (SELECT a.code FROM aside_projects_code a WHERE a.project_id = projects.id)
WHERE projects.code IS NULL AND {batch}
"""


def upgrade() -> None:
    if present("projects", column="code"):
        op.drop_column("projects", "code")


def downgrade() -> None:
    if missing("projects", column="code"):
        op.add_column("projects", sa.Column("code", sa.String(20), nullable=True))
    run_in_batches(BRING_BACK, table="projects")
