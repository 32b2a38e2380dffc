"""What statements of MySQL and MariaDB may have changed, and who hears them."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask_lab.backends.catalogue.ear import Ear

HEARD = ("pymysql.connections", "MySQLdb.connections")
"""Drivers whose connections send every statement by their method `query`."""
UNHEARD = ("aiomysql", "asyncmy", "cymysql", "mariadb", "mysql.connector", "pyodbc")

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


class MySQLEar(Ear):
    """Hears whoever speaks to MySQL or MariaDB, from the first question on."""

    harmless = HARMLESS
    unheard = UNHEARD

    def __init__(self) -> None:
        super().__init__()
        self._ours: list[object] = []

    def attend(self) -> bool:
        for name in HEARD:
            if (module := sys.modules.get(name)) and module.Connection.query not in self._ours:
                module.Connection.query = self._heard(module.Connection.query)
                self._ours.append(module.Connection.query)
                self.note(None)
        return True

    def _heard(self, query: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(query)
        def heard(connection: Any, sql: Any, *args: Any, **options: Any) -> Any:
            try:
                return query(connection, sql, *args, **options)
            finally:
                # Not before: what is looked at meanwhile may still be as it was.
                self.hear(sql)

        return heard


EAR = MySQLEar()


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
