"""The graph of a branched tree: lanes, merges, several bases, and what stands for a straight part."""

from __future__ import annotations

from flask_lab.reports.lanes import Graph, graph
from flask_lab.results import Revision


def tree(said: str) -> list[Revision]:
    """From `b:a c:a d:b,c e:d+x`: what each follows, and depends on."""
    found = []
    for each in said.split():
        name, _, rest = each.partition(":")
        down, _, needs = rest.partition("+")
        found.append(
            Revision(
                name, tuple(filter(None, down.split(","))), "", "", tuple(filter(None, needs.split(",")))
            )
        )
    return found


def drawn(found: Graph) -> list[str]:
    return [f"{'| ' * dot.lane}{dot.name}" for dot in found.dots]


def linked(found: Graph) -> set[tuple[str, str]]:
    names = [dot.name for dot in found.dots]
    return {(names[each.newer], names[each.older]) for each in found.links}


def test_a_straight_line_needs_no_graph() -> None:
    assert graph(tree("a b:a c:b")) == Graph()
    assert graph([]) == Graph()


def test_branches_stand_side_by_side_until_they_merge() -> None:
    found = graph(tree("a b:a c:a d:b,c e:d"))
    assert drawn(found) == ["e", "d", "| c", "b", "a"]
    assert linked(found) == {("e", "d"), ("d", "b"), ("d", "c"), ("b", "a"), ("c", "a")}


def test_several_heads_and_bases_have_lanes_of_their_own() -> None:
    assert drawn(graph(tree("a b:a x y:x"))) == ["y", "x", "b", "a"]
    assert drawn(graph(tree("a b:a c:a"))) == ["c", "| b", "a"]


def test_a_dependency_is_told_apart() -> None:
    found = graph(tree("a b:a x y:x+b"))
    assert [(each.is_dependency, found.dots[each.older].name) for each in found.links if each.newer == 0] == [
        (False, "x"),
        (True, "b"),
    ]


def test_a_straight_part_is_one_dot_unless_something_is_to_be_shown() -> None:
    line = " ".join(f"m{place}:{f'm{place - 1}' if place else 'a'}" for place in range(6))
    said = f"a {line} x:m5 y:m5"
    found = graph(tree(said))
    assert drawn(found) == ["y", "| x", "m5", "5 revisions, m4 to m0", "a"]
    assert ("m5", "5 revisions, m4 to m0") in linked(found)
    assert len(drawn(graph(tree(said), {"m2"}))) == 9
