"""Hears what this process sends to a product's servers, so that a look at a schema reads no more than it must."""

from __future__ import annotations

import re
import resource
import sys
from abc import ABC, abstractmethod
from collections import deque
from itertools import count

KEPT = 200
LONGEST = 20_000


class Ear(ABC):
    """Hears every statement of the drivers that it knows, whoever sends it."""

    harmless: re.Pattern[str]
    """What changes no schema."""
    unheard: tuple[str, ...]
    """Drivers of the product that it does not know."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._said: deque[tuple[int, str | None]] = deque(maxlen=KEPT)
        self._children = 0

    @abstractmethod
    def attend(self) -> bool:
        """Hear from now on who was not heard yet; whether all is heard that is said through drivers it knows."""

    def since(self, number: int) -> tuple[int, list[str | None]] | None:
        """The number of the last statement that may have changed a schema, and those after `number`.

        Nothing, where not all is heard that this process says; a None among them may be any statement.
        """
        if not self.attend() or any(name in sys.modules for name in self.unheard):
            return None
        # What a program did that this process started was not heard.
        children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt
        if children != self._children:
            self._children = children
            self.note(None)
        said = list(self._said)
        last = said[-1][0] if said else 0
        new = [text for at, text in said if at > number]
        return last, new if len(new) == last - number else [None]

    def hear(self, sql: str | bytes | bytearray | None) -> list[str | None]:
        """Remember a statement, if it may have changed a schema; what was noted of it."""
        noted: str | None = sql if isinstance(sql, str) or sql is None else sql.decode(errors="replace")
        if noted is not None:
            end = noted.find(";")
            if end >= 0 and noted[end + 1 :].strip():
                noted = None
            elif self.harmless.match(noted):
                return []
            elif len(noted) > LONGEST or "\ufffd" in noted:
                noted = None
        self.note(noted)
        return [noted]

    def note(self, text: str | None) -> None:
        """Remember what may have changed a schema."""
        self._said.append((next(self._numbers), text))
