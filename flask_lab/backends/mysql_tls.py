"""PyMySQL makes a TLS context for every connection, which takes longer than all else of it: 20 ms."""

from __future__ import annotations

from functools import wraps
from typing import Any


def share_contexts() -> None:
    """Let all connections of this process have one, if their callers ask for nothing of their own."""
    try:
        from pymysql.connections import Connection  # noqa: PLC0415 (optional)
    except ImportError:
        return
    driver: Any = Connection
    make = getattr(driver, "_create_ssl_ctx", None)
    if make is None or hasattr(make, "__wrapped__"):
        return
    shared: list[Any] = []

    @wraps(make)
    def context(connection: Any, given: Any) -> Any:
        if given:
            return make(connection, given)
        if not shared:
            shared.append(make(connection, given))
        return shared[0]

    driver._create_ssl_ctx = context
