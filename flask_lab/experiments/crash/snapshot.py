"""What a database is at one moment, whole: schema, version and rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alembic.runtime.migration import MigrationContext
from sqlalchemy import URL, Connection

from flask_lab.rows import Change, Shape, TableRows, compare, read_back, read_shapes
from flask_lab.schema import Difference, Schema, differences, digest, read_schema
from flask_lab.sources.base import connect


@dataclass(frozen=True, slots=True)
class VersionTable:
    """Where a project keeps what its database has."""

    name: str = "alembic_version"
    schema: str | None = None

    def context(self, connection: Connection) -> MigrationContext:
        """Alembic's, for one who asks or stamps."""
        return MigrationContext.configure(
            connection, opts={"version_table": self.name, "version_table_schema": self.schema}
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a database holds."""

    mark: str
    """Equal for equal schemas only."""
    schema: Schema
    versions: frozenset[str]
    shapes: Mapping[str, Shape]
    rows: Mapping[str, TableRows]

    @classmethod
    def take(cls, url: URL, table: VersionTable, *known: Snapshot) -> Snapshot:
        """Of the database at `url`; one that has the schema of `known` is not reflected again."""
        with connect(url) as connection:
            mark = digest(connection, {table.name})
            twin = next((each for each in known if each.mark == mark), None)
            schema = twin.schema if twin else read_schema(connection, {table.name})
            shapes = twin.shapes if twin else read_shapes(connection, {table.name})
            versions = frozenset(table.context(connection).get_current_heads())
            return cls(mark, schema, versions, shapes, read_back(connection, shapes))

    def has_schema_of(self, other: Snapshot) -> bool:
        return not differences(self.schema, other.schema)

    def has_rows_of(self, other: Snapshot, passing: frozenset[tuple[str, str]] = frozenset()) -> bool:
        """Whether both hold the same rows, but for the values of columns that are others each time."""
        if self.rows == other.rows:
            return True
        counts = [{name: len(each.rows) for name, each in rows.items()} for rows in (self.rows, other.rows)]
        return counts[0] == counts[1] and not self.changes(other, passing)

    def changes(self, other: Snapshot, passing: frozenset[tuple[str, str]] = frozenset()) -> list[Change]:
        """What rows of this one are gone in `other`, and what values are others."""
        return [
            each
            for each in compare(self.rows, other.rows)
            if each.column is None or (each.table, each.column) not in passing
        ]

    def is_as(self, other: Snapshot) -> bool:
        """Whether it is the same in all."""
        return self.versions == other.versions and self.has_schema_of(other) and self.has_rows_of(other)

    def differs_from(self, other: Snapshot) -> list[Difference]:
        """How the schema became another, `other` being the one before."""
        return differences(other.schema, self.schema)
