"""MariaDB: locks are shown by a plugin, numbers come from an engine, and ALTER TABLE knows one more algorithm."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection, text

from flask_lab.backends.watching.base import Lock
from flask_lab.backends.watching.mysql import MySQLWatching

# performance_schema would show SHARED_UPGRADABLE for everything. The plugin has no locks that are waited for.
LOCKS = text(
    "SELECT table_name, lock_mode FROM information_schema.metadata_lock_info "
    "WHERE thread_id = :session AND table_schema = DATABASE() AND lock_type = 'Table metadata lock'"
)
PLUGIN = "SELECT COUNT(*) FROM information_schema.plugins WHERE plugin_name = 'METADATA_LOCK_INFO'"


class MariaDBWatching(MySQLWatching):
    clauses: Sequence[str] = (
        "ALGORITHM=INSTANT",
        "ALGORITHM=NOCOPY, LOCK=NONE",
        "ALGORITHM=INPLACE, LOCK=NONE",
        "ALGORITHM=INPLACE, LOCK=SHARED",
        "ALGORITHM=COPY, LOCK=NONE",
        "ALGORITHM=COPY, LOCK=SHARED",
        "ALGORITHM=COPY, LOCK=EXCLUSIVE",
    )
    listed = None
    tables = "innodb_sys_tables"
    position = "Innodb_lsn_current"

    def locks(self, connection: Connection, session: int) -> list[Lock]:
        return [
            Lock(str(table), str(mode).removeprefix("MDL_"))
            for table, mode in connection.execute(LOCKS, {"session": session})
        ]

    def blind(self, connection: Connection) -> str:
        if connection.exec_driver_sql(PLUGIN).scalar_one():
            return ""
        return (
            "the server lacks the plugin that shows its metadata locks: INSTALL SONAME 'metadata_lock_info'"
        )

    def prepare(self, connection: Connection, rows: int) -> None:
        pass

    def numbers(self, rows: int) -> sa.FromClause:
        sequence = sa.table(f"seq_1_to_{rows}", sa.column("seq"))
        return sa.select(sequence.c.seq.label("n")).subquery("lab_numbers")
