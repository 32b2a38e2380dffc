"""What some products take and others refuse: how a row of the tables beside this is made.

Each row has an example, which a real server of each product was asked: those named took it, and the others refused it
(tests/engine/test_dialects.py asks them again). A pattern is looked for in SQL as `reading` leaves it: capitals, single
spaces, '' for every text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

View = Literal["text", "top", "outer"]
S, P, M, D = "sqlite", "postgres", "mysql", "mariadb"


@dataclass(frozen=True, slots=True)
class Trait:
    """One thing that not every product takes."""

    what: str
    taken: tuple[str, ...]
    """The products that take it, from a version (sqlite>=3.44) or up to one (mysql<9.6) where it matters."""
    pattern: re.Pattern[str]
    example: str
    given: str = ""
    """A statement that the example needs before it."""
    view: View = "text"
    is_function: bool = False
    """SQLite takes any function in a DEFAULT, and looks for it when a row comes."""

    def is_taken(self, product: str, version: str = "") -> bool:
        """Whether the product takes it, at a version or at any that there is."""
        for each in self.taken:
            name, limit, bound = _TAKEN.fullmatch(each).groups()  # type: ignore[union-attr]  # the tests read them all
            if name == product:
                return not limit or not version or (_numbers(version) >= _numbers(bound)) == (limit == ">=")
        return False


_TAKEN = re.compile(r"(\w+)(?:(>=|<)([\d.]+))?")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def row(what: str, taken: tuple[str, ...], pattern: str, *statements: str, view: View = "text") -> Trait:
    """A row about syntax; the example is the last of the statements."""
    *given, example = statements
    return Trait(what, taken, re.compile(pattern), example, "".join(given), view)


def function(name: str, taken: tuple[str, ...], example: str, arguments: str = "", given: str = "") -> Trait:
    """A row about a function, with the beginning of what it is called with where that tells it from others."""
    # Not the name of a table or an index, which a parenthesis may follow as well.
    named = rf"(?<![\w.\"`])(?<!INTO )(?<!TABLE )(?<!EXISTS )(?<!ON )(?<!REFERENCES ){name} ?\({arguments}"
    what = f"{example.partition('SELECT ')[2].partition('(')[0]}()"
    return Trait(what, taken, re.compile(named), example, given, is_function=True)
