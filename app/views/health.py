"""`/up`: this process answers. `/up/database`: its database does too, at the schema that this release needs."""

from __future__ import annotations

from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from .. import database, faults
from ..errors import RETRY_AFTER
from ..extensions import db

health = Blueprint("health", __name__, url_prefix="/up")


@health.get("")
def alive() -> ResponseReturnValue:
    """Alive, whatever the database does."""
    return jsonify(status="alive")


@health.get("/database")
def ready() -> ResponseReturnValue:
    """Ready to serve, or 503 and why not."""
    try:
        with db.engine.connect() as connection:
            product, version = database.server(connection)
            place = database.position(connection, database.tree())
    except DBAPIError as error:
        return _unready(
            {"status": "unavailable", "reason": f"the database cannot be reached: {faults.reason(error)}"}
        )
    except PoolTimeout:
        return _unready({"status": "unavailable", "reason": "every database connection is in use"})
    facts = {"product": product, "version": version, "revision": place.current, "head": place.heads}
    allowed = place.status == "ahead" and current_app.config["MIGRATE_ALLOW_AHEAD"]
    if place.status == "ready" or allowed:
        return jsonify(status="ready", **facts)
    return _unready({"status": place.status, "reason": place.reason, **facts})


def _unready(body: dict[str, object]) -> ResponseReturnValue:
    return jsonify(body), 503, {"Retry-After": str(RETRY_AFTER)}
