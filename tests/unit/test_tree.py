"""Orders in which a database may meet the revisions, and trees that are none."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from flask_lab.errors import TreeError
from flask_lab.results import Revision
from flask_lab.tree import Applied, Tree, read_tree


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
        ({"a": "gone"}, ["a.py says that a follows gone, which is no revision here"]),
        ({"a": "b", "b": "a", "c": ""}, ["a, b follow each other in a circle, or follow those that do"]),
        ({"a": "", "b": "b"}, ["Self-loop is detected in revisions (b)"]),
        ({"a": "", "a__again": ""}, ["a.py and a__again.py have the same id, a"]),
        (
            {"a": "gone", "b": "", "b__again": "lost"},
            ["b.py and b__again.py have", "a.py says", "b__again.py says"],
        ),
    ],
    ids=["broken link", "circle", "itself", "duplicate", "several"],
)
def test_revisions_that_make_no_tree_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, needs: dict[str, str], said: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    found = read_tree(write(Path("m"), **needs))
    told = [each.replace("m/versions/", "") for each in found.broken]
    assert [one.startswith(other) for one, other in zip(told, said, strict=True)] == [True] * len(said), told


def test_a_folder_without_revisions_is_named(tmp_path: Path) -> None:
    with pytest.raises(TreeError, match="there is no revision in"):
        read_tree(write(tmp_path / "m"))


def test_what_a_revision_depends_on_must_be_there(tmp_path: Path) -> None:
    script = write(tmp_path / "m", a="")
    (tmp_path / "m" / "versions" / "b.py").write_text(
        "revision = 'b'\ndown_revision = 'a'\ndepends_on = 'gone'\n"
    )
    assert "gone" in read_tree(script).broken[0]


def test_a_revision_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    script = write(tmp_path / "m", a="")
    (tmp_path / "m" / "versions" / "b.py").write_text("import nothing_of_this_name\n")
    with pytest.raises(TreeError, match=r"cannot be imported: ModuleNotFoundError: .*nothing_of_this_name"):
        read_tree(script)


def test_the_same_revisions_have_the_same_mark_in_any_order() -> None:
    forked = tree(a="", b="a", c="a")
    one, other, less = Applied(forked), Applied(forked), Applied(forked)
    for applied, order in ((one, "abc"), (other, "acb"), (less, "ab")):
        for revision in order:
            applied.add(revision)
    assert one.mark == other.mark != less.mark
    assert other.revisions == ["a", "c", "b"]
