"""Which of the rows that were there when a step failed have to do with it, as far as the failure tells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

Values = Mapping[str, Any]
_NULLS = re.compile(r"null|nonetype|truncated", re.IGNORECASE)
_TWICE = re.compile(r"unique|duplicate", re.IGNORECASE)
SHORTEST = 3
"""A text with fewer characters is in a message by chance."""


def telling(rows: Sequence[Values], message: str) -> list[Values]:
    """The rows in the order in which they help to understand: those whose values the message has, then its kind."""
    names = set(re.findall(r"\w+", message))
    counts = Counter((name, repr(value)) for row in rows for name, value in row.items() if value is not None)

    def rank(row: Values) -> tuple[bool, bool, bool]:
        empty = [name for name, value in row.items() if value is None] if _NULLS.search(message) else []
        doubles = [pair for pair in row.items() if counts[pair[0], repr(pair[1])] > 1]
        is_meant = any(_is_in(value, message) for value in row.values()) or not names.isdisjoint(empty)
        is_double = any(name in names for name, _ in doubles) and _TWICE.search(message) is not None
        return not is_meant, not empty, not is_double

    return sorted(rows, key=rank)


def _is_in(value: Any, message: str) -> bool:
    return isinstance(value, str) and len(value) >= SHORTEST and value in message
