"""Which item tells what of a run, on recorded runs: of experiments, too, that nobody foresaw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from flask_lab.config import Config
from flask_lab.pytest_runs import Settled
from flask_lab.pytest_shelf import Outcome, Place, Shelf
from flask_lab.results import BackendReport, Cell, Finding, Severity, Verdict, plain
from tests.unit.sample_run import RUN

CONFIG = Config("shop", ("sqlite", "postgres"))
PLACES = [
    Place("stairway", backend, revision) for backend in CONFIG.on for revision in ("0001", "0002", None)
]
FOUND = Finding("downgrade-fails", Severity.ERROR, "stairway", ("sqlite",), "0002", "no such column")


def settled(
    cells: Sequence[Cell],
    *findings: Finding,
    places: Sequence[Place] = PLACES,
    wanted: Sequence[Place] = PLACES,
    config: Config = CONFIG,
) -> dict[str, Outcome]:
    """The outcomes of the wanted places by id."""
    backends = tuple(BackendReport(name, name, "1", "url", Verdict.PASSED) for name in config.on)
    run = replace(
        RUN, backends=backends, cells=tuple(cells), findings=findings, not_compared=("sqlite: a view",)
    )
    answer = Settled(config, run, places, wanted)
    return {f"{each.experiment}-{each.id}": answer.outcome(each) for each in wanted}


def all_passed() -> dict[Place, Cell]:
    return {each: Cell(each.experiment, each.backend, each.revision, Verdict.PASSED) for each in PLACES}


def verdicts(outcomes: dict[str, Outcome]) -> dict[str, str]:
    return {name: each.verdict.value for name, each in outcomes.items() if each.verdict is not Verdict.PASSED}


def test_what_was_not_compared_is_noted_once() -> None:
    outcomes = settled(list(all_passed().values()))
    assert verdicts(outcomes) == {}
    assert [each.notes for each in outcomes.values() if each.notes] == [("not compared: sqlite: a view",)]


def test_a_place_without_a_verdict_is_an_error() -> None:
    cells = all_passed()
    del cells[PLACES[1]]
    outcomes = settled(list(cells.values()))
    assert verdicts(outcomes) == {"stairway-sqlite-0002": "errored"}
    assert outcomes["stairway-sqlite-0002"].text == "there is no verdict of stairway on sqlite at 0002"


@pytest.mark.parametrize("wanted", [PLACES, PLACES[:2]], ids=["all", "without-tree"])
def test_an_experiment_that_broke_off_is_an_error_whoever_is_wanted(wanted: list[Place]) -> None:
    broken = Cell("stairway", "sqlite", None, Verdict.ERRORED, "KeyError: 'x'")
    outcomes = settled([*all_passed().values(), broken], wanted=wanted)
    assert verdicts(outcomes) == {f"stairway-{wanted[min(2, len(wanted) - 1)].id}": "errored"}


def test_findings_on_several_backends_fail_each_of_them() -> None:
    cells = all_passed() | {
        each: Cell(each.experiment, each.backend, each.revision, Verdict.FAILED, "downgrade-fails")
        for each in (PLACES[1], PLACES[4])
    }
    outcomes = settled(list(cells.values()), replace(FOUND, backends=("sqlite", "postgres")))
    assert verdicts(outcomes) == {"stairway-sqlite-0002": "failed", "stairway-postgres-0002": "failed"}
    assert outcomes["stairway-sqlite-0002"].text.startswith("downgrade-fails: no such column\n")


def test_what_nobody_foresaw_is_told_by_the_last_item() -> None:
    """Say, the revision at which two backends part, found by an experiment that has one item for each of them."""
    places = [Place("parity", backend, None) for backend in CONFIG.on]
    cells = [Cell("parity", backend, None, Verdict.PASSED) for backend in CONFIG.on]
    rule = "schema-differs-between-backends"
    parted = Finding(rule, Severity.ERROR, "parity", CONFIG.on, "0002", "users.name differs")
    cells.append(Cell("parity", "sqlite", "0002", Verdict.FAILED, rule))
    outcomes = settled(cells, parted, places=places, wanted=places)
    assert verdicts(outcomes) == {"parity-sqlite-tree": "failed", "parity-postgres-tree": "failed"}


def test_a_failed_cell_without_a_finding_fails() -> None:
    cells = all_passed() | {PLACES[0]: Cell("stairway", "sqlite", "0001", Verdict.FAILED, "downgrade-fails")}
    assert verdicts(settled(list(cells.values()))) == {"stairway-sqlite-0001": "failed"}


def test_accepted_and_lesser_findings_fail_nothing_and_are_told() -> None:
    cells = all_passed() | {
        each: Cell("stairway", "sqlite", each.revision, Verdict.FAILED, "downgrade-fails")
        for each in PLACES[:2]
    }
    accepted = replace(FOUND, accepted="too old")
    lesser = replace(FOUND, revision="0001", severity=Severity.WARNING)
    outcomes = settled(list(cells.values()), accepted, lesser)
    assert verdicts(outcomes) == {"stairway-sqlite-0002": "known"}
    assert outcomes["stairway-sqlite-0002"].text == "downgrade-fails is accepted: too old"
    assert (
        "warning: downgrade-fails  0001 on sqlite: no such column" in outcomes["stairway-sqlite-0001"].notes
    )
    stricter = settled(
        list(cells.values()), accepted, lesser, config=replace(CONFIG, fail_on=Severity.WARNING)
    )
    assert verdicts(stricter) == {"stairway-sqlite-0001": "failed", "stairway-sqlite-0002": "known"}


def test_an_outcome_is_the_same_after_the_shelf(tmp_path: Path) -> None:
    shelf, made = Shelf(tmp_path / "shelf"), []
    outcome = Outcome(
        Verdict.FAILED, "text", (replace(FOUND, evidence={"statement": "é"}),), ("note",), {"a": [1]}
    )

    def make() -> object:
        made.append(1)
        return plain(outcome)

    assert [Outcome.read(shelf.get("one", make)) for _ in range(2)] == [outcome, outcome]
    assert len(made) == 1
