"""A copy of a database of MySQL or MariaDB, by what SHOW CREATE says: quick where there are few rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

Ask = Callable[[str], Sequence[Any]]

TABLES = "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = DATABASE()"
# Generated values are made again. MariaDB says NULL where MySQL says ''.
COLUMNS = """SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE()
    AND COALESCE(generation_expression, '') = '' ORDER BY ordinal_position"""
TRIGGERS = """SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()
    ORDER BY event_object_table, action_timing, event_manipulation, action_order"""
ROUTINES = """SELECT routine_type, routine_name FROM information_schema.routines
    WHERE routine_schema = DATABASE() AND routine_type IN ('FUNCTION', 'PROCEDURE')"""
EVENTS = "SELECT event_name FROM information_schema.events WHERE event_schema = DATABASE()"
# Old tables may hold what today's mode refuses: zero dates, and zero as a number that was not asked for.
LENIENT = "SET foreign_key_checks = 0, sql_mode = 'NO_AUTO_VALUE_ON_ZERO'"
FIRST_TIME = re.compile(r"EVERY ((?:'[^']*'|\S+) \w+) STARTS '[^']*'")


@dataclass(frozen=True, slots=True)
class Coded:
    """Something that holds statements, which depend on the mode in which they were written."""

    mode: str
    sql: str


@dataclass(frozen=True, slots=True)
class Parts:
    """All that makes a database again."""

    sequences: dict[str, str]
    routines: list[Coded]
    tables: dict[str, str]
    columns: dict[str, list[str]]
    views: list[str]
    later: list[Coded]
    """Triggers and events, which must not see the rows come."""


def clone(connection: Connection, source: str, target: str) -> None:
    """Fill `target`, an empty database, with what `source` holds; the history of system-versioned tables is left."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    with _asking(connection, source) as ask:
        ask(LENIENT)
        parts = _read(ask, quote)
        ask(f"USE {quote(target)}")
        for name, sql in parts.sequences.items():
            ask(sql)
            value = ask(f"SELECT next_not_cached_value FROM {quote(source)}.{quote(name)}")[0][0]  # noqa: S608  (quoted names)
            ask(f"SELECT SETVAL({quote(name)}, {value}, 0)")
        _make(ask, parts.routines)
        for name, sql in parts.tables.items():
            ask(sql)
            columns = ", ".join(map(quote, parts.columns.get(name, ())))
            if columns:
                copied = f"SELECT {columns} FROM {quote(source)}.{quote(name)}"  # noqa: S608  (quoted names)
                ask(f"INSERT INTO {quote(name)} ({columns}) {copied}")
        _make_views(ask, parts.views, connection.dialect.loaded_dbapi.Error)
        _make(ask, parts.later)


@contextmanager
def _asking(connection: Connection, database: str) -> Iterator[Ask]:
    """A session of its own in a database, whose statements go to the driver as they are."""
    # The administrator's own must not be in a database that it may drop.
    url = connection.engine.url.set(database=database)
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as inside:
        cursor: Any = inside.connection.cursor()

        def ask(sql: str) -> Sequence[Any]:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []

        yield ask
        cursor.close()


def _read(ask: Ask, quote: Callable[[str], str]) -> Parts:
    def shown(kind: str, name: str) -> Any:
        return ask(f"SHOW CREATE {kind} {quote(name)}")[0]

    tables = ask(TABLES)
    columns: dict[str, list[str]] = {}
    for table, column in ask(COLUMNS):
        columns.setdefault(table, []).append(column)
    return Parts(
        {name: shown("SEQUENCE", name)[1] for name, kind in tables if kind == "SEQUENCE"},
        [Coded(each[1], each[2]) for each in (shown(kind, name) for kind, name in ask(ROUTINES))],
        {
            name: shown("TABLE", name)[1]
            for name, kind in tables
            if kind in ("BASE TABLE", "SYSTEM VERSIONED")
        },
        columns,
        [shown("VIEW", name)[1] for name, kind in tables if kind == "VIEW"],
        [
            *(Coded(each[1], each[2]) for each in (shown("TRIGGER", name) for (name,) in ask(TRIGGERS))),
            # Between its mode and its text is the time zone.
            *(Coded(each[1], _later(each[3])) for each in (shown("EVENT", name) for (name,) in ask(EVENTS))),
        ],
    )


def _later(event: str) -> str:
    """An event that does not run at once, as one does whose first time is over when it is made."""
    return FIRST_TIME.sub(r"EVERY \1 STARTS CURRENT_TIMESTAMP + INTERVAL \1", event, count=1)


def _make(ask: Ask, coded: Sequence[Coded]) -> None:
    for each in coded:
        ask(f"SET sql_mode = '{each.mode}'")
        ask(each.sql)
    ask(LENIENT)


def _make_views(ask: Ask, views: list[str], errors: type[Exception]) -> None:
    """Make views, each after those that it selects from, which nobody lists."""
    waiting = list(views)
    while waiting:
        left, said = [], None
        for sql in waiting:
            try:
                ask(sql)
            except errors as error:
                left.append(sql)
                said = error
        if said is not None and len(left) == len(waiting):
            raise said
        waiting = left
