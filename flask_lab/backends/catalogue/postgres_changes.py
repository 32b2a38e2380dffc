"""Which parts of PostgreSQL's catalogue are not the rows that they were, so that a walk reads only those again.

A row of the catalogue is never changed in place (but for counts, which nobody asks for here): who alters a thing
leaves a row that bears the number of a newer transaction, and who drops it leaves one row less. So what has as many
rows as before, and none that is newer than the last look, is what it was.
"""

# ruff: noqa: S608  (every part of these statements stands in this file)

from __future__ import annotations

from flask_lab.backends.catalogue.postgres_sql import FIRST_OID, OWNED, relations

# In place of a table's number, which is never so low.
REST = 0
"""Stands for all that is no part of a table."""
SEQUENCES = 1
"""Stands for the names of sequences, which tables are told with that do not own them."""
HORIZON = 2
"""Stands for the oldest transaction that may yet do, or have done, what this look does not see; with it, whether
this look may see what is not committed."""

PUBLIC = 2200
"""The number of the schema `public`, the only one of the server's own that is looked at."""


_IS_NEWER = "age({}) <= age($1)"
"""age() counts back from now, and so puts numbers in order that have wrapped around."""


def _rest(catalogue: str, condition: str) -> str:
    return f"SELECT {REST}, xmin, false, true FROM {catalogue} WHERE {condition}"


def _newer(owner: str, source: str) -> str:
    """Rows that never go alone, so that nobody has to count them."""
    return f"SELECT {owner}, xmin, false, false {source} AND {_IS_NEWER.format('xmin')}"


_OWNER_OF_INDEX = "(SELECT indrelid FROM pg_index WHERE indexrelid = {})"
_OWNER_OF_SEQUENCE = f"coalesce((SELECT refobjid FROM pg_depend WHERE objid = {{}} AND {OWNED}), {REST})"
# What the usual parts of a table are made of: the number of the table, the row's own, whether it is the table's, and
# whether it is counted.
_PARTS = (
    f"""SELECT oid, xmin, true, true FROM pg_class
    WHERE oid >= {FIRST_OID} AND relkind IN ('r', 'p', 'f', 'c', 'v', 'm')""",
    _newer("attrelid", f"FROM pg_attribute WHERE attrelid >= {FIRST_OID} AND attnum > 0"),
    f"SELECT adrelid, xmin, false, true FROM pg_attrdef WHERE oid >= {FIRST_OID}",
    f"SELECT conrelid, xmin, false, true FROM pg_constraint WHERE oid >= {FIRST_OID}",
    f"SELECT indrelid, xmin, false, true FROM pg_index WHERE indexrelid >= {FIRST_OID}",
    f"SELECT {_OWNER_OF_SEQUENCE.format('seqrelid')}, xmin, false, true FROM pg_sequence",
    _newer(
        f"CASE relkind WHEN 'S' THEN {_OWNER_OF_SEQUENCE.format('oid')} ELSE {_OWNER_OF_INDEX.format('oid')} END",
        f"FROM pg_class WHERE oid >= {FIRST_OID} AND relkind IN ('i', 'I', 'S')",
    ),
    _newer("refobjid", f"FROM pg_depend WHERE objid >= {FIRST_OID} AND {OWNED}"),
    f"SELECT {SEQUENCES}, xmin, true, true FROM pg_class WHERE oid >= {FIRST_OID} AND relkind = 'S'",
    f"""SELECT CASE classoid
        WHEN 'pg_class'::regclass
            THEN coalesce({_OWNER_OF_INDEX.format("objoid")}, objoid)
        WHEN 'pg_constraint'::regclass THEN (SELECT conrelid FROM pg_constraint WHERE oid = objoid)
        ELSE {REST} END, xmin, false, true FROM pg_description WHERE objoid >= {FIRST_OID}""",
)
_RESTS = (
    _rest("pg_class", f"oid >= {FIRST_OID} AND relkind IN ('v', 'm')"),
    _rest("pg_constraint", "contype = 'n' AND (connoinherit OR NOT convalidated) OR conrelid = 0"),
    _rest("pg_namespace", "true"),
    _rest("pg_description", f"classoid = 'pg_namespace'::regclass AND objoid = {PUBLIC}"),
    _rest(
        "pg_description",
        f"classoid = 'pg_class'::regclass AND objoid >= {FIRST_OID} AND objoid IN (SELECT seqrelid FROM pg_sequence)",
    ),
    _rest("pg_type", f"oid >= {FIRST_OID} AND typtype IN ('e', 'd', 'r', 'm')"),
    _rest("pg_enum", "true"),
    _rest("pg_range", f"rngtypid >= {FIRST_OID}"),
    _rest("pg_proc", f"oid >= {FIRST_OID}"),
    _rest("pg_aggregate", f"aggfnoid >= {FIRST_OID}"),
    _rest("pg_operator", f"oid >= {FIRST_OID}"),
    _rest("pg_opclass", f"oid >= {FIRST_OID}"),
    _rest("pg_collation", f"oid >= {FIRST_OID}"),
    _rest("pg_trigger", f"oid >= {FIRST_OID} AND NOT tgisinternal"),
    _rest("pg_rewrite", f"oid >= {FIRST_OID}"),
    _rest("pg_policy", "true"),
    _rest("pg_statistic_ext", "true"),
    _rest("pg_event_trigger", "true"),
    _rest("pg_inherits", "true"),
    _rest("pg_partitioned_table", "true"),
    _rest("pg_extension", "true"),
    _rest("pg_depend", "refclassid = 'pg_extension'::regclass AND deptype = 'e'"),
)

