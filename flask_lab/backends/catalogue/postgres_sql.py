"""What is asked of PostgreSQL's catalogue, in SQL that every version from 12 on understands.

Left out: owners, operators, casts, text search, foreign servers and publications. The name of a NOT NULL is left out
too, which servers before 18 do not keep, and 18 numbers where two would be alike.
"""

# ruff: noqa: S608  (every part of these statements stands in this file)

from __future__ import annotations

# The server's own objects have lower numbers.
FIRST_OID = 16384


def _privileges(granted: str, kind: str, owner: str) -> str:
    """What is granted, else NULL where that is what an owner starts with."""

    def items(source: str) -> str:
        return f"array_to_string(ARRAY(SELECT unnest({source})::text ORDER BY 1), ', ')"

    default = items(f"acldefault('{kind}', {owner})")
    return f"CASE WHEN {granted} IS NOT NULL THEN NULLIF({items(granted)}, {default}) END"


def _own(catalogue: str, oid: str) -> str:
    """Only what somebody made here, and no extension brought along."""
    return (
        f"{oid} >= {FIRST_OID} "
        f"AND ({oid}, '{catalogue}'::regclass) NOT IN (SELECT objid, classid FROM extension_part)"
    )


def _comment(catalogue: str, oid: str, number: str = "0") -> str:
    # obj_description, a function of its own plan, would cost more than all else.
    return (
        f"(SELECT description FROM pg_description WHERE objoid = {oid} "
        f"AND classoid = '{catalogue}'::regclass AND objsubid = {number})"
    )


COLLATED = "(SELECT quote_ident(collname) FROM pg_collation WHERE oid = {})"

WITH = f"""
WITH extension_part AS MATERIALIZED (
    SELECT objid, classid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
),
place AS MATERIALIZED (
    SELECT oid, nspname, nspacl, nspowner,
        CASE WHEN nspname = current_schema() THEN '' ELSE nspname || '.' END AS prefix
    FROM pg_namespace WHERE {_own("pg_namespace", "oid")} OR nspname = 'public'
),
relation AS MATERIALIZED (
    SELECT c.oid, prefix || relname AS name, relkind, relpersistence, reloptions, relrowsecurity,
        relforcerowsecurity, relreplident, relispartition, relpartbound, relispopulated, relacl, relowner
    FROM pg_class c JOIN place ON place.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'c')
        AND relname <> ALL (CAST(:ignored AS text[])) AND {_own("pg_class", "c.oid")}
)
"""

