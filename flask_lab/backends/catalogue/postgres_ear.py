"""What statements of PostgreSQL may have changed, and who hears them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask_lab.backends.catalogue.ear import Ear

# Not COMMIT, which lets be seen what was said before; DO, CALL, EXECUTE and SET may do anything. SELECT INTO makes a
# table, and set_config() is a SET.
HARMLESS = re.compile(
    r"""\s*(?: (?:SELECT|WITH)(?!.*\b(?:INTO|set_config)\b) | INSERT | UPDATE | DELETE | MERGE | VALUES | TRUNCATE
    | COPY | SHOW | LOCK | FETCH | CLOSE
    | BEGIN | START | SAVEPOINT | RELEASE | ROLLBACK | LISTEN | NOTIFY | ANALYZE )\b""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
# Without capitals beyond ASCII, which some servers leave as they are.
_NAME = r'(?:"(?P<quoted_{0}>[^".]+)"|(?P<plain_{0}>[a-zA-Z_][a-zA-Z0-9_$]*))'
LONGEST_NAME = 63
"""Bytes; of a longer one the server takes only the beginning."""
_TABLE, _INDEX = _NAME.format("table"), _NAME.format("index")
# What concerns the one table that it names, and nothing else.
OF_TABLE = re.compile(
    rf"""\s*(?: ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?{_TABLE}\s+(?:ADD|DROP|ALTER)\b.*
    | CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?{_TABLE.replace("table", "made")}\s*\(.*
    | DROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?{_TABLE.replace("table", "dropped")}
    | CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?:CONCURRENTLY\s+)?(?:IF\s+NOT\s+EXISTS\s+)?
        (?:{_NAME.format("new")}\s+)?ON\s+(?:ONLY\s+)?{_TABLE.replace("table", "indexed")}\s*(?:USING\b|\().*
    | DROP\s+INDEX\s+(?:CONCURRENTLY\s+)?(?:IF\s+EXISTS\s+)?{_INDEX} )\s*;?\s*\Z""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
# Under these others change along, or what is told with them; CASCADE stands in foreign keys, too.
FAR = re.compile(
    r"""\b(?: RENAME | SCHEMA | INHERITS? | PARTITION | OF | LIKE | VALID | TRIGGER | RULE
    | (?<!\bDELETE\ )(?<!\bUPDATE\ )CASCADE )\b""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Change:
    """What some statements concern: these tables and those that have these indexes, all with what they own."""

    tables: frozenset[str]
    indexes: frozenset[str]


def change_by(said: list[str | None]) -> Change | None:
    """What these statements may have changed, or None where that can be anything."""
    tables: set[str] = set()
    indexes: set[str] = set()
    for text in said:
        found = OF_TABLE.match(text) if text is not None and not FAR.search(text) else None
        if found is None:
            return None
        for group, name in found.groupdict().items():
            kind, _, of = group.partition("_")
            if name is None or of == "new":
                continue
            if len(name.encode()) > LONGEST_NAME:
                return None
            (indexes if of == "index" else tables).add(name if kind == "quoted" else name.lower())
    return Change(frozenset(tables), frozenset(indexes))


class PostgresEar(Ear):
    """Hears whoever speaks through connections of psycopg2 that were made when it did so already."""

    harmless = HARMLESS
    unheard = ("asyncpg", "pg8000", "psycopg", "psycopg2cffi")

    def __init__(self) -> None:
        super().__init__()
        self.is_deaf = False
        """Whether something is said that it cannot hear."""

    def attend(self) -> bool:
        return not self.is_deaf


EAR = PostgresEar()
