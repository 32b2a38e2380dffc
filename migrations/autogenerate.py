"""What `flask db migrate` and `flask db check` see: real differences, in types that mean the same on every database."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.migration import MigrationContext
from alembic.operations.ops import DropTableOp, MigrateOperation, MigrationScript, ModifyTableOps
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects.mysql import DATETIME
from sqlalchemy.types import TypeEngine

# Tables that a revision set aside so that its downgrade can bring back what was dropped; no model knows them.
ASIDE = "aside_"
LONGEST_ID = 32  # what the version table's column holds


def options() -> dict[str, Any]:
    """Keyword arguments for `context.configure`."""
    return {
        "compare_type": differs_in_type,
        "compare_server_default": differs_in_default,
        "include_name": is_ours,
        "render_item": render_portably,
        "process_revision_directives": finish,
        "autogenerate_plugins": ["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"],
    }


def is_ours(name: str | None, kind: str, parents: Any) -> bool:
    """Leave out tables kept aside, and the CHECK by which MariaDB holds a JSON column, named like the column."""
    if kind == "table":
        return not (name or "").startswith(ASIDE)
    if kind == "check_constraint":
        return (name or "").startswith("ck_")
    return True


def differs_in_type(
    context: MigrationContext,
    found: Any,
    wanted: sa.Column[Any],
    found_type: Any,
    wanted_type: TypeEngine[Any],
) -> bool | None:
    """False where a product merely spells the type its own way; None leaves the answer to Alembic."""
    if context.dialect.name != "mysql":
        return None
    concrete = wanted_type.dialect_impl(context.dialect)
    if isinstance(concrete, sa.Boolean):
        return not isinstance(found_type, mysql.TINYINT)
    if isinstance(concrete, sa.JSON):
        return not isinstance(found_type, sa.JSON | mysql.LONGTEXT)
    if isinstance(found_type, DATETIME):
        # Alembic sees two DATETIMEs as equal, but one without fractions of a second would round them away.
        return _precision(wanted_type, context) != (found_type.fsp or 0)
    return None


def differs_in_default(  # noqa: PLR0913, PLR0917  (Alembic calls it so)
    context: MigrationContext,
    found: Any,
    wanted: sa.Column[Any],
    found_default: str | None,
    wanted_default: Any,
    rendered_default: str | None,
) -> bool | None:
    """False where both defaults mean the same value; None leaves the answer to Alembic."""
    if isinstance(found.server_default, sa.Identity | sa.Computed):
        return None
    if found.primary_key and found_default and "nextval(" in found_default:
        return None
    return _plain_default(found_default, wanted) != _plain_default(rendered_default, wanted)


def render_portably(kind: str, item: Any, context: AutogenContext) -> str | bool:
    """Write the app's own types in plain SQLAlchemy: a revision must read the same when the app has moved on."""
    if kind != "type" or not type(item).__module__.startswith(("app.", "sqlalchemy.")):
        return False
    if isinstance(item, sa.Enum) and not item.native_enum:
        return f"sa.String(length={item.length})"
    if isinstance(item, sa.types.TypeDecorator) and isinstance(item.impl_instance, sa.DateTime):
        context.imports.add("from sqlalchemy.dialects import mysql")
        return 'sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql")'
    return False


def finish(context: MigrationContext, revision: Any, directives: list[MigrationScript]) -> None:
    """Leave out a revision that would change nothing; give the others the next number and a name to be read by."""
    script = directives[0]
    generated = bool(getattr(context.config and context.config.cmd_opts, "autogenerate", False))
    if generated and script.upgrade_ops is not None and script.upgrade_ops.is_empty():
        directives[:] = []
        print("No changes: the models and this database's schema agree, so no revision was written.")
        return
    if script.downgrade_ops is not None:
        script.downgrade_ops.ops[:] = _without_dropping_twice(script.downgrade_ops.ops)
    if context.script is not None and script.message:
        script.rev_id = readable_id(context.script, script.message)


def readable_id(scripts: ScriptDirectory, message: str) -> str:
    """`0035_add_phone` for "Add phone": one more than the highest number, at most 32 characters."""
    numbers = [int(match[1]) for s in scripts.walk_revisions() if (match := re.match(r"(\d+)_", s.revision))]
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_") or "change"
    return f"{max(numbers, default=0) + 1:04d}_{slug}"[:LONGEST_ID].rstrip("_")


def _without_dropping_twice(operations: Sequence[MigrateOperation]) -> list[MigrateOperation]:
    """Leave the indexes of a table that is dropped to its drop: MySQL keeps one that a foreign key needs until then."""
    dropped = {operation.table_name for operation in operations if isinstance(operation, DropTableOp)}
    return [op for op in operations if not (isinstance(op, ModifyTableOps) and op.table_name in dropped)]


def _precision(wanted: TypeEngine[Any], context: MigrationContext) -> int:
    concrete = wanted.dialect_impl(context.dialect)
    concrete = getattr(concrete, "impl_instance", concrete)
    return getattr(concrete, "fsp", None) or 0


def _plain_default(default: str | None, column: sa.Column[Any]) -> str | None:
    """A default without what products add to it: parentheses, quotes, casts, and their words for now and for true."""
    if default is None:
        return None
    plain = re.sub(r"::[\w ]+(\(\d+\))?", "", str(default)).strip().lower()
    while plain.startswith("(") and plain.endswith(")"):
        plain = plain[1:-1].strip()
    if isinstance(column.type, sa.Boolean):
        return {"true": "1", "false": "0"}.get(plain.strip("'"), plain.strip("'"))
    if re.fullmatch(r"(now|current_timestamp)(\(\d*\))?", plain):
        return "now"
    plain = plain.strip("'")
    try:
        return str(Decimal(plain).normalize())
    except InvalidOperation:
        return plain
