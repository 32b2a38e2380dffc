"""The face that every product's way of watching shows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that a session has on a table, or waits for; without a table it is on the whole file."""

    table: str
    mode: str
    is_granted: bool = True


@dataclass(frozen=True, slots=True)
class RowLocks:
    """The rows that a session has locked."""

    rows: int = 0
    modes: frozenset[tuple[str, str]] = frozenset()
    """Tables, and in which ways rows of theirs are locked; nothing where the server does not tell, or of too many."""


class Watching(ABC):
    """How a product is looked at, from another session than the one that migrates."""

    modes: Sequence[str] = ()
    """The locks on tables that there are, the weakest first."""
    clauses: Sequence[str] = ()
    """What an ALTER TABLE may ask for, the cheapest first; the server refuses what it cannot do so."""
    patience: float = 0.0
    """Seconds to wait before what could not lock anything is tried again; 0 where the server makes it wait."""

    @abstractmethod
    def session(self, connection: Connection) -> int:
        """The number by which `locks` knows a connection."""

    @abstractmethod
    def locks(self, connection: Connection, session: int) -> list[Lock]:
        """What a session holds and waits for at present."""

    log = ""
    """What `written` counts, in words."""
    own_locks = ""
    """The statement by which a session sees its own locks, where they stay: as rows of `locks`."""

    def blind(self, connection: Connection) -> str:
        """Why `locks` would see nothing on this server, else empty."""
        return ""

    @abstractmethod
    def storage(self, connection: Connection) -> Mapping[str, object]:
        """By table, what is another when the table has been written anew."""

    @abstractmethod
    def written(self, connection: Connection) -> int:
        """How many bytes have been written to the log, or into the file where there is none."""

    def row_locks(self, connection: Connection, session: int) -> RowLocks:
        """The rows that a session has locked at present, where the server tells."""
        return RowLocks()

    def strongest(self, modes: Iterable[str]) -> str:
        """The strongest of some locks; one that is not known is weaker than all others."""
        order = list(self.modes)
        return max(modes, key=lambda mode: order.index(mode) if mode in order else -1)

    def prepare(self, connection: Connection, rows: int) -> None:
        """Make ready for `rows` rows in one statement."""
        return

    @abstractmethod
    def numbers(self, rows: int) -> sa.FromClause:
        """What has the numbers from 1 to `rows` in its column `n`."""

    @abstractmethod
    def settle(self, connection: Connection, tables: Collection[str]) -> None:
        """After many rows: do now what the server would else begin by itself in the middle of a measurement."""


def counted(rows: int) -> sa.FromClause:
    """The numbers from 1 to `rows`, by recursion."""
    first = sa.select(sa.literal_column("1").label("n")).cte("lab_numbers", recursive=True)
    return first.union_all(sa.select(first.c.n + 1).where(first.c.n < sa.literal_column(str(rows))))
