"""What is asked of information_schema on MySQL and MariaDB.

Nothing that is computed from statistics or counters is asked for, so that neither their cache nor rows matter. Left
out: grants, which belong to the server. No name is left out, though the server gives some (`t_chk_1`, `t_ibfk_1`, the
index of a foreign key): it numbers them by the table's own contents, so that what is made again in the same way has
the same name, and what has another name answers to another DROP.
"""

# ruff: noqa: S608  (every part of these statements stands in this file)

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """Where the two products' views differ."""

    key_expression: str
    key_hidden: str
    column_space: str
    check_table: str
    check_join: str
    enforced: str
    level: str


MYSQL = Dialect(
    key_expression="s.EXPRESSION",
    key_hidden="s.IS_VISIBLE = 'NO'",
    column_space="c.SRS_ID",
    check_table="t.TABLE_NAME",
    check_join="""JOIN information_schema.TABLE_CONSTRAINTS t ON t.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA
        AND t.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND t.CONSTRAINT_TYPE = 'CHECK'""",
    enforced="t.ENFORCED",
    level="NULL",
)
MARIADB = Dialect(
    key_expression="NULL",
    key_hidden="s.IGNORED = 'YES'",
    column_space="NULL",
    check_table="k.TABLE_NAME",
    check_join="",
    enforced="'YES'",
    level="k.LEVEL",
)

# A definition names its database, and a clone of that has another name.
UNQUALIFIED = "REPLACE({}, CONCAT('`', DATABASE(), '`.'), '')"


