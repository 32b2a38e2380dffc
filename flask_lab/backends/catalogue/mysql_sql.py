"""What is asked of information_schema on MySQL and MariaDB.

Nothing that is computed from statistics or counters is asked for, so that neither their cache nor rows matter. Left
out: grants, which belong to the server. No name is left out, though the server gives some (`t_chk_1`, `t_ibfk_1`, the
index of a foreign key): it numbers them by what the table holds, so that what is made again in the same way has the
same name, and what has another name answers to another DROP.
"""

# ruff: noqa: S608  (every part of these statements stands in this file)

from __future__ import annotations

from dataclasses import replace

from flask_lab.backends.catalogue.rows import Select

# A definition names its database, and a clone of that has another name.
UNQUALIFIED = "REPLACE({}, CONCAT('`', DATABASE(), '`.'), '')"

TABLES = Select(
    "LOWER(REPLACE(TABLE_TYPE, 'BASE ', ''))",
    "''",
    "TABLE_NAME",
    {
        "engine": "ENGINE",
        "collation": "TABLE_COLLATION",
        "comment": "IF(TABLE_TYPE = 'VIEW', '', TABLE_COMMENT)",
        "options": "CREATE_OPTIONS",
    },
    "FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE <> 'TEMPORARY'",
)
FOREIGN_KEYS = Select(
    "'foreign key'",
    "TABLE_NAME",
    "CONSTRAINT_NAME",
    {"table": "REFERENCED_TABLE_NAME", "on update": "UPDATE_RULE", "on delete": "DELETE_RULE"},
    "FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()",
)
COLUMNS_OF_FOREIGN_KEYS = Select(
    "'foreign key'",
    "TABLE_NAME",
    "CONSTRAINT_NAME",
    {"columns": "JSON_ARRAY(COLUMN_NAME)", "target": "JSON_ARRAY(REFERENCED_COLUMN_NAME)"},
    """FROM information_schema.KEY_COLUMN_USAGE
    WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_NAME IS NOT NULL""",
    "ORDINAL_POSITION",
)
TRIGGERS = Select(
    "'trigger'",
    "EVENT_OBJECT_TABLE",
    "TRIGGER_NAME",
    {
        "event": "CONCAT(ACTION_TIMING, ' ', EVENT_MANIPULATION)",
        "order": "ACTION_ORDER",
        "definition": "ACTION_STATEMENT",
    },
    "FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()",
)
ROUTINES = Select(
    "LOWER(ROUTINE_TYPE)",
    "''",
    "ROUTINE_NAME",
    {
        "definition": "ROUTINE_DEFINITION",
        "returns": "DTD_IDENTIFIER",
        "deterministic": "IS_DETERMINISTIC",
        "data access": "SQL_DATA_ACCESS",
        "security": "SECURITY_TYPE",
        "comment": "ROUTINE_COMMENT",
    },
    "FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()",
)
EVENTS = Select(
    "'event'",
    "''",
    "EVENT_NAME",
    {
        "definition": "EVENT_DEFINITION",
        "type": "EVENT_TYPE",
        "every": "CONCAT(INTERVAL_VALUE, ' ', INTERVAL_FIELD)",
        "at": "CAST(EXECUTE_AT AS CHAR)",
        # Without a start of its own an event starts when it is made, which is never the same.
        "ends": "CAST(ENDS AS CHAR)",
        "status": "STATUS",
        "on completion": "ON_COMPLETION",
        "comment": "EVENT_COMMENT",
    },
    "FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()",
)
DATABASE = Select(
    "'database'",
    "''",
    "''",
    {"collation": "DEFAULT_COLLATION_NAME"},
    "FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE()",
)

VIEWS = Select(
    "'view'",
    "''",
    "TABLE_NAME",
    {
        "definition": UNQUALIFIED.format("VIEW_DEFINITION"),
        "check option": "CHECK_OPTION",
        "security": "SECURITY_TYPE",
    },
    "FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()",
)
PARAMETERS = Select(
    "LOWER(ROUTINE_TYPE)",
    "''",
    "SPECIFIC_NAME",
    {"parameters": "JSON_ARRAY(CONCAT_WS(' ', PARAMETER_MODE, PARAMETER_NAME, DTD_IDENTIFIER))"},
    "FROM information_schema.PARAMETERS WHERE SPECIFIC_SCHEMA = DATABASE() AND ORDINAL_POSITION > 0",
    "ORDINAL_POSITION",
)
PARTITIONS = Select(
    "'partition'",
    "TABLE_NAME",
    "CONCAT_WS(', ', PARTITION_NAME, SUBPARTITION_NAME)",
    {
        "method": "PARTITION_METHOD",
        "expression": "PARTITION_EXPRESSION",
        "holds": "PARTITION_DESCRIPTION",
        "submethod": "SUBPARTITION_METHOD",
        "subexpression": "SUBPARTITION_EXPRESSION",
        "order": "PARTITION_ORDINAL_POSITION",
        "comment": "PARTITION_COMMENT",
    },
    """FROM information_schema.PARTITIONS
    WHERE TABLE_SCHEMA = DATABASE() AND PARTITION_NAME IS NOT NULL""",
)


def _columns(reference_system: str) -> Select:
    return Select(
        "'column'",
        "TABLE_NAME",
        "COLUMN_NAME",
        {
            "type": "COLUMN_TYPE",
            "nullable": "IS_NULLABLE",
            "default": "COLUMN_DEFAULT",
            "extra": "EXTRA",
            "generated": "GENERATION_EXPRESSION",
            "collation": "COLLATION_NAME",
            "comment": "COLUMN_COMMENT",
            "reference system": reference_system,
        },
        "FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()",
    )


