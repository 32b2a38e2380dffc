"""What there is to say about this app's own database: product, place in the tree, tables and their sizes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from alembic.script import Script
from sqlalchemy.engine import Connection

from . import database
from .models import Model

# Beyond this many rows counting takes long enough to notice, and the databases' own estimates are close enough.
EXACT_LIMIT = 50_000
CREATED = re.compile(r"^Create Date: (.+)$", re.MULTILINE)

ESTIMATES = {
    "postgresql": "SELECT relname, reltuples FROM pg_class WHERE relnamespace = current_schema()::regnamespace",
    "mysql": "SELECT table_name, table_rows FROM information_schema.tables WHERE table_schema = DATABASE()",
}


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of the tree, as this database has it; `state` is unknown when it cannot be asked."""

    id: str
    message: str
    note: str
    parents: tuple[str, ...]
    created: str | None
    state: Literal["applied", "pending", "unknown"]
    is_current: bool
    is_head: bool


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table of the models and its rows: None where the database does not have the table."""

    name: str
    rows: int | None
    precision: Literal["exact", "estimate", "more than", "missing"]


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that the page about the database shows."""

    product: str
    version: str
    position: database.Position
    timeline: list[Revision]
    tables: list[TableSize]


def read(connection: Connection) -> Overview:
    """Ask the database behind `connection`; a few short queries, whatever its size."""
    product, version = database.server(connection)
    place = database.position(connection, database.tree())
    return Overview(product, version, place, timeline(place), sizes(connection))


def timeline(place: database.Position | None) -> list[Revision]:
    """The tree's revisions, the newest first; without a position nothing is known of their state."""
    scripts = database.history(database.tree())
    return [_revision(script, place) for script in reversed(scripts)]


def sizes(connection: Connection) -> list[TableSize]:
    """The models' tables, with exact numbers of rows where counting is quick."""
    there = set(sa.inspect(connection).get_table_names())
    estimates: dict[str, int] | None = None
    found = []
    for table in Model.metadata.sorted_tables:
        if table.name not in there:
            found.append(TableSize(table.name, None, "missing"))
            continue
        rows = _count(connection, table)
        if rows <= EXACT_LIMIT:
            found.append(TableSize(table.name, rows, "exact"))
            continue
        if estimates is None:
            estimates = _estimates(connection)
        found.append(_beyond(table.name, estimates.get(table.name, 0)))
    return found


def _count(connection: Connection, table: sa.Table) -> int:
    some = sa.select(sa.literal(1)).select_from(table).limit(EXACT_LIMIT + 1).subquery()
    return connection.scalar(sa.select(sa.func.count()).select_from(some)) or 0


def _beyond(name: str, estimate: int) -> TableSize:
    """A table past the limit; statistics that were never gathered, or are stale, say less than counting did."""
    if estimate <= EXACT_LIMIT:
        return TableSize(name, EXACT_LIMIT, "more than")
    return TableSize(name, estimate, "estimate")


def _estimates(connection: Connection) -> dict[str, int]:
    query = ESTIMATES.get(connection.dialect.name)
    if query is None:
        return {}
    return {name: int(rows or 0) for name, rows in connection.execute(sa.text(query))}


def _revision(script: Script, place: database.Position | None) -> Revision:
    title, _, _ = (script.doc or "").partition("\n")
    down = script.down_revision
    parents = (down,) if isinstance(down, str) else tuple(down or ())
    return Revision(
        id=script.revision,
        message=title,
        note=_note(script),
        parents=parents,
        created=_created(script),
        state=_state(script.revision, place),
        is_current=place is not None and script.revision in place.current,
        is_head=script.is_head,
    )


def _state(revision: str, place: database.Position | None) -> Literal["applied", "pending", "unknown"]:
    if place is None or place.unknown:
        return "unknown"
    return "pending" if revision in place.pending else "applied"


def _note(script: Script) -> str:
    """The paragraph below a revision's title, without Alembic's own lines."""
    lines = (script.longdoc or "").splitlines()[1:]
    own = ("Revision ID:", "Revises", "Create Date:")
    return " ".join(line.strip() for line in lines if line.strip() and not line.startswith(own))


def _created(script: Script) -> str | None:
    found = CREATED.search(script.longdoc or "")
    if found is None:
        return None
    try:
        return datetime.fromisoformat(found[1].strip()).date().isoformat()
    except ValueError:
        return found[1].strip()
