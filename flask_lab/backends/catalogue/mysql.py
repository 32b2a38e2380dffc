"""The catalogue of MySQL and MariaDB, in one form: a unique constraint is an index, as it is there."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, text

from flask_lab.backends.catalogue import Name
from flask_lab.backends.catalogue.mysql_sql import MARIADB, MYSQL, RARE, SEQUENCES, of_table
from flask_lab.backends.catalogue.mysql_sql import digest as digest_of
from flask_lab.backends.catalogue.mysql_sql import rows as rows_of
from flask_lab.backends.catalogue.mysql_text import parts_of
from flask_lab.backends.catalogue.rows import gather

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy import Connection, TextClause

    from flask_lab.backends.catalogue import Schema
    from flask_lab.backends.catalogue.rows import Attributes

NUMBER = re.compile(r"(tiny|small|medium|big)?int|decimal|numeric|float|double|year")
# YES or NO in every view.
CLAIMS = ("nullable", "unique", "hidden", "enforced", "deterministic")


def _statement(sql: str) -> TextClause:
    return text(sql).bindparams(bindparam("ignored", expanding=True))


# By whether the server is MariaDB.
READ = {False: _statement(rows_of((*MYSQL, *RARE))), True: _statement(rows_of((*MARIADB, *RARE)))}
HASH = {False: _statement(digest_of(MYSQL)), True: _statement(digest_of(MARIADB))}
RARE_HASH = _statement(digest_of(RARE))


def read(connection: Connection, ignore: Collection[str]) -> Schema:
    """All parts, keys with their columns in order."""
    found = connection.execute(READ[is_mariadb(connection)], {"ignored": list(ignore)}).all()
    return _told(connection, found)


def read_table(connection: Connection, ignore: Collection[str], name: str, text: str) -> Schema:
    """All parts of one table but its triggers; the text of its SHOW CREATE TABLE tells what to ask for."""
    words = tuple(word for word in ("FOREIGN KEY", "CHECK", "PARTITION BY") if word in text)
    statement = _of_table(words, is_mariadb=is_mariadb(connection))
    return _told(connection, connection.execute(statement, {"ignored": list(ignore), "named": name}).all())


def tell_table(connection: Connection, ignore: Collection[str], name: str, text: str) -> Schema | None:
    """The same where the text itself tells it, else None."""
    parts = parts_of(text, name, ignore, is_mariadb=is_mariadb(connection))
    for part, attributes in (parts or {}).items():
        if part.kind == "column":
            _tell_column(attributes, is_mariadb=is_mariadb(connection))
    return parts


@cache
def _of_table(words: tuple[str, ...], *, is_mariadb: bool) -> TextClause:
    return _statement(rows_of(of_table(words, is_mariadb=is_mariadb)))


def _told(connection: Connection, found: Iterable[Sequence[Any]]) -> Schema:
    in_order = sorted(found, key=lambda row: row[3])
    parts = gather((kind, table, name, attributes) for kind, table, name, _, attributes in in_order)
    for name, attributes in parts.items():
        for claim in CLAIMS & attributes.keys():
            attributes[claim] = attributes[claim] == "YES"
        if name.kind == "column":
            _tell_column(attributes, is_mariadb=is_mariadb(connection))
        elif name.kind == "sequence":
            attributes["definition"] = _sequence(connection, name.name)
        elif name.kind == "check" and name.table:
            attributes.update(parts.get(Name("check", "", name.name), {}))
    whole = {name.name for name in parts if name.kind in {"table", "system versioned"}}
    return {name: each for name, each in parts.items() if name.table in whole or _stands_alone(name)}


def digest(connection: Connection, ignore: Collection[str]) -> str:
    """A hash of the same rows, made by the server."""
    ignored = {"ignored": list(ignore)}
    *usual, has_rare = connection.execute(HASH[is_mariadb(connection)], ignored).one()
    if not has_rare:
        return "-".join(map(str, usual))
    rare = connection.execute(RARE_HASH, ignored).one()[:-1]
    names = connection.exec_driver_sql(SEQUENCES).scalars().all()
    return "-".join(map(str, (*usual, *rare, *(_sequence(connection, name) for name in names))))


def is_mariadb(connection: Connection) -> bool:
    """Whether the server is MariaDB."""
    return bool(getattr(connection.dialect, "is_mariadb", False))


def _stands_alone(name: Name) -> bool:
    """Whether it is no part of a table; without one, a check is only the half of it that has no table."""
    return not name.table and name.kind != "check"


def _tell_column(column: Attributes, *, is_mariadb: bool) -> None:
    """A column's default as SQL writes it, and its extras one by one."""
    extra = str(column.pop("extra")).lower()
    default = column["default"]
    column["auto increment"] = "auto_increment" in extra
    column["on update"] = extra.partition("on update ")[2].partition(" invisible")[0] or None
    column["invisible"] = "invisible" in extra
    column["generated"] = column["generated"] or None
    column["stored"] = "stored generated" in extra if column["generated"] else None
    if is_mariadb:
        column["default"] = None if default == "NULL" else default
    elif default is not None and not _is_sql(str(column["type"]), str(default), extra):
        quoted = str(default).replace("'", "''")
        column["default"] = f"'{quoted}'"


def _is_sql(type_: str, default: str, extra: str) -> bool:
    """Whether MySQL means `default` as SQL; else it is a bare string."""
    return "default_generated" in extra or NUMBER.match(type_) is not None or default.startswith(("b'", "0x"))


def _sequence(connection: Connection, name: str) -> str:
    """What MariaDB makes a sequence with, but for its name."""
    quoted = connection.dialect.identifier_preparer.quote_identifier(name)
    return str(connection.exec_driver_sql(f"SHOW CREATE SEQUENCE {quoted}").one()[1]).partition(quoted)[2]
