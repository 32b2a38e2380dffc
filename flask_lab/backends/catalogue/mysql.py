"""The catalogue of MySQL and MariaDB, in one form: a unique constraint is an index, as it is there."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, text

from flask_lab.backends.catalogue import Name
from flask_lab.backends.catalogue.mysql_sql import MARIADB, MYSQL, Dialect
from flask_lab.backends.catalogue.mysql_sql import digest as digest_query
from flask_lab.backends.catalogue.mysql_sql import query as read_query

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection, TextClause

    from flask_lab.backends.catalogue import Schema, Value

    Attributes = dict[str, Value]

LISTS = ("columns", "target", "parameters")
NUMBER = re.compile(r"(tiny|small|medium|big)?int|decimal|numeric|float|double|year")


def read(connection: Connection, ignore: Collection[str]) -> Schema:
    """All parts, keys with their columns in order."""
    is_mariadb = _is_mariadb(connection)
    rows = connection.execute(_read(_dialect(connection)), {"ignored": list(ignore)}).tuples().all()
    found: dict[Name, Attributes] = {}
    for kind, table, name, _, attributes in sorted(rows, key=lambda row: row[3]):
        known = found.setdefault(Name(kind, table, name), {})
        for key, value in json.loads(attributes).items():
            known[key] = (*_items(known.get(key)), value) if key in LISTS else value
    for name, attributes in found.items():
        if name.kind == "column":
            _tell_column(attributes, is_mariadb=is_mariadb)
        elif "unique" in attributes:
            attributes["unique"] = attributes["unique"] == 0
            attributes["hidden"] = attributes["hidden"] == 1
        elif name.kind == "sequence":
            attributes["definition"] = _sequence(connection, name.name)
    columns_of_views = {name.name for name in found if name.kind == "view"}
    return {name: each for name, each in found.items() if name.table not in columns_of_views}


def digest(connection: Connection, ignore: Collection[str]) -> str:
    """A hash of the same rows, made by the server."""
    row = connection.execute(_digest(_dialect(connection)), {"ignored": list(ignore)}).one()
    return "-".join(map(str, row))


def _is_mariadb(connection: Connection) -> bool:
    return bool(getattr(connection.dialect, "is_mariadb", False))


def _dialect(connection: Connection) -> Dialect:
    return MARIADB if _is_mariadb(connection) else MYSQL


@lru_cache
def _read(dialect: Dialect) -> TextClause:
    return text(read_query(dialect)).bindparams(bindparam("ignored", expanding=True))


@lru_cache
def _digest(dialect: Dialect) -> TextClause:
    return text(digest_query(dialect)).bindparams(bindparam("ignored", expanding=True))


def _items(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _tell_column(column: Attributes, *, is_mariadb: bool) -> None:
    """A column's default as SQL writes it, and its extras one by one."""
    extra = str(column.pop("extra")).lower()
    default = column["default"]
    column["nullable"] = column["nullable"] == "YES"
    column["auto increment"] = "auto_increment" in extra
    column["on update"] = extra.partition("on update ")[2].partition(" invisible")[0] or None
    column["invisible"] = "invisible" in extra
    column["generated"] = column["generated"] or None
    column["stored"] = "stored generated" in extra if column["generated"] else None
    if is_mariadb:
        column["default"] = None if default == "NULL" else default
    elif default is not None and not _is_expression(str(column["type"]), str(default), extra):
        quoted = str(default).replace("'", "''")
        column["default"] = f"'{quoted}'"


def _is_expression(type_: str, default: str, extra: str) -> bool:
    """Whether MySQL means `default` as SQL; else it is a bare string."""
    return "default_generated" in extra or NUMBER.match(type_) is not None or default.startswith(("b'", "0x"))


def _sequence(connection: Connection, name: str) -> str:
    """MariaDB's, whose values no view of every version shows."""
    quoted = connection.dialect.identifier_preparer.quote_identifier(name)
    return str(connection.exec_driver_sql(f"SHOW CREATE SEQUENCE {quoted}").one()[1]).partition(name)[2]
