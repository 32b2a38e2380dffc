"""All that a database's schema is, as plain values that can be compared, and the rows in it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine

VERSION_TABLE = "alembic_version"
Schema = dict[str, Any]
Rows = dict[str, list[dict[str, Any]]]

# What reflection does not tell: triggers, functions, types, and sequences that belong to no column.
OTHERS = {
    "postgresql": """
        SELECT 'trigger ' || tgname || ' ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT 'function ' || proname || ' ' || prosrc FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT 'type ' || typname FROM pg_type
            WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')
        UNION ALL SELECT 'sequence ' || relname FROM pg_class
            WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace
        UNION ALL SELECT 'invalid index ' || indexrelid::regclass FROM pg_index WHERE NOT indisvalid
        UNION ALL SELECT 'unvalidated ' || conname FROM pg_constraint WHERE NOT convalidated
    """,
    "mysql": """
        SELECT CONCAT('trigger ', trigger_name, ' ', action_statement) FROM information_schema.triggers
            WHERE trigger_schema = DATABASE()
        UNION ALL SELECT CONCAT('routine ', routine_name) FROM information_schema.routines
            WHERE routine_schema = DATABASE()
        UNION ALL SELECT CONCAT('collation ', table_name, ' ', table_collation) FROM information_schema.tables
            WHERE table_schema = DATABASE() AND table_name <> 'alembic_version'
    """,
    "sqlite": "SELECT type || ' ' || name || ' ' || sql FROM sqlite_master WHERE type IN ('trigger', 'view')",
}


def schema_of(engine: Engine) -> Schema:
    """The schema, without the version table. Column order is left out: a column that came back stands last."""
    with engine.connect() as connection:
        inspector = sa.inspect(connection)
        # A query per kind for all tables: asking table by table costs ten times as much.
        kinds: dict[str, dict[Any, Any]] = {
            "columns": inspector.get_multi_columns(),
            "primary key": inspector.get_multi_pk_constraint(),
            "unique": inspector.get_multi_unique_constraints(),
            "foreign keys": inspector.get_multi_foreign_keys(),
            "checks": inspector.get_multi_check_constraints(),
            "indexes": inspector.get_multi_indexes(),
        }
        views = sorted(inspector.get_view_names())
        others = sorted(connection.execute(sa.text(OTHERS[engine.dialect.name])).scalars())
    names = sorted(name for _, name in kinds["columns"] if name != VERSION_TABLE)
    tables = {name: {kind: _plain(found[None, name]) for kind, found in kinds.items()} for name in names}
    return {"tables": tables, "views": views, "others": others}


def _plain(found: Any) -> Any:
    """A description without what depends on the order in which things were made."""
    if isinstance(found, dict):
        return found
    return {str(each["name"]): _column(each) if "nullable" in each else each for each in found}


def _column(column: Any) -> dict[str, Any]:
    return {key: str(value) for key, value in column.items() if key != "name"} | {
        "type": repr(column["type"])
    }


def rows_of(engine: Engine) -> Rows:
    """Every row of every table but the version table, in the order of their keys."""
    metadata = sa.MetaData()
    metadata.reflect(engine)
    with engine.connect() as connection:
        return {
            table.name: [
                dict(row._mapping)
                for row in connection.execute(sa.select(table).order_by(*table.primary_key))
            ]
            for table in metadata.sorted_tables
            if table.name != VERSION_TABLE
        }
