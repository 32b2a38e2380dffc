"""The models against the schema that the tree makes, and whether the tree has one end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from alembic.autogenerate import produce_migrations
from alembic.runtime.migration import MigrationContext, RevisionStep
from sqlalchemy import Column, Dialect, MetaData, Table
from sqlalchemy.exc import CompileError
from sqlalchemy.schema import CheckConstraint, Constraint, ForeignKeyConstraint, Index
from sqlalchemy.types import TypeEngine

from flask_lab.errors import MigrationFailed
from flask_lab.experiments.base import Experiment, Fault, Observation, Stage
from flask_lab.migrator import Stepper
from flask_lab.results import Severity


class Drift(Experiment):
    """Does the migrated schema equal the models, and has the tree one head?

    Question: is what the tree makes on this backend what the app's models say? Does every revision follow one that is
    there, and does the tree end in one?
    Method: the tree is applied from nothing to all heads, and Alembic's autogenerate compares the result with the
    metadata that env.py gives it, with env.py's own settings (compare_type, include_object and the like).
    Passes when: there is nothing that `flask db migrate` would write, the revisions make a tree, and it has one head.
    Cannot see: what autogenerate does not compare; the report counts it by name. CHECK constraints, triggers, views,
    sequences and the values of enumerations are the usual ones.
    """

    name = "drift"
    of_revisions = False

    def run(self, stage: Stage) -> None:
        tree = stage.project.tree
        facts: dict[str, Any] = {
            "heads": list(tree.heads),
            "differences": [],
            "wrong_metadata": "",
            "not_compared": [],
            "tables": 0,
        }

        def plan(stepper: Stepper) -> Iterator[RevisionStep]:
            for revision in tree.orders()[0]:
                yield stepper.move(revision, "upgrade")
            models, bind = stage.project.metadata(stepper.bind), stage.named(stepper.bind)
            _compare(stepper.context, models, f"{bind}: " if bind else "", facts, stage.project.own_tables)

        with stage.databases():
            try:
                stage.migrator.follow(plan)
            except MigrationFailed as failure:
                facts["unfinished"] = failure.message
                facts["not_compared"].append(f"the models: the tree cannot be applied: {failure.message}")
            if facts["differences"]:
                facts |= stage.kept()
        stage.record(Observation(None, facts, skipped=_why_not(facts)))

    def broken(self, stage: Stage) -> Observation:
        return Observation(None, {"broken": list(stage.project.tree.broken)})

    def judge(self, observation: Observation) -> Iterator[Fault]:
        facts = observation.facts
        if "broken" in facts:
            yield from (Fault("broken-graph", each) for each in facts["broken"])
            return
        if len(facts["heads"]) > 1:
            yield Fault(
                "multiple-heads",
                f"the tree ends in {len(facts['heads'])} revisions: {', '.join(facts['heads'])}",
            )
        if facts["wrong_metadata"]:
            yield Fault("model-drift", facts["wrong_metadata"])
        for difference in facts["differences"]:
            severity = difference.get("severity")
            yield Fault("model-drift", difference["said"], severity=Severity(severity) if severity else None)


def _why_not(facts: dict[str, Any]) -> str:
    """Why nothing could be compared, else empty."""
    if len(facts["heads"]) > 1:
        return ""
    if "unfinished" in facts:
        return f"the tree cannot be applied: {facts['unfinished']}"
    return "" if facts["tables"] or facts["wrong_metadata"] else "no models are declared"


def _compare(
    context: MigrationContext, models: MetaData, bind: str, facts: dict[str, Any], own_tables: Collection[str]
) -> None:
    """Add to `facts` what differs between a database and the metadata of its env.py, or the models if it has none."""
    given = context.opts["target_metadata"]
    given = models if given is None else given
    targets = [given] if isinstance(given, MetaData) else list(given or ())
    tables = {name for target in targets for name in target.tables}
    facts["tables"] += len(tables)
    if models.tables and not tables & set(models.tables):
        facts["wrong_metadata"] = (
            f"{bind}env.py compares with metadata of {len(tables)} tables, none of which is among the "
            f"{len(models.tables)} that the models declare: set target_metadata to the metadata of the models"
        )
        return
    if not tables:
        return
    script = produce_migrations(context, given)
    directives = [script]
    if hook := context.opts.get("process_revision_directives"):
        hook(context, (), directives)
    for each in directives:
        facts["differences"] += [
            _difference(bind + _words(diff, context.dialect), *_but(diff, context.dialect, own_tables))
            for diff in _flat(each.upgrade_ops.as_diffs() if each.upgrade_ops else ())
        ]
    facts["not_compared"] += _not_compared(targets, context)


def _flat(diffs: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    """Alembic lists a column's changes together, and everything else by itself."""
    for diff in diffs:
        if isinstance(diff, tuple):
            yield diff
        else:
            yield from diff


