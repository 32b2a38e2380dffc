"""Findings accepted by comments and baselines, and comments and baselines that cannot be right."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flask_lab.accepted import Accepted, accept, in_comments, read_baseline, write_baseline
from flask_lab.errors import ConfigError
from flask_lab.results import Revision, Verdict
from tests.unit.sample_run import DRIFT, ENUM, RUN


def revision(folder: Path, text: str) -> Revision:
    path = folder / "0002.py"
    path.write_text(text)
    return Revision("0002", (), "", str(path))


def test_comment_accepts_its_rules_at_its_revision(tmp_path: Path) -> None:
    comment = "x = 1\n    # lab: ignore[downgrade-leaves-trace, downgrade-missing] the type is shared\n"
    found = list(in_comments([revision(tmp_path, comment)]))
    assert [each.rule for each in found] == ["downgrade-leaves-trace", "downgrade-missing"]
    assert found[0].covers(ENUM)
    assert not found[0].covers(replace(ENUM, revision="0001"))
    assert found[0].reason == "the type is shared"


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("# lab: ignore[downgrade-fails]", "without a reason"),
        ("# lab: ignore[downgrade-falls] because", "'downgrade-falls', which is no rule"),
        ("# lab: ignore[] because", "'', which is no rule"),
    ],
)
def test_wrong_comment_is_named_with_its_line(tmp_path: Path, comment: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"0002\.py:2 ") as caught:
        list(in_comments([revision(tmp_path, f"\n{comment}\n")]))
    assert said in caught.value.message


def test_accepted_cell_is_known_and_the_rest_still_fails() -> None:
    run = accept(RUN, [Accepted("downgrade-leaves-trace", "0002", "shared")])
    verdicts = {(cell.experiment, cell.backend, cell.revision): cell.verdict for cell in run.cells}
    assert verdicts["stairway", "postgres", "0002"] is Verdict.KNOWN
    assert verdicts["drift", "sqlite", None] is Verdict.FAILED
    assert [each.accepted for each in run.findings] == ["shared", None]


def test_a_finding_on_one_more_backend_is_not_covered() -> None:
    only = Accepted("downgrade-leaves-trace", "0002", "known", frozenset({"postgres"}))
    assert not only.covers(ENUM)
    assert only.covers(replace(ENUM, backends=("postgres",)))


def test_baseline_comes_back_and_keeps_reasons(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    write_baseline(path, [replace(ENUM, accepted="shared"), DRIFT])
    first, second = read_baseline(path)
    assert (first.covers(ENUM), first.reason) == (True, "shared")
    assert second.covers(DRIFT)


def test_one_difference_of_the_whole_tree_hides_no_other(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    write_baseline(path, [DRIFT])
    (only,) = read_baseline(path)
    assert only.covers(DRIFT)
    assert not only.covers(replace(DRIFT, message="users.phone: the models have it, the database has not"))


@pytest.mark.parametrize("text", ["", "[]", '{"accepted": [{}]}'])
def test_baseline_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"baseline\.json is not what --write-baseline writes"):
        read_baseline(path)
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_baseline(tmp_path / "none.json")
