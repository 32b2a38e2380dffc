"""Add the role viewer: an enumeration held by a CHECK grows by a new CHECK

MySQL checks a table by copying it, which `migrations/shadow.py` does without stopping those who write.
The way back makes viewers members, as the old CHECK knows none, and says how many they were.

Revises 0032_drop_projects_title
Create Date: 2026-08-11
"""

from __future__ import annotations

import logging

import sqlalchemy as sa
from alembic import op

from migrations import shadow
from migrations.rerun import present

revision = "0033_add_viewer_role"
down_revision = "0032_drop_projects_title"
branch_labels = None
depends_on = None

CHECK = "ck_memberships_role_known"
MEMBERSHIPS = shadow.Table(
    "memberships",
    columns=["team_id", "user_id", "role", "joined_at"],
    key=["team_id", "user_id"],
    foreign_keys={
        f"fk_memberships_{column}_{parent}": f"FOREIGN KEY ({column}) REFERENCES {parent} (id) ON DELETE CASCADE"
        for column, parent in (("team_id", "teams"), ("user_id", "users"))
    },
)
log = logging.getLogger(f"alembic.{revision}")


def upgrade() -> None:
    hold_role_to("'owner', 'member', 'viewer'")


def downgrade() -> None:
    viewers = op.get_bind().execute(sa.text("UPDATE memberships SET role = 'member' WHERE role = 'viewer'"))
    if viewers is not None and viewers.rowcount:
        log.warning(
            "%d viewers are members now: an upgrade will not make them viewers again", viewers.rowcount
        )
    hold_role_to("'owner', 'member'")


def hold_role_to(values: str) -> None:
    dialect = op.get_context().dialect
    check = f"role IN ({values})"
    if dialect.name == "mysql" and not getattr(dialect, "is_mariadb", False):
        if present("memberships", constraint=CHECK):
            op.drop_constraint(op.f(CHECK), "memberships", type_="check")
        shadow.alter(MEMBERSHIPS, f"ADD CONSTRAINT {CHECK} CHECK ({check})")
        return
    # Two statements on MariaDB: if a run ended between them, the old CHECK is gone already.
    with op.batch_alter_table("memberships") as batch:
        if present("memberships", constraint=CHECK):
            batch.drop_constraint(op.f(CHECK), type_="check")
        batch.create_check_constraint(op.f(CHECK), check)
