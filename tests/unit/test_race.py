"""What the experiment `race` makes of facts, and of what processes report."""

from __future__ import annotations

from typing import Any

import pytest

from flask_lab.experiments import EXPERIMENTS, Fault, Observation, Options
from flask_lab.experiments.race.racers import Track
from flask_lab.experiments.race.trial import early, is_wrong
from flask_lab.remedies import remedy_for
from flask_lab.rules import RULES

RULE = "unsafe-concurrent-upgrade"
ERROR = {
    "type": "OperationalError",
    "message": "table users already exists",
    "statement": "CREATE TABLE users",
}


def process(outcome: str = "succeeded", **more: Any) -> dict[str, Any]:
    return {"process": 1, "outcome": outcome, "seconds": 61.2} | more


def race(*processes: dict[str, Any], **more: Any) -> dict[str, Any]:
    seen = [each["outcome"] for each in processes] or ["succeeded"]
    outcomes = {each: seen.count(each) for each in seen}
    facts = {"from": "nothing", "outcomes": outcomes, "processes": [*processes], "early": [], "differs": []}
    return facts | more


def judged(*rounds: dict[str, Any], **more: Any) -> list[Fault]:
    facts = {
        "alone": {"unrecorded": []},
        "rounds": [race(), *rounds],
        "slow": race() | {"held up": 6.0},
        "killed": race(process("killed"), process(), after=process()),
        "old release": {"outcome": "failed", "changed": []},
    }
    return list(EXPERIMENTS["race"].judge(Observation(None, facts | more)))


def test_all_that_went_well_is_no_fault() -> None:
    assert judged() == []


@pytest.mark.parametrize(
    ("facts", "message", "said"),
    [
        (race(process("failed", error=ERROR), process()), "some fail", ERROR["message"]),
        (
            race(process("died", error=ERROR | {"message": "the process ended with 7"})),
            "some fail",
            "the process ended with 7",
        ),
        # Who waits for ever is worse than who fails.
        (
            race(process("failed", error=ERROR), process("stuck")),
            "some wait without end",
            "still waiting after 61 s",
        ),
        (
            race(process(), early=[1]),
            "some succeed too early",
            "a process succeeded before all was applied",
        ),
        (
            race(process(), differs=["table users is gone"]),
            "all succeed, and leave something else than one alone",
            "table users is gone",
        ),
    ],
)
def test_a_round_that_went_wrong(facts: dict[str, Any], message: str, said: str) -> None:
    (fault,) = judged(facts, facts, slow={"skipped": "so"}, killed={"skipped": "so"})
    assert (fault.rule, fault.message) == (RULE, f"several processes at once, from nothing: {message}")
    assert fault.evidence["said"] == said


def test_a_slow_winner_and_a_killed_one_are_told_apart() -> None:
    failed = process("failed", error=ERROR)
    slow = race(process(), failed) | {"held up": 6.0}
    killed = race(process("killed"), process(), after=failed)
    assert [each.message for each in judged(slow=slow, killed=killed)] == [
        "while one takes 6 s: some fail",
        "when one was killed: some fail",
    ]


def test_a_process_that_is_killed_as_planned_is_no_fault() -> None:
    assert not is_wrong(race(process("killed"), process()))
    assert is_wrong(race(process("killed"), process(), after=process("stuck")))


def test_what_is_not_recorded_is_the_only_fault() -> None:
    (fault,) = judged(race(process("failed", error=ERROR)), alone={"unrecorded": ["0002"]})
    assert "leaves 0002 out of the version table" in fault.message


def test_an_old_release_may_fail_but_change_nothing() -> None:
    (fault,) = judged(**{"old release": {"outcome": "succeeded", "changed": ["table t is gone"]}})
    assert fault.message == "an old release that starts on a newer schema changes it: table t is gone"


def track(number: int, ended: float, *steps: tuple[str, float], outcome: str = "succeeded") -> Track:
    done = [(name, moment - 0.1, moment) for name, moment in steps]
    return Track(number, steps=[*done], ended=ended, outcome=outcome)


def test_early_is_who_succeeds_before_all_is_applied() -> None:
    alone = track(1, 1.0, ("a", 0.2), ("b", 0.4))
    winner = track(1, 2.1, ("a", 1.0), ("b", 2.0))
    assert early(alone, [winner, track(2, 2.2)]) == []
    assert early(alone, [winner, track(2, 1.5)]) == [2]
    assert early(alone, [winner, track(2, 1.5, outcome="failed")]) == []
    # The second half by another, when the first was killed.
    killed = track(1, 1.1, ("a", 1.0), outcome="killed")
    assert early(alone, [killed, track(2, 2.0, ("b", 1.9))]) == []


def test_early_counts_each_bind() -> None:
    alone = track(1, 1.0, ("a", 0.2), ("a", 0.4))
    winner = track(1, 2.1, ("a", 1.0), ("a", 2.0))
    assert early(alone, [winner, track(2, 1.5)]) == [2]


@pytest.mark.parametrize(
    ("product", "message", "helps"),
    [
        ("postgres", "several processes at once, from nothing: some fail", "pg_try_advisory_lock"),
        ("mariadb", "while one takes 6 s: some fail", "GET_LOCK"),
        ("sqlite", "several processes at once, from nothing: some fail", "BEGIN EXCLUSIVE"),
        ("mysql", "when one was killed: some fail", "ends with its holder's session"),
        ("mysql", "an old release that starts on a newer schema changes it: x", "Let env.py stop"),
        ("postgres", "one alone: env.py holds a transaction that nobody commits", "connection.commit()"),
    ],
)
def test_remedies(product: str, message: str, helps: str) -> None:
    assert helps in remedy_for(RULES[RULE], product, message, ERROR)


def test_only_what_was_set_is_repeated() -> None:
    assert list(Options().repeated("race")) == []
    assert list(Options(processes=8, slow=0.5).repeated("race")) == ["--processes 8", "--slow 0.5"]
    assert list(Options(processes=8).repeated("stairway")) == []
