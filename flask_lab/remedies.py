"""Remedies for one case: what helps where more is known than which rule is broken.

Each is found by what the server or Python said, by the statement that met it, or by what a schema lost. Where none
fits, the rule's own remedy stands.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_lab.online import way_online
from flask_lab.rules import Rule


@dataclass(frozen=True, slots=True)
class Case:
    """One case: a pattern that the message, the statement or the revision's line has, and what helps."""

    pattern: str
    remedy: str
    """May name the pattern's groups, as str.format does."""
    rules: str = ""
    """A pattern of the rules that it is for; empty: all that have an error."""


_NAMELESS = Case(
    r"PostgreSQL Enum type requires a name",
    "PostgreSQL keeps an enumeration as a type, which needs a name: sa.Enum(..., name='status'), in existing_type and "
    "type_ alike.",
)
_ERRORS = (
    _NAMELESS,
    Case(
        r"\b1553\b|needed in a foreign key constraint|errno: 150 ",
        "MySQL and MariaDB keep a foreign key's columns indexed, and give up no index that a key needs. Drop the "
        "foreign key first; where the whole table goes, leave the index to drop_table, which takes it along.",
    ),
    Case(
        r"(?s)No support for ALTER of constraints in SQLite.*drop_constraint\(\s*None",
        "The line drops a constraint without naming it, and SQLite drops one by a rebuild only. Give it a name where "
        "it is made, or by a naming_convention of the metadata, and drop it by that name within "
        "op.batch_alter_table.",
    ),
    Case(
        r"drop_constraint\(\s*None|Constraint must have a name|in format_constraint\)",
        "The line drops a constraint without naming it. Give it a name where it is made, or by a naming_convention "
        "of the metadata, and drop it by that name.",
    ),
    Case(
        r"No support for ALTER of constraints in SQLite|near \"(?:ALTER|CONSTRAINT|DROP|MODIFY|COLUMN)\"",
        "SQLite changes a table's constraints and columns by a rebuild only: use op.batch_alter_table, with the same "
        "operations inside.",
    ),
    Case(
        r"(?s)FOREIGN KEY constraint failed.*DROP TABLE \W?(?P<table>\w+).*batch",
        "A batch rebuilds {table}: SQLite drops it while rows of other tables refer to it, which foreign keys forbid "
        "once they are enforced. Let env.py turn PRAGMA foreign_keys off on its connection before its first "
        "transaction, and check PRAGMA foreign_key_check when it is done.",
    ),
    Case(
        r"(?s)FOREIGN KEY constraint failed.*DROP TABLE \W?(?P<table>\w+)",
        "Rows of other tables refer to {table}: drop those tables first, or the keys that refer to it.",
    ),
    Case(
        r"\b1170\b|key specification without a key length",
        "MySQL indexes no TEXT or BLOB as a whole: use sa.String with a length, or give the index mysql_length.",
    ),
    Case(
        r"cannot be cast automatically to type (?P<type>\w+)",
        "Say how old values become new ones: alter_column(..., postgresql_using='<column>::{type}').",
    ),
    Case(
        r"syntax error at or near \"(?P<word>\w+)\"",
        "'{word}' is a word of PostgreSQL's own, or the syntax is another product's. Write the statement with "
        "sa.table() and sa.column(), which quote where a product needs it.",
        "upgrade-fails|downgrade-fails",
    ),
    Case(
        r"NOT NULL constraint failed: _alembic_tmp_(?P<column>[\w.]+)|"
        r"column \"(?P<other>\w+)\" of relation \"\w+\" contains null values",
        "The rows that are there have no value for the column. Give it a server_default, or add it as NULL, fill it, "
        "and make it NOT NULL then.",
        ".*-on-data",
    ),
    Case(
        r"(?i)\bunique\b|duplicate",
        "Rows may hold the same value there until now. Tell them apart, or merge them, before the constraint is made; "
        "a new column needs a value of its own in every row.",
        ".*-on-data",
    ),
    Case(
        r"(?is)truncated for column.*\benum\b|invalid input value for enum",
        "Rows hold a value that the new list has not, or NULL where the column is to take none. Bring them to values "
        "that it has by an UPDATE before the column is changed.",
        ".*-on-data",
    ),
    Case(
        r"(?i)truncated for column|cannot be null|contains null values|NOT NULL constraint failed|\b1138\b",
        "Fill what is NULL by an UPDATE before the column becomes NOT NULL.",
        ".*-on-data",
    ),
    Case(
        r"(?i)too long|truncated",
        "Make the column as wide as what is to go into it, or shorten the values first.",
        ".*-on-data",
    ),
    Case(
        r"^(?:AttributeError|TypeError): .*None",
        "The revision's own code meets a NULL that it does not expect: leave such rows out, or give them a value.",
        ".*-on-data",
    ),
)
# What MySQL takes from a column whose change does not repeat it.
_WHOLE_DEFINITION = ("nullable", "default", "comment", "collation", "auto increment")
# A type goes as well, where no operation asks for another one and the change repeats a wrong one.
_LOST = (*_WHOLE_DEFINITION, "type")
_RESTATE = (
    "MySQL and MariaDB take a column's whole definition when a part of it changes. Say what stays: "
    "alter_column(..., existing_type=..., existing_nullable=..., existing_server_default=...), as it really is."
)
_TYPE = "An enumeration outlives its table: sa.Enum(name='{name}').drop(op.get_bind()) drops it."
_SAID = (
    _NAMELESS,
    Case(
        r"without literal_binds",
        "Where env.py runs offline, have the values written into the SQL: context.configure(url=url, "
        "target_metadata=target_metadata, literal_binds=True), as `flask db init` writes it.",
        "offline-sql-fails",
    ),
)
_ROWS = (
    Case(
        r"(?i)\b(?:delete|truncate)\b",
        "The revision deletes them itself. Keep them in a table aside for the way back, or accept the finding with a "
        "reason when nobody needs them.",
        "upgrade-loses-rows",
    ),
    Case(
        r"(?i)\bupdate\b",
        "The upgrade sets these values, and nothing sets them back: keep the old ones in a column or table aside, or "
        "accept the finding with a reason when a way back cannot exist.",
        "round-trip-changes-values",
    ),
)
_LOCK = (
    "Copy the lock that flask lab explain unsafe-concurrent-upgrade prints into env.py, and open the connection by: "
    "with upgrade_lock(connectable), connectable.connect() as connection. It is taken before the version is read and "
    "held for the whole run, on a connection of its own; it "
)
_LOCKS = (
    Case(
        r"a transaction that nobody commits",
        "A statement on the migrating connection before context.configure begins a transaction, which Alembic takes "
        "for env.py's and leaves alone. Call connection.commit() after it, or send it on another connection, as the "
        "lock does that flask lab explain unsafe-concurrent-upgrade prints.",
    ),
    Case(
        r"^an old release",
        "Let env.py stop, without a change, where the database's version is none of its script directory's: Alembic "
        "does so by itself.",
    ),
    Case(
        r"^when one was killed",
        "Let the lock be one that ends with its holder's session or process, not a row or a file that is deleted at "
        "the end: flask lab explain unsafe-concurrent-upgrade prints one that is ready to be copied into env.py.",
    ),
    Case(r"on postgres$", f"{_LOCK}asks pg_try_advisory_lock(key) again and again, up to a deadline."),
    Case(
        r"on (?:mysql|mariadb)$",
        f"{_LOCK}asks GET_LOCK(name, 0) again and again, up to a deadline, and takes nothing but 1 for a yes.",
    ),
    Case(
        r"on sqlite$",
        f"{_LOCK}asks for BEGIN EXCLUSIVE on a file beside the database again and again, up to a deadline. Where only "
        "one process ever opens the file, accept the finding with that reason.",
    ),
)

