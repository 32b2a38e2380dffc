"""Schemas out of rows (kind, table, name, JSON attributes), as the servers' catalogues are asked for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from flask_lab.backends.catalogue import Name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask_lab.backends.catalogue import Value

Row = tuple[str, str, str, str]
Parts = dict[Name, dict[str, "Value"]]


def gather(rows: Iterable[Row]) -> Parts:
    """One entry for each name; rows of the same name add to each other."""
    found: Parts = {}
    for kind, table, name, attributes in rows:
        values = {key: _value(value) for key, value in json.loads(attributes).items()}
        found.setdefault(Name(kind, table, name), {}).update(values)
    return found


def _value(value: Value | list[str]) -> Value:
    return tuple(value) if isinstance(value, list) else value