def query(dialect: Dialect) -> str:
    """Rows of kind, table, name, place (of a key's column, else 0) and attributes."""
    selects = (
        """
        SELECT 'database' AS kind, '' AS part_of, '' AS name, 0 AS place,
            JSON_OBJECT('collation', DEFAULT_COLLATION_NAME) AS attributes
        FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE()
        """,
        """
        SELECT LOWER(REPLACE(TABLE_TYPE, 'BASE ', '')), '', TABLE_NAME, 0, JSON_OBJECT('engine', ENGINE,
            'collation', TABLE_COLLATION, 'comment', TABLE_COMMENT, 'options', CREATE_OPTIONS)
        FROM information_schema.TABLES
        WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE IN ('BASE TABLE', 'SEQUENCE', 'SYSTEM VERSIONED')
        """,
        f"""
        SELECT 'column', c.TABLE_NAME, c.COLUMN_NAME, 0, JSON_OBJECT('type', c.COLUMN_TYPE,
            'nullable', c.IS_NULLABLE, 'default', c.COLUMN_DEFAULT, 'extra', c.EXTRA,
            'generated', c.GENERATION_EXPRESSION, 'collation', c.COLLATION_NAME,
            'comment', c.COLUMN_COMMENT, 'reference system', {dialect.column_space})
        FROM information_schema.COLUMNS c WHERE c.TABLE_SCHEMA = DATABASE()
        """,
        f"""
        SELECT IF(s.INDEX_NAME = 'PRIMARY', 'primary key', 'index'), s.TABLE_NAME,
            IF(s.INDEX_NAME = 'PRIMARY', '', s.INDEX_NAME), s.SEQ_IN_INDEX, JSON_OBJECT(
            'unique', s.NON_UNIQUE, 'method', s.INDEX_TYPE, 'comment', s.INDEX_COMMENT,
            'hidden', IF({dialect.key_hidden}, 1, 0), 'columns', CONCAT(
            COALESCE(s.COLUMN_NAME, CONCAT('(', {dialect.key_expression}, ')')),
            COALESCE(CONCAT('(', s.SUB_PART, ')'), ''), IF(s.COLLATION = 'D', ' DESC', '')))
        FROM information_schema.STATISTICS s WHERE s.TABLE_SCHEMA = DATABASE()
        """,
        """
        SELECT 'foreign key', TABLE_NAME, CONSTRAINT_NAME, 0, JSON_OBJECT('table', REFERENCED_TABLE_NAME,
            'on update', UPDATE_RULE, 'on delete', DELETE_RULE)
        FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()
        """,
        """
        SELECT 'foreign key', TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION,
            JSON_OBJECT('columns', COLUMN_NAME, 'target', REFERENCED_COLUMN_NAME)
        FROM information_schema.KEY_COLUMN_USAGE
        WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_NAME IS NOT NULL
        """,
        f"""
        SELECT 'check', {dialect.check_table}, k.CONSTRAINT_NAME, 0, JSON_OBJECT(
            'condition', k.CHECK_CLAUSE, 'enforced', {dialect.enforced}, 'level', {dialect.level})
        FROM information_schema.CHECK_CONSTRAINTS k {dialect.check_join}
        WHERE k.CONSTRAINT_SCHEMA = DATABASE()
        """,
        f"""
        SELECT 'view', '', TABLE_NAME, 0, JSON_OBJECT('definition', {UNQUALIFIED.format("VIEW_DEFINITION")},
            'check option', CHECK_OPTION, 'security', SECURITY_TYPE)
        FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()
        """,
        """
        SELECT 'trigger', EVENT_OBJECT_TABLE, TRIGGER_NAME, 0, JSON_OBJECT(
            'event', CONCAT(ACTION_TIMING, ' ', EVENT_MANIPULATION), 'order', ACTION_ORDER,
            'definition', ACTION_STATEMENT)
        FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()
        """,
        """
        SELECT LOWER(ROUTINE_TYPE), '', ROUTINE_NAME, 0, JSON_OBJECT('definition', ROUTINE_DEFINITION,
            'returns', DTD_IDENTIFIER, 'deterministic', IS_DETERMINISTIC, 'data access', SQL_DATA_ACCESS,
            'security', SECURITY_TYPE, 'comment', ROUTINE_COMMENT)
        FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()
        """,
        """
        SELECT LOWER(ROUTINE_TYPE), '', SPECIFIC_NAME, ORDINAL_POSITION, JSON_OBJECT(
            'parameters', CONCAT_WS(' ', PARAMETER_MODE, PARAMETER_NAME, DTD_IDENTIFIER))
        FROM information_schema.PARAMETERS WHERE SPECIFIC_SCHEMA = DATABASE() AND ORDINAL_POSITION > 0
        """,
        """
        SELECT 'event', '', EVENT_NAME, 0, JSON_OBJECT('definition', EVENT_DEFINITION, 'type', EVENT_TYPE,
            'every', CONCAT(INTERVAL_VALUE, ' ', INTERVAL_FIELD), 'at', EXECUTE_AT, 'starts', STARTS,
            'ends', ENDS, 'status', STATUS, 'on completion', ON_COMPLETION, 'comment', EVENT_COMMENT)
        FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()
        """,
        """
        SELECT 'partition', TABLE_NAME, CONCAT_WS(', ', PARTITION_NAME, SUBPARTITION_NAME), 0, JSON_OBJECT(
            'method', PARTITION_METHOD, 'expression', PARTITION_EXPRESSION, 'holds', PARTITION_DESCRIPTION,
            'submethod', SUBPARTITION_METHOD, 'subexpression', SUBPARTITION_EXPRESSION,
            'order', PARTITION_ORDINAL_POSITION, 'comment', PARTITION_COMMENT)
        FROM information_schema.PARTITIONS WHERE TABLE_SCHEMA = DATABASE() AND PARTITION_NAME IS NOT NULL
        """,
    )
    ignoring = "WHERE part_of NOT IN :ignored AND name NOT IN :ignored"
    return (
        f"SELECT kind, part_of, name, place, attributes FROM ({' UNION ALL '.join(selects)}) parts {ignoring}"
    )


def digest(dialect: Dialect) -> str:
    """A hash that does not depend on the order of rows, as no two are alike."""
    # GROUP_CONCAT would cut long texts, and MySQL 9.6 gave up MD5.
    row = "SHA2(CONCAT_WS('|', kind, part_of, name, place, attributes), 256)"
    halves = ", ".join(f"BIT_XOR(CAST(CONV(MID(hash, {at}, 16), 16, 10) AS UNSIGNED))" for at in (1, 17))
    return f"SELECT {halves}, COUNT(*) FROM (SELECT {row} AS hash FROM ({query(dialect)}) kept) hashes"
