"""The revisions of a branched tree as dots in lanes, the newest first; straight parts of it are one dot."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from flask_lab.results import Revision

FEW = 3
"""Revisions of a straight part that are still shown by themselves."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A revision, or several that follow each other and have nothing to show but that."""

    revisions: Sequence[Revision]
    """The newest first."""
    lane: int

    @property
    def name(self) -> str:
        """The only one, or how many there are, between which."""
        newest, oldest = self.revisions[0], self.revisions[-1]
        return (
            newest.id if newest is oldest else f"{len(self.revisions)} revisions, {newest.id} to {oldest.id}"
        )


@dataclass(frozen=True, slots=True)
class Link:
    """From a dot, by its place, to one that it follows or depends on."""

    newer: int
    older: int
    is_dependency: bool = False


@dataclass(frozen=True, slots=True)
class Graph:
    """Dots from the newest on, and what they follow."""

    dots: Sequence[Dot] = ()
    links: Sequence[Link] = field(default=())


def graph(revisions: Sequence[Revision], shown: Collection[str] = ()) -> Graph:
    """The graph of a tree, of which those `shown` stay dots of their own; empty for one straight line."""
    children = _children(revisions)
    bases = sum(not each.down for each in revisions)
    needed = (len(each.down) + len(each.depends_on) for each in revisions)
    if bases <= 1 and max((0, *needed, *map(len, children.values()))) <= 1:
        return Graph()
    plain = {
        each.id
        for each in revisions
        if each.id not in shown
        and len(each.down) == 1
        and len(children.get(each.id, ())) == 1
        and not each.depends_on
    }
    dots = list(_dots(list(reversed(revisions)), plain, {each.id: each for each in revisions}))
    places = {each.id: place for place, dot in enumerate(dots) for each in dot.revisions}
    links = [
        Link(place, places[older], is_dependency)
        for place, dot in enumerate(dots)
        for is_dependency, names in ((False, dot.revisions[-1].down), (True, dot.revisions[-1].depends_on))
        for older in names
        if older in places
    ]
    return Graph(dots, links)


def _children(revisions: Sequence[Revision]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in revisions:
        for down in (*each.down, *each.depends_on):
            found.setdefault(down, []).append(each.id)
    return found


def _dots(newest: Sequence[Revision], plain: Collection[str], by_id: dict[str, Revision]) -> Iterator[Dot]:
    """Each revision once, in the leftmost lane that waits for it."""
    lanes: list[str | None] = []
    done: set[str] = set()
    for revision in newest:
        if revision.id in done:
            continue
        part = _straight(revision, plain, by_id)
        done |= {each.id for each in part}
        waiting = [place for place, name in enumerate(lanes) if name == revision.id]
        lane = waiting[0] if waiting else _free(lanes)
        for place in waiting:
            lanes[place] = None
        yield Dot(part, lane)
        for place, down in enumerate(part[-1].down):
            if place == 0:
                lanes[lane] = down
            elif down not in lanes:
                lanes[_free(lanes)] = down


def _straight(revision: Revision, plain: Collection[str], by_id: dict[str, Revision]) -> list[Revision]:
    """A revision with those that follow below it in a straight line, where they are many."""
    part = [revision]
    while part[-1].id in plain and part[-1].down[0] in plain:
        part.append(by_id[part[-1].down[0]])
    return part if revision.id in plain and len(part) > FEW else [revision]


def _free(lanes: list[str | None]) -> int:
    """The first lane that is taken by nothing, made if there is none."""
    if None not in lanes:
        lanes.append(None)
    return lanes.index(None)
