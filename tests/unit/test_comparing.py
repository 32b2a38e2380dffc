"""What differs between two runs: findings by where anybody looked, backends, revisions and speed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from flask_lab.comparing import Difference, Sighting, TreeChange, difference
from flask_lab.results import BackendReport, Cell, Finding, ProjectReport, Revision, Run, Severity, Verdict
from tests.unit.big_run import big_run
from tests.unit.sample_run import DRIFT, ENUM, RUN

BARE = replace(RUN, cells=(), findings=(), not_compared=())


def cell(experiment: str, backend: str, revision: str | None, **others: Any) -> Cell:
    return replace(Cell(experiment, backend, revision, Verdict.PASSED), **others)


def run(cells: Sequence[Cell], findings: Sequence[Finding] = ()) -> Run:
    return replace(BARE, cells=tuple(cells), findings=tuple(findings))


BOTH = [cell("stairway", backend, "0002") for backend in ("postgres", "mysql")]


def told(sightings: Sequence[Sighting]) -> list[tuple[str, str, str]]:
    return [(each.finding.rule, ", ".join(each.finding.backends), each.reason) for each in sightings]


def test_same_run_twice_does_not_differ() -> None:
    for each in (RUN, BARE, big_run(30)):
        seen = difference(each, each)
        assert seen.is_empty
        assert seen.places.before == seen.places.after == 0
    assert difference(RUN, RUN).places.both == 5
    assert difference(BARE, BARE).places.both == 0


def test_finding_is_compared_on_each_of_its_backends() -> None:
    seen = difference(run(BOTH, [ENUM]), run(BOTH, [replace(ENUM, backends=("mysql",))]))
    assert told(seen.gone) == [(ENUM.rule, "postgres", "")]
    assert not any((seen.new, seen.not_asked, seen.newly_asked))
    back = difference(seen.after, seen.before)
    assert told(back.new) == [(ENUM.rule, "postgres", "")]
    assert not any((back.gone, back.not_asked, back.newly_asked))


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ([cell("stairway", "mysql", "0001")], "only other revisions were asked about"),
        ([cell("data", "mysql", "0002")], "stairway was not asked"),
        (
            [cell("stairway", "mysql", "0002", verdict=Verdict.SKIPPED, reason="0001 fails")],
            "skipped: 0001 fails",
        ),
        ([cell("stairway", "mysql", None, verdict=Verdict.ERRORED, reason="killed")], "errored: killed"),
    ],
)
def test_finding_is_gone_only_where_somebody_looked(cells: list[Cell], reason: str) -> None:
    on_mysql = replace(ENUM, backends=("mysql",))
    asked = run([cell("stairway", "mysql", "0002")], [on_mysql])
    seen = difference(asked, run(cells))
    assert told(seen.not_asked) == [(ENUM.rule, "mysql", reason)]
    assert not any((seen.gone, seen.new, seen.newly_asked))
    back = difference(run(cells), asked)
    assert told(back.newly_asked) == [(ENUM.rule, "mysql", reason)]
    assert not any((back.gone, back.new, back.not_asked))


def test_backend_that_was_not_reached_or_not_asked_for_says_so() -> None:
    before = run(BOTH, [ENUM])
    alone = replace(run(BOTH[:1]), backends=RUN.backends[:2])
    assert told(difference(before, alone).not_asked) == [(ENUM.rule, "mysql", "mysql was not asked for")]
    away = BackendReport("mysql", "mysql", "", "", Verdict.SKIPPED, "no server")
    seen = difference(before, replace(alone, backends=(*RUN.backends[:2], away, RUN.backends[3])))
    assert told(seen.not_asked) == [(ENUM.rule, "mysql", "skipped: no server")]
    assert told(seen.gone) == [(ENUM.rule, "postgres", "")]
    assert [(each.name, each.after) for each in seen.backends] == [("mysql", away)]


def test_what_is_wrong_with_the_whole_tree_is_known_by_its_words() -> None:
    asked = [cell("drift", "sqlite", None)]
    other = replace(DRIFT, message="users.name: the models say VARCHAR, the database says TEXT")
    seen = difference(run(asked, [DRIFT]), run(asked, [other]))
    assert [each.finding.message for each in seen.new] == [other.message]
    assert [each.finding.message for each in seen.gone] == [DRIFT.message]


@pytest.mark.parametrize("revision", ["0002", None])
@pytest.mark.parametrize("experiment", ["traffic", "race", "crash"])
def test_measured_numbers_make_no_other_finding(experiment: str, revision: str | None) -> None:
    slow = replace(ENUM, experiment=experiment, revision=revision, message="writes of users wait 1,480 ms")
    asked = [cell(experiment, backend, revision) for backend in ENUM.backends]
    again = replace(slow, message="writes of users wait 2.1 s")
    assert difference(run(asked, [slow]), run(asked, [again])).is_empty


def test_one_more_at_the_same_place_is_new_and_the_right_one() -> None:
    users = replace(ENUM, message="users: 3 of 120 rows are gone")
    teams = replace(ENUM, message="teams: 4 of 120 rows are gone")
    seen = difference(
        run(BOTH, [users]), run(BOTH, [teams, replace(users, message="users: 5 of 120 rows are gone")])
    )
    assert [(each.finding.message, each.finding.backends) for each in seen.new] == [
        (teams.message, ENUM.backends)
    ]
    assert not seen.gone


def test_finding_that_another_one_may_hide_is_gone_with_a_remark() -> None:
    fails = replace(ENUM, rule="upgrade-fails")
    seen = difference(run(BOTH, [ENUM]), run(BOTH, [fails]))
    assert told(seen.gone) == [(ENUM.rule, "postgres, mysql", "there is now upgrade-fails")]


def test_schemas_of_backends_are_compared_at_every_revision_though_only_what_differs_has_a_cell() -> None:
    apart = replace(ENUM, rule="schema-differs-between-backends", experiment="parity")
    whole = [cell("parity", backend, None, facts={"asked": None}) for backend in ENUM.backends]
    marked = [cell("parity", backend, "0002", verdict=Verdict.FAILED) for backend in ENUM.backends]
    seen = difference(run([*whole, *marked], [apart]), run(whole))
    assert told(seen.gone) == [(apart.rule, "postgres, mysql", "")]
    assert (seen.places.both, seen.places.before) == (2, 0)
    only = [replace(each, facts={"asked": ["0001"]}) for each in whole]
    assert told(difference(seen.before, run(only)).not_asked) == [
        (apart.rule, "postgres, mysql", "only 0001 was asked about")
    ]


def test_revision_of_one_run_only_cannot_be_compared() -> None:
    third = Revision("0003", ("0002",), "Add phone", "migrations/versions/0003.py")
    tree = ProjectReport("shop", ("0003",), (*RUN.project.revisions, third))
    on_third = replace(ENUM, revision="0003", backends=("mysql",))
    longer = replace(run([*BOTH, cell("stairway", "mysql", "0003")], [on_third]), project=tree)
    seen = difference(run(BOTH), longer)
    assert told(seen.newly_asked) == [(ENUM.rule, "mysql", "the revision is new")]
    assert seen.revisions == TreeChange(added=(third,))
    assert (seen.places.both, seen.places.before, seen.places.after) == (2, 0, 1)
    back = difference(longer, run(BOTH))
    assert told(back.not_asked) == [(ENUM.rule, "mysql", "the revision is gone")]
    assert back.revisions == TreeChange(removed=(third,))


def test_revision_whose_script_is_another_is_named() -> None:
    first, second = RUN.project.revisions

    def with_source(source: str) -> Run:
        tree = replace(RUN.project, revisions=(replace(first, source=source), second))
        return replace(BARE, project=tree)

    assert [each.id for each in difference(with_source("a"), with_source("b")).revisions.edited] == ["0001"]
    # A run that kept no scripts says nothing of them.
    assert difference(with_source(""), with_source("b")).is_empty


def test_accepting_and_weighing_otherwise_are_told() -> None:
    before, after = run(BOTH, [ENUM]), run(BOTH, [replace(ENUM, accepted="shared", severity=Severity.NOTE)])
    seen = difference(before, after)
    assert [(each.finding.backends, each.before, each.after) for each in seen.accepted] == [
        (("postgres", "mysql"), None, "shared")
    ]
    assert [(each.before, each.after) for each in seen.severity] == [("error", "note")]
    assert not any((seen.new, seen.gone))
    back = difference(after, before)
    assert [(each.before, each.after) for each in back.accepted] == [("shared", None)]
    other = run(BOTH, [replace(ENUM, accepted="because", severity=Severity.NOTE)])
    assert difference(after, other).is_empty


def test_what_broke_off_now_and_not_before_is_told() -> None:
    broken = cell("stairway", "mysql", None, verdict=Verdict.ERRORED, reason="the server went away")
    assert difference(run(BOTH), run([*BOTH, broken])).errored == (broken,)
    assert difference(run([*BOTH, broken]), run([*BOTH, broken])).errored == ()
    assert difference(run([*BOTH, broken]), run(BOTH)).errored == ()


def test_backend_at_another_version_is_told() -> None:
    newer = replace(RUN.backends[1], version="19.0")
    seen = difference(BARE, replace(BARE, backends=(RUN.backends[0], newer, *RUN.backends[2:])))
    assert [(each.name, each.before, each.after) for each in seen.backends] == [
        ("postgres", RUN.backends[1], newer)
    ]


def stairs(seconds: Sequence[float], slip: float = 0.0) -> Run:
    """A stairway of so many steps up, the last of which takes longer."""
    times = [*seconds[:-1], seconds[-1] + slip]
    return run(
        [
            cell(
                "stairway",
                "postgres",
                f"{number:04}",
                facts={"upgrade": {"seconds": each}, "downgrade": None},
            )
            for number, each in enumerate(times)
        ]
    )


def speeds(seen: Difference) -> list[tuple[str, str, float]]:
    return [(each.backend, each.experiment, each.times) for each in seen.machines]


def test_slower_machine_makes_no_slower_step() -> None:
    seen = difference(stairs([0.5] * 6), stairs([1.5] * 6))
    assert seen.is_empty
    assert speeds(seen) == [("postgres", "stairway", 3.0)]
    assert seen.machines[0].is_other


def test_step_is_slower_beside_its_machine() -> None:
    seen = difference(stairs([0.5] * 6), stairs([1.5] * 6, slip=3.0))
    (pace,) = seen.slower
    assert (pace.revision, pace.what, pace.before, pace.after, pace.times) == (
        "0005",
        "upgrade",
        0.5,
        4.5,
        3.0,
    )
    assert seen.quicker == ()
    back = difference(seen.after, seen.before)
    assert [(each.revision, each.times) for each in back.quicker] == [("0005", 0.33)]


def test_few_steps_say_nothing_of_the_machine() -> None:
    seen = difference(stairs([0.5] * 4), stairs([1.5] * 4))
    assert seen.machines == ()
    assert len(seen.slower) == 4


@pytest.mark.parametrize(("was", "now"), [(0.01, 0.09), (1.0, 1.9), (2.0, 1.1)])
def test_small_differences_are_none(was: float, now: float) -> None:
    assert difference(stairs([was]), stairs([now])).is_empty


def traffic(wait: float, rows: int = 1000, **facts: Any) -> Run:
    table = {"reads": {"longest": 1.0}, "writes": {"longest": wait}}
    seen = {"rows": rows, "seconds": wait / 1000, "tables": {"users": table}, **facts}
    return run([cell("traffic", "mysql", "0002", facts=seen)])


def test_waits_are_compared_over_the_same_rows() -> None:
    seen = difference(traffic(0.0), traffic(480.0))
    assert [(each.what, each.before, each.after, each.times) for each in seen.slower] == [
        ("upgrade", 0.0, 0.48, None),
        ("writes of users wait", 0.0, 0.48, None),
    ]
    assert difference(traffic(10.0), traffic(480.0, rows=2000)).is_empty
    assert difference(traffic(10.0), traffic(480.0, blocker=5.0)).is_empty
    assert difference(traffic(10.0), traffic(480.0, error="deadlock")).is_empty


def test_traffic_finding_that_is_gone_over_fewer_rows_says_so() -> None:
    slow = replace(ENUM, rule="blocks-writes", experiment="traffic", backends=("mysql",))
    seen = difference(replace(traffic(900.0, 100_000), findings=(slow,)), traffic(9.0, 1000))
    assert told(seen.gone) == [
        ("blocks-writes", "mysql", "measured over 1,000 rows, and before over 100,000 rows")
    ]
