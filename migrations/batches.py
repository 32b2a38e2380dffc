"""Data changes in batches: bounded memory, short locks, a commit per batch, and a line of progress now and then.

Each batch is one UPDATE on the server, so no row passes through this process. Run again after a crash, a backfill
takes up where it stopped, because its condition no longer holds for the rows that are done.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

log = logging.getLogger("alembic.batches")
SIZE = 5_000
SECONDS_BETWEEN_LINES = 5.0


def run_in_batches(statement: str, *, table: str, key: str = "id", size: int = SIZE) -> None:
    """Run `statement` over all of `table`, a range of `key` at a time, each in a transaction of its own.

    `statement` bounds itself by `{batch}`, which stands for a condition on `key`, as in
    `UPDATE tasks SET updated_at = created_at WHERE updated_at IS NULL AND {batch}`. Offline it becomes one statement.
    """
    if op.get_context().as_sql or op.get_context().opts.get("rehearsal"):
        op.execute(sa.text(statement.format(batch="1 = 1")))
        return
    with op.get_context().autocommit_block():
        bind = op.get_bind()
        bounded = sa.text(statement.format(batch=f"{table}.{key} >= :low AND {table}.{key} < :high"))
        for low, high in _ranges(bind, table, key, size):
            bind.execute(bounded, {"low": low, "high": high})


def _ranges(bind: sa.Connection, table: str, key: str, size: int) -> Iterator[tuple[int, int]]:
    """Half-open ranges that hold `size` rows each, or all rows of one key, however sparse the keys are."""
    column: sa.ColumnClause[int] = sa.column(key)
    source = sa.table(table, column)
    low, top = bind.execute(sa.select(sa.func.min(column), sa.func.max(column)).select_from(source)).one()
    if low is None:
        return
    progress = _Progress(table, low, top)
    # Rows that arrive meanwhile have keys behind `top`: the release that writes them fills them itself.
    while low <= top:
        following = (
            sa.select(column).select_from(source).where(column >= low).order_by(column).offset(size).limit(1)
        )
        high = max(bind.scalar(following) or top + 1, low + 1)
        yield low, min(high, top + 1)
        progress.reached(high)
        low = high


class _Progress:
    """Says how far a backfill is, at most every few seconds."""

    def __init__(self, table: str, low: int, top: int) -> None:
        self.table, self.low, self.top = table, low, top
        self.said = time.monotonic()

    def reached(self, key: int) -> None:
        if time.monotonic() - self.said < SECONDS_BETWEEN_LINES:
            return
        self.said = time.monotonic()
        share = (key - self.low) / (self.top - self.low + 1)
        log.info("%s: %.0f %% done, up to key %d of %d", self.table, 100 * share, key, self.top)
