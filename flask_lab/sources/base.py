"""The face that every source shows, and the server it gives, which makes and drops scratch databases."""

from __future__ import annotations

import os
import secrets
import threading
import time
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakSet

from sqlalchemy import URL, Connection, Dialect, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from flask_lab.backends.base import SCRATCH_NAME, Backend, Product
from flask_lab.errors import BackendLost, BackendUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

POLL = 0.02
START_SECONDS = 120.0
CONNECT_SECONDS = 10
FORKED = 1_000_000
"""How many databases one process may make before it meets the names of another."""

ADMINISTRATORS: WeakSet[Dialect] = WeakSet()
"""Those of the lab's own connections to servers, which may lead to any database."""

T = TypeVar("T")


class Source(ABC):
    """A way to a running server."""

    name: str

    def demanded(self, backend: Backend) -> str:
        """The setting by which a person asked for this very source, so that no other will do; else empty."""
        return ""

    @abstractmethod
    def offer(self, backend: Backend) -> str:
        """What would be used, in a few words and without starting it; BackendUnavailable says why nothing."""

    @abstractmethod
    def open(self, backend: Backend) -> AbstractContextManager[URL]:
        """The administrator's URL of a server that answers, for as long as the context lasts."""

    def open_lasting(self, backend: Backend) -> AbstractContextManager[tuple[URL, Callable[[], None]]]:
        """One that keeps what it has committed; with what kills it at once, and starts it again on what is left.

        BackendUnavailable where the server is not the lab's to kill.
        """
        raise BackendUnavailable(
            f"a server of {backend.name} that someone else runs is not the lab's to kill"
        )


