"""What a table takes: its columns and what bounds them, keys and references, reflected from the database."""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Inspector, inspect, types
from sqlalchemy.dialects.mysql import TINYINT
from sqlalchemy.exc import SAWarning
from sqlalchemy.types import TypeEngine


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the CHECKs of a table say about one column, as far as they are of the usual forms."""

    choices: tuple[str, ...] = ()
    low: Decimal | None = None
    high: Decimal | None = None
    shortest: int = 0
    longest: int | None = None
    like: str = ""
    is_json: bool = False
    rank: int = 0
    """How many columns of the same table must be smaller."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column, as far as it matters to those who write rows."""

    name: str
    type: TypeEngine[Any]
    nullable: bool = True
    default: str | None = None
    numbered: bool = False
    """Whether the server numbers rows by it."""
    generated: bool = False
    """Whether it takes no value but the server's own."""
    bounds: Bounds = Bounds()


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key."""

    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """One table."""

    name: str
    columns: Mapping[str, Column]
    key: tuple[str, ...] = ()
    uniques: tuple[tuple[str, ...], ...] = ()
    """Sets of columns whose values together may occur once, the key among them."""
    references: tuple[Reference, ...] = ()
    checks: tuple[str, ...] = ()

    @property
    def written(self) -> list[Column]:
        """The columns that take values."""
        return [column for column in self.columns.values() if not column.generated]

    def may_wait(self, reference: Reference) -> bool:
        """Whether a row may be there before the row that it refers to."""
        return all(self.columns[name].nullable for name in reference.columns if name in self.columns)


def read_shapes(
    connection: Connection, ignore: Collection[str] = (), only: Collection[str] | None = None
) -> dict[str, Shape]:
    """The tables of the default schema but for those to ignore, or only these as far as they are there."""
    inspector = inspect(connection)
    names = [
        name for name in inspector.get_table_names() if name not in ignore and (only is None or name in only)
    ]
    if not names:
        return {}
    with warnings.catch_warnings():
        # Of types and expressions that SQLAlchemy does not know; rows are tried on the server all the same.
        warnings.simplefilter("ignore", SAWarning)
        found = {
            what: read(filter_names=names, **options) for what, (read, options) in _readers(inspector).items()
        }
    found["checks"] |= _mariadb_checks(connection)
    dialect = connection.dialect.name
    return {
        name: _shape(name, {what: each.get((None, name)) for what, each in found.items()}, dialect)
        for name in names
    }


def sorted_tables(shapes: Mapping[str, Shape]) -> list[str]:
    """Parents before their children; where references go in a circle, they wait that may be NULL."""
    order: list[str] = []
    waiting = dict(shapes)
    while waiting:
        ready = [name for name, shape in waiting.items() if not _parents(shape, waiting, nullable=True)]
        if not ready:
            ready = [name for name, shape in waiting.items() if not _parents(shape, waiting, nullable=False)][
                :1
            ]
        for name in ready or list(waiting)[:1]:
            order.append(name)
            del waiting[name]
    return order


def _parents(shape: Shape, among: Mapping[str, Shape], *, nullable: bool) -> set[str]:
    return {
        each.parent
        for each in shape.references
        if each.parent != shape.name and each.parent in among and (nullable or not shape.may_wait(each))
    }


def _readers(inspector: Inspector) -> dict[str, tuple[Any, dict[str, Any]]]:
    return {
        "columns": (inspector.get_multi_columns, {}),
        "key": (inspector.get_multi_pk_constraint, {}),
        "references": (inspector.get_multi_foreign_keys, {}),
        "uniques": (inspector.get_multi_unique_constraints, {}),
        # A UNIQUE that SQLAlchemy cannot find in SQLite's text still has its index.
        "indexes": (inspector.get_multi_indexes, {"include_auto_indexes": True}),
        "checks": (inspector.get_multi_check_constraints, {}),
    }


def _mariadb_checks(connection: Connection) -> dict[Any, Any]:
    """MariaDB's CHECKs, those of a column included, which SQLAlchemy passes over; nothing on other products."""
    if not getattr(connection.dialect, "is_mariadb", False):
        return {}
    query = (
        "SELECT table_name, check_clause FROM information_schema.check_constraints "
        "WHERE constraint_schema = DATABASE()"
    )
    checks: dict[Any, Any] = {}
    for table, clause in connection.exec_driver_sql(query):
        checks.setdefault((None, table), []).append({"sqltext": clause})
    return checks


def _shape(name: str, found: Mapping[str, Any], dialect: str) -> Shape:
    key = tuple((found["key"] or {}).get("constrained_columns") or ())
    checks = [_plain(str(each["sqltext"])) for each in found["checks"] or ()]
    for each in found["columns"]:
        checks += _domain_checks(each["type"], each["name"])
    read = [_column(each, key, dialect) for each in found["columns"]]
    ranks = _ranks([column.name for column in read], checks)
    unique = [*(found["uniques"] or ()), *(each for each in found["indexes"] or () if each["unique"])]
    sets = [key, *(tuple(each["column_names"]) for each in unique)]
    return Shape(
        name,
        {
            column.name: replace(
                column, bounds=replace(_bounds(column.name, checks), rank=ranks.get(column.name, 0))
            )
            for column in read
        },
        key,
        # An expression has no column's name.
        tuple(dict.fromkeys(each for each in sets if each and None not in each)),
        tuple(
            Reference(
                tuple(each["constrained_columns"]), each["referred_table"], tuple(each["referred_columns"])
            )
            for each in found["references"] or ()
            # SQLite keeps a key that does not fit the one it refers to.
            if not each["referred_schema"]
            and len(each["constrained_columns"]) == len(each["referred_columns"])
        ),
        tuple(checks),
    )


