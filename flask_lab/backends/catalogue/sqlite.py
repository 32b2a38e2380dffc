"""SQLite's catalogue is the text of each CREATE, edited by each ALTER; the PRAGMAs are made from it and tell less."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from flask_lab.backends.catalogue import Name
from flask_lab.backends.catalogue.references import read_references
from flask_lab.backends.catalogue.sqltext import (
    Reader,
    Token,
    canonical,
    split,
    tokens,
    unwrapped,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sqlalchemy import Connection

    from flask_lab.backends.catalogue import Schema, Value

QUERY = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL"
CONSTRAINTS = ("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN")
COLUMN_CONSTRAINTS = (
    "CONSTRAINT",
    "PRIMARY",
    "NOT",
    "NULL",
    "UNIQUE",
    "CHECK",
    "DEFAULT",
    "COLLATE",
    "REFERENCES",
    "GENERATED",
    "AS",
)
BINARY = "BINARY"
KEY_END = re.compile(r"( COLLATE \w+)?( DESC)?$")

Part = tuple[Name, "dict[str, Value]"]


class Row(NamedTuple):
    """An object as sqlite_schema lists it."""

    type: str
    name: str
    table: str
    sql: str


def read(connection: Connection, ignore: Collection[str]) -> Schema:
    """All that the main database holds; its texts are parsed once in a process."""
    rows = _rows(connection, ignore)
    schema: dict[Name, dict[str, Value]] = {}
    for row in rows:
        schema.update(_parts(row))
    for name in (name for row in rows for name in _implicit(row)):
        # Its target is the other table's primary key.
        key = schema.get(Name("primary key", str(schema[name]["table"]), ""), {})
        schema[name] = schema[name] | {"target": key.get("columns", ())}
    return schema


def digest(connection: Connection, ignore: Collection[str]) -> str:
    """A hash of what the texts say, whatever the order in which they say it."""
    return blake2b("".join(sorted(map(_hash, _rows(connection, ignore)))).encode()).hexdigest()


def _rows(connection: Connection, ignore: Collection[str]) -> list[Row]:
    # Asked of the driver itself: a walk reads all of this at each step.
    cursor = connection.connection.cursor()
    cursor.execute(QUERY)
    found = cursor.fetchall()
    cursor.close()
    return [
        row for row in map(Row._make, found) if row.table not in ignore and not row.name.startswith("sqlite_")
    ]


@lru_cache(maxsize=20_000)
def _hash(row: Row) -> str:
    return blake2b(repr(sorted(map(repr, _parts(row)))).encode(), digest_size=16).hexdigest()


@lru_cache(maxsize=20_000)
def _implicit(row: Row) -> tuple[Name, ...]:
    """The foreign keys that do not say which columns they point at."""
    return tuple(name for name, each in _parts(row) if name.kind == "foreign key" and not each["target"])


@lru_cache(maxsize=20_000)
def _parts(row: Row) -> tuple[Part, ...]:
    try:
        return tuple(_read(row, tokens(row.sql)))
    except ValueError:
        # SQLite takes more than its grammar says; such a text is compared as it stands.
        table = row.table if row.type in {"index", "trigger"} else ""
        return ((Name(row.type, table, row.name), {"definition": row.sql}),)


def _read(row: Row, items: Sequence[Token]) -> Iterator[Part]:
    if row.type == "index":
        yield _index(row, items)
    elif row.type == "trigger":
        yield Name("trigger", row.table, row.name), _statement(row, items)
    elif row.type == "view":
        yield Name("view", "", row.name), _statement(row, items)
    elif items[1].is_word("VIRTUAL"):
        yield Name("virtual table", "", row.name), _statement(row, items)
    else:
        yield from _table(row.name, items)


def _statement(row: Row, items: Sequence[Token]) -> dict[str, Value]:
    """All of a view, trigger or virtual table that follows its name."""
    reader = Reader(items)
    while reader and reader.path()[-1].lower() != row.name.lower():
        pass
    columns = canonical(reader.group()) if reader.sees_group() else None
    reader.accept("AS")
    return {"definition": canonical(reader.rest()), "columns": columns}


def _index(row: Row, items: Sequence[Token]) -> Part:
    reader = Reader(items)
    reader.until("ON")
    reader.take()
    reader.path()
    keys = tuple(map(_key, split(reader.group())))
    where = canonical(unwrapped(reader.rest())) if reader.accept("WHERE") else None
    unique = items[1].is_word("UNIQUE")
    return Name("index", row.table, row.name), {"unique": unique, "columns": keys, "where": where}


def _key(items: Sequence[Token]) -> str:
    """A column or expression of an index or key."""
    reader = Reader(items)
    spelt = [_column_or_expression(reader.until("COLLATE", "ASC", "DESC"))]
    while reader:
        if reader.accept("COLLATE"):
            spelt.append(f"COLLATE {reader.take().text.upper()}")
        elif not reader.accept("ASC"):
            spelt.append(reader.take().text.upper())
    return " ".join(spelt)


def _column_or_expression(items: Sequence[Token]) -> str:
    items = unwrapped(items)
    return items[0].name if len(items) == 1 else canonical(items)


def _table(table: str, items: Sequence[Token]) -> Iterator[Part]:
    body = Reader(items)
    body.until_group()
    clauses = body.group()
    options = canonical(body.rest()).upper()
    yield Name("table", "", table), {"strict": "STRICT" in options, "rowid": "WITHOUT ROWID" not in options}
    keys: list[Part] = []
    columns: dict[str, dict[str, Value]] = {}
    for clause in split(clauses):
        reader = Reader(clause)
        if reader.sees_any(CONSTRAINTS):
            keys.extend(_constraints(table, reader))
        else:
            name = reader.take().name
            columns[name], found = _column(table, name, reader)
            keys.extend(found)
    for key, attributes in keys:
        if key.kind == "primary key":
            _mark_key(columns, attributes, has_rowid="WITHOUT ROWID" not in options)
    for name, attributes in columns.items():
        yield Name("column", table, name), attributes
    yield from keys


def _mark_key(columns: dict[str, dict[str, Value]], key: dict[str, Value], *, has_rowid: bool) -> None:
    """Columns of a primary key that are never NULL, though nothing says so."""
    names = key["columns"] if isinstance(key["columns"], tuple) else ()
    folded = {name.lower(): column for name, column in columns.items()}
    members = [column for name in names if (column := folded.get(KEY_END.sub("", name).lower()))]
    is_rowid = len(names) == 1 and members and members[0]["type"] == "INTEGER" and " " not in names[0]
    for column in members:
        if not has_rowid or is_rowid:
            column["nullable"] = False


def _column(table: str, name: str, reader: Reader) -> tuple[dict[str, Value], list[Part]]:
    attributes: dict[str, Value] = {
        "type": canonical(reader.until(*COLUMN_CONSTRAINTS)).upper(),
        "nullable": True,
        "default": None,
        "collation": BINARY,
        "generated": None,
    }
    keys: list[Part] = []
    while reader:
        given = reader.take().name if reader.accept("CONSTRAINT") else ""
        if reader.accept("NOT", "NULL"):
            attributes["nullable"] = False
            attributes |= _conflict(reader)
        elif reader.accept("NULL"):
            _conflict(reader)
        elif reader.accept("DEFAULT"):
            attributes["default"] = _default(reader)
        elif reader.accept("COLLATE"):
            attributes["collation"] = reader.take().text.upper()
        elif reader.accept("GENERATED", "ALWAYS", "AS") or reader.accept("AS"):
            attributes["generated"] = canonical(unwrapped(reader.group()))
            attributes["stored"] = reader.accept("STORED")
            reader.accept("VIRTUAL")
        else:
            keys.append(_constraint(table, given, reader, (name,)))
    return attributes, keys


def _default(reader: Reader) -> str:
    sign = reader.take()
    items = [sign, reader.take()] if sign.text in {"+", "-"} else [sign]
    # Double quotes around what can be no name make a string.
    items = [Token("string", _string(each.text)) if each.kind == "name" else each for each in items]
    return canonical(unwrapped(items)).replace("- ", "-")


def _string(value: str) -> str:
    quoted = value.replace("'", "''")
    return f"'{quoted}'"


def _constraints(table: str, reader: Reader) -> Iterator[Part]:
    # SQLite wants no comma between them.
    while reader:
        given = reader.take().name if reader.accept("CONSTRAINT") else ""
        yield _constraint(table, given, reader, ())


def _constraint(table: str, given: str, reader: Reader, columns: tuple[str, ...]) -> Part:
    """A constraint of a table, or of the column that is named."""
    if reader.accept("CHECK"):
        condition = canonical(unwrapped(reader.group()))
        return Name("check", table, given or f"({condition})"), {"condition": condition} | _conflict(reader)
    if reader.accept("REFERENCES"):
        return _foreign_key(table, given, reader, columns)
    if reader.accept("FOREIGN", "KEY"):
        columns = tuple(part[0].name for part in split(reader.group()))
        reader.accept("REFERENCES")
        return _foreign_key(table, given, reader, columns)
    if not reader.accept("PRIMARY", "KEY"):
        if not reader.accept("UNIQUE"):
            raise ValueError(f"'{reader.take().text}' begins no constraint")
        columns = columns or tuple(map(_key, split(reader.group())))
        name = given or f"({', '.join(columns)})"
        return Name("unique", table, name), {"columns": columns} | _conflict(reader)
    return _primary_key(table, given, reader, columns)


def _primary_key(table: str, given: str, reader: Reader, columns: tuple[str, ...]) -> Part:
    # At the end of the brackets AUTOINCREMENT is allowed as well.
    inside: tuple[Token, ...] = () if columns else reader.group()
    counted = bool(inside) and inside[-1].is_word("AUTOINCREMENT")
    columns = columns or tuple(map(_key, split(inside[:-1] if counted else inside)))
    if reader.accept("DESC"):
        columns = tuple(f"{column} DESC" for column in columns)
    reader.accept("ASC")
    conflict = _conflict(reader)
    counted = reader.accept("AUTOINCREMENT") or counted
    attributes: dict[str, Value] = {"columns": columns, "name": given or None, "autoincrement": counted}
    return Name("primary key", table, ""), attributes | conflict


def _foreign_key(table: str, given: str, reader: Reader, columns: tuple[str, ...]) -> Part:
    attributes = {"columns": columns} | read_references(reader)
    return Name("foreign key", table, given or f"({', '.join(columns)}) to {attributes['table']}"), attributes


def _conflict(reader: Reader) -> dict[str, Value]:
    return {"on conflict": reader.take().text.upper()} if reader.accept("ON", "CONFLICT") else {}
