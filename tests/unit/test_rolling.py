"""What `rolling` makes of facts, without any database; and how another release is checked out."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from flask_lab.checkout import checked_out, commit_of
from flask_lab.errors import ConfigError
from flask_lab.experiments import Observation, Options
from flask_lab.experiments.rolling import Rolling
from flask_lab.remedies import remedy_for
from flask_lab.results import Severity
from flask_lab.rules import RULES
from tests.unit.test_since import git


def broken(cause: str, column: str | None, **more: Any) -> dict[str, Any]:
    usual = {"table": "users", "column": column, "cause": cause, "new": None, "verbs": ["INSERT"]}
    return {**usual, "says": "no", "statement": "…", "writes": "", "was": "", "is": "", **more}


def faults(**facts: Any) -> list[tuple[str, str, Severity | None]]:
    found = Rolling().judge(Observation("0002", facts))
    return [(each.rule, each.message, each.severity) for each in found]


def test_nothing_broken_is_no_fault() -> None:
    assert faults(old_on_new=[], back=[], neither_order=[], new_labels=[]) == []
    assert faults(statements=0) == []


def test_a_cause_is_told_with_the_statements_that_fail() -> None:
    gone = broken("column gone", "bio", verbs=["SELECT", "INSERT", "UPDATE"])
    label = broken("label", "kind", was="one of a, b", **{"is": "one of a"})
    assert faults(old_on_new=[gone, label]) == [
        ("old-code-breaks", "users.bio is gone: SELECT, INSERT and UPDATE of the old release fail", None),
        (
            "old-code-breaks",
            "users.kind is one of a now, was one of a, b: the old release may write what is gone",
            None,
        ),
    ]
    (rule, message, _) = faults(old_on_new=[broken("table gone", None)], old_ref="v1")[0]
    assert (rule, message) == (
        "old-code-breaks",
        "the table users is gone: INSERT of the old release fails (the models at v1)",
    )


def test_rows_of_the_new_release_are_told_and_a_new_label_is_a_note() -> None:
    back = {"table": "users", "column": "price", "cause": "changed", "says": "1.5 is 2", "row": {}}
    new = {"table": "users", "column": "kind", "cause": "new label", "labels": ["c", "d"]}
    changed, label = faults(back=[back], new_labels=[new])
    assert changed[0] == label[0] == "new-code-breaks"
    assert changed[1].endswith("after the downgrade: 1.5 is 2")
    assert "may write 'c' and 'd'" in label[1]
    assert (changed[2], label[2]) == (None, Severity.NOTE)


def test_each_cause_has_steps_that_avoid_it() -> None:
    rule = RULES["old-code-breaks"]
    rename = broken("column renamed", "name", new="full_name")
    assert remedy_for(rule, "sqlite", "", rename).startswith("Add full_name beside name")
    assert "server_default" in remedy_for(rule, "sqlite", "", broken("required", "phone"))
    assert remedy_for(rule, "sqlite", "", broken("other", None)) == rule.remedy


def test_the_release_is_repeated_where_it_is_asked() -> None:
    options = Options(old_ref="v1.4")
    assert list(options.repeated("rolling")) == ["--old-ref v1.4"]
    assert list(options.repeated("stairway")) == []


def test_a_folder_as_it_was_in_a_commit(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "app.py").write_text("old")
    (tmp_path / "common.py").write_text("beside")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    (shop / "app.py").write_text("new")
    with checked_out("HEAD", shop) as folder:
        assert (folder / "app.py").read_text() == "old"
        assert (folder.parent / "common.py").read_text() == "beside"
        assert not folder.is_relative_to(tmp_path)
    assert not folder.exists()
    listed = ["git", "-C", str(tmp_path), "worktree", "list"]
    assert len(subprocess.run(listed, check=True, capture_output=True, text=True).stdout.splitlines()) == 1


@pytest.mark.parametrize("ref", ["v9", "--help", ""])
def test_a_ref_that_there_is_not(tmp_path: Path, ref: str) -> None:
    git(tmp_path, "init", "-q")
    with pytest.raises(ConfigError, match="there is no such commit in git"):
        commit_of(ref, tmp_path)


def test_no_repository_at_all(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--old-ref v1"):
        commit_of("v1", tmp_path)
