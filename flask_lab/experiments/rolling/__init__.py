"""The previous release on the new schema, and what the new one wrote read by the old one after a rollback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask_lab.experiments.base import Experiment, Fault, Observation, Stage
from flask_lab.experiments.data import enforces_foreign_keys
from flask_lab.experiments.rolling.previous import ask_previous
from flask_lab.experiments.rolling.telling import new_breaks, old_breaks
from flask_lab.experiments.rolling.walk import Walk


class Rolling(Experiment):
    """Do the release before a revision and the one after it work beside each other?

    Question: during a deploy the old release runs on the new schema, and after a rollback the new release's rows meet
    the old one. What breaks, and which steps would avoid it?
    Method: with ordinary rows in every table, the statements of the release before each revision are made from the
    schema before it, and tried there: SELECT of all columns by name, INSERT of all and of only the required ones,
    UPDATE of each column to ordinary values, to NULL, to the largest and smallest value and to each label of an
    enumeration, DELETE. What the old schema takes is run on the new one, and what it stores is read back. Then rows
    are written as the new release does, the revision is taken back, and the old release reads them; the new release's
    statements are run on the old schema too. All is done inside the project's own env.py; on SQLite, foreign keys are
    enforced for it as the app enforces them.
    Passes when: the old release's statements work on the new schema and store what they did before, and after the
    downgrade the old release reads what the new one wrote. That the new release needs what the revision adds is why
    migrations run first: it is counted, and no finding.
    Cannot see: which of the values and columns your release really uses (--old-ref REF asks its models, at the head);
    tables that take no row, which are named; joins, views and functions that only your code names.
    """

    name = "rolling"
    of_tree = False
    around = True

    def run(self, stage: Stage) -> None:
        enforces = enforces_foreign_keys(stage)
        met: set[object] = set()
        for order in stage.project.tree.orders():
            for bind in stage.project.engines:
                for revision, facts in Walk(stage, order, bind, met, enforces=enforces).observe():
                    named = stage.named(bind)
                    if skipped := facts.get("skipped"):
                        stage.record(Observation(revision, skipped=skipped, bind=named))
                    else:
                        stage.record(Observation(revision, facts, facts.pop("seconds"), bind=named))

        head = stage.project.tree.orders()[0][-1]
        if stage.options.old_ref and stage.asks(head):
            for bind, facts in ask_previous(stage).items():
                stage.record(_of_previous(head, facts, stage.named(bind)))

    def judge(self, observation: Observation) -> Iterator[Fault]:
        yield from old_breaks(observation.facts)
        yield from new_breaks(observation.facts)


def _of_previous(head: str, facts: dict[str, Any], bind: str) -> Observation:
    if skipped := facts.get("skipped"):
        # Said in both ways: the head's own cell may be worse, and show that.
        return Observation(head, {"not_compared": [skipped]}, skipped=skipped, bind=bind)
    return Observation(head, facts, bind=bind)
