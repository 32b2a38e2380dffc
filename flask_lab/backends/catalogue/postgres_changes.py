"""Which parts of PostgreSQL's catalogue are not the rows that they were, so that a walk reads only those again.

A row of the catalogue is never changed in place (but for counts, which nobody asks for here): who alters a thing
leaves a row that bears the number of a newer transaction, and who drops it leaves one row less. So what has as many
rows as before, and none that is newer than the last look, is what it was.
"""

# ruff: noqa: S608  (every part of these statements stands in this file)

from __future__ import annotations

from flask_lab.backends.catalogue.postgres_sql import FIRST_OID, OWNED

REST = 0
"""Stands for all that is no part of a table."""
HORIZON = -1
"""Stands for the oldest transaction that may yet do, or have done, what this look does not see; with it, whether
this look may see what is not committed."""

_TABLES = "('r', 'p', 'f', 'c')"


def _of_sequences(stamp: str) -> str:
    return f"""SELECT coalesce(d.refobjid, {REST}), {stamp}
    FROM pg_sequence q JOIN pg_class s ON s.oid = q.seqrelid
    LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid
        AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')"""


def _rest(catalogue: str, condition: str) -> str:
    return f"SELECT {REST}, xmin FROM {catalogue} WHERE {condition}"


# What the usual parts of a table are made of, each with the table's number.
_PARTS = (
    f"""SELECT CASE WHEN relkind IN {_TABLES} THEN oid ELSE {REST} END, xmin FROM pg_class
    WHERE oid >= {FIRST_OID} AND relkind IN ('r', 'p', 'f', 'c', 'v', 'm')""",
    f"SELECT attrelid, xmin FROM pg_attribute WHERE attrelid >= {FIRST_OID} AND attnum > 0",
    f"SELECT adrelid, xmin FROM pg_attrdef WHERE oid >= {FIRST_OID}",
    f"SELECT conrelid, xmin FROM pg_constraint WHERE oid >= {FIRST_OID}",
    f"SELECT indrelid, xmin FROM pg_index WHERE indexrelid >= {FIRST_OID}",
    f"SELECT indrelid, c.xmin FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE indexrelid >= {FIRST_OID}",
    f"""SELECT CASE classoid
        WHEN 'pg_class'::regclass
            THEN coalesce((SELECT indrelid FROM pg_index WHERE indexrelid = objoid), objoid)
        WHEN 'pg_constraint'::regclass THEN (SELECT conrelid FROM pg_constraint WHERE oid = objoid)
        ELSE {REST} END, xmin FROM pg_description WHERE objoid >= {FIRST_OID}""",
    _of_sequences("q.xmin"),
    _of_sequences("s.xmin"),
    _of_sequences("d.xmin"),
)
_RESTS = (
    _rest("pg_constraint", "contype = 'n' AND (connoinherit OR NOT convalidated) OR conrelid = 0"),
    _rest("pg_namespace", "true"),
    _rest("pg_description", "classoid = 'pg_namespace'::regclass AND objoid < 16384"),
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

# age() counts back from now, and so puts numbers in order that have wrapped around.
# age() counts back from now, and so puts numbers in order that have wrapped around. What is told also depends on
# where names are looked for.
CHANGED = f"""
SELECT CAST(owner AS bigint), count(*), bool_or(age(stamp) <= age($1)), ''
FROM ({" UNION ALL ".join(_PARTS + _RESTS)}) AS found (owner, stamp) GROUP BY owner
UNION ALL
SELECT {HORIZON}, txid_snapshot_xmin(txid_current_snapshot()) % 4294967296, txid_current_if_assigned() IS NOT NULL,
    format('%s %s', current_schema(), current_setting('search_path'))
"""
# Some tables, and those that are told with names of theirs: of a foreign key's target, a parent, a sequence that
# they own, the type of their rows.
WANTED = f"""(
    SELECT unnest($1)
    UNION SELECT conrelid FROM pg_constraint WHERE contype = 'f' AND confrelid = ANY ($1)
    UNION SELECT inhrelid FROM pg_inherits WHERE inhparent = ANY ($1)
    UNION SELECT adrelid FROM pg_depend d JOIN pg_attrdef a ON a.oid = d.objid
        WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass
            AND d.refobjid IN (SELECT objid FROM pg_depend WHERE {OWNED} AND refobjid = ANY ($1))
    UNION SELECT objid FROM pg_depend WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_type'::regclass
        AND refobjid IN (SELECT unnest(ARRAY[t.oid, typarray]) FROM pg_type t WHERE typrelid <> 0
            AND t.oid IN (SELECT reltype FROM pg_class WHERE oid = ANY ($1)))
) AS wanted (number) JOIN pg_class c ON c.oid = number"""
