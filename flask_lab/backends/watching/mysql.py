"""MySQL: metadata locks end with the implicit commit, so that only a session that looks often sees them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, text

from flask_lab.backends.watching.base import Lock, RowLocks, Watching, counted

LOCKS = text(
    "SELECT m.object_name, m.lock_type, m.lock_status = 'GRANTED' FROM performance_schema.metadata_locks m "
    "JOIN performance_schema.threads t ON t.thread_id = m.owner_thread_id "
    "WHERE t.processlist_id = :session AND m.object_type = 'TABLE' AND m.object_schema = DATABASE()"
)
ROWS_LOCKED = text(
    "SELECT trx_id, trx_rows_locked FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = :session"
)
# By the transaction's number the server need not go through the others' locks.
ROW_LOCKS = text(
    "SELECT object_name, lock_mode, COUNT(*) FROM performance_schema.data_locks "
    "WHERE engine_transaction_id = :transaction AND object_schema = DATABASE() AND lock_type = 'RECORD' "
    "GROUP BY object_name, lock_mode"
)
FEW = 1_000
"""Locked rows that data_locks is asked about: it makes a row for each, and of a million the look would be the load.
Joined to data_lock_waits, for those alone that someone waits for, a look took as long as an ALTER of 200,000 rows."""


class MySQLWatching(Watching):
    modes: Sequence[str] = (
        "INTENTION_EXCLUSIVE",
        "SHARED",
        "SHARED_HIGH_PRIO",
        "SHARED_READ",
        "SHARED_WRITE",
        "SHARED_WRITE_LOW_PRIO",
        "SHARED_UPGRADABLE",
        "SHARED_READ_ONLY",
        "SHARED_NO_WRITE",
        "SHARED_NO_READ_WRITE",
        "EXCLUSIVE",
    )
    clauses: Sequence[str] = (
        "ALGORITHM=INSTANT",
        "ALGORITHM=INPLACE, LOCK=NONE",
        "ALGORITHM=INPLACE, LOCK=SHARED",
        "ALGORITHM=COPY, LOCK=NONE",
        "ALGORITHM=COPY, LOCK=SHARED",
        "ALGORITHM=COPY, LOCK=EXCLUSIVE",
    )
    listed: sa.TextClause | None = ROW_LOCKS
    """The statement that lists the locked rows of a transaction."""
    tables = "innodb_tables"
    """Where InnoDB tells the number of a table and of its space."""
    log = "redo log of the whole server"
    position = "Innodb_redo_log_current_lsn"

    def session(self, connection: Connection) -> int:
        return int(connection.exec_driver_sql("SELECT CONNECTION_ID()").scalar_one())

    def locks(self, connection: Connection, session: int) -> list[Lock]:
        return [
            Lock(str(table), str(mode), bool(is_granted))
            for table, mode, is_granted in connection.execute(LOCKS, {"session": session})
        ]

    def blind(self, connection: Connection) -> str:
        if connection.exec_driver_sql("SELECT @@performance_schema").scalar_one():
            return ""
        return "performance_schema is off, in which the server shows its metadata locks"

    def row_locks(self, connection: Connection, session: int) -> RowLocks:
        found = connection.execute(ROWS_LOCKED, {"session": session}).first()
        if found is None or self.listed is None or found[1] > FEW:
            return RowLocks(found[1] if found else 0)
        # A DDL's own locks are on the dictionary's rows, which the number counts as well.
        listed = connection.execute(self.listed, {"transaction": int(found[0])}).all()
        return RowLocks(sum(each[2] for each in listed), frozenset((each[0], each[1]) for each in listed))

    def storage(self, connection: Connection) -> Mapping[str, object]:
        found: dict[str, list[tuple[int, int]]] = {}
        columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in ("name", "table_id", "space")]
        query = (
            sa.select(*columns)
            .select_from(sa.table(self.tables, schema="information_schema"))
            .where(columns[0].like(sa.func.concat(sa.func.database(), "/%")))
        )
        for name, table, space in connection.execute(query):
            # Partitions are tables of their own here.
            whole = str(name).partition("/")[2].partition("#")[0]
            found.setdefault(whole, []).append((table, space))
        names = connection.exec_driver_sql(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
        ).scalars()
        return {name: sorted(found[_file(name)]) for name in names if _file(name) in found}

    def written(self, connection: Connection) -> int:
        query = text("SHOW GLOBAL STATUS LIKE :name")
        return int(connection.execute(query, {"name": self.position}).one()[1])

    def prepare(self, connection: Connection, rows: int) -> None:
        connection.exec_driver_sql(f"SET SESSION cte_max_recursion_depth = {rows + 1}")

    def numbers(self, rows: int) -> sa.FromClause:
        return counted(rows)

    def settle(self, connection: Connection, tables: Collection[str]) -> None:
        # Statistics, which a thread of the server would make in a moment.
        for table in tables:
            quoted = connection.dialect.identifier_preparer.quote(table)
            connection.exec_driver_sql(f"ANALYZE TABLE {quoted}").all()


def _file(table: str) -> str:
    """A table's name as InnoDB writes it, as far as it is ASCII."""
    return "".join(each if each.isalnum() or each == "_" else f"@{ord(each):04x}" for each in table)