_CRASHES = (
    Case(
        r"^a crash after the last statement",
        "`flask db stamp` with the revision that was done, when it happens. A step that looks before it acts needs no "
        'one for that: if not sa.inspect(op.get_bind()).has_table("invoice"), create_table(..., if_not_exists=True).',
        "stuck-after-crash",
    ),
    Case(
        r"(?s)^(?!.* after the COMMIT).* on sqlite$",
        "Let the driver leave transactions to SQLAlchemy, in the app's engine or in env.py's: "
        'connect_args={{"autocommit": False}} from Python 3.12 on, else isolation_level None at the event connect and '
        "BEGIN at the event begin. SQLite then takes back what a crash leaves.",
        "stuck-after-crash|partial-after-crash",
    ),
    Case(
        r"on (?:mysql|mariadb)$",
        "Each CREATE, ALTER and DROP is committed at once: let a revision have one, or let each look before it acts, "
        'by sa.inspect(op.get_bind()): if "phone" not in [each["name"] for each in inspector.get_columns("users")].',
        "stuck-after-crash",
    ),
)
# Steps by which releases and schema change in turn, so that two releases can always run beside each other.
_DEPLOYS = {
    "table renamed": "Make {new} beside {table}, or leave a view of the old name; write both, copy the old rows, read "
    "{new}; drop {table} last, when no release that uses it runs any more.",
    "table gone": "Let one release stop using {table}, and drop it by a revision of the next. Such a last step is "
    "meant: accept it, # lab: ignore[old-code-breaks] why.",
    "column renamed": "Add {new} beside {column}, both of them NULL; write both, by the release or by triggers; copy "
    "the old rows; read {new}; stop writing {column}; drop it last, when no release that uses it runs any more.",
    "column gone": "Let one release stop reading and writing {table}.{column}, which has to be NULL or to have a "
    "server_default by then, and drop it by a revision of the next. Such a last step is meant: accept it, # lab: "
    "ignore[old-code-breaks] why.",
    "required": "Add {column} with a server_default, or as NULL; let the new release write it; fill the rows of "
    "before; take the default away, or make it NOT NULL, in a later revision.",
    "null": "Fill what is NULL, and let a release that always writes {column} be out everywhere; make it NOT NULL in a "
    "later revision. A server_default helps where an INSERT leaves it out.",
    "unique": "Let a release that keeps {column} unique be out everywhere, tell apart what is there twice, and add the "
    "constraint in a later revision. Where it is unique from the start: accept it with that reason.",
    "reference": "Let a release that writes only what is in {new} be out everywhere, clean the rest, and add the "
    "foreign key in a later revision.",
    "label": "Let a release that writes the label no more be out everywhere, move the rows to another, and take it "
    "away in a later revision.",
    "check": "Let a release that keeps to the CHECK be out everywhere, mend the rows, and add it in a later revision.",
    "type": "Let a release that writes only what fits be out everywhere, then narrow the column; or add a column of "
    "the new type beside it, write both, copy, read the new one, and drop the old one last.",
    "generated": "Let a release that no longer writes {column} be out everywhere, then let the server compute it.",
    "value": "Add a column of the new type beside {column}; write both, copy, read the new one, drop the old one last.",
    "default": "Keep the default until no release runs any more that leaves {column} out.",
    "new label": "Deploy a release that can read the label, and does not write it yet, before the one that does.",
    "still required": "In a revision before, let {column} be NULL or give it a server_default; then let one release "
    "stop using it; drop it last.",
}


