"""Where the databases of a race stand: version, schema and rows of each bind, read from outside of env.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, column, func, select, table, update

from flask_lab.experiments.base import Stage
from flask_lab.project import Bind
from flask_lab.schema import Schema, differences, read_schema

UNKNOWN = "lab_of_a_newer_release"
Tables = Mapping[Bind, tuple[str, str | None]]
"""The version table of each bind: name and schema."""


@dataclass(frozen=True, slots=True)
class State:
    """What is in the databases of all binds."""

    versions: Mapping[Bind, tuple[str, ...]]
    schemas: Mapping[Bind, Schema]
    rows: Mapping[Bind, Mapping[str, int]]
    """How many there are in each table; their values may be others each time."""

    def facts(self, stage: Stage) -> dict[str, list[str]]:
        """The versions, by the names that binds have in reports."""
        return {stage.named(bind): list(found) for bind, found in self.versions.items()}

    def differences(self, stage: Stage, found: State) -> list[str]:
        """In what `found` is another than this one, in words."""
        told = []
        for bind, expected in self.versions.items():
            named = f"{name}: " if (name := stage.named(bind)) else ""
            if found.versions[bind] != expected:
                told.append(f"{named}the version is {_list(found.versions[bind])}, not {_list(expected)}")
            schemas = differences(self.schemas[bind], found.schemas[bind])
            told += [f"{named}{each}" for each in schemas]
            rows = found.rows[bind]
            told += [
                f"{named}{table} has {rows[table]} rows, not {count}"
                for table, count in sorted(self.rows[bind].items())
                if rows.get(table, count) != count
            ]
        return told


def read_state(stage: Stage, tables: Tables) -> State:
    """What the databases hold that the project points at."""
    versions, schemas, rows = {}, {}, {}
    for bind, (name, schema) in tables.items():
        with stage.project.engines[bind].connect() as connection:
            versions[bind] = _versions(connection, name, schema)
            schemas[bind] = read_schema(connection, {name})
            rows[bind] = _count(connection, schemas[bind])
    # Nobody may be connected to what is copied next, and a lock that is left here would be one more racer's.
    stage.project.let_go()
    return State(versions, schemas, rows)


def forget_version(stage: Stage, tables: Tables) -> None:
    """Let a version of each database be one that the tree does not know, as a newer release would have left it."""
    for bind, (name, schema) in tables.items():
        versions = table(name, column("version_num"), schema=schema)
        with stage.project.engines[bind].begin() as connection:
            known = connection.scalars(select(versions.c.version_num).limit(1)).one_or_none()
            connection.execute(
                update(versions).where(versions.c.version_num == known).values(version_num=UNKNOWN)
            )
    stage.project.let_go()


def _versions(connection: Connection, name: str, schema: str | None) -> tuple[str, ...]:
    options = {"version_table": name, "version_table_schema": schema}
    return tuple(sorted(MigrationContext.configure(connection, opts=options).get_current_heads()))


def _count(connection: Connection, schema: Schema) -> dict[str, int]:
    names = [each.name for each in schema if each.kind == "table"]
    counts = {name: select(func.count()).select_from(table(name)) for name in names}
    return {name: connection.scalars(count).one() for name, count in counts.items()}


def _list(versions: tuple[str, ...]) -> str:
    return " and ".join(versions) or "none"