def _difference(said: str, but: str = "", severity: Severity | None = None) -> dict[str, Any]:
    return {"said": f"{said} ({but})" if but else said, "severity": severity and severity.value}


def _but(
    diff: tuple[Any, ...], dialect: Dialect, own_tables: Collection[str]
) -> tuple[str, Severity] | tuple[()]:
    """Why a difference matters less than others, and how much."""
    kind, *details = diff
    if kind == "add_table" and details[0].name in own_tables:
        # It is then in every database that the app runs on, and flask db migrate finds it there.
        return "no revision makes it: the app does by itself, when it is created", Severity.WARNING
    if kind == "modify_type" and dialect.name == "sqlite":
        database, models = (_affinity(_type(each, dialect)) for each in details[-2:])
        if database == models:
            return "SQLite keeps both alike, and heeds no length", Severity.NOTE
    return ()


def _affinity(declared: str) -> str:
    """What SQLite makes of a declared type: it looks for these words, in this order."""
    words = {"INT": "integer", "CHAR": "text", "CLOB": "text", "TEXT": "text", "BLOB": "blob"}
    reals = dict.fromkeys(("REAL", "FLOA", "DOUB"), "real")
    return next((kind for word, kind in (words | reals).items() if word in declared.upper()), "numeric")


def _words(diff: tuple[Any, ...], dialect: Dialect) -> str:
    """One difference in words. `add` in Alembic's terms is what the models have and the database has not."""
    kind, *details = diff
    if kind.startswith("modify_"):
        _schema, table, column, _existing, database, models = details
        says = [_value(kind, value, dialect) for value in (models, database)]
        return f"{table}.{column}: the models say {says[0]}, the database says {says[1]}"
    verb, _, what = kind.partition("_")
    holders = ("the models", "the database") if verb == "add" else ("the database", "the models")
    return f"{_named(what, details)}: {holders[0]} {_has(holders[0])} it, {holders[1]} {_has(holders[1])} not"


def _has(holder: str) -> str:
    return "have" if holder == "the models" else "has"


def _value(kind: str, value: Any, dialect: Dialect) -> str:
    if isinstance(value, TypeEngine):
        return f"type {_type(value, dialect)}"
    if kind == "modify_nullable":
        return "NULL" if value else "NOT NULL"
    what = kind.removeprefix("modify_")
    if value is None or value is False:
        return f"no {what}"
    return f"{what} {getattr(value, 'arg', value)}"


def _type(kind: TypeEngine[Any], dialect: Dialect) -> str:
    """A type as the product spells it: for Python alone, one list of labels looks like the other."""
    try:
        return kind.compile(dialect=dialect)
    except CompileError:
        return str(kind)


def _named(what: str, details: list[Any]) -> str:
    found = details[-1] if what == "column" else details[0]
    match found:
        case Table():
            return f"table {found.name}" if what == "table" else f"comment of table {found.name}"
        case Column():
            return f"column {details[1]}.{found.name}"
        case Index():
            return f"index {found.name} on {found.table.name if found.table is not None else '?'}"
        case ForeignKeyConstraint():
            to = ", ".join(element.target_fullname for element in found.elements)
            return f"foreign key from {found.parent.name}.{', '.join(found.column_keys)} to {to}"
        case Constraint():
            kind = type(found).__name__.removesuffix("Constraint").lower()
            return f"{kind} constraint {found.name or 'without a name'} on {found.parent.name}"
    return f"{what.replace('_', ' ')} {found}"


def _not_compared(targets: Iterable[MetaData], context: MigrationContext) -> list[str]:
    """What the models declare and autogenerate passes over."""
    checks = sum(
        isinstance(constraint, CheckConstraint)
        for target in targets
        for table in target.tables.values()
        for constraint in table.constraints
    )
    said = [f"{checks} CHECK constraints"] if checks else []
    if not context.opts.get("compare_type"):
        said.append("types of columns: compare_type is off")
    if not context.opts.get("compare_server_default"):
        said.append("server defaults: compare_server_default is off")
    return said
