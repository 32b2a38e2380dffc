"""Reads a schema again and again by way of a digest that is quicker to have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask_lab.backends.catalogue import Schema

KEPT = 4


@dataclass(slots=True)
class ByDigest:
    """Reads all, but only where the digest is new."""

    read: Callable[[], Schema]
    digest: Callable[[], str]
    known: dict[str, Schema] = field(default_factory=dict)
    """Those read lately, by their digests: a way back comes to one that is known."""

    def __call__(self) -> Schema:
        mark = self.digest()
        if mark not in self.known:
            while len(self.known) >= KEPT:
                del self.known[next(iter(self.known))]
            self.known[mark] = self.read()
        return self.known[mark]
