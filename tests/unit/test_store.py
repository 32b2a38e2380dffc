"""Runs on disk: they come back whole, the latest is found, broken ones are named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from flask_lab import store
from flask_lab.errors import ConfigError
from flask_lab.merging import merged
from flask_lab.results import Verdict
from tests.unit.sample_run import RUN


def test_a_run_comes_back_as_it_was(tmp_path: Path) -> None:
    store.save(RUN, tmp_path)
    assert store.load(RUN.id, tmp_path).as_json() == RUN.as_json()


def test_latest_is_the_one_saved_last(tmp_path: Path) -> None:
    store.save(RUN, tmp_path)
    store.save(replace(RUN, id="20261121-130000-cd34"), tmp_path)
    assert store.load("latest", tmp_path).id == "20261121-130000-cd34"
    assert sorted(each.name for each in tmp_path.iterdir()) == [RUN.id, "20261121-130000-cd34", "latest"]


def test_unknown_run_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no run 'latest'; flask lab run makes one"):
        store.load("latest", tmp_path)
    store.save(RUN, tmp_path)
    with pytest.raises(ConfigError, match=f"there is no run 'other'; there are {RUN.id}"):
        store.load("other", tmp_path)


@pytest.mark.parametrize("change", [{"format": 2}, {"run": {}}, {"cells": [{}]}])
def test_a_run_that_cannot_be_read_is_named(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps(RUN.as_json() | change))
    with pytest.raises(ConfigError, match=r"run\.json cannot be read: "):
        store.load(str(path), tmp_path)


def test_where_runs_are_kept_is_outside_the_project(tmp_path: Path) -> None:
    assert not store.folder_of(tmp_path, {}).is_relative_to(tmp_path)
    assert store.folder_of(tmp_path, {}) != store.folder_of(tmp_path.parent, {})


def test_a_project_may_say_where_its_runs_are_kept_and_the_environment_goes_before(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.flask_lab]\nstore = "kept/runs"\n')
    assert store.folder_of(tmp_path, {}) == tmp_path / "kept" / "runs"
    assert store.folder_of(tmp_path, {"LAB_STORE": "elsewhere"}) == Path("elsewhere")
    assert store.folder_of(tmp_path, {"LAB_STORE": ""}) == tmp_path / "kept" / "runs"
    (tmp_path / "pyproject.toml").write_text('[tool.flask_lab]\nstore = "/srv/runs"\n')
    assert store.folder_of(tmp_path, {}) == Path("/srv/runs")
    (tmp_path / "pyproject.toml").write_text("[tool.flask_lab]\nstore = 5\n")
    with pytest.raises(ConfigError, match='store is 5, which is no folder; write store = "runs"'):
        store.folder_of(tmp_path, {})


def test_runs_of_one_tree_are_merged() -> None:
    left = replace(RUN, backends=RUN.backends[:1], cells=RUN.cells[:2], findings=RUN.findings[1:])
    right = replace(
        RUN, backends=RUN.backends[1:], cells=RUN.cells[2:], findings=RUN.findings[:1], seconds=99.0
    )
    together = merged([left, right])
    assert together.backends == RUN.backends
    assert together.cells == RUN.cells
    assert {each.rule for each in together.findings} == {"model-drift", "downgrade-leaves-trace"}
    assert together.seconds == 99.0


def test_a_backend_that_is_in_several_runs_is_one_as_bad_as_the_worst() -> None:
    failed = replace(RUN, backends=RUN.backends[:1], cells=RUN.cells[5:6], findings=())
    passed = replace(failed, cells=(replace(RUN.cells[5], verdict=Verdict.PASSED), RUN.cells[0]))
    for pair in ([failed, passed], [passed, failed]):
        together = merged(pair)
        assert [each.name for each in together.backends] == ["sqlite"]
        assert {(cell.experiment, cell.verdict) for cell in together.cells} == {
            ("drift", Verdict.FAILED),
            ("stairway", Verdict.PASSED),
        }


def test_runs_of_different_trees_are_not_merged() -> None:
    other = replace(RUN, project=replace(RUN.project, revisions=RUN.project.revisions[:1]))
    with pytest.raises(ConfigError, match="different trees"):
        merged([RUN, other])
