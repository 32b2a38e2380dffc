"""Tells what kind of trouble a driver's error is: away, busy, another schema, a value that does not fit, or ours."""

from __future__ import annotations

import sqlite3
from typing import Any, Literal

from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError

Kind = Literal["away", "busy", "schema", "value", "unknown"]

POSTGRES_SCHEMA = {"42P01", "42703", "3F000"}
POSTGRES_DEADLOCK = {"40001", "40P01"}
POSTGRES_BUSY = POSTGRES_DEADLOCK | {"55P03", "57014"}
# No such table, no such column, a column without a default (a newer release's), a row that fits no column list.
MYSQL_SCHEMA = {1146, 1054, 1364, 1136}
MYSQL_DEADLOCK = {1213}
MYSQL_BUSY = MYSQL_DEADLOCK | {1205, 3024, 1969}
SQLITE_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")


def kind(error: DBAPIError) -> Kind:
    """Sort `error` by what its asker can do about it."""
    code = _code(error)
    if error.connection_invalidated:
        return "away"
    if code in POSTGRES_SCHEMA | MYSQL_SCHEMA or str(error.orig).startswith(
        ("no such table", "no such column")
    ):
        return "schema"
    if code in POSTGRES_BUSY | MYSQL_BUSY or str(code).startswith(SQLITE_BUSY):
        return "busy"
    if isinstance(error, DataError):
        return "value"
    if isinstance(error, OperationalError | InterfaceError):
        return "away"
    return "unknown"


def passing(error: DBAPIError) -> bool:
    """Whether the same transaction is likely to succeed when it is run again at once."""
    return _code(error) in POSTGRES_DEADLOCK | MYSQL_DEADLOCK or _code(error) == "SQLITE_BUSY_SNAPSHOT"


def reason(error: DBAPIError) -> str:
    """The driver's own words in one line; drivers name hosts and users there, never passwords."""
    origin: Any = error.orig
    words = str(origin.args[1]) if _is_numbered(origin) else str(origin)
    return " ".join(words.split("\n\tIs the server")[0].split())


def _code(error: DBAPIError) -> str | int | None:
    origin: Any = error.orig
    if isinstance(origin, sqlite3.Error):
        return getattr(origin, "sqlite_errorname", None)
    if code := getattr(origin, "pgcode", None):
        return str(code)
    return int(origin.args[0]) if _is_numbered(origin) else None


def _is_numbered(origin: Any) -> bool:
    return len(getattr(origin, "args", ())) > 1 and isinstance(origin.args[0], int)
