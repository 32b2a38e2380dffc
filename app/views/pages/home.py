"""/ : where things stand."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload

from ... import database, queries
from ...extensions import db
from ...models import AuditEvent, Project, Task, Team, User

home = Blueprint("home", __name__)


@home.get("/")
def show() -> ResponseReturnValue:
    """Numbers, what is due, what happened lately."""
    connection = db.session.connection()
    waiting = sa.select(Task).where(Task.done.is_(False), Task.due_on.is_not(None))
    due = (
        waiting.options(joinedload(Task.project), joinedload(Task.assignee))
        .order_by(Task.due_on, Task.id)
        .limit(8)
    )
    lately = (
        sa.select(AuditEvent).options(joinedload(AuditEvent.actor)).order_by(AuditEvent.id.desc()).limit(8)
    )
    return render_template(
        "home.html",
        server=database.server(connection),
        position=database.position(connection, database.tree()),
        counts={
            "people": queries.count(sa.select(User)),
            "teams": queries.count(sa.select(Team)),
            "projects": queries.count(sa.select(Project)),
            "open tasks": queries.count(sa.select(Task).where(Task.done.is_(False))),
        },
        limit=queries.COUNT_LIMIT,
        due=list(db.session.scalars(due)),
        lately=list(db.session.scalars(lately)),
    )
