"""What a database's schema is, and how two differ; how each product tells is its catalogue's business."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile

from sqlalchemy import Connection

from flask_lab.backends import PRODUCTS, Product
from flask_lab.backends.catalogue import Name, Schema, Value

__all__ = ["Difference", "Name", "Schema", "SchemaReader", "Value", "differences", "digest", "read_schema"]

# What takes all that belongs to it along when it comes or goes.
WHOLES = ("table", "system versioned", "view", "materialized view", "composite type", "domain")
SHOWN = 90
QUOTED = re.compile(r"'(?:[^']|'')*'")


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which a schema is another than it was; without an attribute, a whole part came or went."""

    name: Name
    attribute: str | None
    before: object
    after: object

    def __str__(self) -> str:
        if self.attribute is None:
            return f"{self.name} is {'left' if self.before is None else 'gone'}"
        if listed := _parting(_word(self.before), _word(self.after)):
            return f"{self.name}: {self.attribute} has {listed}"
        before, after = _shown(self.before, self.after)
        return f"{self.name}: {self.attribute} is {after}, was {before}"


def read_schema(connection: Connection, ignore: Collection[str] = ()) -> Schema:
    """Everything that the connection sees, uncommitted changes included, but for the tables to ignore."""
    with _untouched(connection):
        return _product(connection).schema(connection, ignore)


class SchemaReader:
    """Reads the schema that one connection sees again and again, and each time no more than it must.

    What is as it was is the same object as before; nobody may change it.
    """

    def __init__(self, connection: Connection, ignore: Collection[str] = ()) -> None:
        self._connection = connection
        self._read = _product(connection).schema_reader(connection, ignore)

    def read(self) -> Schema:
        """The schema of now, uncommitted changes included."""
        with _untouched(self._connection):
            return self._read()


def digest(connection: Connection, ignore: Collection[str] = ()) -> str:
    """Equal for equal schemas only; unequal ones may be equal still, which `read_schema` tells."""
    with _untouched(connection):
        return _product(connection).schema_digest(connection, ignore)


def differences(before: Schema, after: Schema) -> list[Difference]:
    """Every difference, ordered by what it is about; a table that came or went is one."""
    if before is after:
        return []
    # Nearly all is as it was, and most of it the very same object.
    changed = [name for name, each in after.items() if (old := before.get(name)) is not each and old != each]
    changed += [name for name in before if name not in after]
    return [
        difference
        for name in sorted(changed, key=_place)
        if not _came_along(name, before, after)
        for difference in _differences(name, before, after)
    ]


@contextmanager
def _untouched(connection: Connection) -> Iterator[None]:
    """Leave the connection in a transaction only if it was in one."""
    outside = not connection.in_transaction()
    try:
        yield
    finally:
        if outside:
            connection.rollback()


def _product(connection: Connection) -> Product:
    dialect = connection.dialect
    if getattr(dialect, "is_mariadb", False):
        return PRODUCTS["mariadb"]
    return next(product for product in PRODUCTS.values() if dialect.name in product.dialects)


def _place(name: Name) -> tuple[str, bool, str, str]:
    """Tables in their order, each followed by what belongs to it."""
    return name.table or name.name, bool(name.table), name.kind, name.name


def _came_along(name: Name, before: Schema, after: Schema) -> bool:
    """Whether all that `name` belongs to came or went."""
    wholes = [Name(kind, "", name.table) for kind in WHOLES] if name.table else []
    return any((whole in before) != (whole in after) for whole in wholes)


def _differences(name: Name, before: Schema, after: Schema) -> Iterator[Difference]:
    if name not in before or name not in after:
        yield Difference(name, None, before.get(name), after.get(name))
        return
    old, new = before[name], after[name]
    for attribute in dict.fromkeys((*old, *new)):
        if old.get(attribute) != new.get(attribute):
            yield Difference(name, attribute, old.get(attribute), new.get(attribute))


def _shown(before: object, after: object) -> tuple[str, str]:
    """Both in words, long ones from about where they part."""
    old, new = _word(before), _word(after)
    if max(len(old), len(new)) <= SHOWN:
        return old, new
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False))
    start = max(0, sum(1 for _ in alike) - SHOWN // 3)
    return _cut(old, start), _cut(new, start)


def _parting(before: str, after: str) -> str:
    """How two long lists of quoted values differ, else empty."""
    old, new = QUOTED.findall(before), QUOTED.findall(after)
    around = [re.sub(r"[,\s]", "", QUOTED.sub("", text)) for text in (before, after)]
    if max(len(before), len(after)) <= SHOWN or not old or not new or around[0] != around[1]:
        return ""
    gone, more = [each for each in old if each not in new], [each for each in new if each not in old]
    if not gone and not more:
        return "its values in another order"
    parts = [("no more", gone), ("now", more)]
    return ", and ".join(f"{word} {', '.join(values)}" for word, values in parts if values)


def _cut(text: str, start: int) -> str:
    end = start + SHOWN
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")


def _word(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return " ".join(str(value).split()) or "empty"
