"""The models against the schema that the tree makes, and whether the tree has one end."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alembic.autogenerate import produce_migrations
from alembic.runtime.migration import RevisionStep
from sqlalchemy import Dialect, MetaData

from flask_lab.errors import MigrationFailed
from flask_lab.experiments.base import Experiment, Fault, Observation, Stage
from flask_lab.experiments.differences import flat, in_words, type_of
from flask_lab.experiments.modelled import Modelled, make
from flask_lab.migrator import Stepper
from flask_lab.project import Bind
from flask_lab.results import Severity
from flask_lab.schema import Schema


class Drift(Experiment):
    """Does the migrated schema equal the models, and has the tree one head?

    Question: is what the tree makes on this backend what the app's models say? Does every revision follow one that is
    there, and does the tree end in one?
    Method: the tree is applied from nothing to all heads, and Alembic's autogenerate compares the result with the
    metadata that env.py gives it, with env.py's own settings (compare_type, include_object and the like). The models
    also make their tables in a database of their own: what the server's catalogue says alike of both is no
    difference, and the values of enumerations, the conditions of indexes and CHECKs are compared there.
    Passes when: there is nothing that `flask db migrate` would write, the revisions make a tree, and it has one head;
    and nothing in those parts that it passes over differs.
    Cannot see: what neither compares, such as triggers, views and sequences, and CHECKs of the database that the
    models do not have; what could not be compared is counted by name.
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
            if (met := _meet(stage, stepper, facts)) is not None:
                meetings.append(met)

        meetings: list[_Meeting] = []
        with stage.databases():
            try:
                stage.migrator.follow(plan)
            except MigrationFailed as failure:
                facts["unfinished"] = failure.message
                facts["not_compared"].append(f"the models: the tree cannot be applied: {failure.message}")
            for met in meetings:
                with stage.databases():
                    made = make(stage.project.engines[met.bind], met.targets, met.schema)
                _compare(met, made, stage.project.own_tables, facts)
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


@dataclass(frozen=True, slots=True)
class _Meeting:
    """A migrated database and the metadata that its env.py compares it with."""

    bind: Bind
    named: str
    targets: Sequence[MetaData]
    differences: Sequence[tuple[Any, ...]]
    """As autogenerate tells them."""
    schema: Schema
    dialect: Dialect
    options: Mapping[str, Any]
    """What env.py has configured."""


def _meet(stage: Stage, stepper: Stepper, facts: dict[str, Any]) -> _Meeting | None:
    """Ask autogenerate about a migrated database, if there is metadata to compare it with, or else the models."""
    context, models = stepper.context, stage.project.metadata(stepper.bind)
    bind = f"{name}: " if (name := stage.named(stepper.bind)) else ""
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
        return None
    if not tables:
        return None
    schema = stage.schema(stepper.connection, context.version_table)
    script = produce_migrations(context, given)
    directives = [script]
    if hook := context.opts.get("process_revision_directives"):
        hook(context, (), directives)
    told = [
        diff for each in directives for diff in flat(each.upgrade_ops.as_diffs() if each.upgrade_ops else ())
    ]
    return _Meeting(stepper.bind, bind, targets, told, schema, context.dialect, context.opts)


def _compare(
    met: _Meeting, made: Modelled | None, own_tables: Collection[str], facts: dict[str, Any]
) -> None:
    """Add to `facts` what differs, and what could not be compared."""
    facts["differences"] += [
        _difference(met.named + in_words(diff, met.dialect, made), *_but(diff, met.dialect, own_tables))
        for diff in met.differences
        if made is None or not _is_spelling(diff, made)
    ]
    if made is not None:
        types = bool(met.options.get("compare_type"))
        facts["differences"] += [_difference(met.named + each) for each in made.passed_over(types=types)]
    facts["not_compared"] += _not_compared(met, made)


def _is_spelling(diff: tuple[Any, ...], made: Modelled) -> bool:
    """Whether the server makes the same of what the models say and of what the tree said."""
    return diff[0].startswith("modify_") and made.is_alike(diff[0], diff[2], diff[3])


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
        database, models = (_affinity(type_of(each, dialect)) for each in details[-2:])
        if database == models:
            return "SQLite keeps both alike, and heeds no length", Severity.NOTE
    return ()


def _affinity(declared: str) -> str:
    """What SQLite makes of a declared type: it looks for these words, in this order."""
    words = {"INT": "integer", "CHAR": "text", "CLOB": "text", "TEXT": "text", "BLOB": "blob"}
    reals = dict.fromkeys(("REAL", "FLOA", "DOUB"), "real")
    return next((kind for word, kind in (words | reals).items() if word in declared.upper()), "numeric")


def _not_compared(met: _Meeting, made: Modelled | None) -> Iterator[str]:
    """What the models declare and nobody looks at."""
    if made is None:
        yield "CHECKs, conditions of indexes, values of enumerations: the models cannot make their tables here"
    if not met.options.get("compare_type"):
        yield "types of columns: compare_type is off"
    if not met.options.get("compare_server_default"):
        yield "server defaults: compare_server_default is off"
