"""/database : this database, and where it stands in the tree."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError

from ... import faults
from ... import overview as facts
from ...errors import RETRY_AFTER
from ...extensions import db

overview = Blueprint("overview", __name__)


@overview.get("/database")
def show() -> ResponseReturnValue:
    """Product, revision, history and tables; what this release knows by itself when the database is away."""
    try:
        with db.engine.connect() as connection:
            found = facts.read(connection)
    except DBAPIError as error:
        current_app.logger.warning("the database cannot be reached: %s", faults.reason(error))
        page = render_template(
            "database.html", overview=None, timeline=facts.timeline(None), reason=faults.reason(error)
        )
        return page, 503, {"Retry-After": str(RETRY_AFTER)}
    return render_template("database.html", overview=found, timeline=found.timeline)
