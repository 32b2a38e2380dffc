"""What is asked of PostgreSQL's catalogue, in SQL that every version from 12 on understands.

Left out: owners, operators, casts, text search, foreign servers and publications. The name of a NOT NULL is left out
too, which servers before 18 do not keep, and 18 numbers where two would be alike.
"""

# ruff: noqa: S608  (every part of these statements stands in this file)

from __future__ import annotations

from flask_lab.backends.catalogue.rows import Select

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
VALUES_OF_SEQUENCE = """format('%s start %s increment %s minimum %s maximum %s cache %s%s',
    format_type(seqtypid, NULL), seqstart, seqincrement, seqmin, seqmax, seqcache,
    CASE WHEN seqcycle THEN ' cycle' END)"""
# Some builds stamp columns with a pg_attver, anew whenever a table is rewritten: no ALTER sets it, pg_dump leaves it
# out, and two tables made by the same statement differ in it.
OPTIONS = """CASE WHEN attoptions IS NOT NULL THEN
    (SELECT jsonb_agg(option) FROM unnest(attoptions) option WHERE split_part(option, '=', 1) <> 'pg_attver') END"""
# Of a sequence that belongs to a column, which takes it along when it goes.
OWNED = "classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i')"

EVERY_RELATION = "pg_class c"


def _with(classes: str, before: str = "") -> str:
    """What all that is asked begins with, `before` first; `classes` are the rows `c` of pg_class that it is about."""
    return f"""
WITH {before} extension_part AS MATERIALIZED (
    SELECT objid, classid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
),
place AS MATERIALIZED (
    SELECT oid, nspname, nspacl, nspowner,
        CASE WHEN nspname = current_schema() THEN '' ELSE nspname || '.' END AS prefix
    FROM pg_namespace
    WHERE nspname NOT LIKE 'pg\\_%' AND ({_own("pg_namespace", "oid")} OR nspname = 'public')
),
relation AS MATERIALIZED (
    SELECT c.oid, prefix || relname AS name, relkind, relpersistence, reloptions, relrowsecurity,
        relforcerowsecurity, relreplident, relpartbound, relispopulated, relacl, relowner
    FROM {classes} JOIN place ON place.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'c')
        AND relname <> ALL (CAST(:ignored AS text[])) AND {_own("pg_class", "c.oid")}
)
"""


