"""A schema in the words that all products share; what only one of them has is counted, not compared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask_lab.backends.catalogue import Attributes, Name, Schema
from flask_lab.experiments.parity.equivalences import (
    ACTIONS,
    is_number,
    meaning_of_default,
    meanings,
)
from flask_lab.experiments.parity.expressions import canonical, names, number

Part = dict[str, Any]
"""What there is to compare of a column, a key and the like, and what it is, which ABOUT lists; all JSON values."""
Parts = dict[str, Part]
"""By what each part is called in a report."""
Named = tuple[str, str, Part]
"""Kind, name in a report, and what there is to compare."""

ABOUT = frozenset({"kind", "table", "of", "automatic", "lists"})
"""Its kind, its table, the columns it is made of, whether the product made it by itself, so that others need not have
it, and the column that it lets hold certain values only, as a type may do elsewhere."""
DIRECTION = re.compile(r"( ASC| DESC)?( NULLS (FIRST|LAST))?$", re.IGNORECASE)
PREFIX = re.compile(r"\(\d+\)$")
JSON_CHECK = re.compile(r"json_valid \w+")
LISTED = re.compile(r"(\w+) in ('(?:[^']|'')*'|\d+)( ('(?:[^']|'')*'|\d+))*")
# Each product's own; what they do for a table shows in its columns.
BESIDE = {"sequence", "enumeration", "database", "schema", "not null", "partition"}
# In every database of PostgreSQL.
LANGUAGE = Name("extension", "", "plpgsql")
WHOLES = ("table", "view", "materialized view")


class Portable:
    """Reads one backend's schemas one after the other, each for what is new in it."""

    def __init__(self, product: str) -> None:
        self.product = product
        self.parts: Parts = {}
        self._tables: dict[str, dict[Name, Attributes]] = {}
        self._parts: dict[str, Parts] = {}
        self.not_compared: set[str] = set()

    def read(self, schema: Schema) -> tuple[Parts, list[str]]:
        """What is new or other than in the schema before, and the names of what is gone."""
        tables = self._by_table(schema)
        for table in {*self._tables, *tables}:
            if table not in tables:
                del self._parts[table]
            elif tables[table] != self._tables.get(table):
                self._parts[table] = {
                    name: {"kind": kind, "table": table, **part}
                    for kind, name, part in self._read(table, tables[table])
                }
        self._tables = tables
        now = {name: part for parts in self._parts.values() for name, part in parts.items()}
        new = {name: part for name, part in now.items() if self.parts.get(name) != part}
        gone = [name for name in self.parts if name not in now]
        self.parts = now
        return new, gone

    def _by_table(self, schema: Schema) -> dict[str, dict[Name, Attributes]]:
        tables: dict[str, dict[Name, Attributes]] = {}
        enumerations = {name.name: each for name, each in schema.items() if name.kind == "enumeration"}
        for name, attributes in schema.items():
            if name.kind in BESIDE or name == LANGUAGE:
                continue
            given = attributes
            if name.kind == "column" and (found := enumerations.get(str(attributes["type"]))):
                labels = found["values"] if isinstance(found["values"], tuple) else ()
                given = {**attributes, "type": "enum({})".format(",".join(f"'{each}'" for each in labels))}
            tables.setdefault(name.table or name.name, {})[name] = given
        return tables

    def _read(self, table: str, found: Mapping[Name, Attributes]) -> Iterator[Named]:
        columns = {name.name: each for name, each in found.items() if name.kind == "column"}
        key = _columns(found.get(Name("primary key", table, ""), {}))
        checks: dict[tuple[str, ...], list[Part]] = {}
        for name, attributes in found.items():
            match name.kind:
                case "table" | "view" | "materialized view":
                    comment = attributes.get("comment") or None
                    yield name.kind, f"{name.kind} {table}", {"of": [], "comment": comment}
                case "column":
                    yield "column", f"column {table}.{name.name}", self._column(name.name, attributes, key)
                case "primary key":
                    yield "primary key", f"primary key of {table}", {"of": sorted(key), "columns": list(key)}
                case "unique":
                    yield self._index(table, {**attributes, "unique": True}, found, columns)
                case "index":
                    yield self._index(table, attributes, found, columns)
                case "foreign key":
                    yield _foreign_key(table, attributes)
                case "check":
                    part = _check(attributes, columns)
                    checks.setdefault(tuple(part["of"]), []).append(part)
                case "trigger":
                    yield "trigger", f"trigger {name.name} on {table}", {"of": []}
                case _:
                    self.not_compared.add(f"{name.kind} {name.name}")
        for made_of, parts in checks.items():
            yield _checks(table, made_of, parts)

    def _column(self, name: str, column: Attributes, key: tuple[str, ...]) -> Part:
        spelling = str(column["type"])
        labels = re.findall(r"'((?:[^']|'')*)'", spelling) if spelling.startswith("enum(") else None
        return {
            "of": [name],
            "type": spelling,
            "values": labels,
            "nullable": bool(column["nullable"]) and name not in key,
            "default": self._default(spelling, column.get("default")),
            "numbered": self._is_numbered(name, column, key),
            "generated": canonical(str(column["generated"])) if column.get("generated") else None,
            "on update": canonical(str(column["on update"])) if column.get("on update") else None,
            "comment": column.get("comment") or None,
        }

    def _default(self, type_: str, default: object) -> str | None:
        if default is None or str(default).startswith("nextval("):
            return None
        said = canonical(str(default))
        if "boolean" in meanings(self.product, type_) and (
            known := meaning_of_default(self.product, said.strip("'"))
        ):
            return known
        if is_number(self.product, type_):
            return number(said)
        return meaning_of_default(self.product, said) or (None if said == "null" else said)

    def _is_numbered(self, name: str, column: Attributes, key: tuple[str, ...]) -> bool:
        """Whether the server gives numbers to rows that come without."""
        if self.product == "sqlite":
            return key == (name,) and column["type"] == "INTEGER"
        if self.product == "postgres":
            return bool(column.get("identity")) or str(column.get("default")).startswith("nextval(")
        return bool(column.get("auto increment"))

    def _index(
        self,
        table: str,
        index: Attributes,
        found: Mapping[Name, Attributes],
        columns: Mapping[str, Attributes],
    ) -> Named:
        spelt = [DIRECTION.sub("", each) for each in _listed(index)]
        unique = bool(index.get("unique"))
        # A prefix is how MySQL has a long text in an index at all; in a unique one it also refuses more rows.
        spelt = spelt if unique else [PREFIX.sub("", each) for each in spelt]
        keys = tuple(each if each in columns else canonical(each) for each in spelt)
        made_of = sorted(each for each in columns if any(each in {key, *names(key)} for key in keys))
        if not unique:
            part = {"of": made_of, "automatic": self._is_automatic(keys, found)}
            return "index", f"index ({', '.join(keys)}) on {table}", part
        where = canonical(str(index["where"])) if index.get("where") else None
        distinct = index.get("nulls distinct") is not False
        part = {"of": made_of, "where": where, "NULLs distinct": distinct}
        return "unique", f"unique ({', '.join(keys)}) on {table}", part

    def _is_automatic(self, keys: tuple[str, ...], found: Mapping[Name, Attributes]) -> bool:
        """Whether InnoDB made the index for a foreign key, or would have to if it were not there."""
        if self.product not in {"mysql", "mariadb"}:
            return False
        foreign = (_columns(each) for name, each in found.items() if name.kind == "foreign key")
        return any(keys == columns for columns in foreign)


