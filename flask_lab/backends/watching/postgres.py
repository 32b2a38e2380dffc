"""PostgreSQL: a session keeps its locks until it commits, and another one sees them in pg_locks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection, text

from flask_lab.backends.watching.base import Lock, Watching

LOCKS = (
    "SELECT c.relname, l.mode, l.granted FROM pg_locks l JOIN pg_class c ON c.oid = l.relation "
    "WHERE l.locktype = 'relation' AND c.relkind IN ('r', 'p') "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) AND l.pid = "
)
# A file's number, not the table's: it is another as soon as all rows were written anew.
STORAGE = (
    "SELECT relname, pg_relation_filenode(oid) FROM pg_class "
    "WHERE relkind IN ('r', 'm') AND relnamespace = current_schema()::regnamespace"
)


class PostgresWatching(Watching):
    modes: Sequence[str] = (
        "AccessShareLock",
        "RowShareLock",
        "RowExclusiveLock",
        "ShareUpdateExclusiveLock",
        "ShareLock",
        "ShareRowExclusiveLock",
        "ExclusiveLock",
        "AccessExclusiveLock",
    )
    # With wal_level=minimal, a table that is written anew is not in it.
    log = "WAL of the whole server"
    own_locks = f"{LOCKS} pg_backend_pid()"

    def session(self, connection: Connection) -> int:
        return int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())

    def locks(self, connection: Connection, session: int) -> list[Lock]:
        return [Lock(*row) for row in connection.execute(text(f"{LOCKS} :session"), {"session": session})]

    def storage(self, connection: Connection) -> Mapping[str, object]:
        return dict(connection.exec_driver_sql(STORAGE).tuples().all())

    def written(self, connection: Connection) -> int:
        query = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')"
        return int(connection.exec_driver_sql(query).scalar_one())

    def numbers(self, rows: int) -> sa.FromClause:
        return sa.func.generate_series(1, rows).table_valued("n", name="lab_numbers").render_derived()

    def settle(self, connection: Connection, tables: Collection[str]) -> None:
        # Autovacuum would do it later, and an ALTER that meets it waits for a second.
        for table in tables:
            quoted = connection.dialect.identifier_preparer.quote(table)
            connection.exec_driver_sql(f"VACUUM (ANALYZE) {quoted}")
