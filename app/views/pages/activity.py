"""/activity : the trail."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload

from ...models import AuditEvent
from .text import page_of

activity = Blueprint("activity", __name__)


@activity.get("/activity")
def show() -> ResponseReturnValue:
    """What happened, the newest first."""
    events = sa.select(AuditEvent).options(joinedload(AuditEvent.actor)).order_by(AuditEvent.id.desc())
    return render_template("activity.html", page=page_of(events))
