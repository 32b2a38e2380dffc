"""A crash at a chosen point: the connection is lost just before the k-th statement that would change something."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

READS = ("SELECT", "SHOW", "PRAGMA", "BEGIN", "SET ", "DESCRIBE", "WITH")


class Crash(BaseException):
    """Not an Exception: nothing on the way may handle it, as nothing handles a SIGKILL."""


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The changing statements that run meanwhile."""
    seen: list[str] = []
    with _listening(engine, seen.append):
        yield seen


@contextmanager
def crashing_before(engine: Engine, number: int) -> Iterator[None]:
    """Lose the connection before statement `number`, counted from 1; swallows the crash."""
    seen: list[str] = []

    def die(statement: str) -> None:
        seen.append(statement)
        if len(seen) >= number:
            raise Crash(statement)

    with _listening(engine, die):
        try:
            yield
        except BaseException:
            # Whatever the code in between makes of the crash: its connection is gone, so it can do nothing about it.
            if len(seen) >= number:
                return
            raise
    raise AssertionError(f"only {len(seen)} statements ran, so none crashed")


@contextmanager
def _listening(engine: Engine, hear: Any) -> Iterator[None]:
    def before(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if not statement.lstrip().upper().startswith(READS):
            hear(statement)

    event.listen(engine, "before_cursor_execute", before)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", before)
