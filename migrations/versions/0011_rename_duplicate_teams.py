"""Rename teams whose names are taken, before names become unique

Of teams with one name the oldest keeps it, the others get their number behind it. What was changed is kept aside, so
that a downgrade puts it back where nobody has renamed the team since. Names that differ in trailing spaces count as
one: MySQL and MariaDB hold them for equal.

Revises 0010_widen_tasks_title
Create Date: 2025-10-29
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.rerun import present

revision = "0011_rename_duplicate_teams"
down_revision = "0010_widen_tasks_title"
branch_labels = None
depends_on = None

teams = sa.table("teams", sa.column("id", sa.Integer), sa.column("name", sa.String))
aside = sa.table("aside_teams_name", sa.column("team_id"), sa.column("name"), sa.column("renamed_to"))
AT_ONCE = 1_000


def upgrade() -> None:
    op.create_table(
        "aside_teams_name",
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("renamed_to", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("team_id", name="pk_aside_teams_name"),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name="fk_aside_teams_name_team_id_teams", ondelete="CASCADE"
        ),
        if_not_exists=True,
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    if op.get_context().as_sql:
        op.execute("-- a live run looks for duplicate names here and renames them")
        return
    bind = op.get_bind()
    # A new name may be taken as well, so look again until there is nothing left.
    while found := bind.execute(duplicates()).all():
        for team in found:
            rename(bind, team.id, team.name, f"{team.name[:66].rstrip()} ({team.id})")


def downgrade() -> None:
    if not present("aside_teams_name"):
        return
    kept = sa.select(aside.c.name).where(aside.c.team_id == teams.c.id).scalar_subquery()
    unchanged = sa.select(aside.c.team_id).where(
        aside.c.team_id == teams.c.id, aside.c.renamed_to == teams.c.name
    )
    op.execute(sa.update(teams).where(unchanged.exists()).values(name=kept))
    op.drop_table("aside_teams_name")


def duplicates() -> sa.Select[tuple[int, str]]:
    """Some of the teams whose name an older one has; by a window, which sorts once, not a join of all with all."""
    place = (
        sa.func.row_number()
        .over(partition_by=sa.func.rtrim(teams.c.name), order_by=teams.c.id)
        .label("place")
    )
    ranked = sa.select(teams.c.id, teams.c.name, place).subquery()
    return (
        sa.select(ranked.c.id, ranked.c.name).where(ranked.c.place > 1).order_by(ranked.c.id).limit(AT_ONCE)
    )


def rename(bind: sa.Connection, team: int, old: str, new: str) -> None:
    bind.execute(sa.update(teams).where(teams.c.id == team).values(name=new))
    again = bind.execute(sa.update(aside).where(aside.c.team_id == team).values(renamed_to=new))
    if not again.rowcount:
        bind.execute(sa.insert(aside).values(team_id=team, name=old, renamed_to=new))
