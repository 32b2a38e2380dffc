"""What differs between database products, as values and SQL; where servers come from is sources' business."""

from __future__ import annotations

import re
import shlex
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, make_url, text
from sqlalchemy.exc import ArgumentError

from flask_lab.backends.watching import Watching
from flask_lab.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from flask_lab.backends.catalogue import Schema

# A run is "r" and ten hexadecimal digits: no person names a database so, and sweeping cannot hit theirs.
SCRATCH_NAME = re.compile(r"lab_(r[0-9a-f]{10})_\d+")


@dataclass(frozen=True, slots=True)
class Image:
    """How a product's official image is started as a throwaway server."""

    name: str
    tag: str
    data: str
    password_variable: str
    env: dict[str, str] = field(default_factory=dict)
    script: str = ""
    """What to run with `sh` in place of the image's entry point; its arguments are the product's tuning."""


@dataclass(frozen=True, slots=True)
class Programs:
    """How a product's server is prepared and run from programs on this machine.

    `prepare` and `serve` are argument lists whose first item is the program's name.
    """

    user: str
    prepare: list[str]
    serve: list[str]
    files: dict[str, str] = field(default_factory=dict)
    """What the server's folder must hold beforehand: contents by name."""


class Product(ABC):
    """One database product: its names, its URL, and the SQL to manage scratch databases on its server."""

    name: str
    title: str
    driver: str
    dialects: frozenset[str]
    port: int
    admin: str
    maintenance: str | None = None
    """The database that an administrator connects to."""
    image: Image | None = None
    tuning: Sequence[str] = ()
    """Arguments for a server whose data may be lost: quick, and no less strict."""
    lasting: Sequence[str] = ()
    """Arguments for a server that keeps what it has committed, come what may."""
    program_places: Sequence[str] = ()
    """Where Debian keeps the server programs that are not on PATH."""
    client: str = ""
    """The product's own shell."""
    package: str = ""
    """The Debian package that holds the server programs."""
    python_package: str = ""
    """A package of PyPI that holds the server programs too, and the places in its module where they are."""
    places_in_package: Sequence[str] = ()
    timeout_arguments: Sequence[str] = ("connect_timeout",)
    bounds: Sequence[str] = ()
    """Statements that bound how long a session waits for a lock: one that another session of the same process holds
    is never freed."""
    own_session: str = ""
    """The query for the id of the session that asks it; empty where there are no sessions."""
    abilities: frozenset[str] = frozenset()
    """What tests may ask for: `server` (a process that clients connect to), `transactional_ddl`, `show_create`."""

    watching: Watching
    """How it is looked at while a revision is applied."""

    def url(self, host: str, port: int, password: str) -> URL:
        """The administrator's URL of a server the lab started."""
        return URL.create(self.driver, self.admin, password, host, port, self.maintenance)

    def read_url(self, given: str, where: str) -> URL:
        """The URL a person wrote, with this product's driver when it names none; errors name `where`."""
        example = f"{self.name}://user:password@host:{self.port}/"
        try:
            url = make_url(given)
        except (ArgumentError, ValueError):
            # SQLAlchemy's own message repeats the URL, and with it the password.
            raise ConfigError.bad_url(where, "it cannot be parsed", example) from None
        dialect, _, driver = url.drivername.partition("+")
        if dialect not in self.dialects:
            raise ConfigError.bad_url(where, f"it is of '{dialect}', not {self.title}", example)
        if not driver:
            url = url.set(drivername=self.driver)
        return url if url.database or not self.maintenance else url.set(database=self.maintenance)

    def scratch_url(self, server: URL, database: str) -> URL:
        """The URL of one database on a server."""
        return server.set(database=database)

    def timeouts(self, seconds: int) -> dict[str, int]:
        """The driver's arguments that bound how long connecting may take."""
        return dict.fromkeys(self.timeout_arguments, seconds)

    def ready_driver(self) -> None:  # noqa: B027  (most drivers need nothing)
        """Do once, in a process that connects and looks often, what makes both quicker."""

    @abstractmethod
    def identify(self, connection: Connection) -> tuple[str, str]:
        """The name of the product that answers, and its version."""

    @abstractmethod
    def claim(self, connection: Connection, run: str) -> None:
        """Mark `run` as alive for as long as `connection` lives, visible to every client of the server."""

    @abstractmethod
    def alive(self, connection: Connection, runs: set[str]) -> set[str]:
        """Those of `runs` that someone has claimed."""

    @abstractmethod
    def databases(self, connection: Connection) -> list[str]:
        """The names of all databases on the server."""

    @abstractmethod
    def create(self, connection: Connection, database: str) -> None:
        """Make an empty database."""

    @abstractmethod
    def clone(self, connection: Connection, source: str, target: str) -> None:
        """Make a database with the schema, rows and counters of another, which nobody may be writing to."""

    @abstractmethod
    def drop(self, connection: Connection, database: str) -> None:
        """Drop a database, whoever is connected to it."""

    @abstractmethod
    def sessions(self, connection: Connection, database: str) -> list[int]:
        """The ids of the sessions connected to a database."""

    def session(self, connection: Connection) -> int:
        """The id of the session that `connection` is, asked past SQLAlchemy's events; 0 where there are none."""
        if not self.own_session:
            return 0
        cursor: Any = connection.connection.cursor()
        cursor.execute(self.own_session)
        (found,) = cursor.fetchone()
        cursor.close()
        return int(found)

    def end_session(self, connection: Connection, session: int) -> None:
        """End another's session from the server's side; one that is gone already is no error."""
        raise NotImplementedError(self.name)

    @abstractmethod
    def schema(self, connection: Connection, ignore: Collection[str]) -> Schema:
        """All that the connection's database holds, but for the tables to ignore."""

    @abstractmethod
    def schema_reader(self, connection: Connection, ignore: Collection[str]) -> Callable[[], Schema]:
        """What reads it again and again, and each time no more than it must."""

    @abstractmethod
    def schema_digest(self, connection: Connection, ignore: Collection[str]) -> str:
        """A quick hash, equal for equal schemas only."""

    def at(self, port: int) -> list[str]:
        """Arguments for a server that nobody reaches but at this port of its own machine."""
        raise NotImplementedError(self.name)

    def programs(self, folder: Path, port: int, password: str, settings: Sequence[str]) -> Programs:
        """How to run a private server whose files are all in `folder`; with `tuning` for its settings, or `lasting`."""
        raise NotImplementedError(self.name)

    def shell(self, url: URL) -> str:
        """The command that opens a database; with the password where the URL has one."""
        return shlex.join([self.client, url.set(drivername=self.name).render_as_string(hide_password=False)])

    def blames_server(self, error: BaseException) -> bool:
        """Whether a driver's error is about its server or a disk, and not about the statement that met it."""
        return "no space left on device" in str(error).lower()

    def quote(self, connection: Connection, name: str) -> str:
        """`name` as an identifier of this product."""
        return connection.dialect.identifier_preparer.quote_identifier(name)

    def is_version(self, line: str) -> bool:
        """Whether `line`, printed by a server program's --version, is this product's."""
        return self.title.lower() in line.lower()


@dataclass(frozen=True, slots=True)
class Backend:
    """A product, at the version its tag asks for, or at the usual one."""

    product: Product
    tag: str | None = None

    @property
    def name(self) -> str:
        return f"{self.product.name}:{self.tag}" if self.tag else self.product.name

    def accepts(self, version: str) -> bool:
        """Whether a server of `version` is what the tag asks for; a tag that is no number accepts all."""
        asked = re.match(r"\d+(\.\d+)*", self.tag or "")
        return asked is None or f"{version}.".startswith(f"{asked.group()}.")


def scalars(connection: Connection, statement: str, **binds: object) -> list[object]:
    """The first column of every row."""
    return list(connection.execute(text(statement), binds).scalars())
