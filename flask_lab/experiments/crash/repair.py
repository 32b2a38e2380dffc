"""What brings a database on again in which a crash has left a step half done; found by trying."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from contextlib import suppress

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from flask_lab.faults import COMMIT, Sent
from flask_lab.schema import Difference
from flask_lab.sources.base import connect

# What may go only before what it belongs to, or what it refers to.
ORDER = ("trigger", "view", "foreign key", "check", "unique", "index", "column", "table", "sequence")


def undoing(differences: Sequence[Difference], url: URL) -> list[str] | None:
    """Statements that take away what came, in an order that may work; None where something else has changed too."""
    if any(each.attribute is not None or each.before is not None for each in differences):
        return None
    # As `ORDER` has it; what is not in it, nobody here can undo.
    if any(each.name.kind not in ORDER for each in differences):
        return None
    made = sorted(differences, key=lambda each: ORDER.index(each.name.kind))
    columns = {(each.name.table, each.name.name) for each in made if each.name.kind == "column"}
    found = [_undo(each, url) for each in made if each.name.kind != "sequence" or not columns]
    return [statement for statement in found if statement]


def _undo(difference: Difference, url: URL) -> str:
    buffer = io.StringIO()
    engine = sa.create_engine(url)
    context = MigrationContext.configure(
        dialect=engine.dialect, opts={"as_sql": True, "output_buffer": buffer}
    )
    operations, name = Operations(context), difference.name
    quote = engine.dialect.identifier_preparer.quote
    match name.kind:
        case "table":
            operations.drop_table(name.name)
        case "column":
            operations.drop_column(name.table, name.name)
        case "index":
            operations.drop_index(name.name, table_name=name.table)
        case "unique" | "check" | "foreign key":
            kind = {"foreign key": "foreignkey"}.get(name.kind, name.kind)
            with suppress(NotImplementedError):
                operations.drop_constraint(name.name, name.table, type_=kind)
        case "trigger":
            on = f" ON {quote(name.table)}" if engine.dialect.name == "postgresql" else ""
            operations.execute(f"DROP TRIGGER {quote(name.name)}{on}")
        case "view" | "sequence":
            operations.execute(f"DROP {name.kind.upper()} {quote(name.name)}")
    return buffer.getvalue().strip().removesuffix(";").strip()


def carried_out(statements: Sequence[str], url: URL) -> list[str]:
    """Those that the database took, in the order that worked: what was refused is tried again after the others."""
    done: list[str] = []
    waiting = list(statements)
    with connect(url) as connection:
        while waiting:
            left = []
            for statement in waiting:
                try:
                    connection.exec_driver_sql(statement.replace("%", "%%"))
                    done.append(statement)
                except SQLAlchemyError:
                    left.append(statement)
            if len(left) == len(waiting):
                break
            waiting = left
    return done


def finishing(sent: Sequence[Sent], at: int, version_table: str) -> list[list[str]]:
    """Ways to send by hand what the crash kept from being sent, but for the version, the shortest first.

    Each begins with one thing more that the crash may have taken back; up to where values belong to it that only the
    lab's rows have.
    """
    of_version = re.compile(rf"\b{re.escape(version_table)}\b")
    wanted = [
        each if each.changes and each.text != COMMIT and not of_version.search(each.text) else None
        for each in sent
    ]
    ways: list[list[str]] = []
    for start in range(at, -1, -1):
        rest = [each for each in wanted[start:] if each is not None]
        if any(each.has_values for each in rest):
            break
        texts = [each.text for each in rest]
        if texts and texts not in ways:
            ways.append(texts)
    return ways
