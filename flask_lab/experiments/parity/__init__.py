"""Do all backends end with the same schema? Each worker records its own; they are compared when all have ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from alembic.runtime.migration import RevisionStep

from flask_lab.errors import MigrationFailed
from flask_lab.experiments.base import Compared, Experiment, Fault, Observation, Stage
from flask_lab.experiments.parity.comparison import Comparison, Parting
from flask_lab.experiments.parity.portable import Portable
from flask_lab.migrator import Stepper
from flask_lab.project import Bind
from flask_lab.results import Facts


class Parity(Experiment):
    """Do all backends of the run end with the same schema?

    Question: does one tree make the same tables on every product: columns with type, nullability and default, keys,
    unique constraints, foreign keys with their actions, indexes, checks, views and comments? If not, since when?
    Method: on each backend the tree is applied a revision at a time, and its schema read from the product's own
    catalogue after each. What one product spells otherwise than another is put into common words by a table of
    equivalences (flask_lab/experiments/parity/equivalences.py). Then all backends are compared with each other at
    every revision; what differs at the end is a finding, at the first revision since which it does.
    Passes when: at the head, all backends' schemas say the same in common words.
    Cannot see: expressions of which products print their own versions, which are counted and named; collations, names
    of constraints and indexes, and bodies of triggers, views and routines.
    """

    name = "parity"
    compares = True
    of_revisions = False

    def run(self, stage: Stage) -> None:
        binds: dict[str, dict[str, Any]] = {}
        for bind in stage.project.engines:
            binds[bind or ""] = _walk(stage, bind)
        stopped = [said["stopped"] for said in binds.values() if said["stopped"]]
        not_compared = [each for said in binds.values() for each in said.pop("not_compared")]
        facts = {
            "product": stage.server.product.name,
            "asked": None if stage.only is None else sorted(stage.only),
            "binds": binds,
            "not_compared": not_compared,
        }
        stage.record(Observation(None, facts, skipped=stopped[0] if stopped else ""))

    def judge(self, observation: Observation) -> Iterator[Fault]:
        """Nothing: one backend alone cannot differ."""
        yield from ()

    def compare(self, seen: Mapping[str, Facts]) -> Compared:
        products = {backend: facts["product"] for backend, facts in seen.items()}
        faults: list[tuple[str | None, Fault]] = []
        not_compared: list[str] = []
        for bind in next(iter(seen.values()))["binds"]:
            comparison = Comparison(products)
            comparison.follow({backend: facts["binds"][bind]["changes"] for backend, facts in seen.items()})
            faults += [(each.revision, _fault(each, bind)) for each in comparison.parted.values()]
            not_compared += comparison.not_compared.values()
        asked = next(iter(seen.values()))["asked"]
        wanted = [(revision, fault) for revision, fault in faults if asked is None or revision in asked]
        return Compared(tuple(wanted), tuple(not_compared))


def _fault(parting: Parting, bind: str) -> Fault:
    where = f" (bind {bind})" if bind else ""
    evidence = {"part": parting.part, "attribute": parting.attribute, "sides": dict(parting.sides)}
    return Fault("schema-differs-between-backends", f"{parting}{where}", evidence, parting.severity)


def _walk(stage: Stage, bind: Bind) -> dict[str, Any]:
    """What each revision changes of a bind's schema, in common words."""
    portable = Portable(stage.server.product.name)
    changes: list[dict[str, Any]] = []

    def plan(stepper: Stepper) -> Iterator[RevisionStep]:
        if stepper.bind != bind:
            return
        for revision in stage.project.tree.orders()[0]:
            yield stepper.move(revision, "upgrade")
            new, gone = portable.read(stage.schema(stepper.connection, stepper.context.version_table))
            changes.append({"revision": revision, "new": new, "gone": gone})

    stopped = ""
    with stage.databases():
        try:
            stage.migrator.follow(plan)
        except MigrationFailed as failure:
            stopped = f"the tree cannot be applied: {failure.message}"
    return {"changes": changes, "stopped": stopped, "not_compared": sorted(portable.not_compared)}
