"""One spelling for an expression that products print each in its own way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from flask_lab.backends.catalogue.sqltext import Token, tokens

INTRODUCER = re.compile(r"_(utf8\w*|latin1|ascii|binary)", re.IGNORECASE)
# What may follow the first word of a type.
TYPE_WORDS = frozenset({"varying", "precision", "without", "with", "time", "zone"})
NUMERIC = frozenset({"smallint", "integer", "bigint", "numeric", "real", "double"})
SAME = {
    ("=", "any", "array"): ("in",),
    ("<>", "all", "array"): ("not", "in"),
    ("!", "~", "~"): ("not", "like"),
    ("~", "~"): ("like",),
    ("!=",): ("<>",),
}
LITERAL = re.compile(r"'(?:[^']|'')*'|-?\d+(\.\d+)?|true|false|null", re.DOTALL)


@lru_cache(maxsize=20_000)
def canonical(sql: str) -> str:
    """The words of `sql` in lower case, without brackets, quotes round names, casts and character sets."""
    try:
        items = tokens(sql.replace("\\'", "'"), brackets_quote=False)
    except ValueError:
        return " ".join(sql.lower().split())
    return " ".join(_folded(list(_words(items))))


def names(sql: str) -> frozenset[str]:
    """The words of an expression that may be names."""
    return frozenset(re.findall(r"[^\W\d]\w*", re.sub(r"'(?:[^']|'')*'", " ", canonical(sql))))


def is_literal(expression: str) -> bool:
    """Whether a canonical expression is a value that stands there in full."""
    return LITERAL.fullmatch(expression) is not None


def number(expression: str) -> str:
    """A canonical literal as the number it is, in quotes or not; else itself."""
    try:
        value = Decimal(expression.strip("'"))
    except InvalidOperation:
        return expression
    return f"{value.normalize():f}" if value.is_finite() else expression


def _words(items: Sequence[Token]) -> Iterator[str]:
    reading = iter(range(len(items)))
    for place in reading:
        token = items[place]
        if token.text == "::":
            for _ in range(_length_of_type(items[place + 1 :])):
                next(reading, None)
        elif token.kind == "group":
            yield from _words(token.inside)
        elif token.kind == "string":
            yield _value(token.text, items[place + 1 : place + 3])
        elif token.text not in {"[", "]", ","} and not INTRODUCER.fullmatch(token.text):
            yield token.text.lower()


def _value(text: str, following: Sequence[Token]) -> str:
    """A string; PostgreSQL writes a negative number as one, with a cast."""
    is_cast = len(following) == 2 and following[0].text == "::" and following[1].text.lower() in NUMERIC
    return text[1:-1] if is_cast else text


def _length_of_type(items: Sequence[Token]) -> int:
    """How many tokens the name of a type takes."""
    count = 1
    while count < len(items):
        token = items[count]
        if not (token.text in {".", "[", "]"} or token.text.lower() in TYPE_WORDS or token.kind == "group"):
            follows_dot = items[count - 1].text == "."
            if not follows_dot:
                break
        count += 1
    return count


def _folded(words: list[str]) -> Iterator[str]:
    place = 0
    while place < len(words):
        for pattern, meant in SAME.items():
            if tuple(words[place : place + len(pattern)]) == pattern:
                yield from meant
                place += len(pattern)
                break
        else:
            yield words[place]
            place += 1