TABLES = Select(
    "'table'",
    "''",
    "name",
    {
        "unlogged": "relpersistence = 'u'",
        "partitioned by": "CASE WHEN relkind = 'p' THEN pg_get_partkeydef(r.oid) END",
        "partition": "pg_get_expr(relpartbound, r.oid)",
        "inherits": """(SELECT jsonb_agg(inhparent::regclass::text ORDER BY inhseqno)
            FROM pg_inherits WHERE inhrelid = r.oid)""",
        "options": "to_jsonb(reloptions)",
        "row security": "relrowsecurity",
        "forced row security": "relforcerowsecurity",
        "replica identity": "relreplident",
        "privileges": _privileges("relacl", "r", "relowner"),
        "comment": _comment("pg_class", "r.oid"),
    },
    "FROM relation r WHERE relkind IN ('r', 'p', 'f')",
)
COLUMNS = Select(
    "'column'",
    "name",
    "attname",
    {
        "type": "format_type(atttypid, atttypmod)",
        "nullable": "NOT attnotnull",
        "default": "CASE WHEN attgenerated = '' THEN pg_get_expr(adbin, adrelid) END",
        "generated": "CASE WHEN attgenerated <> '' THEN pg_get_expr(adbin, adrelid) END",
        "stored": "CASE attgenerated WHEN 's' THEN true WHEN 'v' THEN false END",
        "identity": "CASE attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END",
        "sequence": f"""CASE WHEN atthasdef OR attidentity <> '' THEN (SELECT {VALUES_OF_SEQUENCE}
            FROM pg_depend JOIN pg_sequence ON seqrelid = objid
            WHERE {OWNED} AND refobjid = attrelid AND refobjsubid = attnum LIMIT 1) END""",
        "collation": f"CASE WHEN attcollation <> typcollation THEN {COLLATED.format('attcollation')} END",
        "storage": "NULLIF(attstorage, typstorage)",
        "options": OPTIONS,
        "privileges": "CASE WHEN attacl IS NOT NULL THEN array_to_string(attacl, ', ') END",
        "comment": _comment("pg_class", "attrelid", "attnum"),
    },
    """FROM relation r JOIN pg_attribute ON attrelid = r.oid AND attnum > 0 AND NOT attisdropped
    JOIN pg_type ON pg_type.oid = atttypid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum AND atthasdef
    WHERE relkind IN ('r', 'p', 'f', 'c')""",
)
KEYS = Select(
    """CASE contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'f' THEN 'foreign key'
    WHEN 'x' THEN 'exclusion' ELSE 'check' END""",
    "name",
    "CASE contype WHEN 'p' THEN '' ELSE conname END",
    {
        "name": "CASE contype WHEN 'p' THEN conname END",
        "validated": "convalidated",
        "definition": "pg_get_constraintdef(con.oid)",
        "comment": _comment("pg_constraint", "con.oid"),
    },
    """FROM relation r JOIN pg_constraint con ON conrelid = r.oid
    WHERE contype IN ('p', 'u', 'f', 'x', 'c')""",
)
INDEXES = Select(
    "'index'",
    "name",
    "prefix || relname",
    {
        "definition": "pg_get_indexdef(indexrelid)",
        "valid": "indisvalid",
        "clustered": "indisclustered",
        "comment": _comment("pg_class", "indexrelid"),
    },
    """FROM relation r JOIN pg_index ON indrelid = r.oid JOIN pg_class i ON i.oid = indexrelid
    JOIN place ON place.oid = i.relnamespace
    WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))""",
)

