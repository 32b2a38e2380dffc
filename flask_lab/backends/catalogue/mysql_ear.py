"""Hears what this process sends to servers of MySQL and MariaDB, and tells what that may have changed."""

from __future__ import annotations

import re
import resource
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from itertools import count
from typing import Any

HEARD = ("pymysql.connections", "MySQLdb.connections")
"""Drivers whose connections send every statement by their method `query`."""
UNHEARD = ("aiomysql", "asyncmy", "cymysql", "mariadb", "mysql.connector", "pyodbc")
KEPT = 200
LONGEST = 20_000

_BEFORE = r"(?:\s|--[^\n]*\n|\#[^\n]*\n|/\*(?!M?!).*?\*/)*+"
# SET may change how a table is shown, or whether it is.
# MariaDB's SET STATEMENT and BEGIN NOT ATOMIC hold any other statement.
HARMLESS = re.compile(
    rf"""{_BEFORE}(?: (?: SELECT | INSERT | UPDATE | DELETE | REPLACE | WITH | SHOW | DESC(?:RIBE)? | EXPLAIN | COMMIT
    | ROLLBACK | SAVEPOINT | RELEASE | START\s+TRANSACTION | TRUNCATE | LOAD | DO | KILL )\b
    | BEGIN(?:\s+WORK)?[\s;]*\Z | SET\b(?!.*(?:mode|role|show|statement)) )""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
# What concerns the tables that it names, and nothing else.
OF_TABLES = re.compile(
    rf"""{_BEFORE}(?: ALTER\s+TABLE | CREATE\s+(?:(?:UNIQUE|FULLTEXT|SPATIAL)\s+)?INDEX | DROP\s+INDEX
    | (?P<makes> CREATE(?:\s+OR\s+REPLACE)?\s+TABLE) | (?P<drops> DROP\s+TABLE) | RENAME\s+TABLES? )\b""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
# Without capitals, which some servers take away.
MADE = re.compile(
    rf"{_BEFORE}(?i:CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?)(?:`([^`A-Z]+)`|([a-z0-9_$]+))\s*\(", re.DOTALL
)
# By which tables come that are not named where a table is made.
RENAMES = frozenset({"rename", "convert", "exchange"})
WORD = re.compile(r"[\w$]+")
QUOTES = re.compile('[`"]')


@dataclass(frozen=True, slots=True)
class Change:
    """What some statements name; in strings and comments, too, so that no name is ever missed."""

    text: str
    words: frozenset[str]
    made: frozenset[str]
    """The tables that were made, as far as that is certain."""
    lists: bool
    """Whether others may have come."""
    moves: bool
    """Whether tables may have come, gone or got other names, or columns that keys of others point to have."""

    def names(self, name: str) -> bool:
        """Whether a table of this name may be meant."""
        bare = _bare(name)
        return bare in self.words if WORD.fullmatch(bare) else bare in self.text


class Ear:
    """Hears every statement of the drivers that it knows, whoever sends it, from the first question on."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._said: deque[tuple[int, str | None]] = deque(maxlen=KEPT)
        self._ours: list[object] = []
        self._children = 0

    def since(self, number: int) -> tuple[int, list[str | None]] | None:
        """The number of the last statement that may have changed a schema, and those after `number`.

        Nothing, where not all is heard that this process says; a None among them may be any statement.
        """
        for name in HEARD:
            if (module := sys.modules.get(name)) and module.Connection.query not in self._ours:
                module.Connection.query = self._heard(module.Connection.query)
                self._ours.append(module.Connection.query)
                self._note(None)
        # What a program did that this process started was not heard.
        children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt
        if children != self._children:
            self._children = children
            self._note(None)
        if any(name in sys.modules for name in UNHEARD):
            return None
        said = list(self._said)
        last = said[-1][0] if said else 0
        new = [text for at, text in said if at > number]
        return last, new if len(new) == last - number else [None]

    def hear(self, sql: str | bytes | bytearray) -> None:
        """Remember a statement that may have changed a schema."""
        text = sql if isinstance(sql, str) else sql.decode(errors="replace")
        end = text.find(";")
        if end >= 0 and text[end + 1 :].strip():
            self._note(None)
        elif not HARMLESS.match(text):
            self._note(text if len(text) <= LONGEST and "\ufffd" not in text else None)

    def _note(self, text: str | None) -> None:
        self._said.append((next(self._numbers), text))

    def _heard(self, query: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(query)
        def heard(connection: Any, sql: Any, *args: Any, **options: Any) -> Any:
            try:
                return query(connection, sql, *args, **options)
            finally:
                # Not before: what is looked at meanwhile may still be as it was.
                self.hear(sql)

        return heard


EAR = Ear()


def change_by(said: list[str | None]) -> Change | None:
    """What these statements may have changed, or None where that can be anything."""
    texts = [text for text in said if text is not None]
    kinds = [OF_TABLES.match(text) for text in texts]
    if len(texts) < len(said) or not all(kinds) or any("/*!" in text or "/*M!" in text for text in texts):
        return None
    text = _bare("\n".join(texts))
    words = frozenset(WORD.findall(text))
    makes = [MADE.match(text) for text, kind in zip(texts, kinds, strict=True) if kind and kind["makes"]]
    lists = not all(makes) or bool(words & RENAMES)
    moves = lists or bool(makes) or "change" in words or any(kind["drops"] for kind in kinds if kind)
    made = frozenset(found[1] or found[2] for found in makes if found)
    return Change(text, words, made, lists, moves)


def _bare(text: str) -> str:
    """Without quotes, which are doubled within names, and without capitals, as some servers keep them."""
    return QUOTES.sub("", text).lower()
