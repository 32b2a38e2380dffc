"""The revisions of a migrations tree in the orders in which a database may meet them; needs no database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from pathlib import Path

from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionError, RevisionMap
from alembic.util import CommandError, to_tuple

from flask_lab.errors import TreeError
from flask_lab.results import Revision


@dataclass(frozen=True, slots=True)
class Tree:
    """A whole tree: every revision after those it builds on."""

    revisions: tuple[Revision, ...]
    heads: tuple[str, ...]
    broken: tuple[str, ...] = ()
    """Why the revisions make no tree; then they are in no order, and there are no heads."""

    def orders(self) -> list[tuple[str, ...]]:
        """Ways from nothing to all heads: one for a line, and for branches also with the younger branch first."""
        forward = _order(self.revisions, lambda place: place)
        backward = _order(self.revisions, lambda place: -place)
        return list(dict.fromkeys((forward, backward)))

    def below(self, revision: str) -> frozenset[str]:
        """Every revision that has to be applied before `revision`."""
        needs = {each.id: _needs(each) for each in self.revisions}
        found: set[str] = set()
        waiting = [revision]
        while waiting:
            new = set(needs.get(waiting.pop(), ())) - found
            found |= new
            waiting.extend(new)
        return frozenset(found)

    def above(self, revision: str) -> frozenset[str]:
        """Every revision that cannot be applied unless `revision` is."""
        found = {revision}
        for each in self.revisions:
            if found.intersection(_needs(each)):
                found.add(each.id)
        return frozenset(found - {revision})


class Applied:
    """The revisions that a database has, in the order in which it met them."""

    def __init__(self, tree: Tree) -> None:
        self.revisions: list[str] = []
        self.mark = 0
        """Equal for equal sets; a set of its own for every revision would take a lot of room."""
        self._places = {each.id: place for place, each in enumerate(tree.revisions)}

    def add(self, revision: str) -> None:
        """Note one more."""
        self.revisions.append(revision)
        self.mark |= 1 << self._places[revision]


def read_tree(script: ScriptDirectory) -> Tree:
    """The tree of a script directory; TreeError when a revision cannot be imported, or there is none."""
    try:
        found = list(script._load_revisions())
    except RevisionError as error:
        # One that follows itself is not even made.
        return Tree((), (), (" ".join(str(error).split()),))
    except Exception as error:
        raise TreeError.unreadable(script.dir, error) from error
    if not found:
        raise TreeError.empty(script.dir)
    # So that the map does not import them all once more.
    script.revision_map = RevisionMap(lambda: iter(found))
    revisions = {each.path: _revision(each, to_tuple(each.dependencies, default=())) for each in found}
    labels = {label for each in found for label in each.branch_labels}
    if broken := tuple(_broken(list(revisions.values()), labels)):
        return Tree(tuple(revisions.values()), (), broken)
    try:
        # Alembic resolves what depends_on may name: labels, and beginnings of ids.
        ordered = [_revision(each, each._resolved_dependencies) for each in script.walk_revisions()]
        heads = tuple(script.get_heads())
    except (CommandError, RevisionError) as error:
        return Tree(tuple(revisions.values()), (), (" ".join(str(error).split()),))
    return Tree(tuple(reversed(ordered)), heads)


def _broken(revisions: Sequence[Revision], labels: Collection[str]) -> Iterator[str]:
    """Each way in which the revisions make no graph without a cycle."""
    paths: dict[str, list[str]] = {}
    for each in revisions:
        paths.setdefault(each.id, []).append(each.path)
    for name, places in paths.items():
        if len(places) > 1:
            yield f"{' and '.join(sorted(places))} have the same id, {name}"
    for each in revisions:
        for down in each.down:
            if down not in paths:
                yield f"{each.path} says that {each.id} follows {down}, which is no revision here"
        for needed in each.depends_on:
            if needed not in paths and needed not in labels:
                yield f"{each.path} says that {each.id} depends on {needed}, which is no revision here"
    if len(paths) == len(revisions):
        ordered = _order([replace(each, depends_on=()) for each in revisions], lambda place: place)
        missing = {each.id for each in revisions if not paths.keys() >= set(each.down)}
        turning = [name for name in paths if name not in ordered and not missing]
        if turning:
            yield f"{', '.join(turning)} follow each other in a circle, or follow those that do"


def _revision(script: Script, depends_on: Iterable[str]) -> Revision:
    path = Path(script.path)
    return Revision(
        id=script.revision,
        down=tuple(script._versioned_down_revisions),
        message=script.doc,
        path=str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path),
        depends_on=tuple(depends_on),
        source=path.read_text(encoding="utf-8", errors="replace"),
    )


def _needs(revision: Revision) -> tuple[str, ...]:
    return revision.down + revision.depends_on


def _order(revisions: Iterable[Revision], rank: Callable[[int], int]) -> tuple[str, ...]:
    """Every revision once, after all it needs; where several could come next, the one of lowest rank."""
    places = {each.id: rank(place) for place, each in enumerate(revisions)}
    waiting = {each.id: set(_needs(each)) for each in revisions}
    needed_by: dict[str, list[str]] = {}
    for each in revisions:
        for need in _needs(each):
            needed_by.setdefault(need, []).append(each.id)
    ready = [(places[name], name) for name, needs in waiting.items() if not needs]
    heapify(ready)
    order = []
    while ready:
        _, name = heappop(ready)
        order.append(name)
        for later in needed_by.get(name, ()):
            waiting[later].discard(name)
            if not waiting[later]:
                heappush(ready, (places[later], later))
    return tuple(order)
