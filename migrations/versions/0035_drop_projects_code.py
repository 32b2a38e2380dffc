"""Drop projects.code, after its values are kept aside; the way back fills it with them

Whoever writes a code meanwhile loses it: the release that still does must be gone by now.

Revises 0034_aside_for_project_codes
Create Date: 2026-09-07
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.batches import run_in_batches
from migrations.rerun import missing, present

revision = "0035_drop_projects_code"
down_revision = "0034_aside_for_project_codes"
branch_labels = None
depends_on = None

# lab: ignore[old-code-breaks] last step: the release that still uses codes is gone by now, as said above

KEEP = """
INSERT INTO aside_projects_code (project_id, code)
SELECT projects.id, projects.code FROM projects
WHERE projects.code IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM aside_projects_code WHERE aside_projects_code.project_id = projects.id)
  AND {batch}
"""
BRING_BACK = """
UPDATE projects SET code = (SELECT a.code FROM aside_projects_code a WHERE a.project_id = projects.id)
WHERE projects.code IS NULL AND {batch}
"""


def upgrade() -> None:
    if present("projects", column="code"):
        run_in_batches(KEEP, table="projects")
        op.drop_column("projects", "code")


def downgrade() -> None:
    if missing("projects", column="code"):
        op.add_column("projects", sa.Column("code", sa.String(20), nullable=True))
    run_in_batches(BRING_BACK, table="projects")
