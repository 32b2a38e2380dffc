"""What a database's schema is, read from its product's own catalogue: a module per product, one form for all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

Value = str | bool | int | tuple[str, ...] | None
Attributes = Mapping[str, Value]


# A tuple, for its quick hash: a walk looks names up by the million.
class Name(NamedTuple):
    """What a part of a schema goes by."""

    kind: str
    table: str
    """The table or view it belongs to, else empty."""
    name: str
    """Empty for a primary key. In brackets, what it is made of, where nobody gave it a name."""

    def __str__(self) -> str:
        if self.kind == "column":
            return f"column {self.table}.{self.name}"
        words = f"{self.kind} {self.name}".rstrip()
        return f"{words} on {self.table}" if self.table else words


Schema = Mapping[Name, Attributes]
"""All of a schema; an attribute that is None says no more than one that is missing."""