def _indexes(hidden: str, expression: str) -> Select:
    column = f"COALESCE(COLUMN_NAME, CONCAT('(', {expression}, ')'))"
    prefix, order = "COALESCE(CONCAT('(', SUB_PART, ')'), '')", "IF(COLLATION = 'D', ' DESC', '')"
    return Select(
        "IF(INDEX_NAME = 'PRIMARY', 'primary key', 'index')",
        "TABLE_NAME",
        "IF(INDEX_NAME = 'PRIMARY', '', INDEX_NAME)",
        {
            "unique": "IF(NON_UNIQUE = 0, 'YES', 'NO')",
            "method": "INDEX_TYPE",
            "hidden": hidden,
            "columns": f"JSON_ARRAY(CONCAT({column}, {prefix}, {order}))",
            "comment": "INDEX_COMMENT",
        },
        "FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE()",
        "SEQ_IN_INDEX",
    )


# In two, as joining them takes longer than all else; a name is there only once in a database.
CONDITIONS = Select(
    "'check'",
    "''",
    "CONSTRAINT_NAME",
    {"condition": "CHECK_CLAUSE"},
    "FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()",
)
CHECKS = Select(
    "'check'",
    "TABLE_NAME",
    "CONSTRAINT_NAME",
    {"enforced": "ENFORCED"},
    """FROM information_schema.TABLE_CONSTRAINTS
    WHERE TABLE_SCHEMA = DATABASE() AND CONSTRAINT_TYPE = 'CHECK'""",
)
MARIADB_CHECKS = Select(
    "'check'",
    "TABLE_NAME",
    "CONSTRAINT_NAME",
    {"condition": "CHECK_CLAUSE", "enforced": "'YES'", "level": "LEVEL"},
    "FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()",
)

# What has columns or keys, by whether the server is MariaDB.
USUAL = {
    False: (TABLES, _columns("SRS_ID"), _indexes("IF(IS_VISIBLE = 'NO', 'YES', 'NO')", "EXPRESSION")),
    True: (TABLES, _columns("NULL"), _indexes("IGNORED", "NULL")),
}
SHARED = (DATABASE, FOREIGN_KEYS, COLUMNS_OF_FOREIGN_KEYS, TRIGGERS, ROUTINES, EVENTS)
MYSQL = (*USUAL[False], *SHARED, CONDITIONS, CHECKS)
MARIADB = (*USUAL[True], *SHARED, MARIADB_CHECKS)
SEQUENCES = """SELECT TABLE_NAME FROM information_schema.TABLES
WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'SEQUENCE' ORDER BY TABLE_NAME"""

# Views of information_schema take long to open, even where there is nothing in them.
RARE = (VIEWS, PARAMETERS, PARTITIONS)
HAS_RARE = "kind IN ('view', 'procedure', 'function', 'sequence') OR kind = 'table' AND attributes LIKE '%partitioned%'"


def of_table(words: tuple[str, ...], *, is_mariadb: bool) -> tuple[Select, ...]:
    """What tells the parts of the table `:named`, where these words stand in what SHOW CREATE TABLE says of it."""
    its_checks = f"SELECT CONSTRAINT_NAME {CHECKS.source} AND TABLE_NAME = :named"
    conditions = replace(CONDITIONS, source=f"{CONDITIONS.source} AND CONSTRAINT_NAME IN ({its_checks})")
    more = {
        "FOREIGN KEY": (FOREIGN_KEYS, COLUMNS_OF_FOREIGN_KEYS),
        "CHECK": (MARIADB_CHECKS,) if is_mariadb else (conditions, CHECKS),
        "PARTITION BY": (PARTITIONS,),
    }
    asked = (*USUAL[is_mariadb], *(each for word in words for each in more[word]))
    return tuple(
        each if each is conditions else replace(each, source=f"{each.source} AND TABLE_NAME = :named")
        for each in asked
    )


def rows(selects: tuple[Select, ...]) -> str:
    """Kind, table, name, place (of a key's column, else 0) and attributes of every part."""
    parts = " UNION ALL ".join(
        f"SELECT {each.kind} AS kind, {each.table} AS part_of, {each.name} AS name, {each.place} AS place, "
        f"{each.object('JSON_OBJECT')} AS attributes {each.source}"
        for each in selects
    )
    return f"SELECT * FROM ({parts}) parts WHERE part_of NOT IN :ignored AND name NOT IN :ignored"


def digest(selects: tuple[Select, ...]) -> str:
    """A hash that does not depend on the order of rows, as no two are alike, and whether there are rare parts."""
    # CONCAT_WS would leave a NULL out, GROUP_CONCAT would cut long texts, and MySQL 9.6 gave MD5 up.
    parts = " UNION ALL ".join(
        f"SELECT {each.kind} AS kind, {each.table} AS part_of, {each.name} AS name, CONCAT_WS(',', {each.place}, "
        f"{', '.join(f'QUOTE({value})' for value in each.attributes.values())}) AS attributes {each.source}"
        for each in selects
    )
    hashed = "SHA2(CONCAT_WS(',', QUOTE(kind), QUOTE(part_of), QUOTE(name), attributes), 256)"
    halves = ", ".join(f"BIT_XOR(CAST(CONV(MID(hash, {at}, 16), 16, 10) AS UNSIGNED))" for at in (1, 17))
    return f"""SELECT {halves}, COUNT(*), MAX(rare) FROM (
        SELECT {hashed} AS hash, {HAS_RARE} AS rare FROM ({parts}) parts
        WHERE part_of NOT IN :ignored AND name NOT IN :ignored) hashes"""