# What is newer than a transaction, and how many rows there are of everything; with what the newer tables are now.
# What is told also depends on where names are looked for.
_FOUND = f"""found AS MATERIALIZED (
    SELECT owner, count(*) FILTER (WHERE is_counted) AS rows, bool_or({_IS_NEWER.format("stamp")}) AS is_newer
    FROM ({" UNION ALL ".join(_PARTS + _RESTS)}) AS found (owner, stamp, is_table, is_counted)
    GROUP BY owner HAVING bool_or(is_table) OR owner = {REST}
),"""
_NEWER = f"""(SELECT * FROM pg_class
    WHERE oid = ANY (ARRAY(SELECT owner FROM found WHERE is_newer AND owner >= {FIRST_OID}))) c"""
LOOK = f"""{relations(_NEWER, _FOUND)} UNION ALL
SELECT CAST(owner AS bigint), NULL, CASE WHEN is_newer THEN 'newer' ELSE '' END, '', CAST(rows AS text) FROM found
UNION ALL
SELECT {HORIZON}, NULL, CASE WHEN txid_current_if_assigned() IS NULL THEN '' ELSE 'open' END,
    format('%s %s', current_schema(), current_setting('search_path')),
    CAST(txid_snapshot_xmin(txid_current_snapshot()) % 4294967296 AS text)"""
# Some tables, and those that are told with names of theirs: of a foreign key's target, a parent, a sequence that
# they own, the type of their rows.
WANTED = """(SELECT * FROM pg_class WHERE oid = ANY ($1) OR oid = ANY (ARRAY(
    SELECT conrelid FROM pg_constraint WHERE contype = 'f' AND confrelid = ANY ($1)
    UNION ALL SELECT inhrelid FROM pg_inherits WHERE inhparent = ANY ($1)
    UNION ALL SELECT adrelid
        FROM pg_depend s JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = s.objid
            AND d.classid = 'pg_attrdef'::regclass
        JOIN pg_attrdef a ON a.oid = d.objid
        WHERE s.refclassid = 'pg_class'::regclass AND s.refobjid = ANY ($1) AND s.classid = 'pg_class'::regclass
            AND s.deptype IN ('a', 'i')
    UNION ALL SELECT d.objid
        FROM pg_class w JOIN pg_type t ON t.oid = w.reltype JOIN pg_depend d
            ON d.refclassid = 'pg_type'::regclass AND d.refobjid = ANY (ARRAY[t.oid, t.typarray])
        WHERE w.oid = ANY ($1) AND d.classid = 'pg_class'::regclass
))) c"""
# Those of these names, for whom nobody else is told otherwise; see the ear.
NAMED = "(SELECT * FROM pg_class WHERE relname = ANY ($1)) c"
