"""Who may say a statement to a database while a reader of its schema listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import URL, Connection
from sqlalchemy.pool import NullPool

Say = Callable[[str], None]
WAYS = ("connection", "cursor", "engine", "driver")


def by_itself(connection: Connection) -> Say:
    def say(statement: str) -> None:
        connection.exec_driver_sql(statement.replace("%", "%%"))
        connection.commit()

    return say


def by_cursor(driver: Any) -> Say:
    def say(statement: str) -> None:
        with closing(driver.cursor()) as cursor:
            cursor.execute(statement)
        driver.commit()

    return say


@contextmanager
def someone(
    way: str, connection: Connection, open_driver: Callable[[URL], AbstractContextManager[Any]]
) -> Iterator[Say]:
    """One of `WAYS`: the connection that is read from, its cursor, another engine's, or the driver by itself."""
    if way == "connection":
        yield by_itself(connection)
    elif way == "cursor":
        yield by_cursor(connection.connection.driver_connection)
    elif way == "engine":
        with sa.create_engine(connection.engine.url, poolclass=NullPool).connect() as other:
            yield by_itself(other)
    else:
        with open_driver(connection.engine.url) as driver:
            yield by_cursor(driver)
