"""Values for one column: plain ones that differ by number, and hostile ones that differ by theme."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, cast
from uuid import NAMESPACE_OID, uuid5

from sqlalchemy import types
from sqlalchemy.dialects import mysql, postgresql

from flask_lab.rows.shape import Bounds, Column


class Theme(StrEnum):
    """What is hostile about a row; `twice` is written two times, so that all but what must differ is equal."""

    LARGEST = "the longest texts, largest numbers and latest times"
    SMALLEST = "empty texts, the smallest numbers and earliest times"
    NULLS = "NULL wherever it is allowed"
    AWKWARD = "quotes, backslashes, percent signs, emoji, and times in changes of the clock"
    TWICE = "the same values twice"
    CASE = "what differs from another row in case only"


DAY = date(2024, 3, 1)
AWKWARD = 'O\'Brien \\ "q" 100% :x 日本 👩‍🚀 é'
LONG = 400
SHAPES = {
    Theme.LARGEST: {"deep": [[{"list": [1, 2.5, True, None, "x" * 200]}]], "n": 2**53},
    Theme.SMALLEST: {},
    Theme.AWKWARD: {"b": AWKWARD, "a": [], "": {"é": "\\u0000 is not here"}},
    Theme.TWICE: [1, "two", {"three": 3}],
    Theme.CASE: "a string",
}

PlainMaker = Callable[[Column, int], Any]
HostileMaker = Callable[[Column, Theme, int], Any]
# SQLAlchemy 2.1 no longer counts floats among the numerics.
NUMERIC = (types.Numeric, types.Float)


def ordinary(column: Column, number: int) -> Any:
    """A plain value; different numbers give different values, as far as the type has so many."""
    if column.bounds.choices:
        return _chosen(column, number)
    return _plain(column, number)


def hostile(column: Column, theme: Theme, number: int) -> Any:
    """The value that is hostile in the way of `theme`; where there is no such, a plain one."""
    if theme is Theme.NULLS:
        return None if column.nullable else ordinary(column, number)
    if column.bounds.choices:
        # Both values of a theme that is written twice must be the same.
        return _chosen(column, list(Theme).index(theme))
    if _is_json(column):
        return json.dumps(SHAPES[theme], ensure_ascii=False)
    if theme is Theme.TWICE:
        return ordinary(column, 1)
    make = next((make for known, make in _HOSTILE if isinstance(column.type, known)), None)
    return ordinary(column, number) if make is None else make(column, theme, number)


def labels(column: Column) -> tuple[str, ...]:
    """All that the column takes, where that is a list."""
    declared = column.type.enums if isinstance(column.type, types.Enum) else ()
    return column.bounds.choices or tuple(declared)


def is_known(column: Column) -> bool:
    """Whether there are values for the column's type; else only trying can tell what it takes."""
    kind = column.type
    named = isinstance(kind, (types.Enum, types.Boolean)) or type(kind).__name__.upper() in (
        *_LITERALS,
        "BIT",
    )
    return named or _is_json(column) or any(isinstance(kind, known) for known, _ in _MAKERS)


def candidates(column: Column, checks: tuple[str, ...]) -> Iterator[Any]:
    """Values worth trying where a CHECK of no usual form refuses the rest: what stands in it, and what is near."""
    told = [check for check in checks if re.search(rf"\b(len__)?{re.escape(column.name)}\b", check)]
    for text in dict.fromkeys(found for check in told for found in re.findall(r"'((?:[^']|'')*)'", check)):
        yield text.replace("''", "'")
        yield re.sub(r"[\^$%*+?\\]", "", text)
    for digits in dict.fromkeys(found for check in told for found in re.findall(r"\d+", check)):
        if isinstance(column.type, types.String):
            yield from (("x" * int(digits))[:LONG], "1" * min(int(digits), LONG))
        else:
            yield from (_number(column.type, Decimal(int(digits) + step)) for step in (0, 1, -1))
    if isinstance(column.type, types.String):
        yield from ("a", "A", "1", "abc@example.org", "https://example.org/", "ABC-123", "")
    elif isinstance(column.type, (types.Integer, *NUMERIC)):
        yield from (_number(column.type, Decimal(step)) for step in (1, 0, 2, -1, 10, 100))
    elif isinstance(column.type, types.Boolean):
        yield from (True, False)
    if column.nullable:
        yield None


def _plain(column: Column, number: int) -> Any:  # noqa: PLR0911  (a case per type)
    kind = column.type
    if _is_json(column):
        return json.dumps({"name": f"{column.name} {number}"})
    if isinstance(kind, types.Enum):
        return _label(kind, number)
    if isinstance(kind, types.Boolean):
        return bool(number % 2)
    for known, make in _MAKERS:
        if isinstance(kind, known):
            return make(column, number)
    name = type(kind).__name__.upper()
    if name == "BIT":
        return "1" * (getattr(kind, "length", None) or 1)
    if name in _LITERALS:
        return _LITERALS[name].format(n=number % 200, d=f"{number:04d}"[-4:])
    return f"{number}"