NOT_NULLS = Select(
    "'column'",
    "name",
    "attname",
    {"not null validated": "convalidated", "not null inherited": "NOT connoinherit"},
    """FROM relation r JOIN pg_constraint ON conrelid = r.oid
    JOIN pg_attribute ON attrelid = r.oid AND attnum = conkey[1]
    WHERE contype = 'n' AND (connoinherit OR NOT convalidated)""",
)
TRIGGERS = Select(
    "'trigger'",
    "name",
    "tgname",
    {
        "definition": "pg_get_triggerdef(t.oid)",
        "enabled": "tgenabled",
        "comment": _comment("pg_trigger", "t.oid"),
    },
    "FROM relation r JOIN pg_trigger t ON tgrelid = r.oid WHERE NOT tgisinternal",
)
RULES = Select(
    "'rule'",
    "name",
    "rulename",
    {"definition": "pg_get_ruledef(w.oid)", "enabled": "ev_enabled"},
    "FROM relation r JOIN pg_rewrite w ON ev_class = r.oid WHERE rulename <> '_RETURN'",
)
POLICIES = Select(
    "'policy'",
    "name",
    "polname",
    {
        "command": "polcmd",
        "permissive": "polpermissive",
        "roles": """(SELECT jsonb_agg(CASE role WHEN 0 THEN 'public' ELSE role::regrole::text END)
            FROM unnest(polroles) role)""",
        "using": "pg_get_expr(polqual, polrelid)",
        "with check": "pg_get_expr(polwithcheck, polrelid)",
    },
    "FROM relation r JOIN pg_policy ON polrelid = r.oid",
)
STATISTICS = Select(
    "'statistics'",
    "name",
    "stxname",
    {"definition": "pg_get_statisticsobjdef(s.oid)"},
    "FROM relation r JOIN pg_statistic_ext s ON stxrelid = r.oid",
)
VIEWS = Select(
    "CASE relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END",
    "''",
    "name",
    {
        "definition": "pg_get_viewdef(r.oid)",
        "columns": """(SELECT jsonb_agg(attname || ' ' || format_type(atttypid, atttypmod) ORDER BY attnum)
            FROM pg_attribute WHERE attrelid = r.oid AND attnum > 0)""",
        "options": "to_jsonb(reloptions)",
        "populated": "relispopulated",
        "privileges": _privileges("relacl", "r", "relowner"),
        "comment": _comment("pg_class", "r.oid"),
    },
    "FROM relation r WHERE relkind IN ('v', 'm')",
)
SEQUENCES = Select(
    "'sequence'",
    "''",
    "name",
    {
        "values": VALUES_OF_SEQUENCE,
        "privileges": _privileges("relacl", "s", "relowner"),
        "comment": _comment("pg_class", "r.oid"),
    },
    f"""FROM relation r JOIN pg_sequence ON seqrelid = r.oid
    WHERE NOT EXISTS (SELECT FROM pg_depend WHERE {OWNED} AND objid = r.oid)""",
)
ENUMERATIONS = Select(
    "'enumeration'",
    "''",
    "prefix || typname",
    {
        "values": """(SELECT jsonb_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum
            WHERE enumtypid = t.oid)""",
        "comment": _comment("pg_type", "t.oid"),
    },
    f"FROM pg_type t JOIN place ON place.oid = typnamespace WHERE typtype = 'e' AND {_own('pg_type', 't.oid')}",
)
DOMAINS = Select(
    "'domain'",
    "''",
    "prefix || typname",
    {
        "type": "format_type(typbasetype, typtypmod)",
        "nullable": "NOT typnotnull",
        "default": "typdefault",
        "collation": COLLATED.format("typcollation"),
        "comment": _comment("pg_type", "t.oid"),
    },
    f"FROM pg_type t JOIN place ON place.oid = typnamespace WHERE typtype = 'd' AND {_own('pg_type', 't.oid')}",
)
CHECKS_OF_DOMAINS = Select(
    "'check'",
    "prefix || typname",
    "conname",
    {"definition": "pg_get_constraintdef(con.oid)", "validated": "convalidated"},
    f"""FROM pg_type t JOIN place ON place.oid = typnamespace JOIN pg_constraint con ON contypid = t.oid
    WHERE contype = 'c' AND {_own("pg_type", "t.oid")}""",
)
OTHER_TYPES = Select(
    "CASE typtype WHEN 'c' THEN 'composite type' ELSE 'range type' END",
    "''",
    "prefix || typname",
    {
        "of": "(SELECT format_type(rngsubtype, NULL) FROM pg_range WHERE rngtypid = t.oid)",
        "columns": """(SELECT jsonb_agg(attname ORDER BY attnum) FROM pg_attribute
            WHERE attrelid = typrelid AND attnum > 0 AND NOT attisdropped)""",
        "comment": _comment("pg_type", "t.oid"),
    },
    f"""FROM pg_type t JOIN place ON place.oid = typnamespace
    WHERE (typtype = 'r' OR typrelid IN (SELECT oid FROM relation WHERE relkind = 'c'))
        AND {_own("pg_type", "t.oid")}""",
)
FUNCTIONS = Select(
    "CASE prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END",
    "''",
    "prefix || proname || '(' || oidvectortypes(proargtypes) || ')'",
    {
        "definition": """CASE prokind WHEN 'a' THEN (SELECT format('%s %s %s %s', aggtransfn, aggfinalfn,
            aggtranstype::regtype, agginitval) FROM pg_aggregate WHERE aggfnoid = f.oid)
            ELSE pg_get_functiondef(f.oid) END""",
        "privileges": _privileges("proacl", "f", "proowner"),
        "comment": _comment("pg_proc", "f.oid"),
    },
    # A range type makes functions of its own.
    f"""FROM pg_proc f JOIN place ON place.oid = pronamespace
    WHERE {_own("pg_proc", "f.oid")} AND NOT EXISTS (SELECT FROM pg_depend
        WHERE classid = 'pg_proc'::regclass AND objid = f.oid AND deptype = 'i')""",
)
COLLATIONS = Select(
    "'collation'",
    "''",
    "prefix || collname",
    {
        # Its columns have other names in every version.
        "definition": """(to_jsonb(co)
            - CAST('{oid,collname,collnamespace,collowner,collversion}' AS text[]))::text""",
    },
    f"FROM pg_collation co JOIN place ON place.oid = collnamespace WHERE {_own('pg_collation', 'co.oid')}",
)
SCHEMAS = Select(
    "'schema'",
    "''",
    "nspname",
    {
        "privileges": _privileges("nspacl", "n", "nspowner"),
        "comment": _comment("pg_namespace", "oid"),
    },
    "FROM place",
)
EXTENSIONS = Select(
    "'extension'",
    "''",
    "extname",
    {"version": "extversion", "schema": "extnamespace::regnamespace::text"},
    "FROM pg_extension",
)
EVENT_TRIGGERS = Select(
    "'event trigger'",
    "''",
    "evtname",
    {
        "event": "evtevent",
        "function": "evtfoid::regproc::text",
        "enabled": "evtenabled",
        "tags": "to_jsonb(evttags)",
    },
    "FROM pg_event_trigger",
)

