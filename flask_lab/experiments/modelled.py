"""What the models make by themselves on a server, beside what the tree has made of another database there.

Two schemas from one catalogue tell what autogenerate cannot: whether a difference is only one of spelling, and what
differs in parts that it passes over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, MetaData
from sqlalchemy.exc import SQLAlchemyError

from flask_lab.backends.catalogue import Attributes
from flask_lab.schema import Name, Schema, read_schema

# What autogenerate calls a difference, and which attribute of a column that is.
ATTRIBUTES = {
    "modify_type": "type",
    "modify_nullable": "nullable",
    "modify_default": "default",
    "modify_comment": "comment",
}


@dataclass(frozen=True, slots=True)
class Modelled:
    """Two schemas of one server."""

    models: Schema
    database: Schema

    def is_alike(self, kind: str, table: str, column: str) -> bool:
        """Whether a column is in this the same in both, although autogenerate finds it another."""
        found = self._both(kind, table, column)
        return found is not None and found[0] == found[1]

    def values(self, kind: str, table: str, column: str) -> tuple[object, object] | None:
        """What the models say, and the database, as the server writes it; None where it does not tell them apart."""
        found = self._both(kind, table, column)
        return found if found is not None and found[0] != found[1] else None

    def passed_over(self, *, types: bool) -> Iterator[str]:
        """What differs in enumerations' values, if `types` are asked about, in indexes' conditions and in CHECKs."""
        for name, part in self.models.items():
            there = self.database.get(name)
            if name.kind == "enumeration" and types and there is not None:
                yield from _told(name, "values", part, there)
            elif name.kind == "index" and there is not None:
                yield from _told(name, "where", part, there)
            elif name.kind == "check" and Name("table", "", name.table) in self.database:
                conditions = {each.get("condition") for each in self._checks(name.table)}
                if part.get("condition") not in conditions:
                    yield f"{name}: the models have {part.get('condition')}, the database has no such check"

    def _checks(self, table: str) -> Iterator[Attributes]:
        return (part for name, part in self.database.items() if (name.kind, name.table) == ("check", table))

    def _both(self, kind: str, table: str, column: str) -> tuple[object, object] | None:
        name = Name("column", table, column)
        if kind not in ATTRIBUTES or name not in self.models or name not in self.database:
            return None
        return self.models[name].get(ATTRIBUTES[kind]), self.database[name].get(ATTRIBUTES[kind])


def make(engine: Engine, targets: Iterable[MetaData], database: Schema) -> Modelled | None:
    """Let the models make all their tables where `engine` leads, which is empty; None where the server refuses them."""
    try:
        with engine.begin() as connection:
            for each in targets:
                each.create_all(connection)
        with engine.connect() as connection:
            return Modelled(read_schema(connection), database)
    except SQLAlchemyError:
        return None


def _told(name: Name, attribute: str, models: Any, database: Any) -> Iterator[str]:
    said = [_words(each.get(attribute)) for each in (models, database)]
    if said[0] != said[1]:
        yield f"{name}: the models say {attribute} {said[0]}, the database says {attribute} {said[1]}"


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value or "nothing")