def _text(column: Column, number: int) -> str:
    bounds, length = column.bounds, getattr(column.type, "length", None)
    most = min(filter(None, (length, bounds.longest)), default=LONG)
    if bounds.like:
        return bounds.like.replace("%", _base36(number)).replace("_", "a").replace("\\", "")[:most]
    if most in (32, 36) and isinstance(column.type, types.CHAR):
        # Such a column holds identifiers, whatever reads it.
        made = uuid5(NAMESPACE_OID, f"{column.name} {number}")
        return made.hex if most == 32 else str(made)
    # With a capital, so that it is seen when texts lose theirs.
    text = f"{column.name.capitalize()} {number}"
    if len(text) > most:
        text = _base36(number)[-most:].rjust(min(most, 2), "A")
    return text.ljust(bounds.shortest, "x")


def _hostile_text(column: Column, theme: Theme, number: int) -> str:
    bounds = column.bounds
    if bounds.like:
        return _text(column, number)
    most = min(filter(None, (getattr(column.type, "length", None), bounds.longest)), default=LONG)
    given = {
        Theme.LARGEST: "W" * min(most, 4_000),
        Theme.SMALLEST: "",
        Theme.AWKWARD: AWKWARD,
        Theme.CASE: _text(column, 1).swapcase(),
    }
    text = given.get(theme, _text(column, number))[:most]
    return text.ljust(bounds.shortest, "x")


def _whole(column: Column, number: int) -> Any:
    return _number(column.type, _within(column, Decimal(number + 100_000 * min(column.bounds.rank, 9))))


def _fraction(column: Column, number: int) -> Any:
    scale = getattr(column.type, "scale", None)
    # As many digits as the column keeps; two that every binary number keeps too, where it does not say.
    digits = "25" if scale is None or isinstance(column.type, types.Float) else "1234567891"[:scale]
    part = Decimal(f"0.{digits}") if digits else Decimal(0)
    return _number(column.type, _within(column, number + 100_000 * min(column.bounds.rank, 9) + part))


def _within(column: Column, wanted: Decimal) -> Decimal:
    """`wanted`, or where it is out of bounds a number within them that differs with it."""
    low, high = _limits(column.type)
    low = column.bounds.low if column.bounds.low is not None else max(low, Decimal(0))
    high = min(high, column.bounds.high) if column.bounds.high is not None else high
    if low <= wanted <= high:
        return wanted
    whole = int(wanted) % (int(high - low) + 1) if high >= low else 0
    return low + whole


def _limits(kind: Any) -> tuple[Decimal, Decimal]:
    if isinstance(kind, types.Integer):
        name = type(kind).__name__.upper()
        bits = {"TINYINT": 8, "SMALLINT": 16, "MEDIUMINT": 24, "BIGINT": 64}.get(name, 32)
        if getattr(kind, "unsigned", False):
            return Decimal(0), Decimal(2**bits - 1)
        return Decimal(-(2 ** (bits - 1))), Decimal(2 ** (bits - 1) - 1)
    if isinstance(kind, types.Float):
        return Decimal("-1e30"), Decimal("1e30")
    precision, scale = kind.precision or 18, kind.scale or 0 if kind.precision else 4
    # A smaller scale rounds fours down, to what the column can still hold afterwards.
    high = Decimal(f"{'9' * (precision - scale)}.{'4' * scale}")
    return (Decimal(0) if getattr(kind, "unsigned", False) else -high), high


def _number(kind: Any, value: Decimal) -> Any:
    if isinstance(kind, types.Integer):
        return int(value)
    if isinstance(kind, types.Float):
        return float(value)
    return value


def _moment(column: Column, number: int) -> datetime:
    day = DAY + timedelta(days=number % 300 + 400 * column.bounds.rank)
    return datetime.combine(day, time(12, 34, 56))


def _hostile_number(column: Column, theme: Theme, number: int) -> Any:
    if theme not in (Theme.LARGEST, Theme.SMALLEST):
        return ordinary(column, number)
    low, high = _limits(column.type)
    bounds = column.bounds
    if theme is Theme.LARGEST:
        return _number(column.type, min(high, bounds.high) if bounds.high is not None else high)
    return _number(column.type, max(low, bounds.low) if bounds.low is not None else low)


def _hostile_clock(column: Column, theme: Theme, number: int) -> time:
    given = {Theme.LARGEST: time(23, 59, 59, 999999), Theme.SMALLEST: time(0, 0)}
    return given.get(theme, time(1, 30, 0, 500000))


# A fraction may be rounded up, and 9999 is where servers and drivers end.
_MOMENTS = {
    Theme.LARGEST: "9998-12-31 23:59:59.999999",
    Theme.SMALLEST: "1000-01-01 00:00:00",
    # Where clocks are set back, this hour comes twice.
    Theme.AWKWARD: "2024-10-27 01:30:00.500001",
    Theme.CASE: "1970-01-03 23:59:59.900000",
}
_NARROW_MOMENTS = {Theme.LARGEST: "2037-12-31 23:59:58", Theme.SMALLEST: "1970-01-02 00:00:01"}