# What nearly every database has; planning takes longer than all else, so that the rest is asked for when needed.
USUAL = (TABLES, COLUMNS, KEYS, INDEXES, SCHEMAS)
RARE = (
    NOT_NULLS,
    TRIGGERS,
    RULES,
    POLICIES,
    STATISTICS,
    VIEWS,
    SEQUENCES,
    ENUMERATIONS,
    DOMAINS,
    CHECKS_OF_DOMAINS,
    OTHER_TYPES,
    FUNCTIONS,
    COLLATIONS,
    EXTENSIONS,
    EVENT_TRIGGERS,
)
HAS_RARE = f"""
    EXISTS (SELECT FROM relation r WHERE relkind IN ('v', 'm', 'c')
        OR relkind = 'S' AND NOT EXISTS (SELECT FROM pg_depend WHERE {OWNED} AND objid = r.oid))
    OR EXISTS (SELECT FROM pg_type WHERE oid >= {FIRST_OID} AND typtype IN ('e', 'd', 'r'))
    OR EXISTS (SELECT FROM pg_trigger WHERE NOT tgisinternal)
    OR EXISTS (SELECT FROM pg_rewrite WHERE oid >= {FIRST_OID})
    OR EXISTS (SELECT FROM pg_constraint WHERE contype = 'n' AND (connoinherit OR NOT convalidated))
    OR EXISTS (SELECT FROM pg_proc WHERE oid >= {FIRST_OID})
    OR EXISTS (SELECT FROM pg_collation WHERE oid >= {FIRST_OID})
    OR (SELECT count(*) FROM pg_extension) <> 1
    OR EXISTS (SELECT FROM pg_policy) OR EXISTS (SELECT FROM pg_statistic_ext)
    OR EXISTS (SELECT FROM pg_event_trigger)
"""


def rows(selects: tuple[Select, ...]) -> str:
    """Kind, table, name and attributes of every part."""
    parts = " UNION ALL ".join(
        f"SELECT {each.kind}, {each.table}, {each.name}, {each.object('json_build_object')}::text {each.source}"
        for each in selects
    )
    return _with(EVERY_RELATION) + parts


def digest(selects: tuple[Select, ...], also: str) -> str:
    """A hash of the same, and the value of `also`."""
    parts = " UNION ALL ".join(
        f"SELECT ROW({', '.join((each.kind, each.table, each.name, *each.attributes.values()))})::text AS part "
        f"{each.source}"
        for each in selects
    )
    return f"""{_with(EVERY_RELATION)}
    SELECT md5(coalesce(string_agg(hash, ',' ORDER BY hash), '')), {also}
    FROM (SELECT md5(part) COLLATE "C" AS hash FROM ({parts}) parts) hashes"""


def relations(classes: str, before: str = "") -> str:
    """What `rows` tells of the usual parts of some relations, each row behind the number of its relation.

    `before` are queries that `classes` may name.
    """
    parts = " UNION ALL ".join(
        f"SELECT CAST(r.oid AS bigint), {each.kind}, {each.table}, {each.name}, "
        f"{each.object('json_build_object')}::text {each.source}"
        for each in USUAL
        if each is not SCHEMAS
    )
    return _with(classes, before) + parts