def remedy_for(rule: Rule, product: str, message: str, evidence: Mapping[str, Any]) -> str:
    """What helps in the case at hand, else the rule's own remedy."""
    if trace := evidence.get("left"):
        return _back(product, trace)
    if lost := evidence.get("lost"):
        return _RESTATE if _is_restated(product, lost, _LOST) else rule.remedy
    if (found := _around(rule, product, message, evidence)) is not None:
        return found
    if "type" in evidence:
        return _first(_ERRORS, rule, message, evidence.get("statement", ""), evidence.get("code", ""))
    said = evidence.get("statements")
    return _first(_SAID, rule, message) if said is None else _first(_ROWS, rule, *said)


def _around(rule: Rule, product: str, message: str, evidence: Mapping[str, Any]) -> str | None:
    """What helps against that which happens around a step; None where the rule is about the step itself."""
    if cases := {"crash": _CRASHES, "race": _LOCKS}.get(rule.experiment):
        return _first(cases, rule, f"{message} on {product}")
    if rule.experiment == "traffic":
        return way_online(product, evidence) or rule.remedy
    if (cause := evidence.get("cause")) in _DEPLOYS:
        return _DEPLOYS[cause].format_map(evidence)
    return None


def _first(cases: Iterable[Case], rule: Rule, *said: str) -> str:
    for case in cases:
        found = re.search(case.pattern, "\n".join(said))
        if found and re.fullmatch(case.rules or ".*", rule.name):
            return case.remedy.format_map(found.groupdict())
    return rule.remedy


def _back(product: str, trace: Iterable[Mapping[str, Any]]) -> str:
    """What a downgrade has to do that leaves a trace."""
    changed, made, dropped = [], [], []
    for each in trace:
        name = each["name"] or each["table"]
        place = f"{each['table']}.{name}" if each["kind"] == "column" else f"{each['kind']} {name}"
        if each["attribute"] is not None:
            changed.append(f"the {each['attribute']} of {place}")
        elif each["is_left"]:
            dropped.append(place)
        else:
            made.append(place)
    told = (("give back", changed), ("make again", made), ("drop", dropped))
    parts = [f"{verb} {', '.join(places)}" for verb, places in told if places]
    said = [f"Let the downgrade {'; '.join(parts)}."]
    if _is_restated(product, trace):
        said.append(_RESTATE)
    said += [_TYPE.format_map(each) for each in trace if each["kind"] == "enumeration" and each["is_left"]]
    return " ".join(said)


def _is_restated(
    product: str, found: Iterable[Mapping[str, Any]], attributes: Collection[str] = _WHOLE_DEFINITION
) -> bool:
    """Whether it is what MySQL takes from a column that is not told to keep it."""
    kept = any(each["kind"] == "column" and each["attribute"] in attributes for each in found)
    return kept and product in ("mysql", "mariadb")
