"""SQL with everything taken out that is not syntax: texts, comments, quoted names."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PARTS = {
    "comment": r"--[^\n]*|/\*.*?\*/",
    "dollar": r"\$(?P<tag>\w*)\$.*?\$(?P=tag)\$",
    "escaped": r"(?<![\w$])[eE]'(?:[^'\\]|\\.|'')*'",
    "text": r"'(?:[^']|'')*'",
    "double": r'"(?:[^"]|"")*"',
    "tick": r"`(?:[^`]|``)*`",
}
# A backslash and a number sign mean something in these two only.
_MYSQL = {"comment": r"--[^\n]*|\#[^\n]*|/\*.*?\*/", "text": r"'(?:[^'\\]|\\.|'')*'"}
_LEFT = {"comment": " ", "dollar": "$$", "escaped": "''", "text": "''", "double": '"Q"', "tick": "`Q`"}


def _compiled(parts: dict[str, str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<{name}>{part})" for name, part in parts.items()), re.DOTALL)


_STANDARD, _OF_MYSQL = _compiled(_PARTS), _compiled(_PARTS | _MYSQL)
_DERIVED = ("FROM", "JOIN", "LATERAL")


@dataclass(frozen=True, slots=True)
class Reading:
    """One statement in capitals: '' for every text, "Q" and `Q` for quoted names, single spaces."""

    text: str
    top: str
    """Without what is in parentheses."""
    outer: str
    """Without the tables that subqueries in FROM make."""


def read(statement: str, product: str) -> Reading:
    """What a product sees of a statement."""
    text = " ".join(stripped(statement, product).upper().split()).rstrip("; ")
    return Reading(text, _without(text, always=True), _without(text, always=False))


def stripped(statement: str, product: str, *, keeps_names: bool = False) -> str:
    """A statement without texts and comments."""
    is_mysql = product in ("mysql", "mariadb")
    # Where it is a text.
    quotes = ("tick",) if is_mysql else ("double", "tick")

    def left(match: re.Match[str]) -> str:
        kind = next(name for name in _LEFT if match[name] is not None)
        return match[0] if keeps_names and kind in quotes else _LEFT[kind]

    return (_OF_MYSQL if is_mysql else _STANDARD).sub(left, statement)


def _without(text: str, *, always: bool) -> str:
    """`text` without what is in parentheses: in all of them, or in those that stand where a table would."""
    kept: list[str] = []
    depth = dropping = 0
    for part in re.split(r"([()])", text):
        if part == ")":
            depth -= 1
            dropping = 0 if depth < dropping else dropping
        if not dropping:
            kept.append(part)
        if part == "(":
            depth += 1
            before = "".join(kept[-2:-1]).split()
            if not dropping and (always or (before and before[-1] in _DERIVED)):
                dropping = depth
    return "".join(kept)
