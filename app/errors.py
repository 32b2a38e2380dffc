"""What a person or a program is told when something cannot be done: JSON under /api and /up, a page elsewhere.

HTTPException            400 to 500, from Flask, or raised by a view
├── Invalid        400   values that the rules refuse, by field
├── Taken          409   a row that the database refuses, by field
└── Unavailable    503   the database is away, busy, or not at this release's schema
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import BadRequest, Conflict, HTTPException, InternalServerError, ServiceUnavailable

from . import conflicts, database, faults
from .extensions import db

Messages = Mapping[str, Any]
RETRY_AFTER = 5

HEADINGS = {
    400: "That cannot be done",
    403: "Not allowed",
    404: "Nothing here",
    405: "Not possible here",
    409: "Already taken",
    413: "Too large",
    500: "Something broke",
    503: "The database is not available",
}


class Invalid(BadRequest):
    """Values that the rules refuse; `errors` has the reasons by field."""

    def __init__(self, errors: Messages, message: str = "Some values are not valid.") -> None:
        super().__init__(message)
        self.errors = errors


class Taken(Conflict):
    """A row that the database refuses; `errors` has the reasons by field."""

    def __init__(self, violation: conflicts.Violation) -> None:
        self.errors: Messages = violation.errors
        named = ", ".join(self.errors) or "a value"
        super().__init__(f"The database refuses this: {named} {conflicts.SAYS[violation.kind]}.")


class Unavailable(ServiceUnavailable):
    """The database cannot serve this now; clients may come back after `RETRY_AFTER` seconds."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, retry_after=RETRY_AFTER)


def init_app(app: Flask) -> None:
    """Replace every error page and the API extension's own handler, which would answer people with JSON."""
    app.register_error_handler(HTTPException, show)
    app.register_error_handler(CSRFError, _show_stale_form)
    app.register_error_handler(DBAPIError, _show_database_error)
    app.register_error_handler(PoolTimeout, _show_pool_timeout)


def show(error: HTTPException) -> ResponseReturnValue:
    """Answer with `error`, in the form that the asker reads."""
    headers = {name: value for name, value in error.get_headers() if name != "Content-Type"}
    code = error.code or 500
    errors = getattr(error, "errors", {})
    if wants_json():
        body = {"code": code, "status": error.name, "message": error.description, "errors": errors}
        return jsonify({key: value for key, value in body.items() if value}), code, headers
    page = render_template(
        "error.html", code=code, heading=HEADINGS.get(code, error.name), error=error, errors=errors
    )
    return page, code, headers


def wants_json() -> bool:
    """Whether the asker is a program."""
    return request.path.startswith(("/api/", "/up"))


def translate(error: DBAPIError) -> HTTPException:
    """The answer to a database error that no view expected."""
    if violation := conflicts.violation(error):
        return Taken(violation)
    kind = faults.kind(error)
    if kind == "value":
        return Invalid({}, "The database cannot store one of these values.")
    if kind == "schema":
        return Unavailable(_schema_reason())
    if kind == "busy":
        return Unavailable("The database is busy with other work. Nothing was changed; please try again.")
    if kind == "away":
        return Unavailable(f"The database cannot be reached ({faults.reason(error)}). Nothing was changed.")
    return InternalServerError()


def _show_database_error(error: DBAPIError) -> ResponseReturnValue:
    db.session.rollback()
    answer = translate(error)
    if answer.code and answer.code >= 500:
        current_app.logger.error("%s: %s", answer.name, faults.reason(error), exc_info=answer.code == 500)
    return show(answer)


def _show_pool_timeout(error: PoolTimeout) -> ResponseReturnValue:
    current_app.logger.error("every database connection is in use: %s", error)
    return show(Unavailable("Every database connection is in use. Nothing was changed; please try again."))


def _show_stale_form(error: CSRFError) -> ResponseReturnValue:
    detail = f"The form was not accepted ({error.description}) Nothing was changed: go back, reload it, send it again."
    return show(BadRequest(detail))


def _schema_reason() -> str:
    """Why a table or column that this release needs is not there, told from the database's place in the tree."""
    try:
        with db.engine.connect() as connection:
            reason = database.position(connection, database.tree()).reason
    except DBAPIError as error:
        return f"The database's schema does not fit this release ({faults.reason(error)})."
    return f"This page needs a schema that the database does not have: {reason}."
