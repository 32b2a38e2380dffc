"""Reads the catalogue of MySQL and MariaDB again and again, and each time only the tables that were spoken of since.

A table is known by the text of its SHOW CREATE TABLE, which is quick to have, and holds no lock once it is there.
"""

from __future__ import annotations

import re
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

from flask_lab.backends.catalogue.digests import ByDigest
from flask_lab.backends.catalogue.mysql import digest, is_mariadb, read, read_table, tell_table
from flask_lab.backends.catalogue.mysql_ear import EAR, change_by

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from sqlalchemy import Connection

    from flask_lab.backends.catalogue import Attributes, Name, Schema
    from flask_lab.backends.catalogue.mysql_ear import Change

    Parts = Mapping[Name, Attributes]
    Ask = Callable[[str], list[tuple[Any, ...]]]

KEPT = 500
TABLES = ("table", "system versioned")
NO_SUCH_TABLE = 1146
TYPES = ("BASE TABLE", "SYSTEM VERSIONED")
# What rows move on, and a string cannot be taken for, as it has no line ends there.
COUNTER = re.compile(r"(?<=\n)(\) ENGINE=\w+) AUTO_INCREMENT=\d+")


class Unclear(Exception):
    """A change that only a look at everything can tell."""


class MySQLReader:
    """All schemas that a connection sees, one after the other."""

    def __init__(self, connection: Connection, ignore: Collection[str]) -> None:
        self._connection = connection
        self._ignored = {name.lower() for name in ignore}
        self._by_digest = ByDigest(partial(read, connection, ignore), partial(digest, connection, ignore))
        self._read_table = partial(read_table, connection, ignore)
        self._tell_table = partial(tell_table, connection, self._ignored)
        self._errors = connection.dialect.loaded_dbapi.Error
        self._texts: dict[str, Parts] = {}
        """What is told by texts of tables read lately: a way back comes to one that is known."""
        self._schema: Schema = {}
        self._tables: dict[str, Parts] = {}
        self._rest: Parts = {}
        self._heard = -1
        self._is_sure = False
        """Whether nothing changes unheard, and texts tell all."""

    def __call__(self) -> Schema:
        # A transaction of MySQL's sees its tables as they were when it began to look.
        is_behind = self._connection.in_transaction() and not is_mariadb(self._connection)
        heard = EAR.since(self._heard)
        if heard is None or is_behind:
            return self._by_digest()
        number, said = heard
        change = change_by(said) if self._is_sure else None
        if change is None:
            self._read_everything()
        elif said:
            try:
                self._follow(change)
            except (Unclear, self._errors):
                # Where some tables are locked, the others cannot be shown.
                self._read_everything()
        self._heard = number
        return self._schema

    def _read_everything(self) -> None:
        self._begin_anew()
        schema = self._by_digest()
        mode = self._connection.exec_driver_sql("SELECT @@sql_mode").scalar()
        # Events run by themselves; NO_TABLE_OPTIONS and the like, which are MariaDB's, hide parts of texts.
        self._is_sure = "_OPTIONS" not in str(mode) and all(name.kind != "event" for name in schema)
        if schema is self._schema:
            return
        tables: dict[str, dict[Name, Attributes]] = {name.name: {} for name in schema if name.kind in TABLES}
        rest: dict[Name, Attributes] = {}
        for name, attributes in schema.items():
            owner = name.name if name.kind in TABLES else name.table
            # Triggers are in no text.
            (rest if name.kind == "trigger" else tables.get(owner, rest))[name] = attributes
        self._schema, self._tables, self._rest = schema, dict(tables), rest

    def _follow(self, change: Change) -> None:
        """Read the tables that a change is about."""
        if any(change.names(name.name) for name in self._rest if name.kind in {"view", "sequence"}):
            raise Unclear
        driver: Any = self._connection.connection
        with closing(driver.cursor()) as cursor:

            def ask(statement: str) -> list[tuple[Any, ...]]:
                cursor.execute(statement)
                return list(cursor.fetchall())

            named = set(filter(change.names, self._tables)) | (change.made - self._ignored)
            found = self._look(self._list(ask, named) if change.lists else named, ask)
            if change.moves:
                # Triggers go and move with their tables.
                if any(name.kind == "trigger" and name.table in found for name in self._rest):
                    raise Unclear
                changed = {name for name in found if found[name] != self._tables.get(name)}
                found |= self._look(self._pointing_to(changed) - found.keys(), ask)
        self._put(found)

    def _look(self, names: set[str], ask: Ask) -> dict[str, Parts]:
        """What these tables are now; nothing, where they are gone."""
        found: dict[str, Parts] = {}
        for name in names:
            quoted = name.replace("`", "``")
            try:
                shown = ask(f"SHOW CREATE TABLE `{quoted}`")
            except self._errors as error:
                if error.args[0] != NO_SUCH_TABLE:
                    raise
                found[name] = {}
                continue
            text = COUNTER.sub(r"\1", str(shown[0][1]))
            if not text.startswith("CREATE TABLE "):
                # A temporary one is in front of it.
                raise Unclear
            found[name] = self._told(name, text)
        return found

    def _told(self, name: str, text: str) -> Parts:
        """The parts of the table that is shown by `text`."""
        if text not in self._texts:
            while len(self._texts) >= KEPT:
                del self._texts[next(iter(self._texts))]
            parts = self._tell_table(name, text)
            if parts is None:
                self._begin_anew()
                parts = self._read_table(name, text)
            self._texts[text] = parts
        return self._texts[text]

    def _list(self, ask: Ask, named: set[str]) -> set[str]:
        """The names of the tables that came, with those that are named or gone."""
        self._begin_anew()
        types = {
            str(name): type_
            for name, type_ in ask("SHOW FULL TABLES")
            if not type_.startswith("TEMPORARY") and name.lower() not in self._ignored
        }
        self._begin_anew()
        tables = {name for name, type_ in types.items() if type_ in TYPES}
        if types.keys() - tables != {name.name for name in self._rest if name.kind in {"view", "sequence"}}:
            raise Unclear
        return named | (tables ^ self._tables.keys())

    def _begin_anew(self) -> None:
        """See what there is now: MySQL's information_schema is as old as the transaction that the driver is in."""
        if not is_mariadb(self._connection):
            self._connection.connection.rollback()

    def _pointing_to(self, names: Iterable[str]) -> set[str]:
        """The tables with foreign keys to one of these."""
        lower = {name.lower() for name in names}
        return {
            part.table
            for part, attributes in self._schema.items()
            if part.kind == "foreign key" and str(attributes["table"]).lower() in lower
        }

    def _put(self, found: Mapping[str, Parts]) -> None:
        """Let `found` stand where those tables stood; what is equal stays the same object."""
        schema = dict(self._schema)
        for table, parts in found.items():
            old = self._tables.pop(table, {})
            for name in old:
                del schema[name]
            new = {name: old[name] if old.get(name) == each else each for name, each in parts.items()}
            schema |= new
            if new:
                self._tables[table] = new
        self._schema = schema