# Each gives kind, table, name and attributes; rows of one name add to each other.
SELECTS = (
    # Tables, and what hangs on them.
    f"""
    SELECT 'table' AS kind, '' AS part_of, name, jsonb_build_object(
        'unlogged', relpersistence = 'u',
        'partitioned by', CASE WHEN relkind = 'p' THEN pg_get_partkeydef(r.oid) END,
        'partition', pg_get_expr(relpartbound, r.oid),
        'inherits', (SELECT to_jsonb(array_agg(inhparent::regclass::text ORDER BY inhseqno))
            FROM pg_inherits WHERE inhrelid = r.oid),
        'options', to_jsonb(reloptions),
        'row security', relrowsecurity, 'forced row security', relforcerowsecurity,
        'replica identity', relreplident,
        'privileges', {_privileges("relacl", "r", "relowner")},
        'comment', {_comment("pg_class", "r.oid")}) AS attributes
    FROM relation r WHERE relkind IN ('r', 'p', 'f')
    """,
    f"""
    SELECT 'column', name, attname, jsonb_build_object(
        'type', format_type(atttypid, atttypmod),
        'nullable', NOT attnotnull,
        'default', CASE WHEN attgenerated = '' THEN pg_get_expr(adbin, adrelid) END,
        'generated', CASE WHEN attgenerated <> '' THEN pg_get_expr(adbin, adrelid) END,
        'stored', CASE attgenerated WHEN 's' THEN true WHEN 'v' THEN false END,
        'identity', CASE attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END,
        'collation', CASE WHEN attcollation <> typcollation THEN {COLLATED.format("attcollation")} END,
        'storage', NULLIF(attstorage, typstorage),
        'options', to_jsonb(attoptions),
        'privileges', array_to_string(attacl, ', '),
        'comment', {_comment("pg_class", "attrelid", "attnum")})
    FROM relation r JOIN pg_attribute ON attrelid = r.oid AND attnum > 0 AND NOT attisdropped
    JOIN pg_type ON pg_type.oid = atttypid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum AND atthasdef
    WHERE relkind IN ('r', 'p', 'f', 'c')
    """,
    f"""
    SELECT CASE contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'f' THEN 'foreign key'
            WHEN 'x' THEN 'exclusion' ELSE 'check' END,
        name, CASE contype WHEN 'p' THEN '' ELSE conname END, jsonb_build_object(
        'name', CASE contype WHEN 'p' THEN conname END,
        'validated', convalidated,
        'definition', pg_get_constraintdef(con.oid),
        'comment', {_comment("pg_constraint", "con.oid")})
    FROM relation r JOIN pg_constraint con ON conrelid = r.oid
    WHERE contype IN ('p', 'u', 'f', 'x', 'c')
    """,
    """
    SELECT 'column', name, attname, jsonb_build_object(
        'not null validated', convalidated, 'not null inherited', NOT connoinherit)
    FROM relation r JOIN pg_constraint ON conrelid = r.oid
    JOIN pg_attribute ON attrelid = r.oid AND attnum = conkey[1]
    WHERE contype = 'n' AND (connoinherit OR NOT convalidated)
    """,
    f"""
    SELECT 'index', name, prefix || relname, jsonb_build_object(
        'definition', pg_get_indexdef(indexrelid),
        'valid', indisvalid, 'clustered', indisclustered,
        'comment', {_comment("pg_class", "indexrelid")})
    FROM relation r JOIN pg_index ON indrelid = r.oid JOIN pg_class i ON i.oid = indexrelid
    JOIN place ON place.oid = i.relnamespace
    WHERE r.relkind IN ('r', 'p', 'm')
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
    """,
    f"""
    SELECT 'trigger', name, tgname, jsonb_build_object(
        'definition', pg_get_triggerdef(t.oid), 'enabled', tgenabled,
        'comment', {_comment("pg_trigger", "t.oid")})
    FROM relation r JOIN pg_trigger t ON tgrelid = r.oid
    WHERE NOT tgisinternal
    """,
    """
    SELECT 'rule', name, rulename, jsonb_build_object(
        'definition', pg_get_ruledef(w.oid), 'enabled', ev_enabled)
    FROM relation r JOIN pg_rewrite w ON ev_class = r.oid WHERE rulename <> '_RETURN'
    """,
    """
    SELECT 'policy', name, polname, jsonb_build_object(
        'command', polcmd, 'permissive', polpermissive,
        'roles', (SELECT jsonb_agg(CASE role WHEN 0 THEN 'public' ELSE role::regrole::text END)
            FROM unnest(polroles) role),
        'using', pg_get_expr(polqual, polrelid), 'with check', pg_get_expr(polwithcheck, polrelid))
    FROM relation r JOIN pg_policy ON polrelid = r.oid
    """,
    """
    SELECT 'statistics', name, stxname, jsonb_build_object('definition', pg_get_statisticsobjdef(s.oid))
    FROM relation r JOIN pg_statistic_ext s ON stxrelid = r.oid
    """,
    # Relations that are no tables.
    f"""
    SELECT CASE relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END, '', name, jsonb_build_object(
        'definition', pg_get_viewdef(r.oid),
        'columns', (SELECT jsonb_agg(attname || ' ' || format_type(atttypid, atttypmod) ORDER BY attnum)
            FROM pg_attribute WHERE attrelid = r.oid AND attnum > 0),
        'options', to_jsonb(reloptions),
        'populated', relispopulated,
        'privileges', {_privileges("relacl", "r", "relowner")},
        'comment', {_comment("pg_class", "r.oid")})
    FROM relation r WHERE relkind IN ('v', 'm')
    """,
    f"""
    SELECT CASE WHEN attname IS NULL THEN 'sequence' ELSE 'column' END, coalesce(t.name, ''),
        coalesce(attname, r.name),
        CASE WHEN attname IS NULL THEN jsonb_build_object(
            'type', format_type(seqtypid, NULL), 'start', seqstart, 'increment', seqincrement,
            'minimum', seqmin, 'maximum', seqmax, 'cache', seqcache, 'cycle', seqcycle,
            'privileges', {_privileges("r.relacl", "s", "r.relowner")},
            'comment', {_comment("pg_class", "r.oid")})
        ELSE jsonb_build_object('sequence', format(
            '%s start %s increment %s minimum %s maximum %s cache %s%s', format_type(seqtypid, NULL),
            seqstart, seqincrement, seqmin, seqmax, seqcache, CASE WHEN seqcycle THEN ' cycle' END))
        END
    FROM relation r JOIN pg_sequence ON seqrelid = r.oid
    LEFT JOIN pg_depend d ON classid = 'pg_class'::regclass AND objid = r.oid AND deptype IN ('a', 'i')
        AND refclassid = 'pg_class'::regclass AND refobjsubid > 0
    LEFT JOIN relation t ON t.oid = refobjid
    LEFT JOIN pg_attribute ON attrelid = t.oid AND attnum = refobjsubid
    WHERE d.objid IS NULL OR t.oid IS NOT NULL
    """,
    # Types and functions.
    f"""
    SELECT CASE typtype WHEN 'e' THEN 'enumeration' WHEN 'd' THEN 'domain' WHEN 'c' THEN 'composite type'
            ELSE 'range type' END, '', prefix || typname,
        jsonb_build_object('comment', {_comment("pg_type", "t.oid")}) || CASE typtype
        WHEN 'e' THEN jsonb_build_object('values', (SELECT jsonb_agg(enumlabel ORDER BY enumsortorder)
            FROM pg_enum WHERE enumtypid = t.oid))
        WHEN 'd' THEN jsonb_build_object('type', format_type(typbasetype, typtypmod),
            'nullable', NOT typnotnull, 'default', pg_get_expr(typdefaultbin, 0),
            'collation', {COLLATED.format("typcollation")})
        WHEN 'c' THEN jsonb_build_object('columns', (SELECT jsonb_agg(attname ORDER BY attnum)
            FROM pg_attribute WHERE attrelid = typrelid AND NOT attisdropped))
        ELSE jsonb_build_object('subtype',
            (SELECT format_type(rngsubtype, NULL) FROM pg_range WHERE rngtypid = t.oid)) END
    FROM pg_type t JOIN place ON place.oid = typnamespace
    WHERE (typtype IN ('e', 'd', 'r')
        OR typtype = 'c' AND EXISTS (SELECT FROM pg_class WHERE pg_class.oid = typrelid AND relkind = 'c'))
        AND {_own("pg_type", "t.oid")}
    """,
    """
    SELECT 'check', prefix || typname, conname, jsonb_build_object(
        'definition', pg_get_constraintdef(con.oid), 'validated', convalidated)
    FROM pg_type t JOIN place ON place.oid = typnamespace JOIN pg_constraint con ON contypid = t.oid
    WHERE contype = 'c'
    """,
    f"""
    SELECT CASE prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END, '',
        prefix || proname || '(' || pg_get_function_identity_arguments(f.oid) || ')', jsonb_build_object(
        'definition', CASE prokind WHEN 'a' THEN (SELECT format('%s %s %s %s %s', aggtransfn, aggfinalfn,
            aggtranstype::regtype, aggsortop, agginitval) FROM pg_aggregate WHERE aggfnoid = f.oid)
            ELSE pg_get_functiondef(f.oid) END,
        'privileges', {_privileges("proacl", "f", "proowner")},
        'comment', {_comment("pg_proc", "f.oid")})
    FROM pg_proc f JOIN place ON place.oid = pronamespace
    WHERE {_own("pg_proc", "f.oid")}
        AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = f.oid
            AND deptype = 'i')
    """,
    f"""
    SELECT 'collation', '', prefix || collname,
        to_jsonb(co) - CAST('{{oid,collname,collnamespace,collowner,collversion}}' AS text[])
    FROM pg_collation co JOIN place ON place.oid = collnamespace WHERE {_own("pg_collation", "co.oid")}
    """,
    # What a database has beside its relations.
    f"""
    SELECT 'schema', '', nspname, jsonb_build_object(
        'privileges', {_privileges("nspacl", "n", "nspowner")},
        'comment', {_comment("pg_namespace", "oid")})
    FROM place
    """,
    """
    SELECT 'extension', '', extname, jsonb_build_object('version', extversion,
        'schema', extnamespace::regnamespace::text)
    FROM pg_extension
    """,
    """
    SELECT 'event trigger', '', evtname, jsonb_build_object('event', evtevent,
        'function', evtfoid::regproc::text, 'enabled', evtenabled, 'tags', to_jsonb(evttags))
    FROM pg_event_trigger
    """,
)

PARTS = " UNION ALL ".join(SELECTS)
QUERY = f"{WITH} SELECT kind, part_of, name, attributes::text FROM ({PARTS}) parts"
DIGEST = f"""{WITH}
SELECT md5(coalesce(string_agg(part, ',' ORDER BY part), ''))
FROM (SELECT md5(concat_ws('|', kind, part_of, name, attributes)) COLLATE "C" AS part FROM ({PARTS}) parts) hashes
"""
