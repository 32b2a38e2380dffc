"""What the SHOW CREATE TABLE of a plain table tells, in the words of information_schema.

Where anything stands in it that is not among what most tables have, nothing is told, and information_schema has to be
asked: no guess is ever made.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask_lab.backends.catalogue import Name

if TYPE_CHECKING:
    from collections.abc import Collection

    from flask_lab.backends.catalogue.rows import Attributes

Parts = dict[Name, "Attributes"]

NAME = r"`([^`]+)`"
NAMES = r"\(((?:`[^`]+`(?:\(\d+\))?(?: DESC)?,?)+)\)"
# What is written differently here than in information_schema has a quote, a backslash or a letter beyond ASCII.
STRING = r"'[ -&(-\[\]-~]*'"

COLUMN = re.compile(
    rf"""{NAME}\ (?P<type>
        (?:(?:tiny|small|medium|big)?int|decimal|float|double)(?:\([\d,]+\))?(?:\ unsigned)?
        | (?:date|datetime|timestamp|time|year)(?:\(\d\))? | json | (?:tiny|medium|long)?blob
        | (?P<letters> (?:var)?char\(\d+\) | (?:tiny|medium|long)?text | enum\({STRING}(?:,{STRING})*\) ))
    (?:(?:\ CHARACTER\ SET\ \w+)?\ COLLATE\ (?P<collation>\w+))?
    (?P<must>\ NOT)?(?:\ NULL)?
    (?:\ DEFAULT\ (?:NULL | (?P<default>{STRING}|-?\d+(?:\.\d+)?) | (?P<now>current_timestamp(?:\(\d?\))?)))?
    (?P<counts>\ AUTO_INCREMENT)?
    (?:\ COMMENT\ (?P<comment>{STRING}))?""",
    re.VERBOSE | re.IGNORECASE,
)
KEY = re.compile(rf"(?:(?P<primary>PRIMARY )|(?P<unique>UNIQUE )?)KEY(?: {NAME})? {NAMES}")
FOREIGN_KEY = re.compile(
    rf"CONSTRAINT {NAME} FOREIGN KEY {NAMES} REFERENCES {NAME} {NAMES}"
    r"(?: ON DELETE (CASCADE|SET NULL|NO ACTION|RESTRICT))?(?: ON UPDATE (CASCADE|SET NULL|NO ACTION|RESTRICT))?"
)
END = re.compile(rf"\) ENGINE=InnoDB DEFAULT CHARSET=\w+ COLLATE=(\w+)(?: COMMENT=({STRING}))?")


def parts_of(text: str, table: str, ignore: Collection[str], *, is_mariadb: bool) -> Parts | None:
    """The parts of a plain table, its columns as information_schema tells them, else None; `ignore` has no capitals."""
    _, *lines, last = text.split("\n")
    if not (end := END.fullmatch(last)):
        return None
    collation, comment = end[1], (end[2] or "''")[1:-1]
    parts: Parts = {
        Name("table", "", table): {
            "engine": "InnoDB",
            "collation": collation,
            "comment": comment,
            "options": "",
        }
    }
    for line in lines:
        part = _part(line.strip().removesuffix(","), table, collation, is_mariadb=is_mariadb)
        if part is None or part[0].name.lower() in ignore:
            return None
        parts[part[0]] = part[1]
    return parts


def _part(line: str, table: str, collation: str, *, is_mariadb: bool) -> tuple[Name, Attributes] | None:
    if found := COLUMN.fullmatch(line):
        return Name("column", table, found[1]), _column(found, collation, is_mariadb=is_mariadb)
    if found := KEY.fullmatch(line):
        kind = "primary key" if found["primary"] else "index"
        return Name(kind, table, found[3] or ""), {
            "unique": bool(found["primary"] or found["unique"]),
            "method": "BTREE",
            "hidden": False,
            "columns": _names(found[4]),
            "comment": "",
        }
    if found := FOREIGN_KEY.fullmatch(line):
        usual = "RESTRICT" if is_mariadb else "NO ACTION"
        return Name("foreign key", table, found[1]), {
            "table": found[3],
            "on update": found[6] or usual,
            "on delete": found[5] or usual,
            "columns": _names(found[2]),
            "target": _names(found[4]),
        }
    return None


def _column(found: re.Match[str], collation: str, *, is_mariadb: bool) -> Attributes:
    default = found["default"] or found["now"]
    extra = "auto_increment" if found["counts"] else ""
    if not is_mariadb and found["now"]:
        extra = "DEFAULT_GENERATED"
    elif not is_mariadb and default:
        # MariaDB tells SQL, MySQL bare strings.
        default = default.strip("'")
    return {
        "type": found["type"],
        "nullable": not found["must"],
        "default": default,
        "extra": extra,
        "generated": None,
        "collation": found["collation"] or (collation if found["letters"] else None),
        "comment": (found["comment"] or "''")[1:-1],
        "reference system": None,
    }


def _names(listed: str) -> tuple[str, ...]:
    """A key's columns."""
    return tuple(each.replace("`", "") for each in re.findall(r"`[^`]+`[^`,]*", listed))
