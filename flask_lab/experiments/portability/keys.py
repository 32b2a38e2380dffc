"""How many bytes a key takes in InnoDB, and which keys MySQL and MariaDB refuse for it.

Tried on the servers: MySQL refuses every key of more than 3,072 bytes, and any on a TEXT, BLOB or JSON as a whole.
MariaDB takes the first 3,072 bytes of a column for an index, and makes a hash of a unique key that is too wide; what it
refuses is primary and foreign keys, and an index that is too wide even so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Dialect

from flask_lab.experiments.portability.paper import Key, PaperTable

LIMIT = 3072
# Bytes a character takes; utf8mb4 where nobody says.
CHARSETS = {"utf8mb4": 4, "utf8mb3": 3, "utf8": 3, "latin1": 1, "ascii": 1, "ucs2": 2, "utf16": 4, "utf32": 4}
SIZES = {
    "TINYINT": 1, "BOOL": 1, "BOOLEAN": 1, "YEAR": 1, "SMALLINT": 2, "MEDIUMINT": 3, "DATE": 3, "INT": 4, "INTEGER": 4,
    "FLOAT": 4, "BIGINT": 8, "DOUBLE": 8, "DATETIME": 5, "TIMESTAMP": 4, "TIME": 3, "UUID": 16, "ENUM": 1, "SET": 1,
}  # fmt: skip
WHOLE = re.compile(r"(TINY|MEDIUM|LONG)?(TEXT|BLOB)|JSON")
TYPE = re.compile(r"(NATIONAL )?(?P<name>[A-Z]+)(?: ?\((?P<size>\d+))?")


def refused(table: PaperTable, key: Key, dialect: Dialect) -> str:
    """Why the product refuses a key, in words; empty where it does not, or where a column's type is not known."""
    is_mariadb = bool(getattr(dialect, "is_mariadb", False))
    if is_mariadb and key.kind.startswith("unique"):
        return ""
    parts = list(_parts(table, key, dialect))
    if not parts or any(size is None and not kind for _, size, kind in parts):
        return ""
    is_cut = is_mariadb and key.kind == "index"
    whole = [f"{column} is {kind}" for column, size, kind in parts if size is None]
    if whole and not is_cut:
        return f"{', '.join(whole)}, of which a key can only have a beginning"
    total = sum(min(size or LIMIT, LIMIT) if is_cut else size or 0 for _, size, _ in parts)
    if total <= LIMIT:
        return ""
    return f"{total} bytes are more than the {LIMIT} that InnoDB takes"


def unknown(table: PaperTable, key: Key) -> list[str]:
    """The columns of a key whose types no operation has told."""
    return [column for column in key.columns if column and column not in table.types]


def _parts(table: PaperTable, key: Key, dialect: Dialect) -> Iterator[tuple[str, int | None, str]]:
    """Each column with its bytes; None with its type where it has no bound, and without one where nothing is known."""
    for column in key.columns:
        type_ = table.types.get(column)
        if type_ is None:
            yield column, None, ""
            continue
        try:
            written = type_.compile(dialect=dialect).upper()
        except Exception:  # noqa: BLE001  (a type that the product does not have is another rule's business)
            yield column, None, ""
            continue
        yield _part(table, column, written, key.prefixes.get(column))


def _part(table: PaperTable, column: str, written: str, prefix: int | None) -> tuple[str, int | None, str]:
    match = TYPE.match(written)
    name, size = (match["name"], int(match["size"] or 1)) if match else (written, 1)
    is_binary = "BLOB" in name or "BINARY" in name
    width = 1 if is_binary else _width(table, written)
    if WHOLE.fullmatch(name):
        return (column, prefix * width, name) if prefix and name != "JSON" else (column, None, name)
    if "CHAR" in name or is_binary:
        return column, (prefix or size) * width, name
    if name in ("DECIMAL", "NUMERIC"):
        return column, (size + 1) // 2, name
    return column, SIZES.get(name, 4), name


def _width(table: PaperTable, written: str) -> int:
    """The bytes of a character in a column."""
    options: dict[str, Any] = {key.partition("_")[2]: value for key, value in table.options.items()}
    own = re.search(r"(?:CHARACTER SET|COLLATE) ([A-Z0-9]+)", written)
    said = (
        own[1]
        if own
        else next(
            (
                str(options[name])
                for name in ("charset", "default_charset", "collate", "default_collate")
                if name in options
            ),
            "",
        )
    )
    return CHARSETS.get(said.lower().partition("_")[0], 4)
