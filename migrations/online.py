"""Changes to a big table that let readers and writers through, as far as each product can.

The dialect branches of the whole tree are here. A step on a table that is empty or small needs none of this: the plain
`op` call is simpler. Everything here can run again after a crash.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations.rerun import missing, required


def create_index(name: str, table: str, columns: list[str], *, unique: bool = False) -> None:
    """CREATE INDEX without blocking writers: CONCURRENTLY on PostgreSQL; MySQL and MariaDB build it online anyway."""
    # CONCURRENTLY refuses to run inside a transaction.
    with op.get_context().autocommit_block():
        _drop_if_invalid(name, table)
        if missing(table, index=name):
            op.create_index(name, table, columns, unique=unique, postgresql_concurrently=True)


def drop_index(name: str, table: str) -> None:
    """The way back from `create_index`."""
    with op.get_context().autocommit_block():
        if not missing(table, index=name) or op.get_context().as_sql:
            op.drop_index(name, table, postgresql_concurrently=True)


def add_unique(name: str, table: str, columns: list[str]) -> None:
    """A UNIQUE constraint; on PostgreSQL its index is built first, without the lock that the constraint takes."""
    if not missing(table, constraint=name):
        return
    if _is("postgresql"):
        create_index(name, table, columns, unique=True)
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}")
        return
    with op.batch_alter_table(table) as batch:
        batch.create_unique_constraint(name, columns)


def add_foreign_key(name: str, table: str, column: str, parent: str, *, ondelete: str) -> None:
    """A foreign key from `table.column` to `parent.id`. The column needs an index of its own before."""
    absent = missing(table, constraint=name)
    if _is("postgresql"):
        # NOT VALID holds new rows only and takes an instant; validating reads the table and blocks no writer.
        if absent:
            op.create_foreign_key(
                name, table, parent, [column], ["id"], ondelete=ondelete, postgresql_not_valid=True
            )
        with op.get_context().autocommit_block():
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
    elif _is("mysql"):
        if absent:
            _add_unchecked_foreign_key(name, table, column, parent, ondelete)
        _drop_if_broken(name, table, column, parent)
    elif absent:
        with op.batch_alter_table(table) as batch:
            batch.create_foreign_key(name, parent, [column], ["id"], ondelete=ondelete)


def require(table: str, column: str, *, existing_type: sa.types.TypeEngine[Any], **existing: Any) -> None:
    """Make a filled `column` NOT NULL. `existing` restates its server default: MySQL forgets what is not restated."""
    if required(table, column):
        return
    if _is("postgresql"):
        _prove_filled(table, column)
    with op.batch_alter_table(table) as batch:
        batch.alter_column(column, nullable=False, existing_type=existing_type, **existing)
    if _is("postgresql"):
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {_filled(column)}")


def _prove_filled(table: str, column: str) -> None:
    """SET NOT NULL reads the whole table under the strongest lock, unless a validated CHECK has proved it already."""
    with op.get_context().autocommit_block():
        if missing(table, constraint=_filled(column)):
            op.execute(
                f"ALTER TABLE {table} ADD CONSTRAINT {_filled(column)} CHECK ({column} IS NOT NULL) NOT VALID"
            )
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {_filled(column)}")


def _filled(column: str) -> str:
    return f"{column}_is_filled"


def _add_unchecked_foreign_key(name: str, table: str, column: str, parent: str, ondelete: str) -> None:
    """With checks on, MySQL and MariaDB copy the table and block writers; with checks off they alter it in place."""
    op.execute("SET foreign_key_checks = 0")
    op.create_foreign_key(name, table, parent, [column], ["id"], ondelete=ondelete)
    op.execute("SET foreign_key_checks = 1")


def _drop_if_broken(name: str, table: str, column: str, parent: str) -> None:
    """Look for what the checks would have found; rows written since then are held to the key already."""
    if op.get_context().as_sql:
        return
    child, other = sa.table(table, sa.column(column)), sa.table(parent, sa.column("id"))
    joined = child.outerjoin(other, child.c[column] == other.c.id)
    orphan = (
        sa.select(child.c[column])
        .select_from(joined)
        .where(child.c[column].is_not(None), other.c.id.is_(None))
    )
    if (found := op.get_bind().scalar(orphan.limit(1))) is not None:
        op.drop_constraint(name, table, type_="foreignkey")
        raise RuntimeError(
            f"{table}.{column} holds {found}, which {parent} does not: clean such rows, then run again"
        )


def _drop_if_invalid(name: str, table: str) -> None:
    """A CONCURRENTLY that was cut off leaves an index that is kept up to date and never used."""
    if not _is("postgresql") or op.get_context().as_sql:
        return
    invalid = sa.text("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid")
    if op.get_bind().scalar(invalid, {"name": name}):
        op.drop_index(name, table, postgresql_concurrently=True)


def _is(dialect: str) -> bool:
    return op.get_context().dialect.name == dialect