class Server:
    """A running server of one backend. All its methods may be called from several threads."""

    def __init__(self, backend: Backend, source: str, url: URL, version: str, admin: Connection) -> None:
        self.backend = backend
        self.source = source
        self.origin = ""
        """What of the source was used, in a few words."""
        self.url = url
        """The administrator's, with the password."""
        self.version = version
        self.seconds = 0.0
        """How long it took until it could be used."""
        self.run = f"r{secrets.token_hex(5)}"
        self._admin = admin
        self._made: set[str] = set()
        self.kept: set[str] = set()
        """Scratch databases that stay when they are dropped."""
        # Reentrant, as who looks at errors may ask the server in the middle of one.
        self._lock = threading.RLock()
        self._numbers = count(1)
        self._parents: list[Connection] = []
        self.restart: Callable[[], None] | None = None
        """Kills the server and starts it again, where that is the lab's to do; see `kill`."""

    @property
    def name(self) -> str:
        return self.backend.name

    @property
    def product(self) -> Product:
        return self.backend.product

    @contextmanager
    def scratch(self, like: URL | None = None) -> Iterator[URL]:
        """A new database, empty or a copy of the one to be `like`; dropped at the end whoever is connected to it."""
        url = self.create() if like is None else self.clone(like)
        try:
            yield url
        finally:
            self.drop(url)

    def create(self) -> URL:
        """Make an empty database, for a caller who cannot use `scratch`."""
        return self._make(self.product.create)

    def clone(self, url: URL) -> URL:
        """Make a copy of a scratch database, rows and counters included; to be dropped like it.

        PostgreSQL copies only what nobody is connected to.
        """
        return self._make(lambda admin, database: self.product.clone(admin, _database(url), database))

    def _make(self, make: Callable[[Connection, str], None]) -> URL:
        database = f"lab_{self.run}_{next(self._numbers)}"
        self._made.add(database)
        self._ask(lambda admin: make(admin, database))
        return self.product.scratch_url(self.url, database)

    def drop(self, url: URL) -> None:
        """Drop a database that `create` made."""
        database = _database(url)
        if database in self.kept:
            return
        self._ask(lambda admin: self.product.drop(admin, database))
        self._made.discard(database)

    def keep(self, url: URL) -> str:
        """Leave a scratch database where it is when it is dropped; the command that opens it."""
        self.kept.add(_database(url))
        # A password that a person gave is theirs to enter.
        return self.product.shell(url._replace(password=None) if self.source == "url" else url)

    def drop_kept(self) -> None:
        """Drop what was kept."""
        databases, self.kept = self.kept, set()
        for database in databases:
            self.drop(self.product.scratch_url(self.url, database))

    def cut(self) -> None:
        """Drop all scratch databases, from another thread than the one that waits for an answer from them."""
        with connect(self.url, **self.product.timeouts(CONNECT_SECONDS)) as admin:
            for database in tuple(self._made):
                self.product.drop(admin, database)

    @contextmanager
    def forked(self) -> Iterator[None]:
        """In a fork of the process that opened the server: make databases by a connection of its own."""
        # The parent's is never let go here, as that would say goodbye to the server in the parent's name.
        self._parents.append(self._admin)
        self._lock = threading.RLock()
        self._made = set()
        self._numbers = count(os.getpid() * FORKED)
        with connect(self.url) as self._admin:
            yield

    def kill(self) -> None:
        """Kill the server at once, and start it again; only for one that `open_lasting` gave."""
        if self.restart is None:
            raise BackendUnavailable(f"the server of {self.name} is not the lab's to kill")
        with self._lock:
            # Before it is cut: nobody is to take that for a server that was lost.
            self._admin.invalidate()
            self.restart()
            self._claim_again()
            self._admin.rollback()

    def answers(self) -> bool:
        """Whether the server is there, and has been since it was last asked."""
        with self._lock:
            try:
                self._admin.exec_driver_sql("SELECT 1")
            except DBAPIError:
                return False
            finally:
                self._admin.rollback()
        return True

    def reason(self, error: BaseException) -> str:
        """A driver's message on one line, without its codes and without the password."""
        return driver_reason(error, self.url)

    def end_session(self, session: int) -> None:
        """End someone's session from the server's side."""
        self._ask(lambda admin: self.product.end_session(admin, session))

    def sessions(self, url: URL, patience: float = 1.0) -> int:
        """How many sessions a scratch database still has; late goodbyes get `patience` seconds."""
        deadline = time.monotonic() + patience
        while True:
            found = len(self._ask(lambda admin: self.product.sessions(admin, _database(url))))
            if not found or time.monotonic() >= deadline:
                return found
            time.sleep(POLL)

    def sweep(self) -> list[str]:
        """Claim this run, and drop the scratch databases of dead ones; their names."""
        return self._ask(self._sweep)

    def _sweep(self, admin: Connection) -> list[str]:
        self.product.claim(admin, self.run)
        matches = [match for name in self.product.databases(admin) if (match := SCRATCH_NAME.fullmatch(name))]
        alive = self.product.alive(admin, {match[1] for match in matches})
        left = [match[0] for match in matches if match[1] not in alive]
        for name in left:
            self.product.drop(admin, name)
        return left

    def _ask(self, action: Callable[[Connection], T]) -> T:
        """What `action` gives on the administrator's connection, which a restart may have cut."""
        with self._lock:
            try:
                return action(self._admin)
            except DBAPIError as error:
                # The second is so since an earlier time, when it could not be made again.
                if not (error.connection_invalidated or self._admin.invalidated):
                    raise
                self._admin.rollback()
                self._claim_again()
                return action(self._admin)
            finally:
                self._admin.rollback()

    def _claim_again(self) -> None:
        """Connect again; BackendLost when the server is gone for good."""
        try:
            self.product.claim(self._admin, self.run)
        # Where SQLAlchemy connects again by itself, it hands on the driver's own error.
        except (DBAPIError, self._admin.dialect.loaded_dbapi.Error) as error:
            raise BackendLost.cut(self.name, self.reason(error)) from error


@contextmanager
def connect(url: URL, **arguments: object) -> Iterator[Connection]:
    """A connection for statements that no transaction may hold; BackendUnavailable when there is none."""
    try:
        engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=arguments)
    except ModuleNotFoundError as error:
        raise BackendUnavailable.no_driver(error.name) from error
    ADMINISTRATORS.add(engine.dialect)
    try:
        connection = engine.connect()
    except DBAPIError as error:
        shown = url.render_as_string(hide_password=True)
        raise BackendUnavailable(f"{shown} does not let us in: {driver_reason(error, url)}") from error
    with connection:
        yield connection


def wait_until_ready(product: Product, url: URL, poll: float, check_alive: Callable[[], None]) -> None:
    """Connect again and again until `url` answers; `check_alive` raises when it never will."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with connect(url, **product.timeouts(CONNECT_SECONDS)):
                return
        except BackendUnavailable:
            check_alive()
            if time.monotonic() > deadline:
                raise
        time.sleep(poll)


def driver_reason(error: BaseException, url: URL) -> str:
    """A driver's message on one line, without its codes and without the password."""
    cause = getattr(error, "orig", None) or error
    message = str(cause.args[-1]) if cause.args else type(cause).__name__
    first = next((line.strip() for line in message.splitlines() if line.strip()), type(cause).__name__)
    return first.replace(str(url.password), "***") if url.password else first


def _database(url: URL) -> str:
    # SQLite's URL names a file, the others' a database.
    return str(url.database).rpartition("/")[2].removesuffix(".db")
