"""Which spellings of one product mean what another spells otherwise: the tables that `parity` believes.

Each row is one meaning and the patterns of its spellings per product, as each catalogue prints them. Two columns are of
the same type when some row fits both; a named group (`n`, `p`, `s`) has to be the same in both. A spelling that no row
knows means only itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

NEVER = r"(?!)"


@dataclass(frozen=True, slots=True)
class Same:
    """One meaning, and how each product spells it; what a product has no spelling for, it cannot mean."""

    meaning: str
    sqlite: str = NEVER
    postgres: str = NEVER
    mysql: str = NEVER
    """MariaDB's too, but for `mariadb`."""
    mariadb: str = ""
    why: str = ""

    def of(self, product: str) -> str:
        """The pattern of a product's spellings."""
        return {
            "sqlite": self.sqlite,
            "postgres": self.postgres,
            "mysql": self.mysql,
            "mariadb": self.mariadb or self.mysql,
        }[product]


TYPES = (
    Same("boolean", "BOOLEAN|BOOL", "boolean", r"tinyint\(1\)|bit\(1\)", why="MySQL's BOOL is TINYINT(1)"),
    Same(
        "smallint",
        "SMALLINT|TINYINT|INTEGER",
        "smallint",
        r"(smallint|tinyint)(\((?!1\))\d+\))?",
        why="an INTEGER of SQLite takes whole numbers of any size",
    ),
    Same("integer", "INTEGER|INT|MEDIUMINT", "integer", r"(int|mediumint)(\(\d+\))?"),
    Same("bigint", "BIGINT|INTEGER", "bigint", r"bigint(\(\d+\))?"),
    Same("unsigned integer", "INTEGER", NEVER, r"(small|medium)?int(\(\d+\))? unsigned"),
    Same("unsigned bigint", "INTEGER|BIGINT", NEVER, r"bigint(\(\d+\))? unsigned"),
    Same(
        "number of {p} digits, {s} after the point",
        r"(NUMERIC|DECIMAL)\((?P<p>\d+), ?(?P<s>\d+)\)",
        r"numeric\((?P<p>\d+),(?P<s>\d+)\)",
        r"decimal\((?P<p>\d+),(?P<s>\d+)\)",
    ),
    Same(
        "number of {p} digits",
        r"(NUMERIC|DECIMAL)\((?P<p>\d+)\)",
        r"numeric\((?P<p>\d+),0\)",
        r"decimal\((?P<p>\d+),0\)",
    ),
    Same(
        "number of any digits",
        "NUMERIC|DECIMAL",
        "numeric",
        why="on MySQL and MariaDB a bare NUMERIC is DECIMAL(10,0), which rounds: no spelling there means this",
    ),
    Same(
        "floating point",
        r"(FLOAT|REAL|DOUBLE|DOUBLE PRECISION)(\(.*\))?",
        "double precision|real",
        r"(float|double)(\(.*\))?",
        why="sa.Float is so everywhere, though MySQL's FLOAT keeps 7 digits",
    ),
    Same(
        "text of {n} characters",
        r"N?(VARCHAR|CHARACTER VARYING)\((?P<n>\d+)\)",
        r"character varying\((?P<n>\d+)\)",
        r"varchar\((?P<n>\d+)\)",
    ),
    Same(
        "{n} characters",
        r"N?(CHAR|CHARACTER)\((?P<n>\d+)\)",
        r"character\((?P<n>\d+)\)",
        r"char\((?P<n>\d+)\)",
    ),
    Same(
        "text",
        "TEXT|VARCHAR|NVARCHAR|CLOB",
        "text|character varying",
        "(tiny|medium|long)?text",
        why="how much MySQL's kinds of TEXT hold is not compared",
    ),
    Same(
        "enumeration",
        r"VARCHAR(\(\d+\))?",
        r"enum\(.*\)",
        r"enum\(.*\)",
        why="SQLite has none: sa.Enum is a VARCHAR there; the values are compared where there are any",
    ),
    Same("JSON", "JSONB?", "jsonb?", "json", "json|longtext", "MariaDB's JSON is a LONGTEXT with a CHECK"),
    Same("list", "JSON", r".*\[\]", "json", "longtext", "an ARRAY of PostgreSQL is kept as JSON elsewhere"),
    Same(
        "date and time",
        "DATETIME|TIMESTAMP",
        r"timestamp(\(\d\))? with(out)? time zone",
        r"(datetime|timestamp)(\(\d\))?",
        why="only PostgreSQL keeps sa.DateTime(timezone=True) apart; fractions of a second are not compared",
    ),
    Same("date", "DATE", "date", "date"),
    Same("time", "TIME", r"time(\(\d\))? with(out)? time zone", r"time(\(\d\))?"),
    Same(
        "interval",
        "DATETIME",
        "interval",
        r"datetime(\(\d\))?",
        why="sa.Interval counts from 1970 where there is none",
    ),
    Same("bytes", r"BLOB|(VAR)?BINARY(\(\d+\))?", "bytea", r"(tiny|medium|long)?blob|(var)?binary\(\d+\)"),
    Same(
        "UUID",
        r"UUID|(VAR)?CHAR\(3[26]\)|BINARY\(16\)|BLOB",
        "uuid",
        r"uuid|(var)?char\(3[26]\)|binary\(16\)",
        why="sa.Uuid is CHAR(32) where there is none",
    ),
)

# What a default comes to, on its text without brackets, casts and capitals.
DEFAULTS = (
    Same(
        "the time of the insert",
        r"current_timestamp|datetime 'now'|strftime .*'now'.*",
        r"(now|current_timestamp|localtimestamp|transaction_timestamp|statement_timestamp|clock_timestamp)( \d)?",
        r"(now|current_timestamp|localtimestamp|utc_timestamp)( \d)?",
    ),
    Same("the day of the insert", "current_date|date 'now'", "current_date", "current_date|curdate"),
    Same("a random UUID", r".*randomblob.*", "gen_random_uuid|uuid_generate_v4|uuidv4", "uuid|uuid_v4"),
    Same("true", "1|true", "true", "1|true|b '1'"),
    Same("false", "0|false", "false", "0|false|b '0'"),
)

# What it says when a row goes, in the words of PostgreSQL: on InnoDB both refuse at once.
ACTIONS = {"RESTRICT": "NO ACTION"}

NUMBERS = re.compile("boolean|(small|big)?int(eger)?|number.*|floating point")
BY_TYPE = re.compile("boolean|enumeration")


@lru_cache(maxsize=4096)
def meanings(product: str, spelling: str) -> frozenset[str]:
    """All that a type of a product may mean."""
    return frozenset(_meanings(TYPES, product, spelling)) or frozenset({spelling.lower()})


def meaning_of_default(product: str, spelling: str) -> str | None:
    """What a default is where products spell it differently, else None."""
    return next(iter(_meanings(DEFAULTS, product, spelling)), None)


def is_number(product: str, spelling: str) -> bool:
    """Whether a column of this type takes '1' for 1."""
    return any(NUMBERS.fullmatch(each) for each in meanings(product, spelling))


def limits_values(product: str, spelling: str) -> bool:
    """Whether a type by itself takes a few values only, as a CHECK does where there is no such type."""
    return product != "sqlite" and any(BY_TYPE.fullmatch(each) for each in meanings(product, spelling))


def _meanings(rows: Iterable[Same], product: str, spelling: str) -> Iterable[str]:
    for row in rows:
        if found := re.fullmatch(row.of(product), spelling):
            yield row.meaning.format(**found.groupdict())
