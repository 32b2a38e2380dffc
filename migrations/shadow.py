"""Changes that MySQL makes by a copy of the table alone, made on a copy of our own while others write.

A CHECK, for one. The server's copy lets nobody write, and holds the rows meanwhile that its foreign keys refer to: who
writes those waits, with a hold on the table that the copy needs in the end, and neither goes on. Here triggers carry
over what is written, a batch at a time is copied beside, and a RENAME puts the copy in the table's place. That is what
gh-ost and pt-online-schema-change do, which a table of many gigabytes is better left to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from alembic import op

from migrations.batches import run_in_batches

NEW = "_new"
"""What a foreign key of the copy is called by as long as the table has one of its name."""


@dataclass(frozen=True)
class Table:
    """What there is to know of a table that is to be changed: no other may refer to it."""

    name: str
    columns: Sequence[str]
    key: Sequence[str]
    """The primary key, a whole number first."""
    foreign_keys: Mapping[str, str]
    """By name, from `FOREIGN KEY` on."""

    @property
    def copy(self) -> str:
        return f"{self.name}_shadow"

    @property
    def old(self) -> str:
        return f"{self.name}_old"


# Shared locks: a row that is deleted meanwhile would come back otherwise.
COPY = """
INSERT INTO {copy} ({columns}) SELECT {columns} FROM {table}
WHERE {{batch}} AND NOT EXISTS (SELECT 1 FROM {copy} WHERE {same}) LOCK IN SHARE MODE
"""
TRIGGERS = {
    "insert": "AFTER INSERT ON {table} FOR EACH ROW REPLACE INTO {copy} ({columns}) VALUES ({new})",
    # One statement each, or a script would have to change its delimiter.
    "move": "BEFORE UPDATE ON {table} FOR EACH ROW DELETE FROM {copy} WHERE {is_old} AND NOT ({is_same})",
    "update": "AFTER UPDATE ON {table} FOR EACH ROW REPLACE INTO {copy} ({columns}) VALUES ({new})",
    "delete": "AFTER DELETE ON {table} FOR EACH ROW DELETE FROM {copy} WHERE {is_old}",
}


def alter(table: Table, change: str) -> None:
    """ALTER TABLE `table` by `change` while others read and write. Runs again after a crash.

    CREATE TABLE ... LIKE gives CHECKs other names: those that are there already are to be stated in `change`, and to
    be dropped before, which takes an instant.
    """
    _clean(table)
    op.execute(f"CREATE TABLE {table.copy} LIKE {table.name}")
    op.execute(f"ALTER TABLE {table.copy} {change}")
    words = _words(table)
    for name, statement in TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {table.copy}_{name} {statement.format(**words)}")
    run_in_batches(COPY.format(**words), table=table.name, key=table.key[0])
    _refer(table.copy, {f"{name}{NEW}": rest for name, rest in table.foreign_keys.items()})
    op.execute(f"RENAME TABLE {table.name} TO {table.old}, {table.copy} TO {table.name}")
    # Its triggers go with it.
    op.execute(f"DROP TABLE {table.old}")
    _name(table)


def _words(table: Table) -> dict[str, str]:
    return {
        "table": table.name,
        "copy": table.copy,
        "columns": ", ".join(table.columns),
        "new": ", ".join(f"NEW.{each}" for each in table.columns),
        "same": " AND ".join(f"{table.copy}.{each} = {table.name}.{each}" for each in table.key),
        "is_old": " AND ".join(f"{each} = OLD.{each}" for each in table.key),
        "is_same": " AND ".join(f"NEW.{each} = OLD.{each}" for each in table.key),
    }


def _clean(table: Table) -> None:
    """Take away, or finish, what a run has left that died."""
    for each in TRIGGERS:
        op.execute(f"DROP TRIGGER IF EXISTS {table.copy}_{each}")
    op.execute(f"DROP TABLE IF EXISTS {table.copy}")
    op.execute(f"DROP TABLE IF EXISTS {table.old}")
    if not op.get_context().as_sql:
        found = {each["name"] for each in sa.inspect(op.get_bind()).get_foreign_keys(table.name)}
        if found != set(table.foreign_keys):
            _name(table)


def _name(table: Table) -> None:
    """Give the foreign keys the names that they had."""
    _refer(table.name, table.foreign_keys, [f"{name}{NEW}" for name in table.foreign_keys])


def _refer(name: str, foreign_keys: Mapping[str, str], replaced: Sequence[str] = ()) -> None:
    """Add foreign keys, in place of others: with checks on, that is a copy too. The triggers have kept to them."""
    changes = [f"DROP FOREIGN KEY {each}" for each in replaced]
    changes += [f"ADD CONSTRAINT {each} {rest}" for each, rest in foreign_keys.items()]
    op.execute("SET foreign_key_checks = 0")
    op.execute(f"ALTER TABLE {name} {', '.join(changes)}, ALGORITHM=INPLACE, LOCK=NONE")
    op.execute("SET foreign_key_checks = 1")
