"""Which revisions are asked about: those after one, or those new since a commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from flask_lab.errors import ConfigError
from flask_lab.results import Revision
from flask_lab.since import revisions_since
from flask_lab.tree import Tree


def tree(folder: Path, **needs: str) -> Tree:
    """A tree from each revision's down revisions, with a file for each."""
    made = tuple(
        Revision(name, tuple(down.split()), "", str(folder / f"{name}.py")) for name, down in needs.items()
    )
    for each in made:
        Path(each.path).write_text(each.id)
    return Tree(made, ())


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


def test_after_a_revision_is_what_a_database_there_lacks(tmp_path: Path) -> None:
    forked = tree(tmp_path, a1="", b1="a1", c1="a1", d1="b1 c1")
    assert revisions_since(forked, "b1", tmp_path) == {"c1", "d1"}
    assert revisions_since(forked, "b", tmp_path) == {"c1", "d1"}
    assert revisions_since(forked, "d1", tmp_path) == set()
    assert revisions_since(forked, "base", tmp_path) == {"a1", "b1", "c1", "d1"}


def test_the_beginning_of_several_ids_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="may be any of ab1, ab2"):
        revisions_since(tree(tmp_path, ab1="", ab2="ab1"), "ab", tmp_path)


def test_since_a_commit_is_what_was_added_or_changed(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    before = tree(tmp_path, a="", b="a")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    git(tmp_path, "checkout", "-qb", "topic")
    line = tree(tmp_path, a="", b="a", c="b", d="c")
    assert revisions_since(before, "main", tmp_path) == set()
    git(tmp_path, "add", "c.py")
    git(tmp_path, "commit", "-qm", "c")
    (tmp_path / "b.py").write_text("edited")
    assert revisions_since(line, "main", tmp_path) == {"b", "c", "d"}


def test_since_a_branch_that_went_on_is_since_it_was_left(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    tree(tmp_path, a="", b="a")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    git(tmp_path, "checkout", "-qb", "topic")
    git(tmp_path, "commit", "-qm", "nothing", "--allow-empty")
    git(tmp_path, "checkout", "-q", "main")
    (tmp_path / "b.py").write_text("edited on main")
    git(tmp_path, "commit", "-qam", "edited")
    git(tmp_path, "checkout", "-q", "topic")
    assert revisions_since(tree(tmp_path, a="", b="a"), "main", tmp_path) == set()


def test_neither_revision_nor_commit_is_named(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    with pytest.raises(ConfigError, match="--since gone: there is no such revision, and no such commit"):
        revisions_since(tree(tmp_path, a=""), "gone", tmp_path)


def test_a_folder_that_is_in_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with pytest.raises(ConfigError, match="no such commit in git"):
        revisions_since(tree(tmp_path, a=""), "main", tmp_path)
