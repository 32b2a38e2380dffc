"""What a crash half way leaves, and whether the next upgrade gets over it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask_lab.errors import BackendUnavailable
from flask_lab.experiments.base import Experiment, Fault, Observation, Stage
from flask_lab.experiments.crash.trial import Facts, spread
from flask_lab.experiments.crash.walk import Walk
from flask_lab.faults import Strike, end_process, end_server, end_session
from flask_lab.results import Severity
from flask_lab.sources import open_lasting

PLACES = 240
"""How many places of all steps together are tried, about."""
MOST, LEAST = 12, 3
"""How many of one step, at most and where there are many steps."""
SERVER_DEATHS = 3
"""In how many revisions the server is killed: it takes seconds until one is there again."""
STEPS = ("upgrade", "downgrade")
MANY = 5


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
        unnoted = [each.revision for each in tried if any(map(_is_unnoted, _crashes(each.facts)))]
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
        facts = observation.facts
        if observation.revision is None:
            yield from _judge_tree(facts)
            return
        for step in STEPS:
            crashes = (facts.get(step) or {}).get("crashes", ())
            stuck = [each for each in crashes if each["again"] == "fails" and not _is_unnoted(each)]
            if stuck:
                yield _stuck(step, stuck)
            otherwise = [each for each in crashes if each["again"] == "ends otherwise"]
            if repeated := [each for each in otherwise if each["rows differ"]]:
                what = f"leaves other rows than an undisturbed one: {', '.join(repeated[0]['rows differ'])}"
                yield _fault("repeated-after-crash", step, repeated, f"and the next run works, but {what}")
            if other := [each for each in otherwise if not each["rows differ"]]:
                what = (
                    f"ends in another schema than an undisturbed one: {'; '.join(other[0]['schema differs'])}"
                )
                yield _fault(
                    "partial-after-crash",
                    step,
                    other,
                    f"and the next run works, but {what}",
                    Severity.WARNING,
                )
            partial = [each for each in crashes if each["again"] == "works" and _is_between(each)]
            if partial:
                left = "; ".join(partial[0].get("left", ())) or "other rows"
                yield _fault(
                    "partial-after-crash", step, partial, f"leaves it half done, until the next run: {left}"
                )


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


def _crashes(facts: Mapping[str, Any]) -> list[Facts]:
    return [each for step in STEPS for each in (facts.get(step) or {}).get("crashes", ())]


def _what_becomes_of_schema(seen: Sequence[Observation]) -> str:
    """Whether a crash takes changes of the schema back; on SQLite that is for the driver's settings to say."""
    left = {
        crash["schema"] for each in seen for crash in _crashes(each.facts) if crash.get("version") == "before"
    }
    if left & {"between", "after"}:
        return "stay after a crash"
    return "are taken back by a crash" if "before" in left else "not seen"


def _is_between(crash: Facts) -> bool:
    """Whether what was left is neither as before nor as after, but for the version."""
    places = {crash["schema"], crash["rows"]} - {"as ever"}
    return "between" in places or len(places) > 1


def _is_unnoted(crash: Facts) -> bool:
    """Whether all is done but for the version, and the next run stumbles over that."""
    done = ("after", "as ever")
    return (
        crash["again"] == "fails"
        and crash["version"] == "before"
        and crash["schema"] in done
        and crash["rows"] in done
    )


def _stuck(step: str, crashes: Sequence[Facts]) -> Fault:
    first = crashes[0]
    steps = first["repair"]
    mended = f"Repair, tried: {'; '.join(steps)}" if steps else "No repair was found"
    return _fault(
        "stuck-after-crash", step, crashes, f"and the next run fails: {first['error']['message']}. {mended}"
    )


def _fault(
    rule: str, step: str, crashes: Sequence[Facts], what: str, severity: Severity | None = None
) -> Fault:
    first = crashes[0]
    others = len({(each["after"], each["before"]) for each in crashes}) - 1
    more = f" (and at {others} other places)" if others > 1 else " (and at another place)" * others
    message = f"a crash of the {step} after {first['after']}{more} {what}"
    return Fault(rule, message, {"statement": first["after"], "crashes": list(crashes[:MANY])}, severity)


def _judge_tree(facts: Mapping[str, Any]) -> Iterator[Fault]:
    if unnoted := facts["unnoted"]:
        shown = ", ".join(unnoted[:MANY]) + (
            "" if len(unnoted) <= MANY else f" and {len(unnoted) - MANY} more"
        )
        yield Fault(
            "stuck-after-crash",
            f"a crash after the last statement of a step and before its version is written leaves it done and not "
            f"noted, so that the next run fails, in {len(unnoted)} of {facts['revisions']} revisions: {shown}. "
            "Repair, tried: flask db stamp, with the revision that was done",
            {"revisions": unnoted},
            Severity.NOTE,
        )
