"""The revisions of a migrations tree in the orders in which a database may meet them; needs no database."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from pathlib import Path

from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError

from flask_lab.errors import TreeError
from flask_lab.results import Revision


@dataclass(frozen=True, slots=True)
class Tree:
    """A whole tree: every revision after those it builds on."""

    revisions: tuple[Revision, ...]
    heads: tuple[str, ...]

    def orders(self) -> list[tuple[str, ...]]:
        """Ways from nothing to all heads: one for a line, and for branches also with the younger branch first."""
        forward = _order(self.revisions, lambda place: place)
        backward = _order(self.revisions, lambda place: -place)
        return list(dict.fromkeys((forward, backward)))

    def above(self, revision: str) -> frozenset[str]:
        """Every revision that cannot be applied unless `revision` is."""
        found = {revision}
        for each in self.revisions:
            if found.intersection(_needs(each)):
                found.add(each.id)
        return frozenset(found - {revision})


def read_tree(script: ScriptDirectory) -> Tree:
    """The tree of a script directory; TreeError for one that Alembic cannot put in order."""
    try:
        with warnings.catch_warnings():
            # Alembic only warns of an id that two files share, and keeps one of them.
            warnings.filterwarnings("error", message="Revision .* is present more than once")
            scripts = list(script.walk_revisions())
            heads = tuple(script.get_heads())
    except (CommandError, RevisionError, UserWarning) as error:
        raise TreeError.broken(script.dir, str(error)) from error
    except Exception as error:
        raise TreeError.unreadable(script.dir, error) from error
    if not scripts:
        raise TreeError.empty(script.dir)
    return Tree(tuple(_revision(each) for each in reversed(scripts)), heads)


def _revision(script: Script) -> Revision:
    path = Path(script.path)
    return Revision(
        id=script.revision,
        down=tuple(script._versioned_down_revisions),
        message=script.doc,
        path=str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path),
        depends_on=tuple(script._resolved_dependencies),
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