def _listed(attributes: Attributes) -> tuple[str, ...]:
    found = attributes.get("columns")
    return found if isinstance(found, tuple) else ()


def _columns(attributes: Attributes) -> tuple[str, ...]:
    return tuple(DIRECTION.sub("", each) for each in _listed(attributes))


def _foreign_key(table: str, key: Attributes) -> Named:
    columns, target = _columns(key), key.get("target")
    to = f"{key['table']} ({', '.join(target)})" if isinstance(target, tuple) else str(key["table"])
    events = {
        f"on {event}": ACTIONS.get(str(key[f"on {event}"]), key[f"on {event}"])
        for event in ("update", "delete")
    }
    name = f"foreign key ({', '.join(columns)}) of {table} to {to}"
    return "foreign key", name, {"of": sorted(columns), **events}


def _check(check: Attributes, columns: Mapping[str, Attributes]) -> Part:
    condition = canonical(str(check["condition"]))
    listed = LISTED.fullmatch(condition)
    mentioned = names(condition)
    return {
        "of": sorted(each for each in columns if each.lower() in mentioned),
        "condition": condition,
        "automatic": JSON_CHECK.fullmatch(condition) is not None,
        "lists": listed[1] if listed else None,
        "enforced": check.get("enforced") is not False,
    }


def _checks(table: str, made_of: tuple[str, ...], parts: list[Part]) -> Named:
    """All checks of the same columns as one part: their names and texts differ from product to product."""
    counted = [each for each in parts if not each["automatic"]]
    where = ", ".join(f"{table}.{each}" for each in made_of) or table
    return (
        "check",
        f"check of {where}",
        {
            "of": list(made_of),
            "conditions": sorted(each["condition"] for each in counted),
            "automatic": not counted,
            "lists": made_of[0] if len(counted) == len(made_of) == 1 and counted[0]["lists"] else None,
            "enforced": all(each["enforced"] for each in counted),
        },
    )
