"""What a database holds at one moment; only tables that may have changed are read again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, inspect

from flask_lab.experiments.data import recorded
from flask_lab.experiments.data.labels import Labels
from flask_lab.migrator import Step
from flask_lab.rows import Shape, TableRows, read_back, read_shapes
from flask_lab.schema import Schema


@dataclass(frozen=True, slots=True)
class State:
    """The tables of a database, and their rows."""

    shapes: Mapping[str, Shape] = field(default_factory=dict)
    rows: Mapping[str, TableRows] = field(default_factory=dict)
    schema: Schema = field(default_factory=dict)

    @classmethod
    def read(cls, connection: Connection, ignore: Collection[str], schema: Schema) -> State:
        """Everything as it is now."""
        shapes = read_shapes(connection, ignore)
        return cls(shapes, read_back(connection, shapes), schema)

    def after(
        self,
        step: Step,
        connection: Connection,
        known: Iterable[State],
        ignore: Collection[str],
        schema: Schema,
    ) -> State:
        """What a step has made of this state; `known` may have had the same schema."""
        # Reflecting takes longer than everything else that is done here.
        twin = next((state for state in known if state.schema == schema), None)
        there = set(twin.shapes) if twin else set(inspect(connection).get_table_names()).difference(ignore)
        touched = recorded.touched(step, self.shapes, there | set(self.shapes))
        new = touched | (there - set(self.shapes))
        if twin is not None:
            shapes = twin.shapes
        else:
            kept = {name: self.shapes[name] for name in there - new}
            shapes = kept | read_shapes(connection, ignore, there & new)
        return State(shapes, self.rows, schema).with_rows(connection, new)

    def with_labels(self, labels: Labels) -> State:
        """This state, with what its columns of text take where they stand for enumerations."""
        return State(labels.on(self.shapes), self.rows, self.schema)

    def with_rows(self, connection: Connection, names: Collection[str]) -> State:
        """This state, with the rows of these tables as they are now."""
        kept = {name: rows for name, rows in self.rows.items() if name in self.shapes and name not in names}
        wanted = {name: shape for name, shape in self.shapes.items() if name in names}
        return State(self.shapes, kept | read_back(connection, wanted), self.schema)
