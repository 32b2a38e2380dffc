"""MySQL. A run is claimed by a named lock, which the server frees when its session ends."""

from __future__ import annotations

import shlex
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, text
from sqlalchemy.exc import OperationalError

from flask_lab.backends import mysql_clone, mysql_tls
from flask_lab.backends.base import Image, Product, Programs, scalars
from flask_lab.backends.catalogue import mysql as catalogue
from flask_lab.backends.catalogue.mysql_reader import MySQLReader
from flask_lab.backends.watching import MySQLWatching

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from flask_lab.backends.catalogue import Schema

ADMIN = "lab"
INIT = "init.sql"
# Disk full, a table that cannot grow, connections all taken, shutdown, killed, an emergency of the storage engine.
SERVER_ERRORS = {3, 20, 28, 1021, 1026, 1040, 1053, 1114, 1203, 1878, 1927, 3168}


def administrator(password: str) -> str:
    """SQL for every start; MariaDB wants a line per statement."""
    # From anywhere: without name resolution 127.0.0.1 is not localhost. MariaDB's other roots lack passwords.
    return (
        f"CREATE USER IF NOT EXISTS '{ADMIN}'@'%' IDENTIFIED BY '{password}';\n"
        f"GRANT ALL ON *.* TO '{ADMIN}'@'%' WITH GRANT OPTION;\n"
        "DROP USER IF EXISTS 'root'@'127.0.0.1', 'root'@'::1';\n"
    )


def start_script(server: str, prepare: str) -> str:
    """A container's whole life; its arguments go to the server."""
    # The image's entry point would start and stop another server first, and take 3 seconds for that.
    return f"""
        chown mysql /var/lib/mysql
        [ -d /var/lib/mysql/mysql ] || {prepare} --user=mysql --datadir=/var/lib/mysql
        echo "{administrator("$LAB_PASSWORD").strip()}" > /tmp/{INIT}
        exec {server} --user=mysql --datadir=/var/lib/mysql --init-file=/tmp/{INIT} "$@"
    """


class MySQL(Product):
    name = "mysql"
    title = "MySQL"
    watching = MySQLWatching()
    driver = "mysql+pymysql"
    dialects = frozenset({"mysql", "mariadb"})
    port = 3306
    admin = ADMIN
    image = Image(
        "mysql",
        "9.7",
        "/var/lib/mysql",
        "LAB_PASSWORD",
        script=start_script("mysqld", "mysqld --initialize-insecure"),
    )
    tuning: Sequence[str] = (
        "--skip-log-bin",
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-doublewrite=OFF",
        "--innodb-flush-method=nosync",
        "--max-connections=300",
        # X Protocol is a plugin, of which --initialize has not heard.
        "--loose-mysqlx=OFF",
    )
    lasting: Sequence[str] = ("--skip-log-bin", "--max-connections=300", "--loose-mysqlx=OFF")
    program_places = ("/usr/sbin", "/usr/libexec", "/usr/local/mysql/bin")
    client = "mysql"
    package = "mysql-server"
    # Whatever is not MySQL and waits for us to speak first would be waited for without end.
    timeout_arguments = ("connect_timeout", "read_timeout")
    bounds = ("SET SESSION lock_wait_timeout = 10, innodb_lock_wait_timeout = 10",)
    own_session = "SELECT CONNECTION_ID()"
    abilities = frozenset({"server", "show_create"})

    def ready_driver(self) -> None:
        mysql_tls.share_contexts()

    def identify(self, connection: Connection) -> tuple[str, str]:
        version = str(scalars(connection, "SELECT VERSION()")[0])
        return "mariadb" if "mariadb" in version.lower() else "mysql", version.split("-", maxsplit=1)[0]

    def claim(self, connection: Connection, run: str) -> None:
        # An idle session is closed after eight hours, which a debugger may take.
        connection.execute(text("SET SESSION wait_timeout = 604800"))
        connection.execute(text("SELECT GET_LOCK(:run, 0)"), {"run": run})

    def alive(self, connection: Connection, runs: set[str]) -> set[str]:
        return {run for run in runs if scalars(connection, "SELECT IS_USED_LOCK(:run)", run=run) != [None]}

    def databases(self, connection: Connection) -> list[str]:
        return [
            str(name) for name in scalars(connection, "SELECT schema_name FROM information_schema.schemata")
        ]

    def create(self, connection: Connection, database: str) -> None:
        connection.execute(text(f"CREATE DATABASE {self.quote(connection, database)} CHARACTER SET utf8mb4"))

    def clone(self, connection: Connection, source: str, target: str) -> None:
        query = "SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = :source"
        collation = scalars(connection, query, source=source)[0]
        connection.execute(text(f"CREATE DATABASE {self.quote(connection, target)} COLLATE {collation}"))
        mysql_clone.clone(connection, source, target)

    def drop(self, connection: Connection, database: str) -> None:
        # A session in the middle of a transaction would hold the DROP up for ever.
        for session in self.sessions(connection, database):
            self.end_session(connection, session)
        connection.execute(text(f"DROP DATABASE IF EXISTS {self.quote(connection, database)}"))

    def sessions(self, connection: Connection, database: str) -> list[int]:
        # While anybody's statement holds an emoji, MySQL's information_schema.processlist fails (error 3854), and a
        # list that is not FULL cuts statements in the middle of a character, which no driver decodes.
        shown = connection.exec_driver_sql("SHOW FULL PROCESSLIST").mappings()
        return [session["Id"] for session in shown if session["db"] == database]

    def end_session(self, connection: Connection, session: int) -> None:
        # It may be gone by itself since it was seen.
        with suppress(OperationalError):
            connection.execute(text(f"KILL {session}"))

    def schema(self, connection: Connection, ignore: Collection[str]) -> Schema:
        return catalogue.read(connection, ignore)

    def schema_reader(self, connection: Connection, ignore: Collection[str]) -> Callable[[], Schema]:
        return MySQLReader(connection, ignore)

    def schema_digest(self, connection: Connection, ignore: Collection[str]) -> str:
        return catalogue.digest(connection, ignore)

    def shell(self, url: URL) -> str:
        named = {"host": url.host, "port": url.port, "user": url.username, "password": url.password}
        options = [f"--{name}={value}" for name, value in named.items() if value is not None]
        return shlex.join([self.client, *options, str(url.database)])

    def blames_server(self, error: BaseException) -> bool:
        return bool(error.args and error.args[0] in SERVER_ERRORS) or super().blames_server(error)

    def at(self, port: int) -> list[str]:
        return [f"--port={port}", "--bind-address=127.0.0.1", "--skip-name-resolve"]

    def programs(self, folder: Path, port: int, password: str, settings: Sequence[str]) -> Programs:
        prepare = ["mysqld", "--no-defaults", "--initialize-insecure", f"--datadir={folder / 'data'}"]
        return Programs(
            "mysql", prepare, self._serve("mysqld", folder, port, settings), {INIT: administrator(password)}
        )

    def _serve(self, program: str, folder: Path, port: int, settings: Sequence[str]) -> list[str]:
        places = {
            "datadir": "data",
            "socket": "socket",
            "pid-file": "server.pid",
            "init-file": INIT,
            "tmpdir": "",
            # Packages compile in a folder that only their own user may enter.
            "secure-file-priv": "",
        }
        folders = [f"--{option}={folder / name}" for option, name in places.items()]
        return [program, "--no-defaults", *folders, *self.at(port), *settings]

    def is_version(self, line: str) -> bool:
        # Debian's mysqld may be MariaDB's: only its version tells.
        return "mariadb" not in line.lower()
