"""What a crash half way leaves, and whether the next upgrade gets over it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from flask_lab.errors import BackendUnavailable
from flask_lab.experiments.base import Experiment, Fault, Observation, Stage
from flask_lab.experiments.crash.judging import STEPS, crashes_of, faults, is_unnoted
from flask_lab.experiments.crash.trial import Facts, spread
from flask_lab.experiments.crash.walk import Walk
from flask_lab.faults import Strike, end_process, end_server, end_session
from flask_lab.sources import open_lasting

PLACES = 240
"""How many places of all steps together are tried, about."""
MOST, LEAST = 12, 3
"""How many of one step, at most and where there are many steps."""
SERVER_DEATHS = 3
"""In how many revisions the server is killed: it takes seconds until one is there again."""


class Crash(Experiment):
    """What does a crash in the middle of a step leave, and does running it again work?

    Question: when the process that migrates is killed, or its session ended, between two statements, is the database
    as before, as after, or in between? Does the next run get through, with the same schema and rows as one that was
    never disturbed? If not, what helps?
    Method: each step runs once undisturbed, on a copy of a database with ordinary rows, to learn what it sends. Then
    it runs again for every place between two statements, on a copy that is as it was, and dies there: its process by
    SIGKILL, and on servers its session by the server too. Where the lab may start another server, one that keeps what
    it commits, that is killed in the middle of three revisions and started again. What is left is compared whole:
    schema, version and rows. The step is then run again, and what comes of it is compared to the undisturbed one.
    Where it fails, the lab looks for a repair and tries it: what the crash left is dropped, or the rest is sent by
    hand and the version stamped.
    Passes when: after every death the next run ends as if there had been none, or there is nothing left to do.
    Cannot see: a death within a statement, which all four products finish or take back as a whole; some places of
    steps that have many, twelve of which are tried where few revisions are asked about (--only, --since) and three
    where there are many; crashes in revisions that do not get through undisturbed.
    """

    name = "crash"
    around = True

    def run(self, stage: Stage) -> None:
        order = stage.project.tree.orders()[0]
        ways: dict[str, Strike] = {"process": end_process}
        if stage.product.own_session:
            ways["session"] = end_session(stage.server)
        asked = [each for each in order if stage.asks(each)]
        limit = max(LEAST, min(MOST, PLACES // (len(STEPS) * len(asked) or 1)))
        deaths, left_out = _with_the_server(stage, order)
        seen: list[Observation] = []
        for bind in stage.project.engines:
            for observation in Walk(stage, order, bind, ways, limit).observe():
                seen.append(_together(observation, deaths.get((observation.bind, observation.revision))))
                stage.record(seen[-1])
        tried = [each for each in seen if not each.skipped]
        unnoted = [each.revision for each in tried if any(map(is_unnoted, crashes_of(each.facts)))]
        facts: Facts = {"revisions": len(tried), "unnoted": list(dict.fromkeys(unnoted))}
        facts["schema_changes"] = _what_becomes_of_schema(tried)
        asleep = [
            bind for bind in stage.project.engines if all(each.bind != stage.named(bind) for each in seen)
        ]
        left_out += [f"the bind {bind or 'default'}: env.py ran no revision on it" for bind in asleep]
        facts["not_compared"] = left_out if tried else []
        skipped = "" if tried else "no revision could be tried"
        stage.record(Observation(None, facts, skipped=skipped))

    def judge(self, observation: Observation) -> Iterator[Fault]:
        yield from faults(observation)


Deaths = dict[tuple[str, str | None], Observation]
"""What was seen of revisions in whose middle the server died, by bind."""


def _with_the_server(stage: Stage, order: Sequence[str]) -> tuple[Deaths, list[str]]:
    """Kill a server that keeps what it has committed, in the middle of some revisions; and what is left out of that."""
    if not stage.product.own_session:
        return {}, []
    chosen = spread([each for each in order if stage.asks(each)], SERVER_DEATHS)
    if not chosen:
        return {}, []
    try:
        with open_lasting(stage.server) as server:
            apart = replace(stage, server=server, only=frozenset(chosen))
            ways = {"server": end_server(server)}
            walks = [Walk(apart, order, bind, ways, limit=1) for bind in stage.project.engines]
            seen = {(each.bind, each.revision): each for walk in walks for each in walk.observe()}
    except BackendUnavailable as reason:
        return {}, [f"the death of the server itself: {reason.message}"]
    return seen, [f"the death of the server itself, but in the middle of {', '.join(chosen)}"]


def _together(observation: Observation, other: Observation | None) -> Observation:
    """An observation with the deaths of another of the same revision."""
    if other is None or observation.skipped or other.skipped:
        return observation
    facts = dict(observation.facts)
    for step in STEPS:
        if more := other.facts[step].get("crashes"):
            facts[step] = {**facts[step], "crashes": [*facts[step].get("crashes", ()), *more]}
    return replace(observation, facts=facts, seconds=observation.seconds + other.seconds)


def _what_becomes_of_schema(seen: Sequence[Observation]) -> str:
    """Whether a crash takes changes of the schema back; on SQLite that is for the driver's settings to say."""
    left = {
        crash["schema"]
        for each in seen
        for crash in crashes_of(each.facts)
        if crash.get("version") == "before"
    }
    if left & {"between", "after"}:
        return "stay after a crash"
    return "are taken back by a crash" if "before" in left else "not seen"