def _column(read: Any, key: tuple[str, ...], dialect: str) -> Column:
    kind = getattr(read["type"], "data_type", None) or read["type"]
    if isinstance(kind, TINYINT) and kind.display_width == 1:
        kind = types.Boolean()
    identity, default = read.get("identity"), read.get("default")
    # On SQLite, only a key declared INTEGER is the row's own number.
    counts = dialect == "sqlite" and key == (read["name"],) and type(kind) is types.INTEGER
    return Column(
        read["name"],
        kind,
        bool(read["nullable"]) and read["name"] not in key,
        default,
        bool(identity) or counts or read.get("autoincrement") is True or str(default).startswith("nextval("),
        bool(read.get("computed")) or bool(identity and identity.get("always")),
    )


def _domain_checks(kind: Any, name: str) -> Iterator[str]:
    """The CHECK of a PostgreSQL domain, about the column that is of it."""
    if getattr(kind, "data_type", None) is not None and kind.check is not None:
        yield re.sub(r"\bVALUE\b", name, _plain(str(kind.check)))


_STRING = r"'((?:[^']|'')*)'"
_NUMBER = r"\(?'?(-?\d+(?:\.\d+)?)'?"
_LENGTH = re.compile(r"\b(?:char_length|character_length|octet_length|length)\s*\(+(\w+)\)+", re.IGNORECASE)


def _plain(check: str) -> str:
    """A CHECK without the quotes, casts and character sets that products put into it."""
    text = re.sub(r"[`\"\[\]]", lambda found: found[0] if found[0] in "[]" else "", check)
    text = re.sub(
        r"::(?:character varying|double precision|timestamp with(?:out)? time zone|\w+)(?:\(\d+(?:,\d+)?\))?(?:\[\])?",
        "",
        text,
    )
    text = re.sub(r"_(?:utf8mb4|utf8mb3|utf8|latin1|ascii|binary)\\?'", "'", text).replace("\\'", "'")
    return _LENGTH.sub(r"len__\1", text)


def _bounds(name: str, checks: list[str]) -> Bounds:
    bounds = Bounds()
    for check in checks:
        if re.search(rf"\b{re.escape(name)}\b", check) or f"len__{name}" in check:
            bounds = _narrowed(bounds, name, check)
    return bounds


def _narrowed(bounds: Bounds, name: str, check: str) -> Bounds:
    low, high = _range(name, check)
    shortest, longest = _range(f"len__{name}", check)
    like = re.search(rf"(?<!not )\b{re.escape(name)}\)*\s*(?:~~|like)\s*\(?{_STRING}", check, re.IGNORECASE)
    return replace(
        bounds,
        choices=_choices(name, check) or bounds.choices,
        low=low if low is not None else bounds.low,
        high=high if high is not None else bounds.high,
        shortest=int(shortest) if shortest is not None else bounds.shortest,
        longest=int(longest) if longest is not None else bounds.longest,
        like=like[1] if like else bounds.like,
        is_json=bounds.is_json or "json_valid" in check.lower(),
    )


def _choices(name: str, check: str) -> tuple[str, ...]:
    """The values of `name IN (...)`, `name = ANY (ARRAY[...])` or `name = ... OR name = ...`."""
    column = rf"\b{re.escape(name)}\)*\s*"
    listed = re.search(rf"{column}(?:in\s*\(|=\s*any\s*\(+array\[)(.*?)[)\]]", check, re.IGNORECASE)
    text = listed[1] if listed else " ".join(re.findall(rf"{column}=\s*\(?('(?:[^']|'')*'|-?\d+)", check))
    return tuple(
        string.replace("''", "'") if quoted else number
        for quoted, string, number in re.findall(rf"({_STRING})|(-?\d+(?:\.\d+)?)", text)
    )


def _range(name: str, check: str) -> tuple[Decimal | None, Decimal | None]:
    """The smallest and the largest number that a CHECK allows."""
    low: Decimal | None = None
    high: Decimal | None = None
    column = re.escape(name)
    signs = [
        (sign, Decimal(bound))
        for sign, bound in re.findall(rf"\b{column}\)*\s*(>=|<=|>|<)\s*{_NUMBER}", check)
    ]
    turned = {">=": "<=", "<=": ">=", ">": "<", "<": ">"}
    signs += [
        (turned[sign], Decimal(bound))
        for bound, sign in re.findall(rf"(-?\d+(?:\.\d+)?)\)*\s*(>=|<=|>|<)\s*\(*{column}\b", check)
    ]
    for first, last in re.findall(
        rf"\b{column}\)*\s+between\s+{_NUMBER}\)?\s+and\s+{_NUMBER}", check, re.IGNORECASE
    ):
        signs += [(">=", Decimal(first)), ("<=", Decimal(last))]
    for sign, bound in signs:
        if sign[0] == ">":
            low = bound + (sign == ">")
        else:
            high = bound - (sign == "<")
    return low, high


def _ranks(names: list[str], checks: list[str]) -> dict[str, int]:
    """How many columns must be smaller than each, by CHECKs such as `starts_on <= ends_on`."""
    pairs = []
    for left, sign, right in re.findall(r"\b(\w+)\)*\s*(<=|<|>=|>)\s*\(*(\w+)\b", " ; ".join(checks)):
        if left in names and right in names:
            pairs.append((left, right) if sign[0] == "<" else (right, left))
    ranks: dict[str, int] = {}
    for _ in pairs:
        for smaller, larger in pairs:
            ranks[larger] = max(ranks.get(larger, 0), min(ranks.get(smaller, 0), len(pairs)) + 1)
    return ranks
