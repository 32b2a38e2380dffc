"""Several processes upgrade one database at once, as replicas do that start together."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from flask_lab.experiments.base import Experiment, Fault, Observation, Stage
from flask_lab.experiments.race.racers import racers
from flask_lab.experiments.race.trial import Trial, Unfit, is_wrong

RULE = "unsafe-concurrent-upgrade"
SHOWN = 5


class Race(Experiment):
    """Can several processes upgrade the same database at once?

    Question: replicas that start together each run `flask db upgrade`: does one migrate while the others wait, and do
    all succeed? Also when the one is slow, or is killed, and when an old release starts on a newer schema?
    Method: real processes (four, or --processes), each a Python of its own that opens the project as a replica does
    and runs Alembic's upgrade through env.py: from nothing and from the revision before head, several rounds of each
    (three, or --rounds), every one on new databases. All wait for each other where they have just read the version,
    and go on together, or some milliseconds apart. Whoever holds a lock of env.py's there keeps the others from
    coming: when nobody has come for half a second or more, it goes on without them. What they leave is held against
    what one process alone leaves. Where that is well, one more race in which the winner is held up for six seconds
    (or --slow) in front of its revisions, and one in which it is killed before its first statement, when it holds
    nothing but the lock; one more upgrade follows. And one process upgrades a database whose version the tree does not
    know, as an old release does that meets a newer schema.
    Passes when: every process succeeds, none before all is applied, and version, schema and the number of rows of
    each table are as one process alone leaves them, or as many in turn. That an old release refuses to start is told
    among the facts; it must not change anything.
    Cannot see: a lock outside of env.py, such as a job that migrates before replicas start or a script's own; and
    a pooler that hands out sessions. What a crash in the middle of a revision leaves is another question.
    """

    name = "race"
    around = True
    of_revisions = False

    def run(self, stage: Stage) -> None:
        begun, skipped = time.perf_counter(), ""
        with racers(stage) as field:
            trial = Trial(stage, field)
            try:
                trial.run()
            except Unfit as reason:
                skipped = reason.message
        stage.record(Observation(None, trial.facts, time.perf_counter() - begun, skipped))

    def judge(self, observation: Observation) -> Iterator[Fault]:
        facts = observation.facts
        if unrecorded := facts["alone"]["unrecorded"]:
            yield Fault(
                RULE,
                f"one process alone says that it succeeded, and leaves {_listed(unrecorded)} out of the version "
                "table: env.py holds a transaction that nobody commits",
            )
            return
        rounds = [each for each in facts["rounds"] if is_wrong(each)]
        if rounds:
            yield _fault(f"several processes at once, from {rounds[0]['from']}", rounds[0])
        for name, when in (("slow", "while one takes {held up:g} s"), ("killed", "when one was killed")):
            race = facts[name]
            if "skipped" not in race and is_wrong(race):
                yield _fault(when.format_map(race), race)
        if changed := facts.get("old release", {}).get("changed"):
            yield Fault(RULE, f"an old release that starts on a newer schema changes it: {_listed(changed)}")


def _fault(when: str, race: Mapping[str, Any]) -> Fault:
    """What went wrong in a race, the worst first."""
    ended: dict[str, list[Mapping[str, Any]]] = {}
    for each in (*race["processes"], *([race["after"]] if "after" in race else ())):
        ended.setdefault(each["outcome"], []).append(each)
    evidence: dict[str, Any] = {
        "from": race["from"],
        "outcomes": race["outcomes"],
        "differs": race["differs"],
    }
    if stuck := ended.get("stuck"):
        what, said = "some wait without end", f"still waiting after {stuck[0]['seconds']:.0f} s"
    elif failed := ended.get("failed", ended.get("died")):
        # Which error it is differs from time to time, which a baseline must not depend on.
        what, said = "some fail", failed[0]["error"]["message"]
        evidence |= failed[0]["error"] | {"errors": [each["error"] for each in failed]}
    elif race["early"]:
        what, said = "some succeed too early", "a process succeeded before all was applied"
    else:
        what, said = "all succeed, and leave something else than one alone", _listed(race["differs"])
    return Fault(RULE, f"{when}: {what}", evidence | {"said": said})


def _listed(told: list[str]) -> str:
    more = f"; and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    return "; ".join(told[:SHOWN]) + more
