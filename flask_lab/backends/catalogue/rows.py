"""How the servers' catalogues are asked, and schemas made out of the answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask_lab.backends.catalogue import Name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flask_lab.backends.catalogue import Value

Row = tuple[str, str, str, str]
"""Kind, table, name, and attributes as JSON."""
Attributes = dict[str, "Value"]


@dataclass(frozen=True, slots=True)
class Select:
    """One kind of part, as SQL expressions over `source`, which begins with FROM."""

    kind: str
    table: str
    name: str
    attributes: Mapping[str, str]
    source: str
    place: str = "0"
    """The number of a key's column, whose rows add up to one key."""

    def object(self, function: str) -> str:
        """The attributes with their names, by the server's function that makes a JSON object."""
        pairs = ", ".join(f"'{name}', {value}" for name, value in self.attributes.items())
        return f"{function}({pairs})"


def gather(rows: Iterable[Row]) -> dict[Name, Attributes]:
    """One entry for each name: rows of the same name add to each other, and their lists to each other."""
    found: dict[Name, Attributes] = {}
    for kind, table, name, attributes in rows:
        known = found.setdefault(Name(kind, table, name), {})
        for key, value in json.loads(attributes).items():
            if isinstance(value, list):
                begun = known.get(key)
                known[key] = (*(begun if isinstance(begun, tuple) else ()), *value)
            else:
                known[key] = value
    return found
