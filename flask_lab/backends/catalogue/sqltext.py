"""SQL text as tokens, so that neither spaces, comments, capitals nor quotes make two texts differ."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

_PATTERN = r"""
      (?P<space> \s+ | --[^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<string> [xX]?'(?:[^']|'')*' )
    | (?P<name> "(?:[^"]|"")*" | `(?:[^`]|``)*` )
    | (?P<number> (?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\w* )
    | (?P<word> \w[\w$]* )
    | (?P<mark> <> | != | <= | >= | == | \|\| | << | >> | ->> | -> | :: | . )
    """
PLAIN_TOKEN = re.compile(_PATTERN, re.VERBOSE | re.DOTALL)
TOKEN = re.compile(rf"(?P<bracketed> \[[^\]]*\] ) | {_PATTERN}", re.VERBOSE | re.DOTALL)
SIMPLE = re.compile(r"[^\W\d]\w*")
# Unquoted, these are values; quoted, they are names.
VALUES = frozenset({"null", "true", "false", "current_date", "current_time", "current_timestamp", "default"})
# A bracket after any other word holds its arguments.
OPERATORS = frozenset(
    {"and", "or", "not", "in", "as", "when", "then", "else", "on", "values", "using", "like", "between"}
)


class Token(NamedTuple):
    """A word, name (quoted, here without the quotes), string, number, mark, or the group between two brackets."""

    kind: str
    text: str
    start: int = 0
    end: int = 0
    """From where to where it goes in the text."""
    inside: tuple[Token, ...] = ()

    @property
    def name(self) -> str:
        """What it names; SQLite takes a string for that too."""
        return self.text[1:-1].replace("''", "'") if self.kind == "string" else self.text

    def is_word(self, word: str) -> bool:
        return self.kind == "word" and self.text.upper() == word


def tokens(sql: str, *, brackets_quote: bool = True) -> tuple[Token, ...]:
    """The tokens of `sql`, what stands in round brackets as one; ValueError where brackets do not match.

    Square brackets are quotes to SQLite; elsewhere they hold the items of an array.
    """
    stack: list[list[Token]] = [[]]
    opened: list[int] = []
    for found in (TOKEN if brackets_quote else PLAIN_TOKEN).finditer(sql):
        kind, written, start, end = str(found.lastgroup), found.group(), found.start(), found.end()
        if written == "(":
            stack.append([])
            opened.append(start)
        elif written == ")":
            inside = tuple(stack.pop())
            if not opened:
                raise ValueError("a bracket closes that was not opened")
            stack[-1].append(Token("group", "", opened.pop(), end, inside))
        elif kind != "space":
            stack[-1].append(_token(kind, written, start, end))
    if opened:
        raise ValueError("a bracket is not closed")
    return tuple(stack[0])


def _token(kind: str, written: str, start: int, end: int) -> Token:
    if kind == "bracketed":
        return Token("name", written[1:-1], start, end)
    if kind == "name":
        return Token("name", written[1:-1].replace(written[0] * 2, written[0]), start, end)
    return Token(kind, written, start, end)


def canonical(items: Iterable[Token]) -> str:
    """The one spelling of an expression or statement whose names have no case."""
    written, previous = [], None
    for token in items:
        written.append(_gap(previous, token))
        # What stands after AS names a column of the result, whose case is seen.
        written.append(_spelt(token, keep_case=previous is not None and previous.is_word("AS")))
        previous = token
    return "".join(written)


def _gap(previous: Token | None, token: Token) -> str:
    if previous is None or token.text in {",", "."} or previous.text == ".":
        return ""
    if token.kind == "group" and previous.kind in {"word", "name"}:
        return " " if previous.text.lower() in OPERATORS else ""
    return " "


def _spelt(token: Token, *, keep_case: bool) -> str:
    if token.kind == "group":
        return f"({canonical(token.inside)})"
    if token.kind not in {"word", "name"}:
        return token.text
    text = token.text if keep_case else token.text.lower()
    if token.kind == "name" and (not SIMPLE.fullmatch(text) or text.lower() in VALUES):
        quoted = text.replace('"', '""')
        return f'"{quoted}"'
    return text


def source(items: Sequence[Token], sql: str) -> str:
    """What `sql`, from which the tokens were made, says there."""
    return sql[items[0].start : items[-1].end] if items else ""


def unwrapped(items: Sequence[Token]) -> Sequence[Token]:
    """`items` without brackets around the whole."""
    while len(items) == 1 and items[0].kind == "group":
        items = items[0].inside
    return items


def split(items: Iterable[Token]) -> Iterator[tuple[Token, ...]]:
    """What stands between commas."""
    part: list[Token] = []
    for token in items:
        if token.kind == "mark" and token.text == ",":
            yield tuple(part)
            part = []
        else:
            part.append(token)
    if part:
        yield tuple(part)


class Reader:
    """Goes over tokens once, taking what is expected."""

    def __init__(self, items: Sequence[Token]) -> None:
        self.items = items
        self.at = 0

    def __bool__(self) -> bool:
        return self.at < len(self.items)

    def sees(self, *words: str) -> bool:
        """Whether these words come next."""
        ahead = self.items[self.at : self.at + len(words)]
        return len(ahead) == len(words) and all(map(Token.is_word, ahead, words))

    def sees_any(self, words: Collection[str]) -> bool:
        """Whether one of these words comes next."""
        if not self:
            return False
        ahead = self.items[self.at]
        return ahead.kind == "word" and ahead.text.upper() in words

    def accept(self, *words: str) -> bool:
        """Take these words, if they come next."""
        if not self.sees(*words):
            return False
        self.at += len(words)
        return True

    def take(self) -> Token:
        """The next token; ValueError at the end."""
        if not self:
            raise ValueError("the text ends too early")
        self.at += 1
        return self.items[self.at - 1]

    def path(self) -> list[str]:
        """The parts of a name, the last of which is the thing's own."""
        parts = [self.take().name]
        while self and self.items[self.at].text == ".":
            self.take()
            parts.append(self.take().name)
        return parts

    def sees_group(self) -> bool:
        return bool(self) and self.items[self.at].kind == "group"

    def until_group(self) -> Sequence[Token]:
        """All up to the next bracket, or to the end."""
        begun = self.at
        while self and not self.sees_group():
            self.at += 1
        return self.items[begun : self.at]

    def rest(self) -> Sequence[Token]:
        """All that is left; it is taken."""
        begun, self.at = self.at, len(self.items)
        return self.items[begun:]

    def group(self) -> tuple[Token, ...]:
        """What is in the brackets that come next; ValueError when none do."""
        token = self.take()
        if token.kind != "group":
            raise ValueError(f"'{token.text}' stands where a bracket should open")
        return token.inside

    def until(self, *words: str) -> tuple[Token, ...]:
        """All up to the first of these words, or to the end."""
        begun = self.at
        while self and not self.sees_any(words):
            self.at += 1
        return tuple(self.items[begun : self.at])
