"""Tells a server that fails from a revision that does: a cut connection or a full disk is nobody's finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError, InterfaceError, ProgrammingError

from flask_lab.errors import BackendLost
from flask_lab.sources.base import ADMINISTRATORS

if TYPE_CHECKING:
    from sqlalchemy.engine import ExceptionContext

    from flask_lab.sources.base import Server


class Watch:
    """Looks at every error that any driver raises in this process, whoever catches it; use as a context."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.loss: BackendLost | None = None
        """What befell the server since the last `forget`."""

    def __enter__(self) -> Self:
        event.listen(Engine, "handle_error", self._look)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(Engine, "handle_error", self._look)

    def check(self) -> None:
        """Raise BackendLost if what was seen lately may be due to the server."""
        if self.loss is not None:
            raise self.loss

    def forget(self) -> None:
        """Begin anew, as with a server that was started again."""
        self.loss = None

    def _look(self, context: ExceptionContext) -> None:
        error, met = context.sqlalchemy_exception, context.original_exception
        if self.loss is not None or not isinstance(error, DBAPIError):
            return
        if context.connection is None and context.dialect in ADMINISTRATORS:
            # The lab's own, which tells by itself whom it could not reach: a server that it starts, for one.
            return
        if self.server.product.blames_server(met):
            self.loss = BackendLost.failed(self.server.name, self.server.reason(error))
        elif self._is_cut(context, error):
            self.loss = BackendLost.cut(self.server.name, self.server.reason(error))

    def _is_cut(self, context: ExceptionContext, error: DBAPIError) -> bool:
        if context.connection is None:
            # Nobody could connect: the server may be gone, or what asked for may not be there.
            return not self.server.answers()
        # These two tell of a connection that was closed on this side.
        return context.is_disconnect and not isinstance(error, (InterfaceError, ProgrammingError))
