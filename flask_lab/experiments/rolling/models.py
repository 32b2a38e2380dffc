"""The project's own models as the new release, at the head: what they send, by the columns that they name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, MetaData

from flask_lab.experiments.rolling.statements import OWN, Script, Statement, attempt

Facts = dict[str, Any]


def ask_models(connection: Connection, metadata: MetaData, scripts: Mapping[str, Script]) -> Facts:
    """What of the models' statements fails on the schema of now; `scripts` have values for them."""
    outcomes = [attempt(connection, each) for each in _statements(metadata, scripts)]
    failed = [
        {"table": each.statement.table, "verb": each.statement.verb, "says": each.said}
        for each in outcomes
        if each.said
    ]
    return {"statements": len(outcomes), "failed": failed}


def _statements(metadata: MetaData, scripts: Mapping[str, Script]) -> Iterator[Statement]:
    for table in metadata.tables.values():
        if table.schema is not None or table.name not in scripts:
            continue
        names = [column.name for column in table.columns]
        yield Statement(table.name, "SELECT", tuple(names))
        for outcome in scripts[table.name].outcomes:
            statement = outcome.statement
            if statement.what == OWN and statement.verb in ("INSERT", "UPDATE"):
                values = {name: value for name, value in statement.values.items() if name in names}
                columns = tuple(dict.fromkeys((*values, *statement.where)))
                yield replace(statement, columns=columns, values=values)
