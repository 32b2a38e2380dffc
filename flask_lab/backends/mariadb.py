"""MariaDB: MySQL's protocol and most of its SQL, with other programs and settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_lab.backends.base import Image, Programs
from flask_lab.backends.mysql import INIT, MySQL, administrator, start_script
from flask_lab.backends.watching import MariaDBWatching

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PREPARE = "mariadb-install-db --auth-root-authentication-method=normal --skip-test-db"


class MariaDB(MySQL):
    name = "mariadb"
    title = "MariaDB"
    watching = MariaDBWatching()
    image = Image(
        "mariadb",
        "11.8",
        "/var/lib/mysql",
        "LAB_PASSWORD",
        script=start_script("mariadbd", f"{PREPARE} >/dev/null"),
    )
    tuning: Sequence[str] = (
        "--innodb-flush-log-at-trx-commit=0",
        "--skip-innodb-doublewrite",
        "--debug-no-sync",
        # Without it nobody sees metadata locks; a server that has no such file says so, and starts.
        "--plugin-load-add=metadata_lock_info",
        "--max-connections=300",
    )
    lasting: Sequence[str] = ("--max-connections=300",)
    client = "mariadb"
    package = "mariadb-server"

    def programs(self, folder: Path, port: int, password: str, settings: Sequence[str]) -> Programs:
        program, *options = PREPARE.split()
        prepare = [program, "--no-defaults", *options, f"--datadir={folder / 'data'}"]
        return Programs(
            "mysql", prepare, self._serve("mariadbd", folder, port, settings), {INIT: administrator(password)}
        )

    def is_version(self, line: str) -> bool:
        return "mariadb" in line.lower()
