"""What could not be rendered: is it the product that has no such thing, or is it offline mode?"""

from __future__ import annotations

import io
import re
from typing import Any

from alembic.operations import MigrateOperation, Operations, ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy.exc import IdentifierError

from flask_lab.backends import PRODUCTS, Product
from flask_lab.migrator import describe
from flask_lab.offline import Refusal, UnboundValues, offline_dialect, offline_url

PLACES = ("table_name", "source_table", "table", "column_name", "index_name", "constraint_name")


def told(refusal: Refusal, product: Product) -> dict[str, Any]:
    """A refusal as JSON values: where, who takes it, and its kind: name, rebuild, values, offline, product, unknown."""
    name, kind = "", "unknown"
    taken: list[str] = []
    if isinstance(refusal.error, IdentifierError):
        kind, name = "name", (re.findall("'(.*)'", str(refusal.error)) or [""])[0]
    elif refusal.is_rebuild:
        kind = "rebuild"
    elif isinstance(refusal.error, UnboundValues):
        kind = "values"
    elif refusal.is_offline:
        kind = "offline"
    elif taken := _takers(refusal, product):
        kind = "product"
    return {
        "kind": kind,
        "name": name,
        "operation": "; ".join(map(words, _offenders(refusal, product))),
        "message": describe(refusal.error),
        "taken": taken,
    }


def words(operation: MigrateOperation) -> str:
    """An operation and what it is about: alter_column users.name."""
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(operation).__name__.removesuffix("Op")).lower()
    kind = kind.replace("execute_sql", "execute").replace("execute_sqlop", "execute")
    if isinstance(operation, ops.ExecuteSQLOp):
        return "execute"
    column = getattr(getattr(operation, "column", None), "name", None)
    named = [*(getattr(operation, place, None) for place in PLACES), column]
    return f"{kind} {'.'.join(dict.fromkeys(str(each) for each in named if each))}".strip()


def _takers(refusal: Refusal, product: Product) -> list[str]:
    """The other products for which all of it can be rendered."""
    offenders = _offenders(refusal, product)
    return [
        each.name
        for each in PRODUCTS.values()
        if each is not product
        and (
            all(_takes(operation, each) for operation in offenders)
            if offenders
            else _compiles(refusal.construct, each)
        )
    ]


def _offenders(refusal: Refusal, product: Product) -> tuple[MigrateOperation, ...]:
    """Those operations of a batch that are refused one by one; all where none is."""
    if len(refusal.doing) < 2:
        return refusal.doing
    return tuple(each for each in refusal.doing if not _takes(each, product)) or refusal.doing


def _takes(operation: MigrateOperation, product: Product) -> bool:
    dialect = offline_dialect(product, offline_url(product, None))
    sink = {"as_sql": True, "output_buffer": io.StringIO()}
    try:
        Operations(MigrationContext.configure(dialect=dialect, opts=sink)).invoke(operation)
    except Exception:  # noqa: BLE001  (that it raises is the answer)
        return False
    return True


def _compiles(construct: Any, product: Product) -> bool:
    try:
        construct.compile(dialect=offline_dialect(product, offline_url(product, None)))
    except Exception:  # noqa: BLE001  (that it raises is the answer)
        return False
    return construct is not None
