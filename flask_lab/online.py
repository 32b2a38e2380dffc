"""Remedies for a change that makes traffic wait: how it is made online, product by product.

Found by the statement that took longest, as the server was sent it. The code stands as it would in a revision.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Way:
    """For statements of one kind on some products, what to write instead."""

    products: Collection[str]
    pattern: str
    code: str
    """May name the pattern's groups, as str.format does."""


_POSTGRES = {"postgres"}
_MYSQL = {"mysql"}
_MARIADB = {"mariadb"}
_BOTH = _MYSQL | _MARIADB
_SQLITE = {"sqlite"}
_SERVERS = _POSTGRES | _BOTH
_IN_PARTS = (
    "Fill it in parts that commit each, with the keys from one part to the next: with "
    "op.get_context().autocommit_block(): then, again and again until no row is left, op.get_bind().execute(sa.text("
    '"{head} ... WHERE id > :last AND id <= :last + 5000"), {{"last": last}}), with a pause after each for '
    "others. Better still outside of the revision, by a command of the app."
)
_EXPAND = (
    'Do it in three releases: op.add_column("{table}", sa.Column("{column}_new", ..., nullable=True)), and the app '
    "writes both; fill the new column in parts; let the app read it, and drop the old one."
)
_QUEUE = "The ALTER waits for the open transaction, and all others for the ALTER. Bound its wait, and try again later: "
_WAYS = (
    Way(
        _POSTGRES,
        r"^\s*CREATE (?P<unique>UNIQUE )?INDEX (?!CONCURRENTLY)\W?(?P<name>\w+)\W? ON (?:\w+\.)?\W?(?P<table>\w+)",
        'with op.get_context().autocommit_block(): op.create_index("{name}", "{table}", [...], '
        "postgresql_concurrently=True). It waits for nobody's lock and makes nobody wait. If it breaks off, an invalid "
        "index is left, to be dropped before the next try: if_not_exists=True would keep it.",
    ),
    Way(
        _POSTGRES,
        r"^\s*DROP INDEX (?!CONCURRENTLY)\W?(?P<name>\w+)",
        'with op.get_context().autocommit_block(): op.drop_index("{name}", postgresql_concurrently=True).',
    ),
    Way(
        _POSTGRES,
        r"^\s*ALTER TABLE \W?(?P<table>\w+)\W? ALTER COLUMN \W?(?P<column>\w+)\W? TYPE",
        _EXPAND
        + " Only where the type stays binary the same (VARCHAR made longer, or TEXT) nothing is written anew.",
    ),
    Way(
        _POSTGRES,
        r"^\s*ALTER TABLE \W?(?P<table>\w+)\W? ALTER COLUMN \W?(?P<column>\w+)\W? SET NOT NULL",
        'op.execute("ALTER TABLE {table} ADD CONSTRAINT {column}_set CHECK ({column} IS NOT NULL) NOT VALID"); in a '
        'revision of its own op.execute("ALTER TABLE {table} VALIDATE CONSTRAINT {column}_set"), which blocks nobody; '
        "then SET NOT NULL, which believes it and does not look, and drop the constraint.",
    ),
    Way(
        _POSTGRES,
        r"^\s*ALTER TABLE \W?(?P<table>\w+)\W? ADD (?:CONSTRAINT \W?(?P<name>\w+)\W? )?(?:FOREIGN KEY|CHECK)",
        "Add it without a look at the rows, op.create_foreign_key(..., postgresql_not_valid=True), or for a CHECK "
        'op.create_check_constraint(..., postgresql_not_valid=True); then, in a revision of its own, op.execute("ALTER '
        'TABLE {table} VALIDATE CONSTRAINT {name}"), which blocks no writes.',
    ),
    Way(
        _POSTGRES,
        r"^\s*ALTER TABLE \W?(?P<table>\w+)\W? ADD (?:CONSTRAINT \W?(?P<name>\w+)\W? )?(?:UNIQUE|PRIMARY KEY)",
        'with op.get_context().autocommit_block(): op.create_index("{name}", "{table}", [...], unique=True, '
        'postgresql_concurrently=True); then op.execute("ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX '
        '{name}"), which takes an instant.',
    ),
    Way(
        _POSTGRES,
        r"(?i)^\s*ALTER TABLE \W?(?P<table>\w+)\W? ADD (?:COLUMN )?\W?(?P<column>\w+)",
        "A default that is calculated for each row, or a generated or numbered column, writes the table anew; a "
        'constant does not. op.add_column("{table}", sa.Column("{column}", ..., nullable=True)); then '
        'op.alter_column("{table}", "{column}", server_default=sa.text(...)) for new rows; and fill the old ones in '
        "parts.",
    ),
    Way(
        _MYSQL,
        r"^\s*ALTER TABLE \W?(?P<table>\w+)\W? (?:MODIFY|CHANGE) (?:COLUMN )?\W?(?P<column>\w+)",
        _EXPAND
        + " To be refused rather than to block, end the statement with ALGORITHM=INPLACE, LOCK=NONE. gh-ost and "
        "pt-online-schema-change do it in one go, on a copy that they keep up to date.",
    ),
    Way(
        _MYSQL,
        r"(?i)^\s*ALTER TABLE \W?(?P<table>\w+)\W? ADD (?:CONSTRAINT \W?\w+\W? )?FOREIGN KEY",
        'Without a look at the rows it is done in place: op.execute("SET foreign_key_checks = 0") before, = 1 after '
        "it; look for orphans by a SELECT yourself. To be refused rather than to block: ALGORITHM=INPLACE, LOCK=NONE.",
    ),
    Way(
        _MYSQL,
        r"(?i)^\s*ALTER TABLE \W?(?P<table>\w+)\W? ADD (?:CONSTRAINT \W?\w+\W? )?CHECK",
        "A CHECK copies {table}, and holds the rows meanwhile that its foreign keys refer to: whoever writes those may "
        "wait for it, and it for them. Hold the column by a foreign key to a table of the values that it may have: "
        'with op.execute("SET foreign_key_checks = 0") before it is added in place, and a new value is a new row. Or '
        "leave it to gh-ost or pt-online-schema-change, which work on a copy.",
    ),
    Way(
        _MARIADB,
        r"(?i)^\s*ALTER TABLE \W?(?P<table>\w+)",
        "To be refused rather than to block, end the statement with ALGORITHM=NOCOPY, LOCK=NONE, or from 11.2 on with "
        "ALGORITHM=COPY, LOCK=NONE, which copies while others write. A foreign key is added in place after "
        'op.execute("SET foreign_key_checks = 0").',
    ),
    Way(
        _MYSQL,
        r"(?i)^\s*(?:ALTER TABLE|CREATE (?:UNIQUE |FULLTEXT |SPATIAL )?INDEX)",
        "Write it by op.execute, and end it with ALGORITHM=INPLACE, LOCK=NONE: the server then refuses what blocks, "
        "in place of doing it. What it refuses is for gh-ost or pt-online-schema-change, which work on a copy.",
    ),
    Way(
        _SERVERS,
        r"(?i)^\s*(?P<head>UPDATE \W?\w+\W? SET|DELETE FROM \W?\w+|INSERT INTO \W?\w+)",
        "All rows that it writes are locked until the revision is committed. " + _IN_PARTS,
    ),
    Way(
        _SQLITE,
        r"(?i)^\s*(?P<head>UPDATE \W?\w+\W? SET|DELETE FROM \W?\w+)",
        "Whoever writes locks the whole file until the commit. " + _IN_PARTS,
    ),
    Way(
        _SQLITE,
        r"(?i)_alembic_tmp_|^\s*(?:ALTER TABLE|DROP TABLE)",
        "A batch copies the table, and nobody writes into the file meanwhile. op.add_column, and op.drop_column from "
        "SQLite 3.35 on, outside of a batch copy nothing; put what is left for a batch into one, so that it copies "
        "once. PRAGMA journal_mode = WAL lets readers go on. Else stop the app for it.",
    ),
    Way(
        _SQLITE,
        r"(?i)^\s*CREATE (?:UNIQUE )?INDEX",
        "SQLite builds an index with the file locked, and knows no other way. PRAGMA journal_mode = WAL lets readers "
        'go on, and a longer timeout (connect_args={{"timeout": 60}}) lets writers wait in place of failing. Else stop '
        "the app for it.",
    ),
)
_BOUND = (
    'op.execute("SET LOCAL lock_timeout = \'2s\'") on PostgreSQL, op.execute("SET SESSION lock_wait_timeout = 2") on '
    "MySQL and MariaDB, first in the revision, or in env.py for all of them."
)
_BOUND_FILE = 'connect_args={"timeout": 2} for the engine of env.py.'


def way_online(product: str, evidence: Mapping[str, Any]) -> str | None:
    """What to write in place of the slowest statement; None when nothing is known for it."""
    if evidence.get("blocker"):
        return _QUEUE + (_BOUND_FILE if product == "sqlite" else _BOUND)
    for each in _WAYS:
        found = re.search(each.pattern, str(evidence.get("statement", "")))
        if product in each.products and found:
            return each.code.format_map({name: value or "..." for name, value in found.groupdict().items()})
    return None
