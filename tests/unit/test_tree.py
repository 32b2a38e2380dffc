"""Orders in which a database may meet the revisions, and trees that are none."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from flask_lab.errors import TreeError
from flask_lab.results import Revision
from flask_lab.tree import Tree, read_tree


def tree(**needs: str) -> Tree:
    """A tree from each revision's down revisions, separated by spaces."""
    made = tuple(Revision(name, tuple(down.split()), "", "") for name, down in needs.items())
    return Tree(made, ())


def test_a_line_has_one_order() -> None:
    assert tree(a="", b="a", c="b").orders() == [("a", "b", "c")]


def test_branches_are_also_walked_the_other_way_round() -> None:
    forked = tree(a="", b="a", c="a", d="b", e="d c")
    assert forked.orders() == [("a", "b", "c", "d", "e"), ("a", "c", "b", "d", "e")]


def test_several_bases_and_dependencies() -> None:
    made = (
        Revision("a", (), "", ""),
        Revision("x", (), "", "", depends_on=("b",)),
        Revision("b", ("a",), "", ""),
    )
    assert Tree(made, ()).orders() == [("a", "b", "x")]


def test_above_is_everything_that_needs_a_revision() -> None:
    forked = tree(a="", b="a", c="a", d="b", e="d c")
    assert forked.above("b") == {"d", "e"}
    assert forked.above("e") == set()


def test_a_thousand_revisions_take_no_recursion() -> None:
    names = [f"r{number}" for number in range(1500)]
    line = tree(**{name: names[number - 1] if number else "" for number, name in enumerate(names)})
    assert line.orders() == [tuple(names)]


def write(folder: Path, **needs: str) -> ScriptDirectory:
    (folder / "versions").mkdir(parents=True)
    for name, down in needs.items():
        text = f"revision = {name.split('__')[0]!r}\ndown_revision = {down or None!r}\n"
        (folder / "versions" / f"{name}.py").write_text(text)
    config = Config()
    config.set_main_option("script_location", str(folder))
    return ScriptDirectory.from_config(config)


def test_tree_is_read_in_order(tmp_path: Path) -> None:
    found = read_tree(write(tmp_path / "m", b="a", a="", c="b"))
    assert ([each.id for each in found.revisions], found.heads) == (["a", "b", "c"], ("c",))


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        ({}, "there is no revision in"),
        ({"a": "gone"}, "gone"),
        ({"a": "b", "b": "a"}, "[Cc]ycle|no tree"),
        ({"a": "", "a__again": ""}, "more than once"),
    ],
    ids=["empty", "broken link", "cycle", "duplicate"],
)
def test_a_tree_that_is_none_is_named(tmp_path: Path, needs: dict[str, str], said: str) -> None:
    with pytest.raises(TreeError, match=said):
        read_tree(write(tmp_path / "m", **needs))


def test_a_revision_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    script = write(tmp_path / "m", a="")
    (tmp_path / "m" / "versions" / "b.py").write_text("import nothing_of_this_name\n")
    with pytest.raises(TreeError, match=r"cannot be imported: ModuleNotFoundError: .*nothing_of_this_name"):
        read_tree(script)
