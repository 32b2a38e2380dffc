"""PostgreSQL's catalogue: all schemas but the system's, without what an extension brought along."""

from __future__ import annotations

from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import text

from flask_lab.backends.catalogue.postgres_sql import HAS_RARE, RARE, SCHEMAS, USUAL, rows
from flask_lab.backends.catalogue.postgres_sql import digest as digest_of
from flask_lab.backends.catalogue.references import read_references
from flask_lab.backends.catalogue.rows import gather
from flask_lab.backends.catalogue.sqltext import Reader, Token, source, split, tokens, unwrapped

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import Connection

    from flask_lab.backends.catalogue import Name, Schema
    from flask_lab.backends.catalogue.rows import Attributes

READ = text(rows(USUAL + RARE))
READ_REST = text(rows((SCHEMAS, *RARE)))
USUAL_HASH, RARE_HASH = text(digest_of(USUAL, HAS_RARE)), text(digest_of(RARE, "NULL"))


def read(connection: Connection, ignore: Collection[str]) -> Schema:
    """All parts, with the definitions of keys and indexes cut into attributes."""
    with aside(connection):
        found = connection.execute(READ, {"ignored": list(ignore)}).all()
    return cut(gather(map(tuple, found)))


def read_rest(connection: Connection, ignore: Collection[str]) -> dict[Name, Attributes]:
    """All that is no usual part of a table."""
    with aside(connection):
        found = connection.execute(READ_REST, {"ignored": list(ignore)}).all()
    return cut(gather(map(tuple, found)))


def digest(connection: Connection, ignore: Collection[str]) -> str:
    """A hash of the same rows, made by the server."""
    ignored = {"ignored": list(ignore)}
    with aside(connection):
        usual, has_rare = connection.execute(USUAL_HASH, ignored).one()
        rare = connection.execute(RARE_HASH, ignored).scalar() if has_rare else ""
    return f"{usual}{rare}"


@contextmanager
def aside(connection: Connection) -> Iterator[None]:
    """In a savepoint, if there is a transaction: reading a view's definition locks its tables to the end of it."""
    if not connection.in_transaction() or getattr(connection.connection, "autocommit", False):
        yield
        return
    savepoint = connection.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()


def _key(definition: str) -> Attributes:
    """A primary key or unique constraint: `UNIQUE NULLS NOT DISTINCT (a) INCLUDE (b) DEFERRABLE`."""
    reader = Reader(_tokens(definition))
    words = source(reader.until_group(), definition)
    return {
        "columns": _items(reader.group(), definition),
        "include": _items(reader.group(), definition) if reader.accept("INCLUDE") else (),
        "nulls distinct": "NULLS NOT DISTINCT" not in words,
        "options": source(reader.rest(), definition),
    }


def _foreign_key(definition: str) -> Attributes:
    reader = Reader(_tokens(definition))
    reader.until_group()
    columns = _items(reader.group(), definition)
    reader.accept("REFERENCES")
    return {"columns": columns} | read_references(reader) | {"options": source(reader.rest(), definition)}


def _check(definition: str) -> Attributes:
    reader = Reader(_tokens(definition))
    reader.until_group()
    condition = source(unwrapped(reader.group()), definition)
    return {"condition": condition, "options": source(reader.rest(), definition)}


def _index(definition: str) -> Attributes:
    """`CREATE UNIQUE INDEX i ON ONLY t USING btree (lower(a) DESC) INCLUDE (b) WITH (…) WHERE (c > 0)`."""
    reader = Reader(_tokens(definition))
    unique = reader.items[1].is_word("UNIQUE")
    reader.until("USING")
    reader.take()
    method = reader.take().text
    columns = _items(reader.group(), definition)
    include = _items(reader.group(), definition) if reader.accept("INCLUDE") else ()
    options = source(reader.until("WHERE"), definition)
    where = source(unwrapped(reader.rest()[1:]), definition) if reader else None
    return {
        "unique": unique,
        "method": method,
        "columns": columns,
        "include": include,
        "options": options,
        "where": where,
    }


def cut(parts: dict[Name, Attributes]) -> dict[Name, Attributes]:
    """The parts, with the definitions of keys and indexes cut into attributes."""
    return {name: _cut(name.kind, attributes) for name, attributes in parts.items()}


def _cut(kind: str, attributes: Attributes) -> Attributes:
    if kind not in CUTS:
        return attributes
    return attributes | _cut_definition(kind, str(attributes.pop("definition")))


@lru_cache(maxsize=20_000)
def _cut_definition(kind: str, definition: str) -> Attributes:
    return CUTS[kind](definition)


def _tokens(definition: str) -> tuple[Token, ...]:
    return tokens(definition, brackets_quote=False)


def _items(inside: tuple[Token, ...], definition: str) -> tuple[str, ...]:
    """Columns by their names, and expressions as they are written."""
    return tuple(
        part[0].text if len(part) == 1 else source(part, definition) for part in split(inside) if part
    )


CUTS = {
    "primary key": _key,
    "unique": _key,
    "foreign key": _foreign_key,
    "check": _check,
    "index": _index,
}
