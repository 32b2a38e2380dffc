"""What all changes share: commit or nothing, another try after a deadlock, the database's refusal, the trail."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import Conflict, NotFound

from .. import conflicts, faults
from ..errors import Taken
from ..extensions import db
from ..models import AuditEvent, Model

P = ParamSpec("P")
T = TypeVar("T")

ATTEMPTS = 5


def transaction(function: Callable[P, T]) -> Callable[P, T]:
    """Commit what `function` does, or undo it all. It may be run more than once, so it reads what it needs itself."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        for attempt in range(ATTEMPTS):
            try:
                result = function(*args, **kwargs)
                db.session.commit()
                return result
            except (DBAPIError, StaleDataError) as error:
                db.session.rollback()
                _raise_unless_passing(error, last=attempt == ATTEMPTS - 1)
                # Of two that met, at different moments, one gets through.
                time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311  (guards nothing)
            finally:
                db.session.rollback()
        raise AssertionError("the last attempt returns or raises")

    return run


def record_event(action: str, subject: Model, subject_id: int, detail: Mapping[str, Any]) -> None:
    """Add to the trail what the current transaction does. Nobody signs in to the bench, so no actor is known."""
    db.session.add(
        AuditEvent(
            action=action,
            subject_type=type(subject).__name__.lower(),
            subject_id=subject_id,
            detail=dict(detail),
        )
    )


def assign(record: Model, values: Mapping[str, Any]) -> list[str]:
    """Set the attributes that differ, and name them."""
    changed = [name for name, value in values.items() if getattr(record, name) != value]
    for name in changed:
        setattr(record, name, values[name])
    return sorted(changed)


def remove(record: Model) -> None:
    """Delete a row, which the database follows with all that hangs on it; 404 when another request was first."""
    mapper = sa.inspect(type(record))
    keys = zip(mapper.primary_key, mapper.primary_key_from_instance(record), strict=True)
    gone = sa.delete(type(record)).where(*(key == value for key, value in keys))
    done = db.session.execute(gone, execution_options={"synchronize_session": False})
    if not cast("sa.CursorResult[Any]", done).rowcount:
        raise NotFound(f"This {type(record).__name__.lower()} is gone already.")
    db.session.expunge(record)


def _raise_unless_passing(error: DBAPIError | StaleDataError, last: bool) -> None:
    if isinstance(error, StaleDataError):
        # The row went away between reading and writing; the next attempt finds that out by itself.
        if last:
            raise Conflict("Someone else is changing the same thing: please try again.") from error
        return
    if violation := conflicts.violation(error):
        raise Taken(violation) from error
    if last or not faults.passing(error):
        raise error