def _hostile_moment(column: Column, theme: Theme, number: int) -> Any:
    narrow = isinstance(column.type, mysql.TIMESTAMP)
    # What must be larger than another column is large where that one is small.
    wanted = Theme.LARGEST if column.bounds.rank and theme is Theme.SMALLEST else theme
    text = (_MOMENTS | _NARROW_MOMENTS if narrow else _MOMENTS)[wanted]
    if isinstance(column.type, types.Date):
        return datetime.fromisoformat(text).date()
    if getattr(column.type, "timezone", False) and theme is Theme.AWKWARD and not narrow:
        return f"{text}+05:30"
    return datetime.fromisoformat(text)


def _hostile_bytes(column: Column, theme: Theme, number: int) -> bytes:
    awkward = b"\x00\xff'\"\\%"
    given = {Theme.LARGEST: awkward * 40, Theme.SMALLEST: b"", Theme.AWKWARD: awkward}
    return given.get(theme, b"\xff")[: getattr(column.type, "length", None) or LONG]


def _hostile_label(column: Column, theme: Theme, number: int) -> str:
    return _label(cast("types.Enum", column.type), -1 if theme is Theme.LARGEST else 0)


def _interval(column: Column, number: int) -> Any:
    return timedelta(hours=number % 24, minutes=5)


def _binary(column: Column, number: int) -> bytes:
    return f"{column.name} {number}".encode()[-(getattr(column.type, "length", None) or LONG) :]


def _array(column: Column, number: int) -> str:
    """PostgreSQL's own spelling, which it takes for an array of any type."""
    item: Any = column.type
    inner = ordinary(Column(column.name, item.item_type), number)
    quoted = str(inner).replace("\\", "\\\\").replace('"', '\\"')
    # Each dimension is a pair of braces.
    depth = item.dimensions or 1
    return "{" * depth + f'"{quoted}"' + "}" * depth


def _chosen(column: Column, number: int) -> Any:
    choice = column.bounds.choices[number % len(column.bounds.choices)]
    if isinstance(column.type, (types.Integer, *NUMERIC)) and re.fullmatch(r"-?\d+(\.\d+)?", choice):
        return _number(column.type, Decimal(choice))
    return choice


def _label(kind: types.Enum, number: int) -> str:
    labels = kind.enums
    return str(labels[number % len(labels)]) if labels else ""


def _is_json(column: Column) -> bool:
    return column.bounds.is_json or isinstance(column.type, types.JSON)


def _base36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    made = ""
    while number:
        number, rest = divmod(number, 36)
        made = digits[rest] + made
    return made or "0"


_MAKERS: tuple[tuple[Any, PlainMaker], ...] = (
    (mysql.SET, lambda column, number: str(getattr(column.type, "values", [""])[0])),
    (mysql.BIT, lambda column, number: 1),
    (mysql.YEAR, lambda column, number: 2000 + number % 100),
    (types.Uuid, lambda column, number: str(uuid5(NAMESPACE_OID, f"{column.name} {number}"))),
    (types.ARRAY, _array),
    (types.Integer, _whole),
    (NUMERIC, _fraction),
    (types.DateTime, _moment),
    (types.Date, lambda column, number: _moment(column, number).date()),
    (types.Time, lambda column, number: time(number % 24, 30, 15)),
    ((types.Interval, postgresql.INTERVAL), _interval),
    ((types.LargeBinary, types.BINARY, types.VARBINARY), _binary),
    (types.String, _text),
)
_HOSTILE: tuple[tuple[Any, HostileMaker], ...] = (
    (types.Enum, _hostile_label),
    ((types.Integer, *NUMERIC), _hostile_number),
    ((types.DateTime, types.Date), _hostile_moment),
    (types.Time, _hostile_clock),
    ((types.LargeBinary, types.BINARY, types.VARBINARY), _hostile_bytes),
    (types.String, _hostile_text),
)
_LITERALS = {
    "INET": "10.0.{n}.1",
    "CIDR": "10.0.{n}.0/24",
    "MACADDR": "08:00:2b:01:{d:.2}:{d:.2}",
    "MACADDR8": "08:00:2b:01:02:03:{d:.2}:{d:.2}",
    "INT4RANGE": "[{n},1000)",
    "INT8RANGE": "[{n},1000)",
    "NUMRANGE": "[{n},1000.5)",
    "DATERANGE": "[2024-01-01,2024-02-01)",
    "TSRANGE": "[2024-01-01 10:00,2024-02-01 10:00)",
    "TSTZRANGE": "[2024-01-01 10:00+00,2024-02-01 10:00+00)",
    "HSTORE": '"a"=>"{n}"',
    "TSVECTOR": "word",
    "TSQUERY": "word",
    "MONEY": "{n}.50",
    "OID": "{n}",
    "REGCLASS": "pg_class",
    "JSONPATH": "$.a",
    "XML": "<a>{n}</a>",
    "POINT": "(1,{n})",
}
__all__ = ["Bounds", "Theme", "candidates", "hostile", "is_known", "labels", "ordinary"]
